//! Calls to raptor: from CAPs (heartbeats, routes) and from the platform (placements).

use std::time::Duration;

use fleet_api::{Heartbeat, Orders, PlaceVoid, PlacementOutcome, Route, Slug};
use reqwest::Client;

use crate::call::{self, CallError};
use crate::policies::PolicyClient;
use crate::tls::TlsFiles;

/// A heartbeat that takes longer has lost its worth.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// A placement waits for compilation and the first probe.
const PLACE_TIMEOUT: Duration = Duration::from_secs(100);

/// A policy is compiled before it is taken.
const POLICY_TIMEOUT: Duration = Duration::from_secs(60);

/// Raptor, with the caller's certificate.
#[derive(Clone, Debug)]
pub struct RaptorClient {
    base: String,
    client: Client,
}

impl RaptorClient {
    /// A client of the raptor at `url`.
    pub fn new(url: &str, tls: &TlsFiles) -> Result<Self, CallError> {
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            client: call::client(Some(tls.client_config()?))?,
        })
    }

    /// Tells what a CAP has; the answer is everything it is to have.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, CallError> {
        call::fetch(
            self.client
                .post(format!("{}/v1/heartbeats", self.base))
                .json(heartbeat),
            ASK_TIMEOUT,
        )
        .await
    }

    /// Which CAP holds a slug; none if no CAP does.
    pub async fn route(&self, slug: &Slug) -> Result<Option<Route>, CallError> {
        let answer = call::fetch(
            self.client.get(format!("{}/v1/routes/{slug}", self.base)),
            ASK_TIMEOUT,
        )
        .await;
        match answer {
            Err(CallError::Refused { status, .. }) if status == reqwest::StatusCode::NOT_FOUND => {
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    /// Places a void and waits until it is known how that went.
    pub async fn place(&self, place: &PlaceVoid) -> Result<PlacementOutcome, CallError> {
        call::fetch(
            self.client
                .post(format!("{}/v1/placements", self.base))
                .json(place),
            PLACE_TIMEOUT,
        )
        .await
    }

    /// Has every placement of a void stopped.
    pub async fn stop(&self, slug: &Slug) -> Result<(), CallError> {
        let request = self.client.delete(format!("{}/v1/voids/{slug}", self.base));
        call::send(request, Some(ASK_TIMEOUT)).await.map(drop)
    }

    /// The calls about policies.
    pub fn policies(&self) -> PolicyClient {
        PolicyClient {
            base: self.base.clone(),
            client: self.client.clone(),
            patience: POLICY_TIMEOUT,
        }
    }
}
