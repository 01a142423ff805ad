//! One request served by a command, the CGI way (RFC 3875): the request in the environment and on stdin, the response
//! on stdout.
//!
//! The response begins as soon as its header block is complete, or as soon as it is clear that there is none. Until
//! then a trap or a bad exit is still told by a status.

mod environment;
mod response;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::sync::mpsc;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::body::{EndingGuard, LimitedBody};
use crate::command::execute;
use crate::egress::Outbound;
use crate::gate::Pass;
use crate::guest::{self, Clock, Guest, Start};
use crate::output::{ChunkStream, RequestLog, chunk_channel};
use crate::stdin::BodyStdin;
use crate::{Body, ExitCode, Fault, LogStream, Program, RequestContext};
use response::{Head, Parsed};

pub(crate) async fn serve<B>(
    program: &Program,
    entry: &CommandPre<Guest>,
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
    let (parts, body) = request.into_parts();
    let (body, overflow) = LimitedBody::new(body, program.request_body_bytes_max);
    let (stdout, mut chunks) = chunk_channel();
    let start = Start {
        args: vec![program.name.clone()],
        env: environment::variables(&parts, body.size_hint().exact(), &context)?,
        stdin: BodyStdin::new(body.boxed_unsync()),
        stdout: ChunkStream::new(stdout),
        stderr: log.stream(LogStream::Stderr),
        folders: &[],
    };
    let outbound = Outbound::new(Arc::clone(&program.shared.gateway));
    let engine = program.shared.engine.wasmtime();
    let store = guest::store(engine, start, outbound, program.memory_bytes_max, clock)?;

    let entry = entry.clone();
    let (guard, ending) = EndingGuard::new();
    let mut run = program.cpu.measure(async move {
        let _pass = pass;
        let mut store = store;
        // Declared after the store, hence dropped before it: whoever reads the body sees the ending first.
        let guard = guard;
        let code = execute(&entry, &mut store).await?;
        guard.ended_well();
        Ok(code)
    });

    let begun = tokio::select! {
        biased;
        begun = begin(&mut run, &mut chunks) => begun,
        late = clock.run_out() => Err(late),
    };
    if overflow.happened() {
        return Err(Fault::BodyTooLarge {
            limit_bytes: program.request_body_bytes_max,
        });
    }
    match begun? {
        Begun::Whole(head, body, code) => {
            note_exit(&log, code);
            if body.len() as u64 > response_bytes_max {
                return Err(Fault::OutputTooLarge {
                    limit_bytes: response_bytes_max,
                });
            }
            Ok(whole(head, body))
        }
        Begun::Streaming(head, first) => {
            tokio::spawn(async move {
                let ended = tokio::select! {
                    biased;
                    ended = &mut run => ended,
                    late = clock.run_out() => Err(late),
                };
                match ended {
                    Ok(code) => note_exit(&log, code),
                    Err(fault) => log.fault_after_response(&fault),
                }
            });
            let body = Body::of_command(first, chunks, ending, response_bytes_max);
            Ok(respond(head, body))
        }
    }
}

/// The first that is known of a response.
enum Begun {
    /// The program is done.
    Whole(Head, Bytes, ExitCode),
    /// It still runs; so much of the body is there.
    Streaming(Head, Bytes),
}

/// Runs the program until its header block is known.
async fn begin<R>(run: &mut R, chunks: &mut mpsc::Receiver<Bytes>) -> Result<Begun, Fault>
where
    R: Future<Output = Result<ExitCode, Fault>> + Unpin,
{
    let mut output = BytesMut::new();
    // Parsing starts over each time, so a program that writes byte by byte is parsed a line at a time.
    let mut parse_at = 0;
    loop {
        tokio::select! {
            biased;
            ended = &mut *run => {
                let code = ended?;
                // The instance is gone and with it the other end: this takes what is there and does not wait.
                while let Some(chunk) = chunks.recv().await {
                    output.extend_from_slice(&chunk);
                }
                return finished(output, code);
            }
            Some(chunk) = chunks.recv() => {
                output.extend_from_slice(&chunk);
                if !chunk.contains(&b'\n') && output.len() < parse_at {
                    continue;
                }
                parse_at = 2 * output.len();
                if let Parsed::Head(head, body_at) = response::parse(&output, false) {
                    return Ok(Begun::Streaming(head, output.split_off(body_at).freeze()));
                }
            }
        }
    }
}

fn finished(mut output: BytesMut, code: ExitCode) -> Result<Begun, Fault> {
    if output.is_empty() && !code.is_success() {
        return Err(Fault::Exit { code: code.code() });
    }
    match response::parse(&output, true) {
        Parsed::Head(head, body_at) => {
            Ok(Begun::Whole(head, output.split_off(body_at).freeze(), code))
        }
        Parsed::Undecided => Err(Fault::Host {
            reason: "a finished CGI response is undecided".to_owned(),
        }),
    }
}

fn note_exit(log: &RequestLog, code: ExitCode) {
    if !code.is_success() {
        log.system(&format!("the program exited with code {}", code.code()));
    }
}

fn whole(mut head: Head, body: Bytes) -> Response<Body> {
    // The length is known for certain; what the program said of it may be wrong.
    head.headers.remove(header::CONTENT_LENGTH);
    respond(head, Body::whole(body))
}

fn respond(head: Head, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if !response.body().is_end_stream() && !response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    response
}
