//! Servers that mean harm: nothing of them costs more than what was asked for, and all of it ends.

use host_outbound::{Egress, Network};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::program::{Ask, IMPATIENT, Program};
use crate::servers::{raw, read_head, serve};

/// Why a fetch from a server with this answer fails.
async fn failure(answer: &'static [u8], then: &'static [u8]) -> String {
    let server = raw(move |mut stream| async move {
        read_head(&mut stream).await;
        if stream.write_all(answer).await.is_ok() {
            if then.is_empty() {
                wait(stream).await;
            } else {
                while stream.write_all(then).await.is_ok() {}
            }
        }
    })
    .await;
    let mut program = Program::impatient();
    let id = program.fetch(&Ask::get(&server.url("/")));
    let message = program.failure(id).await;
    assert!(!program.bodies.is_waiting());
    message
}

/// Says nothing until the client leaves.
async fn wait(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn heads_without_end() {
    let one_header = failure(b"HTTP/1.1 200 OK\r\na: ", &[b'b'; 4096]).await;
    assert!(one_header.contains("too large"), "{one_header}");
    let many = failure(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n").await;
    assert!(
        many.contains("too large") || many.contains("invalid"),
        "{many}"
    );
    let informational = failure(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    assert!(
        informational.contains("did not answer within"),
        "{informational}"
    );
}

#[tokio::test]
async fn answers_that_are_none() {
    for answer in [
        &b"SSH-2.0-OpenSSH\r\n"[..],
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ] {
        let message = failure(answer, b"").await;
        assert!(
            message.starts_with("fetch: GET http://127.0.0.1:"),
            "{message}"
        );
        assert!(!message.contains("did not answer"), "{message}");
    }
    assert!(
        failure(b"", b"")
            .await
            .contains("did not answer within 300 ms")
    );
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let cases = [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"[..],
            true,
            "paused for more than 300 ms",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
            false,
            "broke off",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
            true,
            "paused",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
            false,
            "broke off",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\nxyz\r\n",
            true,
            "broke off",
        ),
    ];
    for (answer, stays, expected) in cases {
        let server = raw(move |mut stream| async move {
            read_head(&mut stream).await;
            stream.write_all(answer).await.unwrap();
            if stays {
                wait(stream).await;
            }
        })
        .await;
        let mut program = Program::impatient();
        let id = program.fetch(&Ask::get(&server.url("/")));
        program.head(id).await;
        let message = loop {
            match program.pull(id).await {
                Ok(chunk) => assert_eq!(chunk.unwrap(), b"12345"),
                Err(message) => break message,
            }
        };
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let server = raw(wait).await;
    let mut program = Program::impatient();
    let url = format!("https://localhost:{}/", server.address.port());
    let id = program.fetch(&Ask::get(&url));
    let message = program.failure(id).await;
    assert!(
        message.contains("did not answer within 300 ms"),
        "{message}"
    );
}

#[tokio::test]
async fn a_machine_has_so_many_connections_and_no_more() {
    let server = raw(wait).await;
    let mut program = Program::with(Network::new(Egress::Anywhere, 1, IMPATIENT).unwrap());
    let first = program.fetch(&Ask::get(&server.url("/")));
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    let second = program.fetch(&Ask::get(&server.url("/")));
    let mut messages = Vec::new();
    for _ in 0..2 {
        // Both give up at about the same time.
        let event = loop {
            match program.next_now() {
                Some(event) => break event,
                None => tokio::task::yield_now().await,
            }
        };
        messages.push((
            event.arguments[0].as_number(),
            event.arguments[1].as_text().unwrap().to_owned(),
        ));
    }
    let of = |id: u64| {
        messages
            .iter()
            .find(|(one, _)| *one == Some(id as f64))
            .unwrap()
            .1
            .clone()
    };
    assert!(of(first).contains("did not answer within"), "{messages:?}");
    let second = of(second);
    assert!(
        second.contains("too many connections") || second.contains("did not answer"),
        "{messages:?}"
    );
    assert_eq!(server.connections(), 1);
    // The place is free again.
    let well = serve(|_| async { crate::servers::answer(200, &[], "x") }).await;
    let (_, body) = program.get(&Ask::get(&well.url("/"))).await;
    assert_eq!(body, "x");
}
