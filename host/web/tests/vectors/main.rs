//! The functions against what others wrote down: standards, Project Wycheproof, Web Platform Tests; and against nonsense.

mod caller;
mod coding;
mod compression;
mod hostile;
mod known_ciphers;
mod known_curves;
mod known_digests;
mod known_rsa;
mod published;
mod urls;
mod wycheproof;
mod zones;
