//! Accounts and their tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::AccountName;

/// What every token begins with, so that leaked ones can be found.
const PREFIX: &str = "lily_";

/// A bearer token: a secret without a `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

/// What a service keeps of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    /// A token from 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", crate::lease::hex(&bytes)))
    }

    /// A token that somebody presents.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The token itself, for the one header or file that needs it.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Its SHA-256. Tokens have 256 bits of randomness: a slow hash would add nothing.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

/// `POST /v1/accounts`, operators only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateAccount {
    /// The name; an existing account gets a further token.
    pub name: AccountName,
}

/// Its answer: the only time that the token is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCreated {
    /// The account.
    pub account: AccountName,
    /// Its new token.
    pub token: Token,
}
