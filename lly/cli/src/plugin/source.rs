//! Which registry is asked, as whom, and how its refusals read.

use clap::Args;
use registry_client::{
    HttpError, Network, OciError, Registry, RegistryError, Settings, Token, Trust,
};

use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{ExitCode, Failure, OrFail};

/// The registry, where no flag names one.
const URL_VARIABLE: &str = "LLY_RC_URL";
/// A token of `rc token add`, for where no account of a fleet publishes, such as CI.
const TOKEN_VARIABLE: &str = "LLY_RC_TOKEN";

/// Where the registry is.
#[derive(Clone, Debug, Default, Args)]
pub struct RegistryUrl {
    /// The registry [default: that of your credentials, else the only one in trust.toml].
    #[arg(long, value_name = "URL", env = URL_VARIABLE)]
    pub registry: Option<String>,
}

/// How the registry is reached.
#[derive(Clone, Debug, Default, Args)]
pub struct RegistryArgs {
    #[command(flatten)]
    pub url: RegistryUrl,
    /// Ask nobody: use what was fetched before.
    #[arg(long)]
    pub offline: bool,
}

impl RegistryArgs {
    /// This registry.
    pub fn of(url: &str, offline: bool) -> Self {
        let registry = Some(url.to_owned());
        Self {
            url: RegistryUrl { registry },
            offline,
        }
    }

    /// The registry, and whom the user trusts.
    pub fn open(&self, context: &Context) -> Result<(Registry, Trust), Failure> {
        let trust = trust(context)?;
        let credentials = Credentials::load(&context.home)?;
        let url = self.url.among(credentials.as_ref(), &trust)?;
        // A token and a private CA go to the registry that they belong to, and to no other.
        let own = credentials.filter(|own| own.rc_url.as_deref().map(plain) == Some(plain(&url)));
        let settings = Settings {
            ca: own.as_ref().and_then(|own| own.ca.clone()),
            token: named_token(&url).or_else(|| own.as_ref().map(|own| Token::new(&own.token))),
            home: context.home.clone(),
            network: if self.offline {
                Network::Offline
            } else {
                Network::Online
            },
            url,
        };
        Ok((Registry::new(settings).map_err(failed)?, trust))
    }
}

impl RegistryUrl {
    /// The registry's URL.
    pub fn url(&self, context: &Context) -> Result<String, Failure> {
        let credentials = Credentials::load(&context.home)?;
        self.among(credentials.as_ref(), &trust(context)?)
    }

    fn among(&self, credentials: Option<&Credentials>, trust: &Trust) -> Result<String, Failure> {
        if let Some(url) = self.registry.as_ref().filter(|url| !url.is_empty()) {
            return Ok(url.clone());
        }
        if let Some(url) = credentials.and_then(|own| own.rc_url.clone()) {
            return Ok(url);
        }
        match trust.registries.as_slice() {
            [one] => Ok(one.url.clone()),
            [] => Err(Failure::local("no registry is known")
                .hint("name one with --registry URL, and trust it: lly plugin trust registry URL")),
            _ => Err(Failure::local("trust.toml names several registries")
                .hint("choose one with --registry URL")),
        }
    }
}

/// The token in `LLY_RC_TOKEN`, which is for the registry in `LLY_RC_URL` and for no other.
fn named_token(url: &str) -> Option<Token> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let registry = set(URL_VARIABLE)?;
    (plain(&registry) == plain(url)).then(|| set(TOKEN_VARIABLE).map(|token| Token::new(&token)))?
}

fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// Whom the user trusts.
pub fn trust(context: &Context) -> Result<Trust, Failure> {
    Trust::load(&context.home).or_fail(|| {
        format!(
            "`{}` cannot be used",
            context.home.join("trust.toml").display()
        )
    })
}

/// A registry's error as the end of a command: 2 if it wants to know who asks, 3 if it said no, else 1.
pub fn failed(error: RegistryError) -> Failure {
    let status = match &error {
        RegistryError::Http(http) | RegistryError::Oci(OciError::Http(http)) => http.status(),
        _ => None,
    };
    let (exit, hint) = match status.map(|status| status.as_u16()) {
        Some(401) => (
            ExitCode::Auth,
            Some(
                "the registry takes the token of your credentials, or LLY_RC_TOKEN for the registry in LLY_RC_URL",
            ),
        ),
        Some(status @ 400..500) if status != 404 => (ExitCode::Refused, None),
        _ => (ExitCode::Local, hint(&error)),
    };
    let failure = Failure::new(exit, format!("{:#}", chain(&error)));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn hint(error: &RegistryError) -> Option<&'static str> {
    match error {
        RegistryError::Http(HttpError::Unreachable { .. }) => {
            Some("is the registry up, and its URL right? `--offline` uses what was fetched before")
        }
        RegistryError::NotCached { .. } => Some("run the command once without --offline"),
        RegistryError::Unsigned { .. } => {
            Some("only signed versions are installed; its author can publish a signature")
        }
        _ => None,
    }
}

/// An error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(&format!(": {said}"));
        }
        next = cause.source();
    }
    text
}
