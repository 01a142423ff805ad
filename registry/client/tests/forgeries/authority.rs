//! A certificate authority as Fulcio is one: short certificates for code signing, with the issuer in an extension.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use registry_client::sign::Signing;
use registry_client::{SigningKey, trust};
use std::time::Duration;

/// Fulcio's extension for the OpenID issuer.
const ISSUER_EXTENSION: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
const VALID_FOR: Duration = Duration::from_secs(600);
const DER_UTF8: u8 = 0x0c;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name = named("acme authority");
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub fn trusted(&self) -> trust::Authority {
        trust::Authority::new(None, &self.pem).unwrap()
    }

    /// A certificate from `begin`, in seconds since 1970, for ten minutes, and its key.
    pub fn certify(&self, identity: &str, issuer: &str, begin: i64) -> Signing {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![SanType::Rfc822Name(identity.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.not_before = std::time::UNIX_EPOCH
            .checked_add(Duration::from_secs(u64::try_from(begin - 5).unwrap()))
            .unwrap()
            .into();
        params.not_after = params.not_before + VALID_FOR;
        let length = u8::try_from(issuer.len()).unwrap();
        let text = [&[DER_UTF8, length], issuer.as_bytes()].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(&ISSUER_EXTENSION, text)];
        let certificate = params.signed_by(&pair, &self.issuer).unwrap();
        Signing::Certificate {
            key: SigningKey::from_pkcs8(pair.serialized_der()).unwrap(),
            certificate: certificate.der().to_vec(),
        }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
