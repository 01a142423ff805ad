use super::*;
use lly_brick::{Redirect, RouteHeader};

fn site(files: &[&str], routes: &[Route], has_program: bool) -> Site {
    let file = |path: &&str| NamedAsset {
        path: (*path).to_owned(),
        digest: Digest::of(path.as_bytes()),
        size: 10,
        media_type: (*path == "feed").then(|| "application/rss+xml".to_owned()),
        cache_seconds: (*path == "feed").then_some(60),
    };
    let files: Vec<NamedAsset> = files.iter().map(file).collect();
    Site::new(&files, routes, has_program)
}

fn route(methods: &[&str], pattern: &str, target: RouteTarget) -> Route {
    Route {
        methods: methods.iter().map(|one| (*one).to_owned()).collect(),
        pattern: pattern.to_owned(),
        headers: Vec::new(),
        target,
    }
}

fn asset(path: &str) -> RouteTarget {
    RouteTarget::Asset(path.to_owned())
}

fn program() -> RouteTarget {
    RouteTarget::Program("api".to_owned())
}

fn redirect(status: u16, to: &str) -> RouteTarget {
    let to = to.to_owned();
    RouteTarget::Redirect(Redirect { status, to })
}

/// The answer in a few words: `200 PATH`, `308 -> PLACE`, `404`, `program`.
fn ask(site: &Site, method: &str, uri: &str, files: &[&str]) -> String {
    let method: Method = method.parse().expect("a method");
    let uri: Uri = uri.parse().expect("a URI");
    match site.answer(&method, &uri, &HeaderMap::new()) {
        Answer::File {
            head,
            digest,
            bytes,
        } => {
            let file = files
                .iter()
                .find(|file| Digest::of(file.as_bytes()) == digest);
            let body = if bytes.is_some() { "" } else { " without body" };
            format!("{} {}{body}", head.status().as_u16(), file.expect("a file"))
        }
        Answer::Words(response) => match response.headers().get("location") {
            Some(to) => format!(
                "{} -> {}",
                response.status().as_u16(),
                to.to_str().expect("text")
            ),
            None => format!("{}", response.status().as_u16()),
        },
        Answer::Program(_) => "program".to_owned(),
    }
}

fn check(files: &[&str], routes: &[Route], has_program: bool, asked: &[(&str, &str, &str)]) {
    let site = site(files, routes, has_program);
    for (method, uri, answer) in asked {
        assert_eq!(ask(&site, method, uri, files), *answer, "{method} {uri}");
    }
}

#[test]
fn without_routes_files_answer_first_and_the_program_the_rest() {
    let files = ["index.html", "docs/index.html", "404.html"];
    check(
        &files,
        &[],
        true,
        &[
            ("GET", "/", "200 index.html"),
            ("HEAD", "/", "200 index.html without body"),
            ("GET", "/docs?a", "308 -> /docs/?a"),
            ("POST", "/", "program"),
            ("GET", "/nope", "program"),
        ],
    );
}

#[test]
fn without_a_program_what_is_not_there_is_not_found() {
    check(
        &["index.html"],
        &[],
        false,
        &[
            ("GET", "/nope", "404"),
            ("POST", "/", "405"),
            ("POST", "/nope", "404"),
        ],
    );
    let files = ["404.html", "a"];
    check(
        &files,
        &[],
        false,
        &[
            ("GET", "/nope", "404 404.html"),
            ("HEAD", "/nope", "404 404.html without body"),
            ("GET", "/404.html", "200 404.html"),
        ],
    );
}

#[test]
fn the_first_route_that_matches_answers() {
    let files = ["index.html", "app.js", "about.html", "old/kept"];
    let routes = [
        route(&["GET"], "/about", asset("about.html")),
        route(&[], "/about", program()),
        route(&["POST", "GET"], "/api/:id", program()),
        route(&[], "/old/*rest", redirect(301, "/new/$rest")),
        route(&[], "/app.js", redirect(302, "/app2.js")),
        route(&[], "/:lang/start", redirect(307, "https://x.test/$lang")),
        route(&["GET"], "/*all", asset("index.html")),
    ];
    check(
        &files,
        &routes,
        true,
        &[
            ("GET", "/about", "200 about.html"),
            ("HEAD", "/about", "200 about.html without body"),
            ("PUT", "/about", "program"),
            ("GET", "/api/1", "program"),
            ("HEAD", "/api/1", "program"),
            ("DELETE", "/api/1", "405"),
            ("GET", "/api/1/2", "200 index.html"),
            ("GET", "/old/a/b?c=d", "301 -> /new/a/b?c=d"),
            // A pattern with variables leaves files to the files, a path that is written out does not.
            ("GET", "/old/kept", "200 old/kept"),
            ("GET", "/app.js", "302 -> /app2.js"),
            ("GET", "/about.html", "200 about.html"),
            ("GET", "/de/start", "307 -> https://x.test/de"),
            ("GET", "//evil.test", "200 index.html"),
            ("GET", "/", "200 index.html"),
            ("POST", "/", "405"),
        ],
    );
}

#[test]
fn answers_get_the_headers_of_their_route() {
    let header = |name: &str, value: &str| RouteHeader {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let dressed = |pattern: &str, target: RouteTarget| Route {
        headers: vec![
            header("cache-control", "no-store"),
            header("link", "</a>"),
            header("link", "</b>"),
        ],
        ..route(&[], pattern, target)
    };
    let routes = [
        dressed("/page", asset("feed")),
        dressed("/away", redirect(302, "/x")),
        dressed("/api", program()),
        route(&["PUT"], "/put", program()),
    ];
    let site = site(&["feed"], &routes, true);
    let headers = |method: Method, path: &'static str| {
        let uri = Uri::from_static(path);
        match site.answer(&method, &uri, &HeaderMap::new()) {
            Answer::File { head, .. } => head.headers().clone(),
            Answer::Words(response) => response.headers().clone(),
            Answer::Program(dress) => {
                let mut headers = HeaderMap::new();
                headers.insert("cache-control", HeaderValue::from_static("public"));
                headers.insert("x-own", HeaderValue::from_static("kept"));
                dress.put_on(&mut headers);
                headers
            }
        }
    };
    for path in ["/page", "/away", "/api"] {
        let headers = headers(Method::GET, path);
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers.get_all("cache-control").iter().count(), 1, "{path}");
        let links: Vec<_> = headers.get_all("link").iter().collect();
        assert_eq!(links, ["</a>", "</b>"], "{path}");
    }
    assert_eq!(headers(Method::GET, "/api")["x-own"], "kept");
    let plain = headers(Method::GET, "/feed");
    assert_eq!(plain["cache-control"], "public, max-age=60");
    assert_eq!(plain["content-type"], "application/rss+xml");
    assert_eq!(headers(Method::GET, "/put")["allow"], "PUT");
    assert_eq!(headers(Method::POST, "/feed")["allow"], "GET, HEAD");
}
