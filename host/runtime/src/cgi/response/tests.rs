use super::*;

/// `None` for undecided; else status, headers as `name=value;`, and the body.
fn outcome(output: &str, ended: bool) -> Option<(u16, String, String)> {
    match parse(output.as_bytes(), ended) {
        Parsed::Undecided => None,
        Parsed::Head(head, at) => {
            let headers = head
                .headers
                .iter()
                .map(|(name, value)| format!("{name}={};", value.to_str().unwrap_or("?")));
            Some((
                head.status.as_u16(),
                headers.collect(),
                output[at..].to_owned(),
            ))
        }
    }
}

#[track_caller]
fn check(output: &str, status: u16, headers: &str, body: &str) {
    assert_eq!(
        outcome(output, true),
        Some((status, headers.to_owned(), body.to_owned())),
        "{output:?}"
    );
}

#[track_caller]
fn check_all_body(output: &str) {
    check(output, 200, "", output);
}

#[test]
fn header_blocks() {
    check(
        "Content-Type: text/html\n\nhi",
        200,
        "content-type=text/html;",
        "hi",
    );
    check(
        "content-type:text/html\r\n\r\nhi\n\n",
        200,
        "content-type=text/html;",
        "hi\n\n",
    );
    check("Status: 404 Not Found\n\n", 404, "", "");
    check("Status: 204\nX-A: 1\nX-A: 2\n\n", 204, "x-a=1;x-a=2;", "");
    check("X-A: 1\nStatus: 201\n\nmade", 201, "x-a=1;", "made");
    check("Location: /there\n\n", 302, "location=/there;", "");
    check(
        "Status: 301\nLocation: https://a.test/\n\n",
        301,
        "location=https://a.test/;",
        "",
    );
    check(
        "Set-Cookie: a=b; Path=/\nContent-Type: x/y\n\n",
        200,
        "set-cookie=a=b; Path=/;content-type=x/y;",
        "",
    );
}

#[test]
fn the_connection_is_the_servers() {
    check(
        "Content-Type: x/y\nConnection: close\nTransfer-Encoding: chunked\n\nb",
        200,
        "content-type=x/y;",
        "b",
    );
    check(
        "Content-Type: x/y\nContent-Length: 1\n\nb",
        200,
        "content-type=x/y;content-length=1;",
        "b",
    );
    check(
        "Content-Type: x/y\nContent-Length: 1\nContent-Length: 2\n\nb",
        200,
        "content-type=x/y;",
        "b",
    );
    check(
        "Content-Type: x/y\nContent-Length: one\n\nb",
        200,
        "content-type=x/y;",
        "b",
    );
}

#[test]
fn output_that_is_all_body() {
    check_all_body("");
    check_all_body("hello\n");
    check_all_body("\n\nhello");
    check_all_body("hello world: it is\n\nme");
    check_all_body("Total: 5\n\nno CGI field among the headers");
    check_all_body("Content-Type: text/html\nno field\n\n");
    check_all_body("Content-Type: text/html");
    check_all_body("Content-Type: text/html\n");
    check_all_body("Status: high\n\n");
    check_all_body("Status: 100\n\n");
    check_all_body(": no name\n\n");
    check_all_body("Content-Type: a\u{0}b\n\n");
    check_all_body("\u{7f}\u{0}binary");
}

#[test]
fn a_block_without_end_is_all_body() {
    let endless = format!(
        "Content-Type: x/y\n{}",
        "X-A: 1\n".repeat(CGI_HEADER_BYTES_MAX)
    );
    check_all_body(&endless);
    assert!(outcome(&"x".repeat(CGI_HEADER_BYTES_MAX + 1), false).is_some());
}

#[test]
fn the_decision_is_made_as_early_as_it_can_be() {
    for open in [
        "",
        "C",
        "Content-Type",
        "Content-Type: text",
        "Content-Type: text/html\n",
        "Status: 200\r\n\r",
    ] {
        assert_eq!(outcome(open, false), None, "{open:?}");
    }
    for decided in [
        "hello world",
        "<html>",
        "word\n",
        "\n",
        "Content-Type: x/y\n\n",
        "Content-Type: x/y\nno field",
    ] {
        let open = outcome(decided, false);
        // The last one may still become `no field` only if a blank could be part of a name.
        assert!(open.is_some(), "{decided:?}");
    }
}
