//! Bundles of sites: routes have one form, old bundles keep theirs, and hostile ones are refused.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use lly_brick::{
    AssetPart, BrickKind, Bundle, Digest, FrontendRef, Limits, Manifest, Parts, Redirect, Route,
    RouteHeader, RouteTarget,
};

fn plugin(name: &str) -> FrontendRef {
    FrontendRef {
        name: name.into(),
        version: "0.1.0".into(),
        digest: Digest::of(name.as_bytes()),
    }
}

fn route(pattern: &str, target: RouteTarget) -> Route {
    Route {
        methods: Vec::new(),
        pattern: pattern.into(),
        headers: Vec::new(),
        target,
    }
}

fn parts() -> Parts {
    let page = AssetPart {
        media_type: Some("text/html".into()),
        cache_seconds: Some(60),
        ..AssetPart::plain("page.html".into(), b"<p>".to_vec())
    };
    Parts {
        name: "blog".into(),
        frontend: plugin("c"),
        adapter: Some(plugin("pages")),
        bricks: vec![("api".into(), BrickKind::Http, b"\0asm component".to_vec())],
        modules: Vec::new(),
        bir: None,
        assets: vec![page],
        routes: vec![
            Route {
                methods: vec!["GET".into(), "POST".into()],
                headers: vec![RouteHeader {
                    name: "x-from".into(),
                    value: "api".into(),
                }],
                ..route("/api/*rest", RouteTarget::Program("api".into()))
            },
            route("/", RouteTarget::Asset("page.html".into())),
            route(
                "/old/:id",
                RouteTarget::Redirect(Redirect {
                    status: 308,
                    to: "/new/$id".into(),
                }),
            ),
        ],
        env: Vec::new(),
        limits: Limits::default(),
    }
}

#[test]
fn a_site_has_one_form() {
    let packed = Bundle::pack(parts()).unwrap();
    let golden = include_str!("golden/site.json").trim_end();
    assert_eq!(
        String::from_utf8(packed.manifest.canonical()).unwrap(),
        golden
    );
    let bundle = Bundle::open(&packed.bytes).unwrap();
    assert_eq!(bundle.manifest, packed.manifest);
    assert_eq!(bundle.entry_brick().unwrap().0.name, "api");
}

#[test]
fn a_site_needs_no_program_and_a_program_no_site() {
    let mut quiet = parts();
    quiet.bricks.clear();
    quiet.routes.remove(0);
    let packed = Bundle::pack(quiet.clone()).unwrap();
    assert!(Bundle::open(&packed.bytes).unwrap().entry_brick().is_none());
    let error = |parts: Parts| Bundle::pack(parts).unwrap_err().to_string();
    let mut nobody = quiet.clone();
    nobody.adapter = None;
    assert!(error(nobody).contains("at least one brick"));
    let mut nothing = quiet;
    nothing.assets.clear();
    nothing.routes.clear();
    assert!(error(nothing).contains("nothing that would answer"));
}

/// Whoever writes a bundle by hand gets no further than whoever packs one.
#[test]
fn hostile_routes_are_refused() {
    let golden = include_str!("golden/site.json").trim_end();
    assert!(Manifest::parse(golden.as_bytes()).is_ok());
    for (from, to, says) in [
        (
            "\"/api/*rest\"",
            "\"/*api/rest\"",
            "`routes[0]` is refused: the pattern",
        ),
        ("\"/api/*rest\"", "\"api\"", "`routes[0]`"),
        (
            "\"/old/:id\"",
            "\"/old\"",
            "`$id`, which its pattern has not",
        ),
        (
            "\"program\":\"api\"",
            "\"program\":\"other\"",
            "there is no program `other`",
        ),
        (
            "\"asset\":\"page.html\"",
            "\"asset\":\"none\"",
            "there is no asset `none`",
        ),
        (
            "\"asset\":\"page.html\"",
            "\"asset\":\"../page.html\"",
            "`..`",
        ),
        (
            "\"value\":\"api\"",
            "\"value\":\"a\\r\\nset-cookie: b\"",
            "not one line",
        ),
        ("\"x-from\"", "\"x-from: a\\r\\nx\"", "not a header's name"),
        (
            "\"x-from\"",
            "\"transfer-encoding\"",
            "not a route's to set",
        ),
        (
            "\"/new/$id\"",
            "\"/new/$id\\r\\nx: y\"",
            "characters that a URL has not",
        ),
        ("\"/new/$id\"", "\"//evil.test/$id\"", "neither a path"),
        ("308", "200", "not 200"),
        ("\"GET\"", "\"GET /\"", "not a method"),
        (
            "\"text/html\"",
            "\"text/html\\r\\nx: y\"",
            "`assets[0].media_type`",
        ),
        ("\"text/html\"", "\"html\"", "`assets[0].media_type`"),
        (
            "\"cache_seconds\":60",
            "\"cache_seconds\":4000000000",
            "`assets[0].cache_seconds`",
        ),
        ("\"redirect\"", "\"exec\"", "exec"),
        (
            "\"pattern\":\"/\"",
            "\"pattern\":\"/\",\"weight\":1",
            "weight",
        ),
    ] {
        assert!(golden.contains(from), "{from}");
        let hostile = golden.replacen(from, to, 1);
        let refused = Manifest::parse(hostile.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(says), "{from} -> {to}: {refused}");
        assert!(!refused.contains(['\r', '\n']), "{refused}");
    }
    // The right content in another form is another identity, and refused.
    let spelled = golden.replacen("\"pattern\":\"/\"", "\"headers\":[],\"pattern\":\"/\"", 1);
    let refused = Manifest::parse(spelled.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("canonical"), "{refused}");
}

#[test]
fn there_are_not_more_routes_than_can_be_tried() {
    let many = |pattern: fn(usize) -> String, count: usize| {
        let mut parts = parts();
        let to_page = || RouteTarget::Asset("page.html".into());
        parts.routes = (0..count)
            .map(|index| route(&pattern(index), to_page()))
            .collect();
        Bundle::pack(parts)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(many(|index| format!("/{index}"), 20_000), Ok(()));
    assert!(many(|index| format!("/{index}"), 20_001).is_err_and(|says| says.contains("20000")));
    assert!(
        many(|index| format!("/{index}/:x"), 2_001).is_err_and(|says| says.contains("variables"))
    );
}
