//! WebSockets against a server of the same library, and against servers by hand.

use futures_util::{SinkExt, StreamExt};
use host_outbound::{Egress, Id, Network};
use host_web::{Function, Hook, Value};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

use crate::program::{PATIENT, Program};
use crate::servers::{Server, own_authority, raw, read_head};

fn connect(program: &mut Program, url: &str, protocols: &[&str]) -> Id {
    let id = program.id();
    let protocols = protocols.iter().map(|one| Value::from((*one).to_owned()));
    let arguments = [
        Value::from(url.to_owned()),
        Value::List(protocols.collect()),
    ];
    program.call(Function::Connect, id, &arguments);
    id
}

fn url(server: &Server) -> String {
    format!("ws://{}/path?query", server.address)
}

fn closed(code: f64, reason: &'static str, clean: bool) -> (Hook, Vec<Value<'static>>) {
    (
        Hook::Closed,
        vec![Value::from(code), Value::from(reason), Value::from(clean)],
    )
}

const ABNORMAL: (f64, &str, bool) = (1006.0, "", false);

async fn opened(program: &mut Program, id: Id) {
    assert_eq!(
        program.event(id).await,
        (Hook::Opened, vec![Value::from("")])
    );
}

/// Sends back what comes until the client closes.
#[expect(clippy::result_large_err, reason = "the library's own callback")]
async fn echo(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let choose = |request: &Request, mut response: Response| {
        assert_eq!(request.uri(), "/path?query");
        let offered = request.headers().get("sec-websocket-protocol");
        if offered.is_some_and(|offered| offered == "one, two") {
            let chosen = "two".parse().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
        }
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, choose).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

#[tokio::test]
async fn messages_come_back_and_are_counted() {
    let server = raw(echo).await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &["one", "two"]);
    assert!(program.outbound.is_waiting());
    assert_eq!(
        program.event(id).await,
        (Hook::Opened, vec![Value::from("two")])
    );
    let large = vec![9; 3 << 20];
    for data in [
        Value::from("gr\u{fc}\u{df}e"),
        Value::from(""),
        Value::from(&b"\0\xff"[..]),
        Value::from(large),
    ] {
        let bytes = data
            .as_text()
            .map(str::len)
            .or(data.as_bytes().map(<[u8]>::len));
        program.call(Function::Send, id, std::slice::from_ref(&data));
        // It has left before its echo is sent, but both are told by their own tasks.
        let mut events = [program.event(id).await, program.event(id).await];
        events.sort_by_key(|(hook, _)| hook.number());
        let [message, sent] = events;
        assert_eq!(sent, (Hook::Sent, vec![Value::from(bytes.unwrap() as f64)]));
        assert_eq!(message.0, Hook::Message);
        assert!(message.1 == [data]);
    }
    program.call(
        Function::Close,
        id,
        &[Value::from(4001.0), Value::from("enough")],
    );
    assert_eq!(program.event(id).await, closed(4001.0, "enough", true));
    assert!(!program.outbound.is_waiting());
    program.call(Function::Send, id, &[Value::from("late")]);
    assert!(program.next_now().is_none());
}

#[tokio::test]
async fn messages_leave_before_the_close() {
    let server = raw(echo).await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    for _ in 0..100 {
        program.call(Function::Send, id, &[Value::from("x")]);
    }
    program.call(Function::Close, id, &[Value::from(1005.0), Value::from("")]);
    let (mut sent, mut messages) = (0, 0);
    loop {
        match program.event(id).await {
            (Hook::Sent, _) => sent += 1,
            (Hook::Message, _) => messages += 1,
            end => break assert_eq!(end, closed(1005.0, "", true)),
        }
    }
    assert_eq!((sent, messages), (100, 100));
}

#[tokio::test]
async fn tls() {
    let (roots, tls) = own_authority(&[]);
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let server = raw(move |stream| {
        let acceptor = acceptor.clone();
        async move { echo(acceptor.accept(stream).await.unwrap()).await }
    })
    .await;
    let network = Network::trusting(roots, Egress::Anywhere, 8, PATIENT).unwrap();
    let mut program = Program::with(network);
    let url = format!("wss://localhost:{}/path?query", server.address.port());
    let id = connect(&mut program, &url, &[]);
    opened(&mut program, id).await;
    let mut stranger = Program::new();
    let id = connect(&mut stranger, &url, &[]);
    assert_eq!(
        stranger.event(id).await,
        closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2)
    );
}

/// A server that does this with an open socket.
async fn scripted<Task>(
    script: impl Fn(WebSocketStream<TcpStream>) -> Task + Clone + Send + Sync + 'static,
) -> Server
where
    Task: Future<Output = ()> + Send + 'static,
{
    raw(move |stream| {
        let script = script.clone();
        async move { script(accept_async(stream).await.unwrap()).await }
    })
    .await
}

#[tokio::test]
async fn the_server_closes() {
    for (frame, expected) in [
        (None, closed(1005.0, "", true)),
        (
            Some(CloseFrame {
                code: 4000.into(),
                reason: "bye".into(),
            }),
            closed(4000.0, "bye", true),
        ),
    ] {
        let (answered, mut was_answered) = mpsc::unbounded_channel();
        let server = scripted(move |mut socket| {
            let (frame, answered) = (frame.clone(), answered.clone());
            async move {
                socket.send(Message::text("last")).await.unwrap();
                socket.send(Message::Close(frame.clone())).await.unwrap();
                let answer = socket.next().await.unwrap().unwrap();
                answered.send(answer == Message::Close(frame)).unwrap();
            }
        })
        .await;
        let mut program = Program::new();
        let id = connect(&mut program, &url(&server), &[]);
        opened(&mut program, id).await;
        assert_eq!(
            program.event(id).await,
            (Hook::Message, vec![Value::from("last")])
        );
        assert_eq!(program.event(id).await, expected);
        assert_eq!(was_answered.recv().await, Some(true));
    }
}

#[tokio::test]
async fn the_server_leaves_without_a_word() {
    let server = scripted(|socket| async move { drop(socket) }).await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    assert_eq!(
        program.event(id).await,
        closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2)
    );
    assert!(!program.outbound.is_waiting());
}

#[tokio::test]
async fn pings_are_answered() {
    let server = scripted(|mut socket| async move {
        socket
            .send(Message::Ping("are you there".into()))
            .await
            .unwrap();
        let pong = socket.next().await.unwrap().unwrap();
        socket
            .send(Message::binary(pong.into_data()))
            .await
            .unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    let expected = Value::from(&b"are you there"[..]);
    assert_eq!(program.event(id).await, (Hook::Message, vec![expected]));
}

/// A server that agrees to anything and then sends these bytes.
async fn frames(bytes: Vec<u8>) -> Server {
    raw(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let head = read_head(&mut stream).await;
            let key = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("sec-websocket-key")
                    .then_some(value)
            });
            let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(
                key.unwrap().as_bytes(),
            );
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                 sec-websocket-accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            // A client that has heard enough leaves.
            let _ = stream.write_all(&bytes).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    })
    .await
}

#[tokio::test]
async fn fragments_are_one_message() {
    let bytes = [
        &[0x01, 3, b'a', b'b', 0xc3][..],
        // A ping may come between.
        &[0x89, 1, b'p'],
        &[0x00, 1, 0xbc],
        &[0x80, 1, b'c'],
        &[0x02, 1, 1],
        &[0x80, 0],
    ]
    .concat();
    let server = frames(bytes).await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    assert_eq!(
        program.event(id).await,
        (Hook::Message, vec![Value::from("ab\u{fc}c")])
    );
    assert_eq!(
        program.event(id).await,
        (Hook::Message, vec![Value::from(&b"\x01"[..])])
    );
}

#[tokio::test]
async fn frames_that_are_none_end_it() {
    let too_large = [&[0x82, 127][..], &(1u64 << 40).to_be_bytes()].concat();
    let cases = [
        vec![0xff; 100],
        // Text that is not UTF-8.
        vec![0x81, 1, 0xff],
        // A masked frame of a server.
        vec![0x81, 0x81, 0, 0, 0, 0, b'a'],
        // A ping that is too long for one.
        [&[0x89, 126, 0, 200][..], &[0; 200]].concat(),
        too_large,
        // The rest of a message that never began.
        vec![0x80, 1, b'a'],
    ];
    for bytes in cases {
        let server = frames(bytes.clone()).await;
        let mut program = Program::new();
        let id = connect(&mut program, &url(&server), &[]);
        opened(&mut program, id).await;
        assert_eq!(
            program.event(id).await,
            closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2),
            "{bytes:?}"
        );
    }
}

#[tokio::test]
async fn what_never_opens_is_closed() {
    let refuses = raw(|mut stream| async move {
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let silent = raw(|mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let endless = raw(|mut stream| async move {
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\n")
            .await
            .unwrap();
        while stream.write_all(b"a: b\r\n").await.is_ok() {}
    })
    .await;
    let urls = [
        url(&refuses),
        url(&silent),
        url(&endless),
        "ws://127.0.0.1:1/".to_owned(),
        "http://127.0.0.1:1/".to_owned(),
        "nothing".to_owned(),
    ];
    for url in urls {
        let mut program = Program::impatient();
        let id = connect(&mut program, &url, &[]);
        assert_eq!(
            program.event(id).await,
            closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2),
            "{url}"
        );
        assert!(!program.outbound.is_waiting());
    }
    // A protocol that was not asked for is no agreement.
    let server = raw(echo).await;
    let mut program = Program::with(Network::new(Egress::Public, 8, PATIENT).unwrap());
    let id = connect(&mut program, &url(&server), &[]);
    assert_eq!(
        program.event(id).await,
        closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2)
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn closing_while_it_connects_gives_up() {
    let server = raw(|mut stream| async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    program.call(Function::Close, id, &[Value::from(1000.0), Value::from("")]);
    assert_eq!(
        program.event(id).await,
        closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2)
    );
}

#[tokio::test]
async fn a_server_that_never_closes_is_left() {
    let server = frames(Vec::new()).await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    program.call(Function::Close, id, &[Value::from(1000.0), Value::from("")]);
    assert_eq!(
        program.event(id).await,
        closed(ABNORMAL.0, ABNORMAL.1, ABNORMAL.2)
    );
}

#[tokio::test]
async fn a_flood_waits_for_the_program() {
    let (written, mut has_written) = mpsc::unbounded_channel();
    let server = scripted(move |mut socket| {
        let written = written.clone();
        async move {
            for _ in 0..2000 {
                if socket
                    .send(Message::binary(vec![1; 64 << 10]))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            written.send(()).unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        }
    })
    .await;
    let mut program = Program::new();
    let id = connect(&mut program, &url(&server), &[]);
    opened(&mut program, id).await;
    // Nobody takes the messages: 125 MiB do not fit, so the server cannot be done.
    for _ in 0..10 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert!(has_written.try_recv().is_err());
    }
    let mut held = Vec::new();
    while let Some(event) = program.next_now() {
        held.push(event);
    }
    assert!(held.len() <= 16, "{}", held.len());
    // Dropped events make room, one for the other.
    drop(held);
    for _ in 0..100 {
        assert_eq!(program.event(id).await.0, Hook::Message);
    }
}
