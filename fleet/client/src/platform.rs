//! Calls to the platform: as a user with a token, or as an operator with a certificate.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fleet_api::{
    AccountCreated, AccountName, BundleMissing, CapId, CapStatus, CreateAccount, DeployVoid,
    DrainCap, LogLine, Slug, Token, Void, VoidList,
};
use futures_util::{Stream, StreamExt as _, stream};
use lly_brick::Digest;
use reqwest::{Client, Method, RequestBuilder};

use crate::call::{self, CallError};
use crate::policies::PolicyClient;
use crate::tls::{TlsFiles, user_config};

/// A short question.
const ASK_TIMEOUT: Duration = Duration::from_secs(30);
/// A deploy waits for compilation and the first probe.
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(120);
/// A policy is compiled before it is taken.
const POLICY_TIMEOUT: Duration = Duration::from_secs(90);
/// A blob of the largest size over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// The longest line of a log stream; the CAP cuts lines long before.
const LOG_LINE_BYTES_MAX: usize = 1 << 20;

/// The platform, as one user sees it.
#[derive(Clone, Debug)]
pub struct PlatformClient {
    base: String,
    token: Token,
    client: Client,
}

impl PlatformClient {
    /// A client of the platform at `url`, trusting the CA `ca_pem` (or the system's).
    pub fn new(url: &str, token: Token, ca_pem: Option<&str>) -> Result<Self, CallError> {
        let client = call::client(user_config(ca_pem)?)?;
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            token,
            client,
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.token.secret())
    }

    /// Announces a bundle by its canonical manifest; the answer says which blobs have to be sent.
    pub async fn announce(&self, manifest: Vec<u8>) -> Result<BundleMissing, CallError> {
        call::fetch(
            self.request(Method::POST, "/v1/bundles").body(manifest),
            ASK_TIMEOUT,
        )
        .await
    }

    /// Sends a blob.
    pub async fn put_blob(&self, digest: &Digest, bytes: Vec<u8>) -> Result<(), CallError> {
        let request = self
            .request(Method::PUT, &format!("/v1/blobs/{digest}"))
            .body(bytes);
        call::send(request, Some(UPLOAD_TIMEOUT)).await.map(drop)
    }

    /// Places a bundle and waits until it answers.
    pub async fn deploy(&self, deploy: &DeployVoid) -> Result<Void, CallError> {
        call::fetch(
            self.request(Method::POST, "/v1/voids").json(deploy),
            DEPLOY_TIMEOUT,
        )
        .await
    }

    /// The user's voids.
    pub async fn voids(&self) -> Result<Vec<Void>, CallError> {
        call::fetch::<VoidList>(self.request(Method::GET, "/v1/voids"), ASK_TIMEOUT)
            .await
            .map(|list| list.voids)
    }

    /// One void.
    pub async fn void(&self, slug: &Slug) -> Result<Void, CallError> {
        call::fetch(
            self.request(Method::GET, &format!("/v1/voids/{slug}")),
            ASK_TIMEOUT,
        )
        .await
    }

    /// Stops a void.
    pub async fn kill(&self, slug: &Slug) -> Result<Void, CallError> {
        call::fetch(
            self.request(Method::DELETE, &format!("/v1/voids/{slug}")),
            ASK_TIMEOUT,
        )
        .await
    }

    /// Puts the bundle back that ran before.
    pub async fn rollback(&self, slug: &Slug) -> Result<Void, CallError> {
        call::fetch(
            self.request(Method::POST, &format!("/v1/voids/{slug}/rollback")),
            DEPLOY_TIMEOUT,
        )
        .await
    }

    /// The last `lines` lines of a void's log and, if `follow`, those to come.
    pub async fn logs(
        &self,
        slug: &Slug,
        lines: u32,
        follow: bool,
    ) -> Result<impl Stream<Item = Result<LogLine, CallError>> + use<>, CallError> {
        let request = self.request(
            Method::GET,
            &format!("/v1/voids/{slug}/logs?n={lines}&follow={follow}"),
        );
        let response = call::send(request, None).await?;
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.map_err(call::unreachable));
        Ok(log_lines(bytes))
    }
}

/// The platform, as an operator sees it.
#[derive(Clone, Debug)]
pub struct OperatorClient {
    base: String,
    client: Client,
}

impl OperatorClient {
    /// A client with the operator's certificate.
    pub fn new(url: &str, tls: &TlsFiles) -> Result<Self, CallError> {
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            client: call::client(Some(tls.client_config()?))?,
        })
    }

    /// Makes an account, or a further token for an account that is there.
    pub async fn create_account(&self, name: &AccountName) -> Result<AccountCreated, CallError> {
        let request = self.client.post(format!("{}/v1/accounts", self.base));
        call::fetch(
            request.json(&CreateAccount { name: name.clone() }),
            ASK_TIMEOUT,
        )
        .await
    }

    /// The CAPs that the fleet knows.
    pub async fn caps(&self) -> Result<Vec<CapStatus>, CallError> {
        call::fetch(
            self.client.get(format!("{}/v1/caps", self.base)),
            ASK_TIMEOUT,
        )
        .await
    }

    /// Has a CAP drained, or taken back into service.
    pub async fn drain(&self, cap: &CapId, wish: DrainCap) -> Result<(), CallError> {
        let request = self
            .client
            .put(format!("{}/v1/caps/{cap}/draining", self.base));
        call::send(request.json(&wish), Some(ASK_TIMEOUT))
            .await
            .map(drop)
    }
}

impl OperatorClient {
    /// The calls about policies.
    pub fn policies(&self) -> PolicyClient {
        PolicyClient {
            base: self.base.clone(),
            client: self.client.clone(),
            patience: POLICY_TIMEOUT,
        }
    }

    /// Sends the package of a policy.
    pub async fn put_policy_package(&self, digest: &Digest, bytes: Bytes) -> Result<(), CallError> {
        let url = format!("{}/v1/policies/packages/{digest}", self.base);
        call::send(self.client.put(url).body(bytes), Some(UPLOAD_TIMEOUT))
            .await
            .map(drop)
    }
}

/// Cuts a stream of NDJSON into lines.
fn log_lines(
    chunks: impl Stream<Item = Result<Bytes, CallError>> + Unpin,
) -> impl Stream<Item = Result<LogLine, CallError>> {
    stream::unfold(
        (chunks, BytesMut::new()),
        |(mut chunks, mut rest)| async move {
            loop {
                if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line = rest.split_to(end + 1);
                    if let Ok(line) = serde_json::from_slice::<LogLine>(&line) {
                        return Some((Ok(line), (chunks, rest)));
                    }
                    continue;
                }
                match chunks.next().await {
                    Some(Ok(chunk)) if rest.len() + chunk.len() <= LOG_LINE_BYTES_MAX => {
                        rest.extend_from_slice(&chunk)
                    }
                    Some(Ok(_)) => rest.clear(),
                    Some(Err(error)) => return Some((Err(error), (chunks, rest))),
                    None => return None,
                }
            }
        },
    )
}
