use super::*;
use crate::{LogSink, LogStream, RequestId, ServerAddress};
use std::sync::Arc;

struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _stream: LogStream, _request: RequestId, _text: &str) {}
}

fn context(scheme: Scheme, env: &[(&str, &str)]) -> RequestContext {
    RequestContext {
        id: RequestId::fresh(),
        env: env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        log: Arc::new(NoLog),
        remote: "[2001:db8::1]:99".parse().ok(),
        server: Arc::new(ServerAddress {
            scheme,
            name: "fallback.test".to_owned(),
            port: 8443,
        }),
    }
}

fn of(
    request: http::request::Builder,
    length: Option<u64>,
    context: &RequestContext,
) -> Vec<(String, String)> {
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    variables(&parts, length, context).expect("variables")
}

#[track_caller]
fn check(variables: &[(String, String)], name: &str, expected: Option<&str>) {
    let found: Vec<_> = variables
        .iter()
        .filter(|(own, _)| own == name)
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{name}");
}

#[test]
fn meta_variables_of_a_request() {
    let request = http::Request::post("/caf%C3%A9/100%?q=%20")
        .header("host", "App.test:8443")
        .header("content-type", "a/b")
        .header("content-length", "5");
    let env = of(request, Some(5), &context(Scheme::HTTPS, &[]));
    for (name, value) in [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "App.test"),
        ("SERVER_PORT", "8443"),
        ("REQUEST_METHOD", "POST"),
        ("REQUEST_SCHEME", "https"),
        ("HTTPS", "on"),
        ("REQUEST_URI", "/caf%C3%A9/100%?q=%20"),
        ("SCRIPT_NAME", ""),
        ("PATH_INFO", "/café/100%"),
        ("QUERY_STRING", "q=%20"),
        ("CONTENT_TYPE", "a/b"),
        ("CONTENT_LENGTH", "5"),
        ("REMOTE_ADDR", "2001:db8::1"),
        ("HTTP_HOST", "App.test:8443"),
    ] {
        check(&env, name, Some(value));
    }
    check(&env, "HTTP_CONTENT_TYPE", None);
    check(&env, "HTTP_CONTENT_LENGTH", None);
}

#[test]
fn headers_become_variables_but_not_all() {
    let request = http::Request::get("/")
        .header("x-two", "1")
        .header("x-two", "2")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("proxy", "evil")
        .header("x_host", "evil")
        .header("connection", "close");
    let env = of(request, Some(0), &context(Scheme::HTTP, &[]));
    check(&env, "HTTP_X_TWO", Some("1, 2"));
    check(&env, "HTTP_COOKIE", Some("a=1; b=2"));
    for absent in [
        "HTTP_PROXY",
        "HTTP_X_HOST",
        "HTTP_CONNECTION",
        "HTTPS",
        "CONTENT_LENGTH",
    ] {
        check(&env, absent, None);
    }
    check(&env, "SERVER_NAME", Some("fallback.test"));
}

#[test]
fn http2_names_the_host_in_its_target() {
    let request = http::Request::get("https://app.test/x").version(Version::HTTP_2);
    let env = of(request, None, &context(Scheme::HTTPS, &[]));
    check(&env, "SERVER_NAME", Some("app.test"));
    check(&env, "HTTP_HOST", Some("app.test"));
    check(&env, "SERVER_PROTOCOL", Some("HTTP/2.0"));
    check(&env, "PATH_INFO", Some("/x"));
}

#[test]
fn the_programs_own_variables_come_last_and_hide_nothing() {
    let env = of(
        http::Request::get("/"),
        None,
        &context(Scheme::HTTP, &[("OWN", "1"), ("PATH_INFO", "/fake")]),
    );
    check(&env, "OWN", Some("1"));
    check(&env, "PATH_INFO", Some("/"));
}

#[test]
fn a_zero_byte_in_the_path_is_refused() {
    assert!(decode("/a%00b").is_err());
    assert_eq!(decode("/%zz%4").ok().as_deref(), Some("/%zz%4"));
}
