//! Guests: a prelude of WASI calls, and the few instructions that make up one test's program.

use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Both preludes: memory, a bump allocator, results of host calls at 256, streams, sleep.
const COMMON: &str = r#"
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $alarm (param i64) (result i32)))
  (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $get-stderr (result i32)))
  (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $get-stdout (result i32)))
  (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit (param i32)))
"#;

const COMMON_CODE: &str = r#"
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 131072))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    ;; Round and round: nothing here is kept for long.
    (if (i32.gt_u (global.get $heap) (i32.const 229376)) (then (global.set $heap (i32.const 131072))))
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $sleep (param $ms i64)
    (call $block (call $alarm (i64.mul (local.get $ms) (i64.const 1000000)))))
  (func $put (param $stream i32) (param $at i32) (param $length i32)
    (call $write (local.get $stream) (local.get $at) (local.get $length) (i32.const 256)))
  (func $log (param $at i32) (param $length i32)
    (call $put (call $get-stderr) (local.get $at) (local.get $length)))
  (func $recurse (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
  (func $spin (loop $again (br $again)))
  (func $bomb
    (loop $again
      (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16)))))
    (unreachable))
"#;

const HTTP: &str = r#"
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $new-fields (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-response" (func $new-response (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.set-status-code"
    (func $set-status (param i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.body" (func $response-body (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $body-write (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[static]outgoing-body.finish" (func $body-finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
    (func $outparam-set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $body-stream (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $new-request (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
    (func $set-authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
    (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
    (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $send (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe"
    (func $future-subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $future-get (param i32 i32)))
  (import "wasi:http/types@0.2.12" "[method]incoming-response.status" (func $status (param i32) (result i32)))
"#;

const HTTP_CODE: &str = r#"
  (func $respond (param $status i32) (param $out i32) (result i32)
    (local $response i32)
    (local.set $response (call $new-response (call $new-fields)))
    (drop (call $set-status (local.get $response) (local.get $status)))
    (call $response-body (local.get $response) (i32.const 256))
    (call $outparam-set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (i32.load (i32.const 260)))
  (func $open (param $body i32) (result i32)
    (call $body-write (local.get $body) (i32.const 256))
    (i32.load (i32.const 260)))
  (func $close (param $body i32) (param $stream i32)
    (call $drop-output (local.get $stream))
    (call $body-finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 256)))
  (func $answer (param $status i32) (param $out i32) (param $at i32) (param $length i32)
    (local $body i32) (local $stream i32)
    (local.set $body (call $respond (local.get $status) (local.get $out)))
    (local.set $stream (call $open (local.get $body)))
    (call $put (local.get $stream) (local.get $at) (local.get $length))
    (call $close (local.get $body) (local.get $stream)))
  (func $input (param $request i32) (result i32)
    (call $consume (local.get $request) (i32.const 256))
    (call $body-stream (i32.load (i32.const 260)) (i32.const 256))
    (i32.load (i32.const 260)))
"#;

const COMMAND: &str = r#"
  (import "wasi:cli/stdin@0.2.12" "get-stdin" (func $get-stdin (result i32)))
  (import "wasi:cli/environment@0.2.12" "get-environment" (func $get-environment (param i32)))
  (import "wasi:cli/environment@0.2.12" "get-arguments" (func $get-arguments (param i32)))
"#;

const COMMAND_CODE: &str = r#"
  (func $print (param $at i32) (param $length i32)
    (call $put (call $get-stdout) (local.get $at) (local.get $length)))
  (func $newline
    (i32.store8 (i32.const 512) (i32.const 10))
    (call $print (i32.const 512) (i32.const 1)))
  ;; Prints `count` strings (pointer, length) at `at`, each with an end of line.
  (func $print-strings (param $at i32) (param $count i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $print (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
        (call $newline)
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next))))
  (func $echo
    (local $stdin i32)
    (local.set $stdin (call $get-stdin))
    (loop $next
      (call $read (local.get $stdin) (i64.const 4096) (i32.const 256))
      (if (i32.eqz (i32.load8_u (i32.const 256)))
        (then
          (call $print (i32.load (i32.const 260)) (i32.load (i32.const 264)))
          (br $next)))))
"#;

/// An HTTP guest. `handler` sees `$request` and `$out`; `data` lies at 1024.
pub fn http(data: &str, handler: &str) -> Vec<u8> {
    let entry = format!(
        r#"(func (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $out i32) {handler})"#
    );
    component(
        "http",
        &format!(
            "{HTTP}{COMMON}{COMMON_CODE}{HTTP_CODE}{}{entry}",
            data_at_1024(data)
        ),
    )
}

/// A command. `main` leaves 0 or 1; `data` lies at 1024.
pub fn command(data: &str, main: &str) -> Vec<u8> {
    let entry = format!(r#"(func $main (export "wasi:cli/run@0.2.12#run") (result i32) {main})"#);
    component(
        "command",
        &format!(
            "{COMMAND}{COMMON}{COMMON_CODE}{COMMAND_CODE}{}{entry}",
            data_at_1024(data)
        ),
    )
}

fn data_at_1024(data: &str) -> String {
    format!("(data (i32.const 1024) {data:?})")
}

fn component(world: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/brick"))
        .unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(format!("(module {core})")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}
