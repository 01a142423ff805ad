//! The platform as its callers see it: a real process over a real Postgres; raptor and a CAP are played by the test.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests are named for what they show, and fail by panicking"
)]

#[path = "../../raptor/tests/protocol/service.rs"]
mod service;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use fleet_api::{
    AccountName, CapId, DeployVoid, DrainCap, Heartbeat, Load, LogLine, LogStream, PlaceVoid,
    PlacementId, PlacementOutcome, PlacementReport, PlacementState, Token, VoidStatus,
};
use fleet_client::CallError;
use fleet_client::platform::{OperatorClient, PlatformClient};
use fleet_db::cluster::{self, Cluster};
use fleet_db::{Database, Follows, NewPlacement};
use futures_util::StreamExt as _;
use lly_brick::{AssetPart, BrickKind, Bundle, Digest, FrontendRef, Limits, Parts};
use service::{Ground, Service};

const CAP: &str = "cap-1";

struct Stage {
    ground: Ground,
    cluster: Cluster,
    platform: Service,
    operator: OperatorClient,
    ann: PlatformClient,
}

/// Raptor and the one CAP of this fleet: places at once, and fails what contains the word `crash`.
struct Actor {
    database: Database,
    control_url: String,
    crashing: Digest,
    slow: Digest,
}

impl Actor {
    async fn heartbeat(&self, placements: Vec<PlacementReport>) {
        let cap: CapId = CAP.parse().unwrap();
        let (control_url, edge_url, region) =
            (self.control_url.clone(), String::new(), "here".to_owned());
        let load = Load::default();
        let heartbeat = Heartbeat {
            cap,
            control_url,
            edge_url,
            region,
            sequence: 1,
            load,
            placements,
        };
        self.database.heartbeat(&heartbeat).await.unwrap();
    }

    async fn place(&self, wish: &PlaceVoid) -> PlacementOutcome {
        self.heartbeat(vec![]).await;
        let (placement, cap) = (
            PlacementId::from_random(rand::random()),
            CAP.parse::<CapId>().unwrap(),
        );
        let (slug, bundle, purpose, follows) =
            (&wish.slug, &wish.bundle, wish.purpose, Follows::Anything);
        let new = NewPlacement {
            id: &placement,
            slug,
            bundle,
            cap: &cap,
            policy: "",
            decision: "",
            purpose,
            follows,
        };
        assert!(self.database.place(&new).await.unwrap());
        if *bundle == self.slow {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let (state, outcome) = if *bundle == self.crashing {
            let (reason, trap) = (
                "it trapped".to_owned(),
                Some("wasm `unreachable` at main.c:3".to_owned()),
            );
            let failed = PlacementState::Failed {
                reason: reason.clone(),
                trap: trap.clone(),
            };
            (
                failed,
                PlacementOutcome::Failed {
                    placement: placement.clone(),
                    reason,
                    trap,
                },
            )
        } else {
            (
                PlacementState::Live,
                PlacementOutcome::Live {
                    placement: placement.clone(),
                    cap,
                },
            )
        };
        self.heartbeat(vec![PlacementReport {
            id: placement,
            epoch: 1,
            state,
            requests: 0,
            traps: 0,
            activity: None,
        }])
        .await;
        outcome
    }
}

fn bundle(word: &str) -> Bundle {
    let parts = Parts {
        name: "greeter".into(),
        frontend: FrontendRef {
            name: "c".into(),
            version: "1.0.0".into(),
            digest: Digest::of(b"c"),
        },
        bricks: vec![(
            "greeter".into(),
            BrickKind::Command,
            format!("module {word}").into_bytes(),
        )],
        modules: Vec::new(),
        bir: None,
        adapter: None,
        assets: vec![AssetPart::plain(
            "index.html".into(),
            b"<h1>lily</h1>".to_vec(),
        )],
        routes: vec![],
        env: vec![],
        limits: Limits::default(),
    };
    Bundle::open(&Bundle::pack(parts).unwrap().bytes).unwrap()
}

impl Stage {
    async fn set() -> Self {
        let ground = Ground::new();
        let cluster = cluster::start(&ground.path("postgres")).await.unwrap();
        let url = cluster::url(&ground.path("postgres"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let actor_url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let actor = Arc::new(Actor {
            database: Database::open(&url).await.unwrap(),
            control_url: actor_url.clone(),
            crashing: bundle("crash").digest,
            slow: bundle("slow").digest,
        });
        let line = LogLine {
            time_ms: 1,
            stream: LogStream::Stdout,
            text: "hello".into(),
            request_id: None,
        };
        let line = serde_json::to_string(&line).unwrap() + "\n";
        let place = async |State(actor): State<Arc<Actor>>, Json(wish): Json<PlaceVoid>| {
            Json(actor.place(&wish).await)
        };
        let router = Router::new()
            .route("/v1/placements", post(place))
            .route("/v1/voids/{slug}", delete(async || ()))
            .route("/v1/voids/{slug}/logs", get(async move || line.repeat(3)))
            .with_state(actor);
        let tls = ground.tls("raptor", "raptor").server_config().unwrap();
        tokio::spawn(fleet_client::server::serve(
            listener,
            tls,
            router,
            std::future::pending(),
        ));
        let platform = start_platform(&ground, &url, &actor_url);
        let operator =
            OperatorClient::new(&platform.url, &ground.tls("operator", "operator")).unwrap();
        let ann = user(&platform, &operator, &ground, "ann").await;
        Self {
            ground,
            cluster,
            platform,
            operator,
            ann,
        }
    }

    async fn user(&self, name: &str) -> PlatformClient {
        user(&self.platform, &self.operator, &self.ground, name).await
    }
}

fn start_platform(ground: &Ground, url: &str, raptor: &str) -> Service {
    let arguments = [
        ("--database-url", Path::new(url)),
        ("--blobs", &ground.path("blobs")),
        ("--raptor-url", Path::new(raptor)),
        ("--app-domain", Path::new("app.localhost:8443")),
    ];
    Service::start(
        env!("CARGO_BIN_EXE_platform"),
        ground,
        "platform",
        &arguments,
    )
}

async fn user(
    platform: &Service,
    operator: &OperatorClient,
    ground: &Ground,
    name: &str,
) -> PlatformClient {
    let name: AccountName = name.parse().unwrap();
    let created = operator.create_account(&name).await.unwrap();
    PlatformClient::new(&platform.url, created.token, Some(ground.ca_pem())).unwrap()
}

async fn upload(user: &PlatformClient, bundle: &Bundle) -> usize {
    let missing = user
        .announce(bundle.manifest.canonical())
        .await
        .unwrap()
        .missing;
    for digest in &missing {
        user.put_blob(digest, bundle.blob(digest).unwrap().to_vec())
            .await
            .unwrap();
    }
    missing.len()
}

fn wish(bundle: &Bundle, slug: Option<&str>) -> DeployVoid {
    DeployVoid {
        bundle: bundle.digest,
        slug: slug.map(|slug| slug.parse().unwrap()),
        region: None,
        signature: None,
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, CallError>) -> (u16, String) {
    match answer.unwrap_err() {
        CallError::Refused { status, problem } => (status.as_u16(), problem.problem),
        other => panic!("{other:?}"),
    }
}

fn is(status: u16, problem: &str) -> (u16, String) {
    (status, problem.to_owned())
}

#[tokio::test]
async fn the_life_of_a_deploy() {
    let stage = Stage::set().await;
    let (one, two) = (bundle("one"), bundle("two"));
    // Nothing is deployed before all of it is here, and nothing is sent twice.
    assert_eq!(
        refusal(stage.ann.deploy(&wish(&one, None)).await),
        is(422, "blobs-missing")
    );
    stage.ann.announce(one.manifest.canonical()).await.unwrap();
    assert_eq!(
        refusal(stage.ann.deploy(&wish(&one, None)).await),
        is(422, "blobs-missing")
    );
    assert_eq!(
        (
            upload(&stage.ann, &one).await,
            upload(&stage.ann, &one).await
        ),
        (2, 0)
    );
    assert_eq!(upload(&stage.ann, &two).await, 1, "the page is the same");
    let entry = one.manifest.entry_brick().unwrap().digest;
    assert_eq!(
        refusal(stage.ann.put_blob(&entry, b"other".to_vec()).await),
        is(400, "digest-mismatch")
    );
    assert_eq!(
        refusal(stage.ann.announce(b"{}".to_vec()).await),
        is(400, "bad-manifest")
    );

    let void = stage.ann.deploy(&wish(&one, None)).await.unwrap();
    assert_eq!((void.status, void.bundle), (VoidStatus::Live, one.digest));
    assert_eq!(
        void.url,
        format!("https://{}.app.localhost:8443/", void.slug)
    );
    assert_eq!(
        stage.ann.voids().await.unwrap(),
        std::slice::from_ref(&void)
    );
    let slug = void.slug.as_str();
    assert_eq!(
        refusal(stage.ann.rollback(&void.slug).await),
        is(409, "nothing-to-roll-back")
    );
    assert_eq!(
        stage
            .ann
            .deploy(&wish(&two, Some(slug)))
            .await
            .unwrap()
            .bundle,
        two.digest
    );
    assert_eq!(
        stage.ann.rollback(&void.slug).await.unwrap().bundle,
        one.digest
    );
    assert_eq!(
        refusal(stage.ann.rollback(&void.slug).await),
        is(409, "nothing-to-roll-back")
    );

    let lines: Vec<_> = stage
        .ann
        .logs(&void.slug, 3, false)
        .await
        .unwrap()
        .collect()
        .await;
    assert_eq!(
        lines
            .into_iter()
            .map(|line| line.unwrap().text)
            .collect::<Vec<_>>(),
        ["hello"; 3]
    );

    assert_eq!(
        stage.ann.kill(&void.slug).await.unwrap().status,
        VoidStatus::Stopped
    );
    assert_eq!(
        refusal(stage.ann.logs(&void.slug, 3, false).await.map(|_| ())),
        is(409, "not-running")
    );
    assert_eq!(
        stage
            .ann
            .deploy(&wish(&two, Some(slug)))
            .await
            .unwrap()
            .status,
        VoidStatus::Live
    );
    stage.platform.leave();
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_another_accounts_is_not_there() {
    let stage = Stage::set().await;
    let one = bundle("one");
    upload(&stage.ann, &one).await;
    let void = stage
        .ann
        .deploy(&wish(&one, Some("lazy-fox")))
        .await
        .unwrap();
    let bob = stage.user("bob").await;
    for phase in ["live", "killed"] {
        assert_eq!(
            refusal(bob.deploy(&wish(&one, Some("lazy-fox"))).await),
            is(409, "slug-taken"),
            "{phase}"
        );
        assert_eq!(
            refusal(bob.void(&void.slug).await),
            is(404, "not-found"),
            "{phase}"
        );
        assert_eq!(
            refusal(bob.kill(&void.slug).await),
            is(404, "not-found"),
            "{phase}"
        );
        assert_eq!(
            refusal(bob.rollback(&void.slug).await),
            is(404, "not-found"),
            "{phase}"
        );
        assert_eq!(
            refusal(bob.logs(&void.slug, 1, false).await.map(|_| ())),
            is(404, "not-found"),
            "{phase}"
        );
        assert!(bob.voids().await.unwrap().is_empty(), "{phase}");
        stage.ann.kill(&void.slug).await.unwrap();
    }
    // No token, a forged one; a user, or another service, where an operator is needed.
    let forged = PlatformClient::new(
        &stage.platform.url,
        Token::presented("lily_no"),
        Some(stage.ground.ca_pem()),
    );
    assert_eq!(
        refusal(forged.unwrap().voids().await),
        is(401, "unauthorized")
    );
    let cap = OperatorClient::new(&stage.platform.url, &stage.ground.tls("cap", "cap-1")).unwrap();
    assert_eq!(refusal(cap.caps().await), is(403, "wrong-role"));
    assert_eq!(
        refusal(cap.create_account(&"eve".parse().unwrap()).await),
        is(403, "wrong-role")
    );
    let drain = DrainCap { draining: true };
    assert_eq!(
        refusal(cap.drain(&CAP.parse().unwrap(), drain).await),
        is(403, "wrong-role")
    );
    assert_eq!(
        refusal(
            stage
                .operator
                .drain(&"nobody".parse().unwrap(), drain)
                .await
        ),
        is(404, "not-found")
    );
    stage
        .operator
        .drain(&CAP.parse().unwrap(), drain)
        .await
        .unwrap();
    let caps = stage.operator.caps().await.unwrap();
    assert_eq!(
        (caps.len(), caps[0].cap.as_str(), caps[0].draining),
        (1, CAP, true)
    );
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_crash_is_told_and_leaves_nothing_behind() {
    let stage = Stage::set().await;
    let (good, bad) = (bundle("one"), bundle("crash"));
    upload(&stage.ann, &good).await;
    upload(&stage.ann, &bad).await;
    let Err(CallError::Refused { status, problem }) =
        stage.ann.deploy(&wish(&bad, Some("lazy-fox"))).await
    else {
        panic!("it crashes");
    };
    assert_eq!(
        (status.as_u16(), problem.problem.as_str()),
        (424, "crashed")
    );
    assert!(problem.message.contains("main.c:3"), "{}", problem.message);
    assert!(stage.ann.voids().await.unwrap().is_empty());
    // Where a good version runs, it goes on running.
    stage
        .ann
        .deploy(&wish(&good, Some("lazy-fox")))
        .await
        .unwrap();
    assert_eq!(
        refusal(stage.ann.deploy(&wish(&bad, Some("lazy-fox"))).await),
        is(424, "crashed")
    );
    let void = stage.ann.void(&"lazy-fox".parse().unwrap()).await.unwrap();
    assert_eq!((void.status, void.bundle), (VoidStatus::Live, good.digest));
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_deploy_goes_to_its_end_without_its_caller() {
    let stage = Stage::set().await;
    let (one, slow) = (bundle("one"), bundle("slow"));
    upload(&stage.ann, &one).await;
    upload(&stage.ann, &slow).await;
    stage
        .ann
        .deploy(&wish(&one, Some("lazy-fox")))
        .await
        .unwrap();
    let slow_wish = wish(&slow, Some("lazy-fox"));
    let gone = tokio::time::timeout(Duration::from_millis(500), stage.ann.deploy(&slow_wish)).await;
    assert!(gone.is_err(), "the caller hangs up");
    let slug = "lazy-fox".parse().unwrap();
    for _ in 0..100 {
        if stage.ann.void(&slug).await.unwrap().bundle == slow.digest {
            assert_eq!(
                stage.ann.rollback(&slug).await.unwrap().bundle,
                one.digest,
                "history knows of it"
            );
            return stage.cluster.stop().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the deploy was lost");
}

#[tokio::test]
async fn a_database_that_is_away_is_told_and_survived() {
    let mut stage = Stage::set().await;
    let one = bundle("one");
    upload(&stage.ann, &one).await;
    let void = stage.ann.deploy(&wish(&one, None)).await.unwrap();
    let pid = rustix::process::Pid::from_raw(stage.cluster.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    stage.cluster.wait().await.unwrap();
    assert_eq!(
        refusal(stage.ann.voids().await),
        is(503, "database-unavailable")
    );
    stage.cluster = cluster::start(&stage.ground.path("postgres"))
        .await
        .unwrap();
    assert_eq!(
        stage.ann.void(&void.slug).await.unwrap().status,
        VoidStatus::Live
    );
    stage.cluster.stop().await.unwrap();
}
