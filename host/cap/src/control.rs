//! What the rest of the fleet may ask of this CAP. Every caller has shown a certificate of the fleet; what it may do
//! depends on its role. Orders do not come this way: raptor only says "beat now", and the heartbeat's answer has them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use fleet_api::{LogLine, Problem, Role};
use fleet_client::identity::Identity;
use futures_util::{StreamExt as _, stream};
use host_runtime::RequestId;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use tokio::sync::{Notify, broadcast};

use crate::{
    edge::{
        Edge, Sender,
        answers::{empty, full},
        host::{Target, authority, target},
        listener::{Body, BodyError, Limits, Peer},
    },
    logs::lagged_line,
};

/// Limits of the control server: its clients are the fleet's own.
pub const LIMITS: Limits = Limits {
    connections_max: 1_024,
    // Someone who follows a quiet log says nothing for hours; dead peers are found by pings.
    idle: None,
    drain: Duration::from_secs(10),
};

/// Lines sent when nobody says how many.
const LOG_LINES_DEFAULT: usize = 100;

/// What the control server needs.
#[derive(Debug)]
pub struct Control {
    /// Serves what other CAPs forward.
    pub edge: Arc<Edge>,
    /// Makes the heart beat now.
    pub nudged: Arc<Notify>,
}

impl Control {
    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Response<Body> {
        let identity = match peer
            .certificate
            .as_ref()
            .map(|leaf| Identity::of_certificate(leaf))
        {
            Some(Ok(identity)) => identity,
            Some(Err(error)) => {
                return refuse(StatusCode::FORBIDDEN, "bad-identity", &error.to_string());
            }
            None => {
                return refuse(
                    StatusCode::UNAUTHORIZED,
                    "no-identity",
                    "a certificate of the fleet is needed",
                );
            }
        };
        let name = authority(request.uri(), request.headers());
        if identity.role == Role::Cap
            && matches!(
                target(name.as_deref(), &self.edge.app_domain),
                Target::Void(_)
            )
        {
            return self.edge.answer(request, peer, Sender::Cap).await;
        }
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method(), parts.as_slice()) {
            (&Method::GET, ["v1", "health"]) => json(
                StatusCode::OK,
                &serde_json::json!({ "status": "ok", "cap": self.edge.own_id }),
            ),
            (&Method::POST, ["v1", "nudge"]) => match identity.role {
                Role::Raptor => {
                    self.nudged.notify_one();
                    let mut response = Response::new(empty());
                    *response.status_mut() = StatusCode::NO_CONTENT;
                    response
                }
                _ => wrong_role(&identity),
            },
            (&Method::GET, ["v1", "voids", slug, "logs"]) => match identity.role {
                Role::Platform => self.logs(slug, request.uri().query().unwrap_or_default()),
                _ => wrong_role(&identity),
            },
            _ => refuse(
                StatusCode::NOT_FOUND,
                "not-found",
                &format!("a CAP has nothing at `{} {path}`", request.method()),
            ),
        }
    }

    /// The last lines of a placement as NDJSON, and what comes after them if asked to follow.
    fn logs(&self, slug: &str, query: &str) -> Response<Body> {
        let wish = LogWish::read(query);
        let table = self.edge.table.borrow().clone();
        let Some(placement) = table.newest(slug) else {
            return refuse(
                StatusCode::NOT_FOUND,
                "not-here",
                &format!("no placement of `{slug}` is on this CAP"),
            );
        };
        let body = if wish.follow {
            let (past, future) = placement.logs.follow(wish.lines);
            let past = stream::iter(past.iter().map(|line| ndjson(line)).collect::<Vec<_>>());
            // The ring ends with its placement, and so does whoever follows it.
            let frames = past
                .chain(following(future))
                .map(|line| Ok::<_, BodyError>(Frame::data(line)));
            BodyExt::boxed_unsync(StreamBody::new(frames))
        } else {
            let lines = placement.logs.tail(wish.lines);
            full(
                lines
                    .iter()
                    .flat_map(|line| ndjson(line))
                    .collect::<Vec<u8>>(),
            )
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        );
        response
    }
}

/// What a reader of logs asks for.
#[derive(Debug, PartialEq, Eq)]
struct LogWish {
    lines: usize,
    follow: bool,
}

impl LogWish {
    fn read(query: &str) -> Self {
        let mut wish = Self {
            lines: LOG_LINES_DEFAULT,
            follow: false,
        };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "n" => wish.lines = value.parse().unwrap_or(LOG_LINES_DEFAULT),
                "follow" => wish.follow = value == "true" || value == "1",
                _ => {}
            }
        }
        wish
    }
}

/// Lines as they come, until the placement ends or the reader is too slow.
fn following(lines: broadcast::Receiver<Arc<LogLine>>) -> impl futures_util::Stream<Item = Bytes> {
    stream::unfold(Some(lines), async |lines| {
        let mut lines = lines?;
        match lines.recv().await {
            Ok(line) => Some((ndjson(&line), Some(lines))),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                Some((ndjson(&lagged_line(missed)), None))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    })
}

fn ndjson(line: &LogLine) -> Bytes {
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes.into()
}

fn wrong_role(identity: &Identity) -> Response<Body> {
    refuse(
        StatusCode::FORBIDDEN,
        "wrong-role",
        &format!(
            "a service with the role `{}` may not do this",
            identity.role
        ),
    )
}

fn refuse(status: StatusCode, problem: &str, message: &str) -> Response<Body> {
    tracing::debug!(%status, problem, message, "control request refused");
    json(status, &Problem::new(problem, message))
}

fn json(status: StatusCode, document: &impl serde::Serialize) -> Response<Body> {
    let mut response = Response::new(full(serde_json::to_vec(document).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response.headers_mut().insert(
        crate::edge::headers::REQUEST_ID,
        HeaderValue::try_from(RequestId::fresh().to_string())
            .unwrap_or(HeaderValue::from_static("-")),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes() {
        let wish = |lines, follow| LogWish { lines, follow };
        assert_eq!(LogWish::read(""), wish(LOG_LINES_DEFAULT, false));
        assert_eq!(LogWish::read("n=5&follow=true"), wish(5, true));
        assert_eq!(
            LogWish::read("follow=0&n=x"),
            wish(LOG_LINES_DEFAULT, false)
        );
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_and_dropped() {
        let (sender, receiver) = broadcast::channel(2);
        for number in 0..5 {
            let line = LogLine {
                text: number.to_string(),
                ..lagged_line(0)
            };
            sender.send(Arc::new(line)).expect("a receiver is there");
        }
        let lines: Vec<Bytes> = following(receiver).collect().await;
        assert_eq!(lines.len(), 1);
        assert!(String::from_utf8_lossy(&lines[0]).contains("3 lines were not sent"));
    }
}
