//! From a request of HTTP to an instance, and back.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use host_outbound::{Incoming, flat_of_headers};
use http::request::Parts;
use http::{HeaderValue, Request, Response, header};
use http_body::Body as HttpBody;
use http_body_util::BodyStream;
use tokio::sync::oneshot;
use url::Url;

use super::JavaScript;
use super::actor;
use super::exchange::{Arrival, ExchangeLog, Refusal};
use super::pool::Leave;
use crate::body::LimitedBody;
use crate::gate::Pass;
use crate::{Body, Fault, Program, RequestContext};

/// Has an instance answer a request.
pub(crate) async fn serve<B>(
    program: &Program,
    javascript: &JavaScript,
    pass: Pass,
    request: Request<B>,
    context: RequestContext,
) -> Result<Response<Body>, Fault>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    let limits = &program.shared.limits;
    let wall_time = program.wall_time;
    let deadline = Instant::now() + wall_time;
    let limit_bytes = program.request_body_bytes_max;
    let (mut parts, body) = request.into_parts();
    let url = url_of(&mut parts, &context)?;
    let has_body = !body.is_end_stream();
    let (body, overflow) = LimitedBody::new(body, limit_bytes);
    let body = has_body.then(|| incoming(body));
    let headers = flat_of_headers(&parts.headers);
    let method = parts.method.as_str();
    let pool = &javascript.pool;
    let begin = |birth| actor::begin(program, javascript, birth, &context);
    let (answer, mut answered) = oneshot::channel();
    let arrival = |id, mailbox, share| Arrival {
        id,
        message: Arrival::message(id, method, url.as_str(), headers, has_body),
        body,
        answer,
        log: ExchangeLog::new(Arc::clone(&context.log), context.id, program.log_bytes_max),
        deadline,
        wall_time,
        response_bytes_max: limits.response_body_bytes_max,
        mailbox,
        pass,
        share,
    };
    let (mailbox, id) = pool.admit(&context.env, limits.instances_max, begin, arrival);
    let mut leave = Leave::new(mailbox, id);
    loop {
        let Ok(answer) = tokio::time::timeout_at(deadline.into(), answered).await else {
            return Err(Fault::Deadline { limit: wall_time });
        };
        leave.is_over();
        if overflow.happened() {
            return Err(Fault::BodyTooLarge { limit_bytes });
        }
        match answer {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(Refusal::Fault(fault))) => return Err(fault),
            Ok(Err(Refusal::Unread(mut arrival))) => {
                (arrival.answer, answered) = oneshot::channel();
                let arrival = |id, mailbox, share| arrival.moved(id, mailbox, share);
                let (mailbox, id) = pool.admit(&context.env, limits.instances_max, begin, arrival);
                leave = Leave::new(mailbox, id);
            }
            Err(_) => {
                return Err(Fault::InstanceLost {
                    reason: "it shuts down".to_owned(),
                });
            }
        }
    }
}

/// The body as the program pulls it.
fn incoming<B>(body: LimitedBody<B>) -> Incoming
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    let frames = BodyStream::new(body);
    Box::pin(frames.filter_map(async |frame| match frame {
        Ok(frame) => frame.into_data().ok().map(Ok),
        Err(error) => Some(Err(format!("the request's body broke off: {error}"))),
    }))
}

/// The absolute URL of a request. The server's name is put in where the request names none.
fn url_of(parts: &mut Parts, context: &RequestContext) -> Result<Url, Fault> {
    let bad = |reason: String| Fault::BadRequest { reason };
    if !parts.headers.contains_key(header::HOST) {
        let name = parts
            .uri
            .authority()
            .map_or(context.server.name.as_str(), |name| name.as_str());
        let name = HeaderValue::from_str(name).map_err(|error| bad(error.to_string()))?;
        parts.headers.insert(header::HOST, name);
    }
    let host = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .ok_or_else(|| bad("its host is not a name".to_owned()))?,
    };
    let scheme = &context.server.scheme;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let slash = if path.starts_with('/') { "" } else { "/" };
    let text = format!("{scheme}://{host}{slash}{path}");
    Url::parse(&text).map_err(|error| bad(format!("its URL `{text}` is none: {error}")))
}
