//! Raptor as its callers see it: a real process over a real Postgres; CAPs and the platform are played by the test.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests are named for what they show, and fail by panicking"
)]

mod service;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::routing::post;
use fleet_api::{
    AccountName, CapId, Heartbeat, LeaseKey, Load, Order, Orders, PlaceVoid, PlacementId,
    PlacementOutcome, PlacementReport, PlacementState, Purpose, Slug, Token, VoidStatus,
};
use fleet_client::CallError;
use fleet_client::raptor::RaptorClient;
use fleet_db::cluster::{self, Cluster};
use fleet_db::{Claim, Database};
use lly_brick::Digest;
use service::{Ground, Service};
use tokio::sync::Notify;

const MASTER: [u8; 32] = [42; 32];
const LEASE_TTL_MS: u64 = 1000;
/// Raptor waits this much longer than a lease before it believes that a CAP is gone.
const PATIENCE: Duration = Duration::from_secs(30);

struct Stage {
    ground: Ground,
    cluster: Cluster,
    database: Database,
    raptor: Service,
    platform: RaptorClient,
    ann: AccountName,
}

impl Stage {
    async fn set() -> Self {
        let ground = Ground::new();
        let cluster = cluster::start(&ground.path("postgres")).await.unwrap();
        let url = cluster::url(&ground.path("postgres"));
        let database = Database::open(&url).await.unwrap();
        std::fs::write(
            ground.path("lease.key"),
            LeaseKey::from_bytes(MASTER).to_hex(),
        )
        .unwrap();
        let raptor = start_raptor(&ground, &url);
        let platform = RaptorClient::new(&raptor.url, &ground.tls("platform", "platform")).unwrap();
        let ann: AccountName = "ann".parse().unwrap();
        database
            .add_token(
                &ann,
                Token::from_random([1; 32]).hash(),
                Duration::from_secs(600),
            )
            .await
            .unwrap();
        Self {
            ground,
            cluster,
            database,
            raptor,
            platform,
            ann,
        }
    }

    fn raptor_as(&self, role: &str, id: &str) -> RaptorClient {
        RaptorClient::new(&self.raptor.url, &self.ground.tls(role, id)).unwrap()
    }

    async fn cap(&self, id: &str) -> TestCap {
        let nudged = Arc::new(Notify::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let control_url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let bell = Arc::clone(&nudged);
        let router = axum::Router::new().route("/v1/nudge", post(async move || bell.notify_one()));
        let tls = self.ground.tls("cap", id).server_config().unwrap();
        tokio::spawn(fleet_client::server::serve(
            listener,
            tls,
            router,
            std::future::pending(),
        ));
        let raptor = self.raptor_as("cap", id);
        TestCap {
            id: id.parse().unwrap(),
            raptor,
            control_url,
            sequence: 0,
            reports: Vec::new(),
            nudged,
        }
    }

    async fn claim(&self, slug: &str, bundle: &Digest) -> PlaceVoid {
        let slug: Slug = slug.parse().unwrap();
        assert_ne!(
            self.database
                .claim(&self.ann, &slug, bundle, 100)
                .await
                .unwrap(),
            Claim::Taken
        );
        PlaceVoid {
            slug,
            bundle: *bundle,
            region: None,
            purpose: Purpose::Deploy,
        }
    }

    /// Places while `cap` waits to be woken, takes the order and says how it went.
    async fn place(
        &self,
        cap: &mut TestCap,
        wish: &PlaceVoid,
        state: PlacementState,
    ) -> PlacementOutcome {
        let (outcome, ()) = tokio::join!(self.platform.place(wish), async {
            let order = cap.new_order().await;
            cap.report(&order, state);
            cap.beat().await.unwrap();
        });
        outcome.unwrap()
    }

    async fn status(&self, slug: &Slug) -> VoidStatus {
        self.database
            .void(&self.ann, slug, "")
            .await
            .unwrap()
            .unwrap()
            .status
    }
}

fn start_raptor(ground: &Ground, url: &str) -> Service {
    let ttl = LEASE_TTL_MS.to_string();
    let arguments = [
        ("--database-url", Path::new(url)),
        ("--lease-key", &ground.path("lease.key")),
        ("--cache", &ground.path("cache")),
        ("--blobs", &ground.path("blobs")),
        ("--lease-ttl-ms", Path::new(&ttl)),
    ];
    Service::start(env!("CARGO_BIN_EXE_raptor"), ground, "raptor", &arguments)
}

/// A CAP that runs nothing and says whatever the test wants.
struct TestCap {
    id: CapId,
    raptor: RaptorClient,
    control_url: String,
    sequence: u64,
    reports: Vec<PlacementReport>,
    nudged: Arc<Notify>,
}

impl TestCap {
    fn heartbeat(&mut self) -> Heartbeat {
        self.sequence += 1;
        Heartbeat {
            cap: self.id.clone(),
            control_url: self.control_url.clone(),
            edge_url: "https://localhost".into(),
            region: "here".into(),
            sequence: self.sequence,
            load: Load {
                memory_used_bytes: 1,
                memory_total_bytes: 100,
                cpu_permille: 0,
            },
            placements: self.reports.clone(),
        }
    }

    async fn beat(&mut self) -> Result<Orders, CallError> {
        let heartbeat = self.heartbeat();
        let orders = self.raptor.heartbeat(&heartbeat).await?;
        let key = LeaseKey::from_bytes(MASTER).derive(&self.id);
        for order in &orders.placements {
            let ttl = order
                .lease
                .verify(&key, &order.id, &self.id, order.epoch, self.sequence)
                .unwrap();
            assert_eq!(ttl, Duration::from_millis(LEASE_TTL_MS));
        }
        self.reports
            .retain(|report| orders.placements.iter().any(|order| order.id == report.id));
        Ok(orders)
    }

    /// Waits to be woken for orders that `are` what is awaited: a nudge says that something changed, not what, and one that
    /// belongs to an earlier change may still be due.
    async fn orders_until(&mut self, are: impl Fn(&Orders) -> bool) -> Orders {
        loop {
            tokio::time::timeout(PATIENCE, self.nudged.notified())
                .await
                .unwrap();
            let orders = self.beat().await.unwrap();
            if are(&orders) {
                return orders;
            }
        }
    }

    /// Waits to be woken for an order that it knows nothing of.
    async fn new_order(&mut self) -> Order {
        loop {
            tokio::time::timeout(PATIENCE, self.nudged.notified())
                .await
                .unwrap();
            let orders = self.beat().await.unwrap();
            let known = |order: &Order| self.reports.iter().any(|report| report.id == order.id);
            if let Some(order) = orders.placements.into_iter().find(|order| !known(order)) {
                return order;
            }
        }
    }

    fn report(&mut self, order: &Order, state: PlacementState) {
        self.reports.retain(|report| report.id != order.id);
        self.reports.push(PlacementReport {
            id: order.id.clone(),
            epoch: order.epoch,
            state,
            requests: 0,
            traps: 0,
            activity: None,
        });
    }

    /// Beats, taking every order as done, until `done`.
    async fn beat_until(&mut self, done: impl Fn(&Orders) -> bool) {
        let began = Instant::now();
        loop {
            if let Ok(orders) = self.beat().await {
                if done(&orders) {
                    return;
                }
                for order in &orders.placements {
                    self.report(order, PlacementState::Live);
                }
            }
            assert!(began.elapsed() < PATIENCE, "it did not come");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn ids(orders: &Orders) -> Vec<&PlacementId> {
    orders.placements.iter().map(|order| &order.id).collect()
}

fn refusal(error: CallError) -> (u16, String) {
    match error {
        CallError::Refused { status, problem } => (status.as_u16(), problem.problem),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_void_is_placed_replaced_and_stopped() {
    let stage = Stage::set().await;
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    let wish = stage.claim("lazy-fox", &one).await;
    let outcome = stage.platform.place(&wish).await.unwrap();
    assert!(
        matches!(outcome, PlacementOutcome::NoCap { .. }),
        "{outcome:?}"
    );

    let mut cap = stage.cap("cap-1").await;
    assert!(cap.beat().await.unwrap().placements.is_empty());
    assert_eq!(cap.raptor.route(&wish.slug).await.unwrap(), None);
    let PlacementOutcome::Live {
        placement: first,
        cap: chosen,
    } = stage.place(&mut cap, &wish, PlacementState::Live).await
    else {
        panic!("it lives");
    };
    assert_eq!(chosen, cap.id);
    let route = cap.raptor.route(&wish.slug).await.unwrap().unwrap();
    assert_eq!(
        (route.cap, route.peer_url),
        (cap.id.clone(), cap.control_url.clone())
    );

    // A version that crashes leaves the one before alone, and its trap reaches whoever deploys.
    let newer = PlaceVoid {
        bundle: two,
        ..wish.clone()
    };
    let crash = PlacementState::Failed {
        reason: "it trapped".into(),
        trap: Some("wasm `unreachable`".into()),
    };
    let outcome = stage.place(&mut cap, &newer, crash).await;
    let PlacementOutcome::Failed { reason, trap, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (reason.as_str(), trap.as_deref()),
        ("it trapped", Some("wasm `unreachable`"))
    );
    assert_eq!(ids(&cap.beat().await.unwrap()), [&first]);

    // A version that lives replaces it, and both are ordered until then.
    let (outcome, ()) = tokio::join!(stage.platform.place(&newer), async {
        let orders = cap
            .orders_until(|orders| {
                let now = ids(orders);
                assert!(
                    now.contains(&&first),
                    "no gap: the old one stays until the new one lives"
                );
                now.len() == 2
            })
            .await;
        let order = orders
            .placements
            .iter()
            .max_by_key(|order| order.epoch)
            .unwrap();
        assert_eq!(order.bundle, two);
        cap.report(order, PlacementState::Live);
        assert_eq!(cap.beat().await.unwrap().placements.len(), 1);
    });
    assert!(matches!(outcome.unwrap(), PlacementOutcome::Live { .. }));

    assert!(
        stage
            .database
            .kill(&stage.ann, &wish.slug, Duration::from_secs(60))
            .await
            .unwrap()
    );
    stage.platform.stop(&wish.slug).await.unwrap();
    cap.orders_until(|orders| orders.placements.is_empty())
        .await;
    assert_eq!(cap.raptor.route(&wish.slug).await.unwrap(), None);
    stage.raptor.leave();
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn who_may_do_what() {
    let stage = Stage::set().await;
    let mut cap = stage.cap("cap-1").await;
    cap.beat().await.unwrap();
    let wish = stage.claim("lazy-fox", &Digest::of(b"1")).await;
    // Another CAP's name on the heartbeat, the wrong role, no certificate, a certificate of another fleet.
    let heartbeat = cap.heartbeat();
    let refused = stage
        .raptor_as("cap", "cap-2")
        .heartbeat(&heartbeat)
        .await
        .unwrap_err();
    assert_eq!(refusal(refused), (403, "wrong-identity".into()));
    let refused = stage.platform.heartbeat(&heartbeat).await.unwrap_err();
    assert_eq!(refusal(refused), (403, "wrong-role".into()));
    for (status, problem) in [
        refusal(cap.raptor.place(&wish).await.unwrap_err()),
        refusal(cap.raptor.stop(&wish.slug).await.unwrap_err()),
        refusal(stage.platform.route(&wish.slug).await.unwrap_err()),
    ] {
        assert_eq!((status, problem.as_str()), (403, "wrong-role"));
    }
    let stranger = Ground::new();
    std::fs::write(
        stranger.tls_dir("cap", "cap-1").join("ca.pem"),
        stage.ground.ca_pem(),
    )
    .unwrap();
    let stranger = RaptorClient::new(&stage.raptor.url, &stranger.tls("cap", "cap-1")).unwrap();
    assert!(matches!(
        stranger.heartbeat(&heartbeat).await,
        Err(CallError::Unreachable { .. })
    ));
    cap.beat().await.unwrap();
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn voids_leave_a_cap_that_is_gone_and_one_that_drains() {
    let stage = Stage::set().await;
    let wish = stage.claim("lazy-fox", &Digest::of(b"1")).await;
    let mut a = stage.cap("cap-a").await;
    a.beat().await.unwrap();
    stage.place(&mut a, &wish, PlacementState::Live).await;
    // `a` falls silent; `b` goes on.
    let mut b = stage.cap("cap-b").await;
    let silent = Instant::now();
    b.beat_until(|orders| !orders.placements.is_empty()).await;
    let fence = Duration::from_millis(LEASE_TTL_MS);
    assert!(
        silent.elapsed() > fence,
        "a lease of the old CAP may still hold: {:?}",
        silent.elapsed()
    );
    let orders = b.beat().await.unwrap();
    assert_eq!(orders.placements[0].epoch, 2);
    b.report(&orders.placements[0], PlacementState::Live);
    b.beat().await.unwrap();
    // It comes back, and learns that the void lives elsewhere.
    assert!(a.beat().await.unwrap().placements.is_empty());
    assert_eq!(stage.status(&wish.slug).await, VoidStatus::Live);
    // The same way back, in peace: `b` drains.
    assert!(stage.database.set_draining(&b.id, true).await.unwrap());
    let began = Instant::now();
    loop {
        let orders = a.beat().await.unwrap();
        for order in &orders.placements {
            a.report(order, PlacementState::Live);
        }
        if b.beat().await.unwrap().placements.is_empty() {
            break;
        }
        assert_eq!(
            stage.status(&wish.slug).await,
            VoidStatus::Live,
            "never without a place"
        );
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(a.raptor.route(&wish.slug).await.unwrap().unwrap().cap, a.id);
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_void_that_crashes_when_its_cap_starts_anew_is_raised_again() {
    let stage = Stage::set().await;
    let wish = stage.claim("lazy-fox", &Digest::of(b"1")).await;
    let mut cap = stage.cap("cap-1").await;
    cap.beat().await.unwrap();
    stage.place(&mut cap, &wish, PlacementState::Live).await;
    let orders = cap.beat().await.unwrap();
    cap.report(
        &orders.placements[0],
        PlacementState::Failed {
            reason: "no blobs".into(),
            trap: None,
        },
    );
    assert!(cap.beat().await.unwrap().placements.is_empty());
    assert_eq!(stage.status(&wish.slug).await, VoidStatus::Stopped);
    cap.beat_until(|orders| orders.placements.iter().any(|order| order.epoch == 2))
        .await;
    let orders = cap.beat().await.unwrap();
    cap.report(&orders.placements[0], PlacementState::Live);
    cap.beat().await.unwrap();
    assert_eq!(stage.status(&wish.slug).await, VoidStatus::Live);
    stage.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn nothing_is_lost_when_the_database_or_raptor_is_killed() {
    let mut stage = Stage::set().await;
    let wish = stage.claim("lazy-fox", &Digest::of(b"1")).await;
    let mut cap = stage.cap("cap-1").await;
    cap.beat().await.unwrap();
    stage.place(&mut cap, &wish, PlacementState::Live).await;
    let before = cap.beat().await.unwrap();

    let pid = rustix::process::Pid::from_raw(stage.cluster.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    stage.cluster.wait().await.unwrap();
    let refused = refusal(cap.beat().await.unwrap_err());
    assert_eq!(refused, (503, "database-unavailable".into()));
    let refused = refusal(stage.platform.place(&wish).await.unwrap_err());
    assert_eq!(refused, (503, "database-unavailable".into()));
    stage.cluster = cluster::start(&stage.ground.path("postgres"))
        .await
        .unwrap();
    assert_eq!(ids(&cap.beat().await.unwrap()), ids(&before));

    // Another raptor serves from its first request.
    drop(stage.raptor);
    assert!(matches!(
        cap.beat().await,
        Err(CallError::Unreachable { .. })
    ));
    stage.raptor = start_raptor(&stage.ground, &cluster::url(&stage.ground.path("postgres")));
    cap.raptor = RaptorClient::new(&stage.raptor.url, &stage.ground.tls("cap", "cap-1")).unwrap();
    assert_eq!(ids(&cap.beat().await.unwrap()), ids(&before));
    stage.cluster.stop().await.unwrap();
}
