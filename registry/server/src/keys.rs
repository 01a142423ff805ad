//! The keys that RC signs with: one for indexes, one for the log. Made on the first start, readable by RC alone.

use registry_client::SigningKey;
use registry_client::keys::KeyError;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Both keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceKeys {
    /// Signs the index of each plugin.
    pub index: Arc<SigningKey>,
    /// Signs the log's heads and promises.
    pub log: Arc<SigningKey>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum ServiceKeyError {
    /// The file cannot be read or written.
    #[error("cannot use the key file `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It holds no key, or none can be made.
    #[error("cannot use the key in `{}`", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
}

impl ServiceKeys {
    /// The keys in a folder; those that are missing are made.
    pub fn open(folder: &Path) -> Result<ServiceKeys, ServiceKeyError> {
        Ok(ServiceKeys {
            index: Arc::new(open(&folder.join("index.key"))?),
            log: Arc::new(open(&folder.join("log.key"))?),
        })
    }
}

/// A key file: PKCS#8 in DER, mode 0600. Of two that begin at once, one makes the key and both use it.
fn open(path: &Path) -> Result<SigningKey, ServiceKeyError> {
    let io = |source| ServiceKeyError::Io {
        path: path.to_owned(),
        source,
    };
    let key = |source| ServiceKeyError::Key {
        path: path.to_owned(),
        source,
    };
    match std::fs::read(path) {
        Ok(pkcs8) => return SigningKey::from_pkcs8(&pkcs8).map_err(key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
        .map_err(|_| key(KeyError::Random))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io)?;
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(io)?;
    file.write_all(pkcs8.as_ref()).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    match file.persist_noclobber(path) {
        Ok(_) => SigningKey::from_pkcs8(pkcs8.as_ref()).map_err(key),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            let pkcs8 = std::fs::read(path).map_err(io)?;
            SigningKey::from_pkcs8(&pkcs8).map_err(key)
        }
        Err(error) => Err(io(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_private_and_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = ServiceKeys::open(folder.path()).expect("new keys");
        let second = ServiceKeys::open(folder.path()).expect("the same keys");
        assert_eq!(first.index.public(), second.index.public());
        assert_ne!(first.index.public(), first.log.public());
        let file = std::fs::metadata(folder.path().join("log.key")).expect("a file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        std::fs::write(folder.path().join("log.key"), b"nonsense").expect("written");
        assert!(ServiceKeys::open(folder.path()).is_err());
    }
}
