//! Requests that guests send.

use crate::stage::{ask, get, limits, program, text};
use host_runtime::{Egress, RuntimeLimits};
use lly_brick::BrickKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Asks `authority` by plain HTTP and answers with the other side's status, or with 599 when that failed.
fn guest(authority: &str) -> Vec<u8> {
    let handler = format!(
        "(local $sent i32) (local $future i32)
         (local.set $sent (call $new-request (call $new-fields)))
         (drop (call $set-scheme (local.get $sent) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
         (drop (call $set-authority (local.get $sent) (i32.const 1) (i32.const 1024) (i32.const {})))
         (i32.store8 (i32.const 640) (i32.const 47))
         (drop (call $set-path (local.get $sent) (i32.const 1) (i32.const 640) (i32.const 1)))
         (call $send (local.get $sent) (i32.const 0) (i32.const 0) (i32.const 512))
         (local.set $future (i32.load (i32.const 520)))
         (call $block (call $future-subscribe (local.get $future)))
         (call $future-get (local.get $future) (i32.const 768))
         ;; option at 768, result at 776, result at 784, handle at 792
         (if (i32.load8_u (i32.const 784))
           (then (call $answer (i32.const 599) (local.get $out) (i32.const 1024) (i32.const 1)))
           (else (call $answer (call $status (i32.load (i32.const 792))) (local.get $out) (i32.const 1024) (i32.const 1))))",
        authority.len()
    );
    crate::guests::http(authority, &handler)
}

async fn a_server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET / HTTP/1.1\r\nhost: 127.0.0.1:"));
            stream
                .write_all(b"HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_guest_asks_another_server() {
    let program = program(&guest(&a_server().await), BrickKind::Http, limits());
    let response = ask(&program, get("/")).await.unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(text(response).await, "1");
}

#[tokio::test]
async fn egress_is_held_to_its_bounds() {
    let address = a_server().await;
    for egress in [Egress::Public, Egress::Nowhere] {
        let program = program(
            &guest(&address),
            BrickKind::Http,
            RuntimeLimits { egress, ..limits() },
        );
        assert_eq!(ask(&program, get("/")).await.unwrap().status(), 599);
    }
    let none = RuntimeLimits {
        outbound_connections_max: 0,
        ..limits()
    };
    let program = program(&guest(&address), BrickKind::Http, none);
    assert_eq!(ask(&program, get("/")).await.unwrap().status(), 599);
}
