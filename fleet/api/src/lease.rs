//! The sealed right of one CAP to serve one placement for a while.
//!
//! Rule: a lease counts from the moment the CAP *sent* the heartbeat that it answers, by the CAP's own monotonic clock.
//! Timed from receipt, a delayed answer would prolong it and two CAPs could hold the same placement. The heartbeat's
//! sequence number is sealed in, so that an old answer cannot be played again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{CapId, PlacementId};

/// A key that seals leases: raptor's master, or the one derived from it for a CAP. A secret: it has no `Display`.
#[derive(Clone)]
pub struct LeaseKey([u8; 32]);

/// Why a text is no lease key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lease key is 64 hexadecimal digits")]
pub struct LeaseKeyError;

/// Why a lease is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// The seal is not this fleet's, or it seals something else: other placement, CAP, epoch or heartbeat.
    #[error("the lease's seal does not fit")]
    Forged,
}

/// The right itself, as it travels in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// How long it holds, from when the heartbeat was sent.
    pub ttl_ms: u64,
    /// HMAC-SHA256, hexadecimal.
    seal: String,
}

impl LeaseKey {
    /// A key from random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key as it is kept in a file.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The key of one CAP: a CAP can check its own leases and forge nobody else's.
    #[must_use]
    pub fn derive(&self, cap: &CapId) -> Self {
        let mut mac = self.mac();
        mac.update(b"lily lease key for ");
        mac.update(cap.as_str().as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    fn mac(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }
}

impl FromStr for LeaseKey {
    type Err = LeaseKeyError;

    fn from_str(text: &str) -> Result<Self, LeaseKeyError> {
        let bytes = unhex(text).ok_or(LeaseKeyError)?;
        Ok(Self(bytes.try_into().map_err(|_| LeaseKeyError)?))
    }
}

impl fmt::Debug for LeaseKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LeaseKey(…)")
    }
}

impl Lease {
    /// Seals a lease with the CAP's key, as the answer to heartbeat `sequence`.
    pub fn seal(
        key: &LeaseKey,
        id: &PlacementId,
        cap: &CapId,
        epoch: u64,
        sequence: u64,
        ttl: Duration,
    ) -> Self {
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let seal = hex(&sealed(key, id, cap, epoch, sequence, ttl_ms)
            .finalize()
            .into_bytes());
        Self { ttl_ms, seal }
    }

    /// How long the lease holds, if it is genuine.
    pub fn verify(
        &self,
        key: &LeaseKey,
        id: &PlacementId,
        cap: &CapId,
        epoch: u64,
        sequence: u64,
    ) -> Result<Duration, LeaseError> {
        let seal = unhex(&self.seal).ok_or(LeaseError::Forged)?;
        sealed(key, id, cap, epoch, sequence, self.ttl_ms)
            .verify_slice(&seal)
            .map_err(|_| LeaseError::Forged)?;
        Ok(Duration::from_millis(self.ttl_ms))
    }
}

/// Lengths go in front of texts, so that no two leases have the same bytes.
fn sealed(
    key: &LeaseKey,
    id: &PlacementId,
    cap: &CapId,
    epoch: u64,
    sequence: u64,
    ttl_ms: u64,
) -> Hmac<Sha256> {
    let mut mac = key.mac();
    for text in ["lily lease 1", id.as_str(), cap.as_str()] {
        mac.update(&(text.len() as u64).to_le_bytes());
        mac.update(text.as_bytes());
    }
    for number in [epoch, sequence, ttl_ms] {
        mac.update(&number.to_le_bytes());
    }
    mac
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_binds_everything_it_names() {
        let master = LeaseKey::from_bytes([7; 32]);
        let (cap, other): (CapId, CapId) = ("cap-1".parse().unwrap(), "cap-2".parse().unwrap());
        let (id, second) = (
            PlacementId::from_random([1; 16]),
            PlacementId::from_random([2; 16]),
        );
        let key = master.derive(&cap);
        let ttl = Duration::from_secs(15);
        let lease = Lease::seal(&key, &id, &cap, 3, 9, ttl);
        assert_eq!(lease.verify(&key, &id, &cap, 3, 9), Ok(ttl));
        assert!(lease.verify(&key, &second, &cap, 3, 9).is_err());
        assert!(lease.verify(&key, &id, &other, 3, 9).is_err());
        assert!(lease.verify(&key, &id, &cap, 4, 9).is_err());
        assert!(lease.verify(&key, &id, &cap, 3, 10).is_err());
        assert!(
            lease
                .verify(&master.derive(&other), &id, &cap, 3, 9)
                .is_err()
        );
        let longer = Lease {
            ttl_ms: lease.ttl_ms + 1,
            ..lease
        };
        assert!(longer.verify(&key, &id, &cap, 3, 9).is_err());
    }

    #[test]
    fn keys_survive_their_file() {
        let key = LeaseKey::from_bytes([0xa5; 32]);
        let read: LeaseKey = key.to_hex().parse().unwrap();
        assert_eq!(read.0, key.0);
        assert!("zz".parse::<LeaseKey>().is_err() && "aa".parse::<LeaseKey>().is_err());
        assert!(!format!("{key:?}").contains("a5"));
    }
}
