use super::*;

fn route(pattern: &str, target: RouteTarget) -> Route {
    Route {
        methods: Vec::new(),
        pattern: pattern.to_owned(),
        headers: Vec::new(),
        target,
    }
}

fn redirect(pattern: &str, to: &str) -> Route {
    let redirect = Redirect {
        status: 302,
        to: to.to_owned(),
    };
    route(pattern, RouteTarget::Redirect(redirect))
}

fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let pattern = Pattern::parse(pattern).expect("a pattern");
    let path = RequestPath::new(path)?;
    let captures = pattern.matches(&path)?;
    let found = captures.found.iter();
    Some(found.map(|(name, text)| format!("{name}={text}")).collect())
}

#[test]
fn patterns_match_whole_paths() {
    for (pattern, path, found) in [
        ("/", "/", Some(vec![])),
        ("/a/b", "/a/b", Some(vec![])),
        ("/a/b", "/a/%62", Some(vec![])),
        ("/ä", "/%C3%A4", Some(vec![])),
        ("/:x/b", "/a%20c/b", Some(vec!["x=a%20c"])),
        ("/blog/*rest", "/blog/2026/a", Some(vec!["rest=2026/a"])),
        ("/blog/*rest", "/blog/", Some(vec!["rest="])),
        ("/blog/*rest", "/blog", Some(vec!["rest="])),
        ("/*rest", "/", Some(vec!["rest="])),
        ("/*rest", "//evil", Some(vec!["rest=/evil"])),
        (
            "/:y/:m/*r",
            "/2026/11/x/y/",
            Some(vec!["y=2026", "m=11", "r=x/y/"]),
        ),
        ("/a", "/a/", None),
        ("/a/", "/a", None),
        ("/a", "/b", None),
        ("/a", "/a/b", None),
        ("/:x", "/", None),
        ("/:x", "/a/b", None),
        ("/a/b", "/a%2Fb", None),
        ("/blog/*rest", "/blogs", None),
        ("/a", "/%zz", None),
        ("/a", "*", None),
    ] {
        let found = found.map(|found| found.into_iter().map(str::to_owned).collect());
        assert_eq!(matched(pattern, path), found, "{pattern} {path}");
    }
}

#[test]
fn patterns_that_are_none_are_refused() {
    let long = format!("/{}", "a".repeat(5000));
    let deep = "/a".repeat(100);
    for (pattern, says) in [
        ("", "does not begin"),
        ("a", "does not begin"),
        ("//a", "empty part"),
        ("/../a", "`..`"),
        ("/*a/b", "before its end"),
        ("/a*b", "may not be there"),
        ("/a\r\nb", "may not be there"),
        ("/a?b", "may not be there"),
        ("/:", "a variable whose name"),
        ("/*", "a variable whose name"),
        ("/:a-b", "a variable whose name"),
        ("/:a/:a", "twice"),
        (&long, "more than 2048 bytes"),
        (&deep, "more than 64 parts"),
    ] {
        let problem = Pattern::parse(pattern).expect_err(pattern).to_string();
        assert!(problem.contains(says), "{pattern:?}: {problem}");
        assert!(
            !problem.contains(['\r', '\n']) && problem.len() < 300,
            "{problem}"
        );
    }
}

#[test]
fn redirects_lead_to_the_host_that_they_name() {
    let location = |pattern: &str, to: &str, path: &str, query: Option<&str>| {
        let route = redirect(pattern, to);
        let pattern = route.check().expect("a good route");
        let path = RequestPath::new(path).expect("a path");
        let captures = pattern.matches(&path).expect("a match");
        let RouteTarget::Redirect(redirect) = &route.target else {
            panic!("it is a redirect")
        };
        redirect.location(&captures, query)
    };
    assert_eq!(location("/a", "/b", "/a", Some("q=1")), "/b?q=1");
    assert_eq!(location("/a", "/b?x", "/a", Some("q=1")), "/b?x");
    assert_eq!(
        location("/old/:id", "/new/$id-$$5", "/old/7%20", None),
        "/new/7%20-$5"
    );
    assert_eq!(
        location("/*r", "https://x.test/$r", "/a/b", None),
        "https://x.test/a/b"
    );
    // What a client sends decides no host, ends no header.
    assert_eq!(location("/*r", "/$r", "//evil.test/", None), "/evil.test/");
    assert_eq!(
        location("/*r", "/$r", "/\\evil.test", None),
        "/%5Cevil.test"
    );
    assert_eq!(location("/*r", "/$r", "/a%0D%0Ab", None), "/a%0D%0Ab");
}

#[test]
fn what_could_smuggle_is_refused() {
    let header = |name: &str, value: &str| Route {
        headers: vec![RouteHeader {
            name: name.to_owned(),
            value: value.to_owned(),
        }],
        ..route("/", RouteTarget::Asset("a".to_owned()))
    };
    let method = |method: &str| Route {
        methods: vec![method.to_owned()],
        ..route("/", RouteTarget::Program("api".to_owned()))
    };
    let status = |status: u16| {
        let to = "/".to_owned();
        route("/", RouteTarget::Redirect(Redirect { status, to }))
    };
    let many = Route {
        methods: (0..100).map(|_| "GET".to_owned()).collect(),
        ..method("GET")
    };
    for (route, says) in [
        (header("x-a", "b\r\nset-cookie: c"), "not one line"),
        (header("x-a", "b\0"), "not one line"),
        (header("x-a", "ä"), "not one line"),
        (header("x-a", " b"), "not one line"),
        (header("x-a", &"b".repeat(5000)), "not one line"),
        (header("x-a\r\nb", "c"), "not a header's name"),
        (header("X-A", "c"), "not a header's name"),
        (header("", "c"), "not a header's name"),
        (
            header("transfer-encoding", "chunked"),
            "not a route's to set",
        ),
        (header("content-length", "0"), "not a route's to set"),
        (method("get"), "not a method"),
        (method(""), "not a method"),
        (method("GET /\r\n"), "not a method"),
        (many, "more than 16 methods"),
        (status(200), "not 200"),
        (redirect("/", "//evil.test"), "neither a path"),
        (redirect("/", "javascript:alert(1)"), "neither a path"),
        (redirect("/", "https://"), "neither a path"),
        (redirect("/:a", "https://$a.test/"), "neither a path"),
        (
            redirect("/", "https://good.test@evil.test/"),
            "neither a path",
        ),
        (redirect("/", "/a\r\nset-cookie: b"), "characters"),
        (redirect("/", "/\\evil.test"), "characters"),
        (redirect("/", "/ä"), "characters"),
        (redirect("/:a", "/$b"), "`$b`"),
        (redirect("/", "/$"), "`$`"),
        (route("/", RouteTarget::Asset("../a".to_owned())), "`..`"),
        (
            route("/", RouteTarget::Program("a b".to_owned())),
            "not a program's name",
        ),
    ] {
        let problem = route.check().expect_err("it must be refused").to_string();
        assert!(problem.contains(says), "{route:?}: {problem}");
        assert!(!problem.contains(['\r', '\n', '\0']), "{problem}");
    }
    assert!(header("x-frame-options", "DENY").check().is_ok());
    assert!(
        header("content-security-policy", "default-src 'self'")
            .check()
            .is_ok()
    );
}
