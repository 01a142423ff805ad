//! Releases of `lly` from a registry that is trusted for nothing: the publisher's key says which is the newest, and which
//! bytes it is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::Digest;
use registry_index::{
    Envelope, EnvelopeError, NEWEST_RELEASE_PAYLOAD, NewestRelease, NewestReleaseError,
};
use semver::Version;

use crate::http::{Http, HttpError};
use crate::keys::{KeyError, SigningKey};
use crate::public_key::PublicKey;

/// The file with the sha256 of every program.
pub const SUMS: &str = "SHA256SUMS";
/// The file with the publisher's signature over it, in base64.
pub const SUMS_SIGNATURE: &str = "SHA256SUMS.sig";
/// An envelope around a version.
const NEWEST_BYTES_MAX: usize = 8 << 10;
/// A line for each platform.
const SUMS_BYTES_MAX: usize = 64 << 10;
/// `lly` is a tenth of that.
const PROGRAM_BYTES_MAX: usize = 1 << 30;

/// Why a release is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The registry does not answer, or says no.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What it sent is no signed document.
    #[error("the registry's answer about the newest release is not signed")]
    Envelope(#[from] EnvelopeError),
    /// Somebody else signed it, or something else was signed.
    #[error(
        "the registry's answer about the newest release is not signed by the publisher, whose key is {key}"
    )]
    NewestSignature {
        /// The fingerprint of the publisher's key.
        key: Digest,
    },
    /// The publisher signed nonsense.
    #[error(transparent)]
    Newest(#[from] NewestReleaseError),
    /// It was signed, and something newer was, too.
    #[error(
        "the registry shows an old answer about the newest release: serial {found}, and {seen} was seen before"
    )]
    RolledBack {
        /// What it shows.
        found: u64,
        /// What was seen.
        seen: u64,
    },
    /// The sums are not the publisher's.
    #[error("the signature of release {version} is not the publisher's, whose key is {key}")]
    SumsSignature {
        /// The release.
        version: Version,
        /// The fingerprint of the publisher's key.
        key: Digest,
    },
    /// There is no program for this machine.
    #[error("release {version} has no program for {platform}")]
    Platform {
        /// The release.
        version: Version,
        /// Such as `x86_64-linux`.
        platform: String,
    },
    /// The registry sends other bytes than the publisher released.
    #[error("`{file}` is not the file that was released")]
    Program {
        /// Its name.
        file: String,
    },
}

/// What a publisher says is the newest release.
pub fn signed_newest(newest: &NewestRelease, key: &SigningKey) -> Result<Vec<u8>, KeyError> {
    let envelope = key.envelope(NEWEST_RELEASE_PAYLOAD, newest.canonical())?;
    Ok(envelope.render())
}

/// What is in such a document, if the publisher signed it.
pub fn check_newest(bytes: &[u8], key: &PublicKey) -> Result<NewestRelease, ReleaseError> {
    let envelope = Envelope::parse(bytes)?;
    if !key.signed(&envelope, NEWEST_RELEASE_PAYLOAD) {
        let key = key.fingerprint();
        return Err(ReleaseError::NewestSignature { key });
    }
    Ok(NewestRelease::parse(&envelope.payload)?)
}

/// Asks for the newest release. `seen` is what was asked for before and believed; it comes back renewed, to be kept.
///
/// # Errors
/// The publisher did not say that, or has said something newer since.
pub async fn newest(
    http: &Http,
    key: &PublicKey,
    seen: Option<&[u8]>,
) -> Result<(NewestRelease, Vec<u8>), ReleaseError> {
    let bytes = http.get("/releases/latest", NEWEST_BYTES_MAX).await?;
    let newest = check_newest(&bytes, key)?;
    // What another key signed says nothing.
    let seen = seen.and_then(|seen| check_newest(seen, key).ok());
    match seen {
        Some(seen)
            if newest.serial < seen.serial || (newest.serial == seen.serial && newest != seen) =>
        {
            Err(ReleaseError::RolledBack {
                found: newest.serial,
                seen: seen.serial,
            })
        }
        _ => Ok((newest, bytes)),
    }
}

/// The program of a release for a platform such as `x86_64-linux`, as the publisher released it.
pub async fn program(
    http: &Http,
    key: &PublicKey,
    version: &Version,
    platform: &str,
) -> Result<Vec<u8>, ReleaseError> {
    let get = async |file: &str, max| http.get(&format!("/releases/{version}/{file}"), max).await;
    let sums = get(SUMS, SUMS_BYTES_MAX).await?;
    let signature = get(SUMS_SIGNATURE, SUMS_BYTES_MAX).await?;
    let signature = STANDARD.decode(signature.trim_ascii());
    if !signature.is_ok_and(|signature| key.verifies(&sums, &signature)) {
        return Err(ReleaseError::SumsSignature {
            version: version.clone(),
            key: key.fingerprint(),
        });
    }
    let text = String::from_utf8_lossy(&sums);
    let sums: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, name)| (name, sum))
        .collect();
    // The version is in the name, so the sums of another release do not have it.
    let file = file(version, platform);
    let wanted = sums.get(&*file).ok_or_else(|| ReleaseError::Platform {
        version: version.clone(),
        platform: platform.to_owned(),
    })?;
    let program = get(&file, PROGRAM_BYTES_MAX).await?;
    match Digest::of(&program).hex() == *wanted {
        true => Ok(program),
        false => Err(ReleaseError::Program { file }),
    }
}

/// The name of a release's program for a platform.
pub fn file(version: &Version, platform: &str) -> String {
    format!("lly-{version}-{platform}")
}
