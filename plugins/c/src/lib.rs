//! plugins-c
