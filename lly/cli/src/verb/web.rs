//! Requests of a verb to a host that was granted: HTTPS, one answer, no redirections, bounded.

use std::time::Duration;

use fleet_client::tls::user_config;
use futures_util::StreamExt as _;
use host_plugin::{WebRequest, WebResponse};
use reqwest::{Client, Method, redirect};

use crate::failure::{Failure, OrFail};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole exchange; somebody waits for the verb.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The plugin holds it in its memory.
const BODY_BYTES_MAX: usize = 256 << 20;
/// A file of certificates to trust in place of the public authorities, as OpenSSL and curl have it.
const AUTHORITIES_VARIABLE: &str = "SSL_CERT_FILE";

/// Sends a request and gathers the answer.
pub fn fetch(request: WebRequest) -> Result<WebResponse, String> {
    let url = request.url.clone();
    let answer = crate::fleet::with_runtime(async {
        let client = client()?;
        exchange(&client, request)
            .await
            .map_err(|reason| Failure::local(format!("`{url}`: {reason}")))
    });
    answer.map_err(|failure| failure.message)
}

async fn exchange(client: &Client, request: WebRequest) -> Result<WebResponse, String> {
    let told = |error: reqwest::Error| {
        let error = error.without_url();
        format!("{:#}", anyhow::Error::from(error))
    };
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is not a method", request.method.escape_debug()))?;
    let mut call = client.request(method, request.url).body(request.body);
    for (name, value) in request.headers {
        call = call.header(name, value);
    }
    let answer = call.send().await.map_err(told)?;
    let status = answer.status().as_u16();
    let headers = answer.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(told)?);
        if body.len() > BODY_BYTES_MAX {
            return Err(format!(
                "the answer has more than {} MiB",
                BODY_BYTES_MAX >> 20
            ));
        }
    }
    Ok(WebResponse {
        status,
        headers,
        body,
    })
}

fn client() -> Result<Client, Failure> {
    let mut tls = match std::env::var_os(AUTHORITIES_VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => {
            let what = || format!("cannot use the certificates of {AUTHORITIES_VARIABLE}");
            let pem = std::fs::read_to_string(path).or_fail(what)?;
            user_config(Some(&pem)).or_fail(what)?
        }
        None => None,
    };
    if tls.is_none() {
        let mut roots = rustls::RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let config = rustls::ClientConfig::builder();
        tls = Some(config.with_root_certificates(roots).with_no_client_auth());
    }
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none());
    if let Some(mut tls) = tls {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        builder = builder.tls_backend_preconfigured(tls);
    }
    builder.build().or_fail(|| "cannot make an HTTPS client")
}
