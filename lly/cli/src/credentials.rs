//! `$LLY_HOME/credentials`: which platform this user talks to, and as whom.
//!
//! The file is readable by its owner alone and replaced atomically. `LLY_PLATFORM_URL` overrides the platform,
//! `LLY_RC_URL` the registry, `LLY_CREDENTIALS` the file.

use std::path::{Path, PathBuf};

use fleet_api::Token;
use fleet_client::platform::PlatformClient;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::failure::{ExitCode, Failure, OrFail};

/// What the platform needs to know of the user.
#[derive(Clone, Deserialize, Serialize)]
pub struct Credentials {
    /// Such as `https://localhost:7443`.
    pub platform_url: String,
    /// The registry of plugins, such as `https://localhost:7444`.
    #[serde(default)]
    pub rc_url: Option<String>,
    /// The account's name.
    pub account: String,
    /// The bearer token: a secret.
    pub token: String,
    /// The CA that signed the platform's certificate, PEM; none where a public CA did.
    pub ca: Option<String>,
}

impl Credentials {
    /// Where the credentials of `home` are.
    pub fn path(home: &Path) -> PathBuf {
        match std::env::var_os("LLY_CREDENTIALS").filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => home.join("credentials"),
        }
    }

    /// Reads the credentials of `home`; none if there are none.
    pub fn load(home: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(home);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).or_fail(|| format!("cannot read `{}`", path.display()));
            }
        };
        let mut credentials: Self = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(
                ExitCode::Auth,
                format!("`{}` is not a credentials file: {error}", path.display()),
            )
            .hint("remove it and sign in again")
        })?;
        if let Some(url) = std::env::var("LLY_PLATFORM_URL")
            .ok()
            .filter(|url| !url.is_empty())
        {
            credentials.platform_url = url;
        }
        if let Some(url) = std::env::var("LLY_RC_URL")
            .ok()
            .filter(|url| !url.is_empty())
        {
            credentials.rc_url = Some(url);
        }
        Ok(Some(credentials))
    }

    /// Reads the credentials or fails as "not signed in" (exit code 2).
    pub fn require(context: &Context) -> Result<Self, Failure> {
        Self::load(&context.home)?.ok_or_else(|| {
            Failure::new(ExitCode::Auth, "you are not signed in")
                .hint("start a fleet on this machine with `lly fleet up`, or point LLY_CREDENTIALS at your credentials")
        })
    }

    /// The platform, as this user.
    pub fn client(&self) -> Result<PlatformClient, Failure> {
        PlatformClient::new(
            &self.platform_url,
            Token::presented(&self.token),
            self.ca.as_deref(),
        )
        .or_fail(|| "cannot reach the platform")
    }

    /// Writes the credentials to `path`, mode 0600, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).or_fail(|| "cannot write the credentials")?;
        crate::private_file::replace(path, &text)
            .or_fail(|| format!("cannot write `{}`", path.display()))
    }
}
