//! A program as a hyper service: every fault becomes a response, and every response carries its request's id.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body::Body as HttpBody;
use hyper::service::Service;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::{Body, Fault, LogSink, LogStream, Program, RequestContext, RequestId, ServerAddress};

/// The response header that names the request in the log.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-lily-request-id");

/// Seconds after which a client that was turned away may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// What all requests of one connection have in common.
#[derive(Clone)]
pub struct ServiceContext {
    /// The program's environment.
    pub env: Arc<[(String, String)]>,
    /// Where stdout, stderr and faults go.
    pub log: Arc<dyn LogSink>,
    /// The client.
    pub remote: Option<SocketAddr>,
    /// The name under which the program is reached.
    pub server: Arc<ServerAddress>,
}

impl ServiceContext {
    /// The context of the next request.
    pub fn next_request(&self) -> RequestContext {
        RequestContext {
            id: RequestId::fresh(),
            env: Arc::clone(&self.env),
            log: Arc::clone(&self.log),
            remote: self.remote,
            server: Arc::clone(&self.server),
        }
    }
}

impl fmt::Debug for ServiceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceContext")
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// A service for one connection, for hyper's `serve_connection`.
pub fn service<B>(
    program: Arc<Program>,
    context: ServiceContext,
) -> impl Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
+ Clone
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    hyper::service::service_fn(move |request| {
        let program = Arc::clone(&program);
        let context = context.next_request();
        async move { Ok(respond(&program, request, context).await) }
    })
}

/// Answers one request, whatever happens; faults are also told to the log.
pub async fn respond<B>(
    program: &Program,
    request: Request<B>,
    context: RequestContext,
) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    let id = context.id;
    let log = Arc::clone(&context.log);
    let mut response = match program.serve(request, context).await {
        Ok(response) => response,
        Err(fault) => {
            tell(&fault, id, log.as_ref());
            fault_response(&fault)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    response
}

/// The program's owner learns of the program's faults; the client's and the crowd's would only fill the log.
fn tell(fault: &Fault, id: RequestId, log: &dyn LogSink) {
    match fault {
        Fault::Busy
        | Fault::BadRequest { .. }
        | Fault::BodyTooLarge { .. }
        | Fault::HeadersTooLarge { .. } => {
            tracing::debug!(request = %id, "request refused: {fault}");
        }
        Fault::Host { .. } => {
            tracing::error!(request = %id, "{fault}");
            log.line(LogStream::System, id, fault.public_sentence());
        }
        Fault::Trap { .. }
        | Fault::Memory { .. }
        | Fault::Deadline { .. }
        | Fault::TurnTooLong { .. }
        | Fault::InstanceLost { .. }
        | Fault::OutputTooLarge { .. }
        | Fault::NoResponse
        | Fault::BadResponse { .. }
        | Fault::Exit { .. } => {
            for line in fault.log_lines() {
                log.line(LogStream::System, id, &line);
            }
        }
    }
}

fn fault_response(fault: &Fault) -> Response<Body> {
    let mut response = Response::new(Body::whole(format!("{}\n", fault.public_sentence())));
    *response.status_mut() = fault.status();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if matches!(fault, Fault::Busy) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}
