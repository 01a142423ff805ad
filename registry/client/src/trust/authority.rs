//! Certificate and timestamp authorities, as chains that the user pinned.

use super::TrustError;
use crate::pem;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

const LABEL: &str = "CERTIFICATE";
/// A chain is a root and an intermediate or two.
const CHAIN_MAX: usize = 8;

/// An authority that issues certificates for keyless signing. Every certificate of the chain is an anchor.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Where it issues them (Fulcio's v2 API); none if signatures are only verified.
    pub url: Option<String>,
    chain: Chain,
}

/// An authority that signs times (RFC 3161): the signing certificate first, the root last.
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    /// Where it is asked; none if timestamps are only verified.
    pub url: Option<String>,
    chain: Chain,
}

#[derive(Clone, Debug)]
struct Chain {
    certificates: Vec<Vec<u8>>,
    /// When all of them are valid, in seconds since 1970.
    valid: (i64, i64),
}

impl Authority {
    /// Reads a chain of CA certificates in PEM.
    pub fn new(url: Option<String>, pem: &str) -> Result<Authority, TrustError> {
        let chain = Chain::parse("authority", pem)?;
        for der in &chain.certificates {
            let is_ca =
                X509Certificate::from_der(der).is_ok_and(|(_, certificate)| certificate.is_ca());
            if !is_ca {
                return Err(wrong(
                    "authority",
                    "a certificate of the chain is not that of an authority",
                ));
            }
        }
        Ok(Authority { url, chain })
    }

    /// The chain in PEM.
    pub fn pem(&self) -> String {
        self.chain.pem()
    }

    /// The certificates in DER.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.chain.certificates
    }

    /// When every certificate of the chain is valid: from and until, in seconds since 1970.
    pub fn valid(&self) -> (i64, i64) {
        self.chain.valid
    }
}

impl TimestampAuthority {
    /// Reads a chain in PEM, the signing certificate first.
    pub fn new(url: Option<String>, pem: &str) -> Result<TimestampAuthority, TrustError> {
        let chain = Chain::parse("timestamp_authority", pem)?;
        Ok(TimestampAuthority { url, chain })
    }

    /// The chain in PEM.
    pub fn pem(&self) -> String {
        self.chain.pem()
    }

    /// The certificates in DER.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.chain.certificates
    }

    /// When every certificate of the chain is valid: from and until, in seconds since 1970.
    pub fn valid(&self) -> (i64, i64) {
        self.chain.valid
    }
}

impl Chain {
    fn parse(table: &'static str, text: &str) -> Result<Chain, TrustError> {
        let blocks = pem::decode(text).map_err(|reason| wrong(table, &reason))?;
        if blocks.is_empty()
            || blocks.len() > CHAIN_MAX
            || blocks.iter().any(|(label, _)| label != LABEL)
        {
            return Err(wrong(
                table,
                &format!("`certificates` are not 1 to {CHAIN_MAX} blocks `{LABEL}` in PEM"),
            ));
        }
        let mut valid = (i64::MIN, i64::MAX);
        for (_, der) in &blocks {
            let parsed = X509Certificate::from_der(der)
                .ok()
                .filter(|(rest, _)| rest.is_empty());
            let (_, certificate) =
                parsed.ok_or_else(|| wrong(table, "a certificate is malformed"))?;
            let (from, until) = (
                certificate.validity().not_before,
                certificate.validity().not_after,
            );
            valid = (
                valid.0.max(from.timestamp()),
                valid.1.min(until.timestamp()),
            );
        }
        if valid.0 > valid.1 {
            return Err(wrong(
                table,
                "its certificates are at no time valid together",
            ));
        }
        Ok(Chain {
            certificates: blocks.into_iter().map(|(_, der)| der).collect(),
            valid,
        })
    }

    fn pem(&self) -> String {
        self.certificates
            .iter()
            .map(|der| pem::encode(LABEL, der))
            .collect()
    }
}

fn wrong(table: &'static str, reason: &str) -> TrustError {
    TrustError::Value {
        table,
        reason: reason.to_owned(),
    }
}
