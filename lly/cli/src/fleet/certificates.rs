//! The fleet's own certificate authority: one CA key, one short certificate for each service.
//!
//! A service is who its certificate says: the URI name `spiffe://lily/ROLE/ID`. The CA is name-constrained to the
//! fleet's domain, so trusting it on a workstation trusts it for nothing else.

use std::fs;
use std::io;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};

/// Why a certificate could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The folder of the CA or of a service could not be read or written.
    #[error("cannot keep certificates in `{path}`")]
    Store {
        /// The file in question.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The library refused what it was asked to sign.
    #[error("cannot make a certificate for `{subject}`")]
    Make {
        /// The service or the CA.
        subject: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
}

/// The fleet's authority, ready to sign.
pub struct Authority {
    certificate_pem: String,
    key: KeyPair,
    domain: String,
}

impl Authority {
    /// Loads the CA of `dir` (`ca.pem`, `ca.key`), or makes one for `domain` the first time.
    pub fn open(dir: &Path, domain: &str) -> Result<Self, CertificateError> {
        let (certificate_path, key_path) = (dir.join("ca.pem"), dir.join("ca.key"));
        if certificate_path.exists() && key_path.exists() {
            let key = KeyPair::from_pem(&read(&key_path)?).map_err(make("the fleet's CA"))?;
            let certificate_pem = read(&certificate_path)?;
            return Ok(Self {
                certificate_pem,
                key,
                domain: domain.to_owned(),
            });
        }
        let key = KeyPair::generate().map_err(make("the fleet's CA"))?;
        let certificate = authority_params(domain)
            .self_signed(&key)
            .map_err(make("the fleet's CA"))?;
        let certificate_pem = certificate.pem();
        write(&key_path, key.serialize_pem().as_bytes())?;
        write(&certificate_path, certificate_pem.as_bytes())?;
        Ok(Self {
            certificate_pem,
            key,
            domain: domain.to_owned(),
        })
    }

    /// Puts the identity of `role`/`id` in `dir` (`ca.pem`, `cert.pem`, `key.pem`), unless it is there already.
    pub fn issue_service(&self, dir: &Path, role: &str, id: &str) -> Result<(), CertificateError> {
        let subject = format!("spiffe://lily/{role}/{id}");
        let uri = subject.as_str().try_into().map_err(make(&subject))?;
        self.issue(
            dir,
            "cert.pem",
            "key.pem",
            &subject,
            vec![self.domain.clone()],
            vec![SanType::URI(uri)],
        )?;
        let authority = dir.join("ca.pem");
        if read(&authority).ok().as_deref() == Some(&self.certificate_pem) {
            return Ok(());
        }
        write(&authority, self.certificate_pem.as_bytes())
    }

    /// Puts the certificate that a CAP shows to browsers in `dir` (`edge-cert.pem`, `edge-key.pem`).
    pub fn issue_edge(&self, dir: &Path, app_domain: &str) -> Result<(), CertificateError> {
        let names = vec![format!("*.{app_domain}"), app_domain.to_owned()];
        self.issue(
            dir,
            "edge-cert.pem",
            "edge-key.pem",
            app_domain,
            names,
            Vec::new(),
        )
    }

    fn issue(
        &self,
        dir: &Path,
        certificate_name: &str,
        key_name: &str,
        subject: &str,
        dns_names: Vec<String>,
        other_names: Vec<SanType>,
    ) -> Result<(), CertificateError> {
        let (certificate_path, key_path) = (dir.join(certificate_name), dir.join(key_name));
        if certificate_path.exists() && key_path.exists() {
            return Ok(());
        }
        fs::create_dir_all(dir).map_err(store(dir))?;
        let mut params = CertificateParams::new(dns_names).map_err(make(subject))?;
        params.subject_alt_names.extend(other_names);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(make(subject))?;
        let issuer =
            Issuer::from_ca_cert_pem(&self.certificate_pem, &self.key).map_err(make(subject))?;
        let certificate = params.signed_by(&key, &issuer).map_err(make(subject))?;
        write(&key_path, key.serialize_pem().as_bytes())?;
        write(&certificate_path, certificate.pem().as_bytes())
    }
}

fn authority_params(domain: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("LILY fleet CA ({domain})"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(domain.to_owned())],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn make(subject: &str) -> impl FnOnce(rcgen::Error) -> CertificateError {
    let subject = subject.to_owned();
    move |source| CertificateError::Make { subject, source }
}

fn store(path: &Path) -> impl FnOnce(io::Error) -> CertificateError {
    let path = path.display().to_string();
    move |source| CertificateError::Store { path, source }
}

fn read(path: &Path) -> Result<String, CertificateError> {
    fs::read_to_string(path).map_err(store(path))
}

/// Writes owner-readable only, and whole or not at all.
fn write(path: &Path, contents: &[u8]) -> Result<(), CertificateError> {
    crate::private_file::replace(path, contents).map_err(store(path))
}
