//! One request through `wasi:http`: the guest is called with it, and its response goes out as soon as it is set.
//!
//! A guest that is done before it ever waits (most are) costs no task and no timer: its whole response is gathered
//! and sent with its length. Only a guest that goes on after setting its response gets a task of its own, so that a
//! slow client cannot keep its instance beyond the deadline.

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, header};
use http_body::Body as HttpBody;
use std::sync::Arc;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types as wasi;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::body::{EndingGuard, LimitedBody, gather};
use crate::egress::Outbound;
use crate::gate::Pass;
use crate::guest::{self, Clock, Guest, Start};
use crate::output::RequestLog;
use crate::{Body, BodyError, Fault, LogStream, Program, RequestContext};

type Answer = Result<Response<HyperOutgoingBody>, wasi::ErrorCode>;

pub(crate) async fn serve<B>(
    program: &Program,
    entry: &ProxyPre<Guest>,
    pass: Pass,
    request: Request<B>,
    context: RequestContext,
) -> Result<Response<Body>, Fault>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    let response_bytes_max = program.shared.limits.response_body_bytes_max;
    let clock = Clock::starting(program.wall_time);
    let log = RequestLog::new(Arc::clone(&context.log), context.id, program.log_bytes_max);
    let mut store = new_store(program, &context, &log, clock)?;
    let (request, overflow) = incoming(request, &context, program.request_body_bytes_max);
    let (sender, mut answer) = oneshot::channel::<Answer>();
    let scheme = if context.server.scheme == Scheme::HTTPS {
        wasi::Scheme::Https
    } else {
        wasi::Scheme::Http
    };
    let view = &mut store.data_mut().http();
    let handles = view
        .new_incoming_request(scheme, request)
        .and_then(|request| Ok((request, view.new_response_outparam(sender)?)));
    let (request, outparam) = handles.map_err(|error| Fault::BadRequest {
        reason: format!("{error:#}"),
    })?;

    let entry = entry.clone();
    let (guard, ending) = EndingGuard::new();
    let mut run = program.cpu.measure(async move {
        let _pass = pass;
        let mut store = store;
        // Declared after the store, hence dropped before it: whoever reads the body sees the ending first.
        let guard = guard;
        let done = match entry.instantiate_async(&mut store).await {
            Ok(proxy) => {
                proxy
                    .wasi_http_incoming_handler()
                    .call_handle(&mut store, request, outparam)
                    .await
            }
            Err(error) => Err(error),
        };
        done.map_err(|error| store.data().fault(error))?;
        guard.ended_well();
        Ok(())
    });

    let first = tokio::select! {
        biased;
        done = &mut run => First::Done(done),
        Ok(answer) = &mut answer => First::Answer(answer),
        late = clock.run_out() => First::Done(Err(late)),
    };
    if overflow.happened() {
        return Err(Fault::BodyTooLarge {
            limit_bytes: program.request_body_bytes_max,
        });
    }
    match first {
        First::Done(Err(fault)) => Err(fault),
        First::Done(Ok(())) => {
            let answer = answer.try_recv().map_err(|_| Fault::NoResponse)?;
            whole(refine(answer)?, response_bytes_max)
        }
        First::Answer(answer) => {
            let response = refine(answer)?;
            tokio::spawn(async move {
                let done = tokio::select! {
                    biased;
                    done = &mut run => done,
                    late = clock.run_out() => Err(late),
                };
                if let Err(fault) = done {
                    log.fault_after_response(&fault);
                }
            });
            Ok(response.map(|body| Body::of_proxy(body, ending, response_bytes_max)))
        }
    }
}

enum First {
    Done(Result<(), Fault>),
    Answer(Answer),
}

fn new_store(
    program: &Program,
    context: &RequestContext,
    log: &Arc<RequestLog>,
    clock: Clock,
) -> Result<Store<Guest>, Fault> {
    let start = Start {
        args: vec![program.name.clone()],
        env: context.env.to_vec(),
        stdin: tokio::io::empty(),
        stdout: log.stream(LogStream::Stdout),
        stderr: log.stream(LogStream::Stderr),
        folders: &[],
    };
    let outbound = Outbound::new(Arc::clone(&program.shared.gateway));
    guest::store(
        program.shared.engine.wasmtime(),
        start,
        outbound,
        program.memory_bytes_max,
        clock,
    )
}

/// Bounds the body, and names the server where the request does not (HTTP/1.0).
fn incoming<B>(
    request: Request<B>,
    context: &RequestContext,
    body_bytes_max: u64,
) -> (Request<LimitedBody<B>>, crate::body::Overflow) {
    let (mut parts, body) = request.into_parts();
    if parts.uri.authority().is_none()
        && !parts.headers.contains_key(header::HOST)
        && let Ok(name) = HeaderValue::from_str(&context.server.name)
    {
        parts.headers.insert(header::HOST, name);
    }
    let (body, overflow) = LimitedBody::new(body, body_bytes_max);
    (Request::from_parts(parts, body), overflow)
}

fn refine(answer: Answer) -> Result<Response<HyperOutgoingBody>, Fault> {
    answer.map_err(|code| Fault::BadResponse {
        reason: format!("it answered with the error {code:?}"),
    })
}

/// The response of a guest that is done.
fn whole(response: Response<HyperOutgoingBody>, bytes_max: u64) -> Result<Response<Body>, Fault> {
    let (parts, body) = response.into_parts();
    match gather(body) {
        Ok((bytes, _)) if bytes.len() as u64 > bytes_max => Err(Fault::OutputTooLarge {
            limit_bytes: bytes_max,
        }),
        Ok((bytes, trailers)) => Ok(Response::from_parts(
            parts,
            Body::with_trailers(bytes, trailers),
        )),
        Err(BodyError::TooLarge) => Err(Fault::OutputTooLarge {
            limit_bytes: bytes_max,
        }),
        Err(error) => Err(Fault::BadResponse {
            reason: error.to_string(),
        }),
    }
}
