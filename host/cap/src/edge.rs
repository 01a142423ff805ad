//! Where requests for voids arrive. Each is decided here: answered by a placement of this CAP, handed to the CAP that
//! holds it, or refused with a reason.

pub mod answers;
pub mod headers;
pub mod host;
pub mod idle;
pub mod listener;
pub mod peers;
pub mod routes;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use fleet_api::Slug;
use fleet_client::raptor::RaptorClient;
use host_runtime::RequestId;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{sync::watch, time::timeout};

use self::{
    answers::{problem, retry_later},
    headers::{FORWARDED_BY, FORWARDED_FOR, REQUEST_ID},
    host::Target,
    listener::{Body, Limits, Peer},
    peers::{ForwardError, Peers},
    routes::RouteCache,
};
use crate::placement::{Local, Table};

/// Limits of the edge: its clients are strangers.
pub const LIMITS: Limits = Limits {
    // Each costs two descriptors and some 20 KiB; the process asks for as many descriptors as it may have.
    connections_max: 4_096,
    // Longer than a request may take (30 s and its time in the queue), so that only idle connections are cut.
    idle: Some(Duration::from_secs(60)),
    // As long as a request may take would hold up a restart; most are over in milliseconds.
    drain: Duration::from_secs(10),
};

/// Asking raptor for a route takes milliseconds; a client does not wait longer for it.
const ROUTE_TIME_MAX: Duration = Duration::from_secs(3);

/// Header fields of a request, in either protocol.
const HEADERS_MAX: usize = 100;

/// Who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Anyone.
    Client,
    /// Another CAP, which has already asked raptor.
    Cap,
}

/// Decides what becomes of requests.
#[derive(Debug)]
pub struct Edge {
    /// `app.localhost`: slugs are names directly under it.
    pub app_domain: String,
    /// The id of this CAP.
    pub own_id: String,
    /// What is placed here.
    pub table: watch::Receiver<Arc<Table>>,
    /// What is placed elsewhere, as last heard.
    pub routes: RouteCache<Uri>,
    /// Who knows what is placed elsewhere.
    pub raptor: RaptorClient,
    /// The way there.
    pub peers: Peers,
}

impl Edge {
    /// Answers one request. The answer always carries the request's id.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        peer: &Peer,
        sender: Sender,
    ) -> Response<Body> {
        let id = RequestId::fresh();
        let mut response = self.decide(id, request, peer, sender).await;
        if !response.headers().contains_key(REQUEST_ID)
            && let Ok(value) = HeaderValue::try_from(id.to_string())
        {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }

    async fn decide(
        &self,
        id: RequestId,
        request: Request<Incoming>,
        peer: &Peer,
        sender: Sender,
    ) -> Response<Body> {
        let authority = host::authority(request.uri(), request.headers());
        let Target::Void(slug) = host::target(authority.as_deref(), &self.app_domain) else {
            let sentence = format!(
                "This server answers for names of the form <slug>.{} only.",
                self.app_domain
            );
            return problem(StatusCode::NOT_FOUND, id, &sentence);
        };
        if request.headers().len() > HEADERS_MAX {
            return problem(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                id,
                "The request has too many headers.",
            );
        }
        let authority = authority.unwrap_or_default();
        let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let client = match sender {
            Sender::Client => {
                headers::mark_from_client(
                    request.headers_mut(),
                    peer.address.ip(),
                    peer.scheme,
                    &authority,
                );
                peer.address.ip()
            }
            Sender::Cap => client_of(request.headers()).unwrap_or(peer.address.ip()),
        };
        headers::drop_hop_by_hop(request.headers_mut());
        let local = self.table.borrow().find(&slug, Instant::now());
        let is_known = match local {
            Local::Ready(placement, service) => {
                request.headers_mut().remove(FORWARDED_BY);
                let mut response = service.answer(&placement, id, client, request).await;
                headers::drop_hop_by_hop(response.headers_mut());
                response.headers_mut().remove(REQUEST_ID);
                return response;
            }
            Local::NotReady => true,
            Local::Absent => false,
        };
        match sender {
            Sender::Cap if is_known => not_ready(id, &slug),
            // The sender's route is out of date; it forgets it and asks again.
            Sender::Cap => problem(
                StatusCode::MISDIRECTED_REQUEST,
                id,
                "The program has moved to another server.",
            ),
            Sender::Client => {
                self.elsewhere(id, &slug, is_known, &authority, request)
                    .await
            }
        }
    }

    /// Hands a request on to the CAP that holds `slug`, if there is one.
    async fn elsewhere(
        &self,
        id: RequestId,
        slug: &str,
        is_known: bool,
        host: &str,
        request: Request<Body>,
    ) -> Response<Body> {
        let Ok(name) = slug.parse::<Slug>() else {
            return unknown(id, slug);
        };
        let peer = match self
            .routes
            .find(slug, Instant::now(), || self.ask(&name))
            .await
        {
            Ok(Some(peer)) => peer,
            Ok(None) if is_known => return not_ready(id, slug),
            Ok(None) => return unknown(id, slug),
            Err(error) => {
                tracing::warn!(%id, slug, %error, "could not ask raptor for a route");
                let mut response = problem(
                    StatusCode::SERVICE_UNAVAILABLE,
                    id,
                    "The fleet cannot be asked where this program lives; try again soon.",
                );
                retry_later(&mut response);
                return response;
            }
        };
        match self.peers.forward(&peer, host, request).await {
            Ok(response) if response.status() == StatusCode::MISDIRECTED_REQUEST => {
                self.routes.forget(slug);
                not_ready(id, slug)
            }
            Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
            Err(error) => self.lost(id, slug, &error),
        }
    }

    fn lost(&self, id: RequestId, slug: &str, error: &ForwardError) -> Response<Body> {
        tracing::warn!(%id, slug, error = %crate::raise::chain(error), "could not hand on a request");
        match error {
            ForwardError::Unreachable { .. } => {
                self.routes.forget(slug);
                not_ready(id, slug)
            }
            ForwardError::Broken { .. } => problem(
                StatusCode::BAD_GATEWAY,
                id,
                "The server that holds this program broke off.",
            ),
            ForwardError::Late { .. } => problem(
                StatusCode::GATEWAY_TIMEOUT,
                id,
                "The server that holds this program took too long.",
            ),
        }
    }

    /// Where raptor says `slug` is; `None` when nowhere, or here (which this CAP would know).
    async fn ask(&self, slug: &Slug) -> anyhow::Result<Option<Uri>> {
        let Some(route) = timeout(ROUTE_TIME_MAX, self.raptor.route(slug)).await?? else {
            return Ok(None);
        };
        if route.cap.to_string() == self.own_id {
            return Ok(None);
        }
        let peer: Uri = route.peer_url.parse()?;
        anyhow::ensure!(
            peer.scheme().is_some() && peer.authority().is_some(),
            "raptor names a CAP at `{peer}`, which is no URL"
        );
        Ok(Some(peer))
    }
}

/// The client's address as the forwarding CAP saw it.
fn client_of(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get(FORWARDED_FOR)?.to_str().ok()?.parse().ok()
}

fn unknown(id: RequestId, slug: &str) -> Response<Body> {
    problem(
        StatusCode::NOT_FOUND,
        id,
        &format!(
            "No program lives under the name `{}`.",
            slug.escape_default()
        ),
    )
}

fn not_ready(id: RequestId, slug: &str) -> Response<Body> {
    let mut response = problem(
        StatusCode::SERVICE_UNAVAILABLE,
        id,
        &format!(
            "The program `{}` is not ready; try again soon.",
            slug.escape_default()
        ),
    );
    retry_later(&mut response);
    response
}
