//! Calls to a CAP's control server: raptor nudges, the platform reads logs.

use std::time::Duration;

use fleet_api::Slug;
use reqwest::{Client, Response};

use crate::call::{self, CallError};
use crate::tls::TlsFiles;

/// A nudge is a hint; a CAP that does not take it beats on its own soon enough.
const NUDGE_TIMEOUT: Duration = Duration::from_secs(2);

/// Any CAP, with the caller's certificate.
#[derive(Clone, Debug)]
pub struct CapClient {
    client: Client,
}

impl CapClient {
    /// A client of CAPs.
    pub fn new(tls: &TlsFiles) -> Result<Self, CallError> {
        Ok(Self {
            client: call::client(Some(tls.client_config()?))?,
        })
    }

    /// Asks the CAP at `control_url` to send its heartbeat now.
    pub async fn nudge(&self, control_url: &str) -> Result<(), CallError> {
        call::send(
            self.client.post(format!("{control_url}/v1/nudge")),
            Some(NUDGE_TIMEOUT),
        )
        .await
        .map(drop)
    }

    /// The log of a void as NDJSON, to be handed on as it comes.
    pub async fn logs(
        &self,
        control_url: &str,
        slug: &Slug,
        lines: u32,
        follow: bool,
    ) -> Result<Response, CallError> {
        let url = format!("{control_url}/v1/voids/{slug}/logs?n={lines}&follow={follow}");
        call::send(self.client.get(url), None).await
    }
}
