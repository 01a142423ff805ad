//! Calls to one registry, log or authority: bounded answers, its own words when it says no.

use fleet_client::tls::{TlsError, user_config};
use futures_util::StreamExt as _;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a byte for so long, nobody is there.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// What a refusal may say.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// A token that lets its holder push. It shows itself nowhere.
#[derive(Clone)]
pub struct Token(String);

/// One service.
#[derive(Clone, Debug)]
pub struct Http {
    base: String,
    token: Option<Token>,
    client: Client,
}

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody answers there.
    #[error("`{url}` does not answer")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It said no.
    #[error("`{url}` refused: {reason}")]
    Refused {
        /// Where.
        url: String,
        /// The status.
        status: StatusCode,
        /// Its words.
        reason: String,
    },
    /// It sent more than anything of this kind has.
    #[error("`{url}` sent more than {max} bytes")]
    TooLarge {
        /// Where.
        url: String,
        /// The bound.
        max: usize,
    },
    /// TLS cannot be spoken.
    #[error("cannot speak TLS")]
    Tls(#[from] TlsError),
    /// No client can be made.
    #[error("cannot make an HTTPS client")]
    Client(#[source] reqwest::Error),
    /// Nothing may be asked.
    #[error("`{url}` was not asked: --offline")]
    Offline {
        /// Where.
        url: String,
    },
}

impl HttpError {
    /// The status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            HttpError::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl Token {
    /// A token as it was given out.
    pub fn new(secret: &str) -> Token {
        Token(secret.trim().to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

impl Http {
    /// A client of the service at `base`. `ca` is the PEM of a private authority; without it the public ones count.
    pub fn new(base: &str, ca: Option<&str>, token: Option<Token>) -> Result<Http, HttpError> {
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        let tls = match user_config(ca)? {
            Some(tls) => Some(tls),
            None => Some(public_config()?),
        };
        if let Some(mut tls) = tls {
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            builder = builder.tls_backend_preconfigured(tls);
        }
        if ca.is_some() {
            // A private authority means a private network: no proxy stands between.
            builder = builder.no_proxy();
        }
        Ok(Http {
            base: base.trim_end_matches('/').to_owned(),
            token,
            client: builder.build().map_err(HttpError::Client)?,
        })
    }

    /// The service's URL, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to a path of the service, or to a whole URL that the service gave.
    pub(crate) fn request(&self, method: Method, place: &str) -> RequestBuilder {
        let url = match place.starts_with('/') {
            true => format!("{}{place}", self.base),
            false => place.to_owned(),
        };
        let request = self.client.request(method, &url);
        match &self.token {
            // The token is for this service alone, wherever it points.
            Some(Token(secret)) if url.starts_with(&self.base) => request.bearer_auth(secret),
            _ => request,
        }
    }

    /// Sends a request; an answer outside 2xx is a refusal.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, HttpError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let url = response.url().path().to_owned();
        let url = format!("{}{url}", self.base);
        let body = self
            .body(response, REFUSAL_BYTES_MAX)
            .await
            .unwrap_or_default();
        Err(HttpError::Refused {
            url,
            status,
            reason: words(&body).unwrap_or_else(|| status.to_string()),
        })
    }

    /// What is at a path.
    pub(crate) async fn get(&self, place: &str, max: usize) -> Result<Vec<u8>, HttpError> {
        let response = self.send(self.request(Method::GET, place)).await?;
        self.body(response, max).await
    }

    /// The answer to a document.
    pub(crate) async fn post_json(
        &self,
        place: &str,
        document: &serde_json::Value,
        max: usize,
    ) -> Result<Vec<u8>, HttpError> {
        let request = self.request(Method::POST, place).json(document);
        let response = self.send(request).await?;
        self.body(response, max).await
    }

    /// The answer to bytes of a media type.
    pub(crate) async fn post_bytes(
        &self,
        place: &str,
        media_type: &'static str,
        body: Vec<u8>,
        max: usize,
    ) -> Result<Vec<u8>, HttpError> {
        let url = format!("{}{place}", self.base);
        let request = self.client.post(url).header(CONTENT_TYPE, media_type);
        let response = self.send(request.body(body)).await?;
        self.body(response, max).await
    }

    /// An answer's body, of at most `max` bytes.
    pub(crate) async fn body(&self, response: Response, max: usize) -> Result<Vec<u8>, HttpError> {
        let url = format!("{}{}", self.base, response.url().path());
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.unreachable(error))?;
            if body.len() + chunk.len() > max {
                return Err(HttpError::TooLarge { url, max });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, source: reqwest::Error) -> HttpError {
        HttpError::Unreachable {
            url: self.base.clone(),
            source: source.without_url(),
        }
    }
}

/// The authorities that everybody trusts for the web.
fn public_config() -> Result<rustls::ClientConfig, HttpError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::from)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// What a service says in one of the forms that services have: OCI's, Rekor's and the fleet's.
fn words(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        errors: Vec<Words>,
        #[serde(flatten)]
        itself: Words,
    }
    #[derive(Deserialize)]
    struct Words {
        message: Option<String>,
        detail: Option<serde_json::Value>,
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let said = refusal.errors.into_iter().chain([refusal.itself]);
    let text = said.into_iter().find_map(|one| {
        let detail = one
            .detail
            .and_then(|detail| detail.as_str().map(str::to_owned));
        one.message.or(detail)
    })?;
    Some(
        text.chars()
            .filter(|one| !one.is_control())
            .take(500)
            .collect(),
    )
}
