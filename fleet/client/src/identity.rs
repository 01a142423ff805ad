//! Who a service is: the URI name `spiffe://lily/ROLE/ID` in its certificate.

use fleet_api::Role;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

const PREFIX: &str = "spiffe://lily/";

/// A service that has shown a certificate of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it is.
    pub role: Role,
    /// Which one, such as `cap-1`.
    pub id: String,
}

/// Why a certificate names no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// It has no name of the expected form.
    #[error("the certificate has no name of the form `spiffe://lily/ROLE/ID`")]
    Unnamed,
}

impl Identity {
    /// Reads the identity of a certificate. That the fleet's CA signed it must have been checked before.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let (_, parsed) =
            X509Certificate::from_der(certificate).map_err(|_| IdentityError::Unreadable)?;
        let names = parsed
            .subject_alternative_name()
            .map_err(|_| IdentityError::Unreadable)?;
        names
            .iter()
            .flat_map(|extension| extension.value.general_names.iter())
            .find_map(|name| match name {
                GeneralName::URI(uri) => Self::of_uri(uri),
                _ => None,
            })
            .ok_or(IdentityError::Unnamed)
    }

    fn of_uri(uri: &str) -> Option<Self> {
        let (role, id) = uri.strip_prefix(PREFIX)?.split_once('/')?;
        let named = !id.is_empty() && !id.contains('/');
        named.then_some(Self {
            role: role.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services() {
        let cap = Identity {
            role: Role::Cap,
            id: "cap-1".into(),
        };
        assert_eq!(Identity::of_uri("spiffe://lily/cap/cap-1"), Some(cap));
        for bad in [
            "spiffe://lily/cap/",
            "spiffe://lily/root/x",
            "spiffe://other/cap/x",
            "spiffe://lily/cap/a/b",
            "",
        ] {
            assert_eq!(Identity::of_uri(bad), None, "{bad}");
        }
    }
}
