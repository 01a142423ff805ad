//! The keys that seal leases: one master for raptor, one derived for each CAP.

use std::io;
use std::path::Path;

use fleet_api::LeaseKey;

/// Loads the master key, or makes one from the system's randomness.
pub fn open(path: &Path) -> io::Result<LeaseKey> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0_u8; 32];
            io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
            let key = LeaseKey::from_bytes(bytes);
            crate::private_file::replace(path, key.to_hex().as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// Writes the key of `cap`, derived from the master.
pub fn derive(master: &LeaseKey, cap: &str, path: &Path) -> io::Result<()> {
    let cap = cap.parse().map_err(io::Error::other)?;
    crate::private_file::replace(path, master.derive(&cap).to_hex().as_bytes())
}
