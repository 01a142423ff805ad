//! Answers that lead elsewhere.

use host_outbound::{Egress, Network};
use host_web::{Function, Value};
use http_body_util::BodyExt;

use crate::program::{Ask, PATIENT, Program};
use crate::servers::{Server, answer, serve};

/// `/STATUS/PATH` leads to `/PATH`; `/to?URL` leads there; all else tells what came.
async fn signposts() -> Server {
    serve(|request| async move {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let path = head.uri.path();
        if path == "/to" {
            let target = head.uri.query().unwrap().to_owned();
            return answer(302, &[("location", &target)], "");
        }
        let status: Option<u16> = path.get(1..4).and_then(|text| text.parse().ok());
        if let Some(status) = status.filter(|status| (300..400).contains(status)) {
            return answer(status, &[("location", &path[4..])], "elsewhere");
        }
        let mut told = format!("{} {}", head.method, String::from_utf8_lossy(&body));
        for name in ["authorization", "cookie", "content-type", "x-mine"] {
            if head.headers.contains_key(name) {
                told.push_str(&format!(" {name}"));
            }
        }
        answer(200, &[], told)
    })
    .await
}

const HEADERS: [(&str, &str); 4] = [
    ("authorization", "Bearer secret"),
    ("cookie", "a=b"),
    ("content-type", "text/plain"),
    ("x-mine", "1"),
];

#[tokio::test]
async fn methods_and_bodies_on_the_way() {
    let server = signposts().await;
    let mut program = Program::new();
    let cases = [
        (301, "POST", "GET  authorization cookie x-mine"),
        (302, "POST", "GET  authorization cookie x-mine"),
        (303, "POST", "GET  authorization cookie x-mine"),
        (303, "PUT", "GET  authorization cookie x-mine"),
        (
            301,
            "PUT",
            "PUT body authorization cookie content-type x-mine",
        ),
        (
            302,
            "PATCH",
            "PATCH body authorization cookie content-type x-mine",
        ),
        (
            307,
            "POST",
            "POST body authorization cookie content-type x-mine",
        ),
        (
            308,
            "POST",
            "POST body authorization cookie content-type x-mine",
        ),
    ];
    for (status, method, expected) in cases {
        let url = server.url(&format!("/{status}/end"));
        let ask = Ask {
            method,
            headers: &HEADERS,
            body: Some("body"),
            ..Ask::get(&url)
        };
        let (head, body) = program.get(&ask).await;
        assert_eq!(body, expected, "{status} {method}");
        assert_eq!((head.redirected, head.url), (true, server.url("/end")));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn secrets_stay_with_their_origin() {
    let (first, second) = (signposts().await, signposts().await);
    let mut program = Program::new();
    let target = second.url("/end");
    let url = first.url(&format!("/to?{target}"));
    let ask = Ask {
        headers: &HEADERS,
        ..Ask::get(&url)
    };
    let (head, body) = program.get(&ask).await;
    assert_eq!(body, "GET  content-type x-mine");
    assert_eq!(head.url, target);
    // And they do not come back on the way home.
    let url = first.url(&format!(
        "/to?{}",
        second.url(&format!("/to?{}", first.url("/end")))
    ));
    let (_, body) = program.get(&Ask { url: &url, ..ask }).await;
    assert_eq!(body, "GET  content-type x-mine");
}

#[tokio::test]
async fn manual_and_error() {
    let server = signposts().await;
    let mut program = Program::new();
    let url = server.url("/302/end");
    let manual = Ask {
        redirect: "manual",
        ..Ask::get(&url)
    };
    let (head, body) = program.get(&manual).await;
    assert_eq!((head.status, head.redirected), (302, false));
    assert_eq!(
        (head.header("location"), body.as_str()),
        (Some("/end"), "elsewhere")
    );
    let error = Ask {
        redirect: "error",
        ..Ask::get(&url)
    };
    let id = program.fetch(&error);
    let message = program.failure(id).await;
    assert!(
        message.contains("answers 302, and redirects are refused"),
        "{message}"
    );
    // Not all of 3xx leads elsewhere.
    for path in ["/300/end", "/304/end"] {
        let (head, _) = program.get(&Ask::get(&server.url(path))).await;
        assert!(!head.redirected, "{path}");
    }
}

#[tokio::test]
async fn twenty_and_no_more() {
    let server = signposts().await;
    let mut program = Program::new();
    let (head, _) = program
        .get(&Ask::get(
            &server.url(&format!("{}/end", "/302".repeat(20))),
        ))
        .await;
    assert!(head.redirected);
    let id = program.fetch(&Ask::get(
        &server.url(&format!("{}/end", "/302".repeat(21))),
    ));
    let message = program.failure(id).await;
    assert!(message.ends_with("more than 20 redirects"), "{message}");
}

#[tokio::test]
async fn a_streamed_body_goes_once() {
    let server = signposts().await;
    let mut program = Program::new();
    for (status, fails) in [(302, true), (307, true), (303, false)] {
        let url = server.url(&format!("/{status}/end"));
        let ask = Ask {
            method: "POST",
            more: true,
            ..Ask::get(&url)
        };
        let id = program.fetch(&ask);
        program.call(Function::Write, id, &[Value::from(&b"body"[..])]);
        program.call(Function::Finish, id, &[]);
        if fails {
            let message = program.failure(id).await;
            assert!(
                message.ends_with("a streamed body cannot be sent again"),
                "{message}"
            );
        } else {
            program.head(id).await;
            assert_eq!(program.body(id).await.unwrap(), b"GET ");
        }
    }
}

#[tokio::test]
async fn where_a_redirect_may_lead_is_decided_anew() {
    let server = signposts().await;
    let mut program = Program::new();
    for (target, expected) in [
        ("file:///etc/passwd", "leads to the scheme `file`"),
        ("http://", "which is no URL"),
    ] {
        let id = program.fetch(&Ask::get(&server.url(&format!("/to?{target}"))));
        let message = program.failure(id).await;
        assert!(message.contains(expected), "{message}");
    }
    // An address that may be reached leads to one that may not; here none may, and it is the first that says so.
    let mut program = Program::with(Network::new(Egress::Public, 8, PATIENT).unwrap());
    let id = program.fetch(&Ask::get(&server.url("/302/end")));
    assert!(program.failure(id).await.contains("may not reach"));
}
