//! Requests to servers that are well: forms of bodies, headers, pools, aborts, TLS, HTTP/2.

use bytes::Bytes;
use futures_util::stream;
use host_outbound::{Egress, Network};
use host_web::{Function, Hook, Value};
use http_body_util::BodyExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

use crate::program::{Ask, PATIENT, Program};
use crate::servers::{answer, own_authority, pieces, raw, read_head, serve, serve_tls, with_body};

#[tokio::test]
async fn an_answer_comes_as_it_was_sent() {
    let server = raw(|mut stream| async move {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 218 This is fine\r\nX-A: 1\r\nx-a: \xe9\r\ncontent-length: 5\r\nKeep-Alive: x\r\n\r\nhello";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let mut program = Program::new();
    let (head, body) = program.get(&Ask::get(&server.url("/a?b"))).await;
    assert_eq!(
        (head.status, head.status_text.as_str()),
        (218, "This is fine")
    );
    assert_eq!(head.url, server.url("/a?b"));
    assert!(!head.redirected);
    let expected = [("x-a", "1"), ("x-a", "\u{e9}"), ("content-length", "5")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(head.headers, expected);
    assert_eq!(body, "hello");
    assert!(!program.bodies.is_waiting());
}

#[tokio::test]
async fn what_the_host_adds_and_what_it_takes_away() {
    let server = raw(|mut stream| async move {
        let head = read_head(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}",
            head.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let mut program = Program::new();
    let url = server.url("/x");
    let url = url.replace("http://", "http://user:secret@") + "#part";
    let (_, head) = program.get(&Ask::get(&url)).await;
    assert!(head.starts_with("GET /x HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("accept-encoding: gzip, deflate, br\r\n"),
        "{head}"
    );
    assert!(head.contains("user-agent: lily/"), "{head}");
    assert!(
        head.contains(&format!("host: {}\r\n", server.address)),
        "{head}"
    );
    assert!(
        !head.contains("secret") && !head.contains("content-length"),
        "{head}"
    );

    let headers = [
        ("host", "evil.test"),
        ("connection", "upgrade"),
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
        ("user-agent", "mine"),
        ("range", "bytes=0-1"),
    ];
    let ask = Ask {
        method: "POST",
        headers: &headers,
        ..Ask::get(&url)
    };
    let (_, head) = program.get(&ask).await;
    assert!(head.contains("content-length: 0\r\n"), "{head}");
    assert!(head.contains("user-agent: mine\r\n"), "{head}");
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
    for gone in ["evil", "upgrade", "chunked", ": 7"] {
        assert!(!head.contains(gone), "{gone}: {head}");
    }
}

#[tokio::test]
async fn bodies_go_whole_and_in_pieces() {
    let server = serve(|request| async move {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let form = head
            .headers
            .get("transfer-encoding")
            .or(head.headers.get("content-length"));
        let form = form.unwrap().to_str().unwrap().to_owned();
        answer(200, &[("x-form", &form)], body)
    })
    .await;
    let mut program = Program::new();
    let url = server.url("/");
    let ask = Ask {
        method: "PUT",
        body: Some("gr\u{fc}\u{df}e"),
        ..Ask::get(&url)
    };
    let (head, body) = program.get(&ask).await;
    assert_eq!(
        (head.header("x-form"), body.as_str()),
        (Some("7"), "gr\u{fc}\u{df}e")
    );

    for (headers, form) in [(&[][..], "chunked"), (&[("content-length", "6")][..], "6")] {
        let ask = Ask {
            method: "POST",
            headers,
            more: true,
            ..Ask::get(&url)
        };
        let id = program.fetch(&ask);
        for chunk in ["abc", "", "def"] {
            let chunk = Value::from(chunk.as_bytes());
            assert!(program.call(Function::Write, id, &[chunk]).is_true());
        }
        program.call(Function::Finish, id, &[]);
        let head = program.head(id).await;
        assert_eq!(head.header("x-form"), Some(form));
        assert_eq!(program.body(id).await.unwrap(), b"abcdef");
    }
}

#[tokio::test]
async fn a_body_that_breaks_its_promised_length_fails() {
    let server = serve(|request| async move {
        let _ = request.into_body().collect().await;
        answer(200, &[], "")
    })
    .await;
    let mut program = Program::new();
    let url = server.url("/");
    let ask = Ask {
        method: "POST",
        headers: &[("content-length", "2")],
        more: true,
        ..Ask::get(&url)
    };
    let id = program.fetch(&ask);
    program.call(Function::Write, id, &[Value::from(&b"abc"[..])]);
    program.call(Function::Finish, id, &[]);
    let message = program.failure(id).await;
    assert!(
        message.contains("longer than its content-length"),
        "{message}"
    );
}

#[tokio::test]
async fn head_and_empty_answers_have_no_body() {
    let server = serve(|request| async move {
        match request.uri().path() {
            "/204" => answer(204, &[], ""),
            "/304" => answer(304, &[("content-encoding", "gzip")], ""),
            _ => answer(200, &[("content-encoding", "gzip"), ("x", "y")], "not gzip"),
        }
    })
    .await;
    let mut program = Program::new();
    for (method, path) in [("HEAD", "/"), ("GET", "/204"), ("GET", "/304")] {
        let url = server.url(path);
        let ask = Ask {
            method,
            ..Ask::get(&url)
        };
        let (_, body) = program.get(&ask).await;
        assert_eq!(body, "", "{method} {path}");
    }
    // One connection did for all: none was left in the middle.
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn connections_are_used_again_by_one_program_only() {
    let server = serve(|_| async { answer(200, &[], "x") }).await;
    for expected in 1..3 {
        let mut program = Program::new();
        for _ in 0..5 {
            program.get(&Ask::get(&server.url("/"))).await;
        }
        assert_eq!(server.connections(), expected);
    }
}

#[tokio::test]
async fn an_upload_waits_for_room_and_an_answer_may_come_before_its_end() {
    let gate = Arc::new(Semaphore::new(0));
    let handler_gate = Arc::clone(&gate);
    let server = serve(move |request| {
        let gate = Arc::clone(&handler_gate);
        async move {
            let chunks = stream::unfold(request.into_body(), move |mut body| {
                let gate = Arc::clone(&gate);
                async move {
                    let _ = gate.acquire().await.unwrap();
                    let frame = body.frame().await?.unwrap();
                    Some((
                        Bytes::from(frame.into_data().unwrap().len().to_string() + "\n"),
                        body,
                    ))
                }
            });
            with_body(200, &[], pieces(sync(chunks)))
        }
    })
    .await;
    let mut program = Program::new();
    let url = server.url("/");
    let ask = Ask {
        method: "POST",
        more: true,
        ..Ask::get(&url)
    };
    let id = program.fetch(&ask);
    program.call(Function::Write, id, &[Value::from(&b"x"[..])]);
    program.head(id).await;
    // The server reads nothing: sooner or later there is no room.
    let chunk = vec![b'a'; 64 << 10];
    let mut written = 1;
    while program
        .call(Function::Write, id, &[Value::from(chunk.clone())])
        .is_true()
    {
        written += chunk.len();
        assert!(written < 64 << 20, "there is room without end");
        tokio::task::yield_now().await;
    }
    written += chunk.len();
    assert!(program.bodies.is_waiting());
    gate.add_permits(1);
    let (hook, _) = program.event(id).await;
    assert_eq!(hook, Hook::Room);
    program.call(Function::Finish, id, &[]);
    let text = String::from_utf8(program.body(id).await.unwrap()).unwrap();
    let read: usize = text
        .lines()
        .map(|line| line.parse::<usize>().unwrap())
        .sum();
    assert_eq!(read, written);
}

/// A stream of a test that only one task polls, as `Sync` as hyper's boxes want it.
fn sync<S: futures_util::Stream<Item = Bytes> + Send + 'static>(
    stream: S,
) -> impl futures_util::Stream<Item = Bytes> + Send + Sync {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut stream = std::pin::pin!(stream);
        while let Some(item) = futures_util::StreamExt::next(&mut stream).await {
            if sender.send(item).await.is_err() {
                break;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    })
}

#[tokio::test]
async fn a_body_that_nobody_pulls_stops_its_server() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let (closed, mut is_closed) = mpsc::unbounded_channel();
    let server = raw(move |mut stream| {
        let (count, closed) = (Arc::clone(&count), closed.clone());
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let chunk = vec![0; 64 << 10];
            while stream.write_all(&chunk).await.is_ok() {
                count.fetch_add(chunk.len(), Ordering::SeqCst);
            }
            closed.send(()).unwrap();
        }
    })
    .await;
    let mut program = Program::new();
    let id = program.fetch(&Ask::get(&server.url("/")));
    program.head(id).await;
    let first = program.pull(id).await.unwrap().unwrap();
    assert!(first.len() <= 256 << 10);
    // A second request on the side shows that all stands still but this.
    let mut before = 0;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(before < 100 << 20, "{before}");
    assert!(program.next_now().is_none());
    // Nobody reads on: the connection goes.
    program.call(Function::Drop, id, &[]);
    is_closed.recv().await.unwrap();
    assert!(program.next_now().is_none());
}

#[tokio::test]
async fn an_abort_breaks_off_before_the_head_and_in_the_middle() {
    for has_head in [false, true] {
        let (left, mut has_left) = mpsc::unbounded_channel();
        let (asked, mut was_asked) = mpsc::unbounded_channel();
        let server = raw(move |mut stream| {
            let (left, asked) = (left.clone(), asked.clone());
            async move {
                read_head(&mut stream).await;
                asked.send(()).unwrap();
                if has_head {
                    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345";
                    stream.write_all(head).await.unwrap();
                }
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                left.send(()).unwrap();
            }
        })
        .await;
        let mut program = Program::new();
        let id = program.fetch(&Ask::get(&server.url("/")));
        was_asked.recv().await.unwrap();
        if has_head {
            program.head(id).await;
            assert_eq!(program.pull(id).await.unwrap().unwrap(), b"12345");
            program.call(Function::Pull, id, &[]);
        }
        assert!(program.bodies.is_waiting());
        program.call(
            Function::Abort,
            id,
            &[Value::from("aborted by the program")],
        );
        has_left.recv().await.unwrap();
        assert!(program.next_now().is_none());
        assert!(!program.bodies.is_waiting());
        program.call(Function::Pull, id, &[]);
        assert!(program.next_now().is_none());
    }
}

#[tokio::test]
async fn an_aborted_upload_breaks_off_at_the_server() {
    let (seen, mut was_seen) = mpsc::unbounded_channel();
    let server = serve(move |request| {
        let seen = seen.clone();
        async move {
            let whole = request.into_body().collect().await;
            seen.send(whole.is_err()).unwrap();
            answer(200, &[], "")
        }
    })
    .await;
    let mut program = Program::new();
    let url = server.url("/");
    let ask = Ask {
        method: "POST",
        more: true,
        ..Ask::get(&url)
    };
    let id = program.fetch(&ask);
    program.call(Function::Write, id, &[Value::from(&b"half"[..])]);
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    program.call(Function::Abort, id, &[Value::from("no more")]);
    // A request that never got its head through is not seen at all, which is as good.
    assert_ne!(was_seen.recv().await, Some(false));
}

#[tokio::test]
async fn what_may_not_be_reached_is_not() {
    let server = serve(|_| async { answer(200, &[], "secret") }).await;
    for egress in [Egress::Nowhere, Egress::Public] {
        let mut program = Program::with(Network::new(egress, 8, PATIENT).unwrap());
        let localhost = format!("http://localhost:{}/", server.address.port());
        for url in [server.url("/"), localhost] {
            let id = program.fetch(&Ask::get(&url));
            let message = program.failure(id).await;
            let expected = format!("fetch: GET {url}: programs may not reach its address");
            assert_eq!(message, expected);
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_no_request_fails_by_its_hook() {
    let mut program = Program::new();
    let cases = [
        ("CONNECT", "http://a.test/", "may not use this method"),
        ("A B", "http://a.test/", "not a method"),
        ("GET", "ftp://a.test/", "scheme `ftp`"),
        ("GET", "nothing", "relative URL"),
        ("GET", "http://127.0.0.1:1/", "does not take connections"),
    ];
    for (method, url, expected) in cases {
        let ask = Ask {
            method,
            ..Ask::get(url)
        };
        let id = program.fetch(&ask);
        let message = program.failure(id).await;
        assert!(message.contains(expected), "{message}");
    }
    let ask = Ask {
        headers: &[("a", "b\nc: d")],
        ..Ask::get("http://a.test/")
    };
    let id = program.fetch(&ask);
    let message = program.failure(id).await;
    assert_eq!(
        message,
        "fetch: the value of the header `a` has a character that it must not have"
    );
}

#[tokio::test]
async fn tls_with_an_authority_of_ones_own_and_http2() {
    for (protocols, version) in [
        (&[&b"h2"[..], b"http/1.1"][..], "HTTP/2.0"),
        (&[][..], "HTTP/1.1"),
    ] {
        let (roots, tls) = own_authority(protocols);
        let server = serve_tls(tls, |request| async move {
            let version = format!("{:?}", request.version());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            answer(200, &[("x-version", &version)], body)
        })
        .await;
        let network = Network::trusting(roots, Egress::Anywhere, 8, PATIENT).unwrap();
        let mut program = Program::with(network);
        let url = format!("https://localhost:{}/", server.address.port());
        for _ in 0..3 {
            let ask = Ask {
                method: "POST",
                body: Some("hello"),
                ..Ask::get(&url)
            };
            let (head, body) = program.get(&ask).await;
            assert_eq!(head.header("x-version"), Some(version));
            assert_eq!(body, "hello");
            assert_eq!(
                head.status_text,
                if version == "HTTP/2.0" { "" } else { "OK" }
            );
        }
        assert_eq!(server.connections(), 1);

        let mut stranger = Program::new();
        let id = stranger.fetch(&Ask::get(&url));
        let message = stranger.failure(id).await;
        assert!(
            message.contains("TLS failed: invalid peer certificate"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn what_is_dropped_with_its_program_is_closed() {
    let (left, mut has_left) = mpsc::unbounded_channel();
    let server = raw(move |mut stream| {
        let left = left.clone();
        async move {
            read_head(&mut stream).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            left.send(()).unwrap();
        }
    })
    .await;
    let mut program = Program::new();
    program.fetch(&Ask::get(&server.url("/")));
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    drop(program);
    has_left.recv().await.unwrap();
}

#[tokio::test]
async fn a_large_upload_goes_in_pieces() {
    let server = serve(|request| async move {
        let length = request.headers().get("content-length").cloned().unwrap();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let is_right = body.iter().all(|byte| *byte == b'x') && length == body.len().to_string();
        answer(200, &[], format!("{is_right} {}", body.len()))
    })
    .await;
    let mut program = Program::new();
    let text = "x".repeat(5_000_001);
    let url = server.url("/");
    let ask = Ask {
        method: "POST",
        body: Some(&text),
        ..Ask::get(&url)
    };
    let (_, told) = program.get(&ask).await;
    assert_eq!(told, "true 5000001");
}
