//! Ids. Each is its own type, checked where it enters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name of an account or a CAP.
const NAME_BYTES_MAX: usize = 63;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not {what}: 1 to 63 of `a`–`z`, `0`–`9` and `-`, not beginning or ending with `-`"
)]
pub struct IdError {
    text: String,
    what: &'static str,
}

/// Letters, digits and inner hyphens: safe in host names, paths and SQL alike.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_label(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { text: text.chars().take(80).collect(), what: $what })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }
    };
}

label! {
    /// A CAP's name, such as `cap-1`.
    CapId, "a CAP's name"
}
label! {
    /// An account's name.
    AccountName, "an account's name"
}
label! {
    /// One placement of a void, such as `p-5f2c…`: never used twice.
    PlacementId, "a placement's id"
}

impl PlacementId {
    /// A new id from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("p-{}", crate::lease::hex(&bytes)))
    }
}

/// What a service is, as its certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Who owns what.
    Platform,
    /// Who serves what.
    Raptor,
    /// A host.
    Cap,
    /// A person who runs the fleet.
    Operator,
}

impl Role {
    /// The name in certificates.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Platform => "platform",
            Role::Raptor => "raptor",
            Role::Cap => "cap",
            Role::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        [Role::Platform, Role::Raptor, Role::Cap, Role::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| IdError {
                text: text.chars().take(80).collect(),
                what: "a role",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked() {
        for good in ["a", "cap-1", "0", &"x".repeat(63)] {
            assert!(good.parse::<CapId>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a.b",
            "a/b",
            "a b",
            "ä",
            &"x".repeat(64),
        ] {
            assert!(bad.parse::<CapId>().is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<AccountName>("\"no/good\"").is_err());
    }

    #[test]
    fn roles_read_as_they_are_written() {
        assert_eq!("raptor".parse(), Ok(Role::Raptor));
        assert!("root".parse::<Role>().is_err());
    }
}
