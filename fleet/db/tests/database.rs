//! The fleet's questions, asked of a real Postgres.
#![allow(missing_docs, reason = "tests are named for what they show")]

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use fleet_api::{AccountName, Heartbeat, Load, PlacementId, PlacementReport, PlacementState, Slug, Token, VoidStatus};
use fleet_db::{Claim, Database, NewPlacement, cluster};
use lly_brick::Digest;

const VOIDS_MAX: i64 = 100;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn heartbeat(cap: &str, placements: Vec<PlacementReport>) -> Heartbeat {
    Heartbeat {
        cap: cap.parse().unwrap(),
        control_url: format!("https://{cap}"),
        edge_url: String::new(),
        region: "here".into(),
        sequence: 1,
        load: Load::default(),
        placements,
    }
}

fn report(id: &PlacementId, epoch: u64, state: PlacementState) -> PlacementReport {
    PlacementReport { id: id.clone(), epoch, state, requests: 0, traps: 0 }
}

async fn place(db: &Database, slug: &Slug, bundle: &Digest, number: u8, cap: &str) -> PlacementId {
    let id = PlacementId::from_random([number; 16]);
    let cap = cap.parse().unwrap();
    db.place(&NewPlacement { id: &id, slug, bundle, cap: &cap, policy: "test", decision: "" }).await.unwrap();
    id
}

#[tokio::test]
async fn the_life_of_a_void() {
    let dir = folder();
    let cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let (ann, bob): (AccountName, AccountName) = ("ann".parse().unwrap(), "bob".parse().unwrap());
    let token = Token::from_random([1; 32]);
    db.add_token(&ann, token.hash(), Duration::from_secs(60)).await.unwrap();
    db.add_token(&bob, Token::from_random([2; 32]).hash(), Duration::ZERO).await.unwrap();
    assert_eq!(db.account_of(token.hash()).await.unwrap(), Some(ann.clone()));
    assert_eq!(db.account_of(Token::from_random([2; 32]).hash()).await.unwrap(), None, "it has run out");

    let slug: Slug = "lazy-fox".parse().unwrap();
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    assert_eq!(db.claim(&ann, &slug, &one, VOIDS_MAX).await.unwrap(), Claim::New);
    assert_eq!(db.claim(&ann, &slug, &one, VOIDS_MAX).await.unwrap(), Claim::Own);
    assert_eq!(db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(), Claim::Taken);
    assert_eq!(db.claim(&bob, &"free-owl".parse().unwrap(), &one, 0).await.unwrap(), Claim::TooMany);

    db.heartbeat(&heartbeat("cap-1", vec![])).await.unwrap();
    let first = place(&db, &slug, &one, 1, "cap-1").await;
    let void = db.void(&ann, &slug, "app.test").await.unwrap().unwrap();
    assert_eq!((void.status, void.url.as_str()), (VoidStatus::Pending, "https://lazy-fox.app.test/"));
    assert!(db.void(&bob, &slug, "app.test").await.unwrap().is_none());
    let orders = db.heartbeat(&heartbeat("cap-1", vec![report(&first, 1, PlacementState::Live)])).await.unwrap();
    assert_eq!(orders.len(), 1);
    db.release(&slug, &one).await.unwrap();

    // A new version that fails leaves the old one live; one that lives replaces it.
    let failed = place(&db, &slug, &two, 2, "cap-1").await;
    let state = PlacementState::Failed { reason: "it trapped".into(), trap: Some("unreachable".into()) };
    let orders = db.heartbeat(&heartbeat("cap-1", vec![report(&failed, 2, state)])).await.unwrap();
    assert_eq!(orders.iter().map(|order| &order.id).collect::<Vec<_>>(), [&first]);
    assert_eq!(db.placement(&failed).await.unwrap().unwrap().trap.as_deref(), Some("unreachable"));
    let second = place(&db, &slug, &two, 3, "cap-1").await;
    let orders = db.heartbeat(&heartbeat("cap-1", vec![report(&second, 3, PlacementState::Live)])).await.unwrap();
    assert_eq!(orders.iter().map(|order| &order.id).collect::<Vec<_>>(), [&second]);
    db.release(&slug, &two).await.unwrap();
    assert_eq!(db.previous_release(&slug).await.unwrap(), Some(one));
    assert_eq!(db.route(&slug).await.unwrap().unwrap().cap.as_str(), "cap-1");

    assert!(!db.kill(&bob, &slug, Duration::from_secs(60)).await.unwrap());
    assert!(db.kill(&ann, &slug, Duration::from_secs(60)).await.unwrap());
    assert!(db.heartbeat(&heartbeat("cap-1", vec![])).await.unwrap().is_empty());
    assert_eq!(db.voids(&ann, "app.test").await.unwrap()[0].status, VoidStatus::Stopped);
    assert_eq!(db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(), Claim::Taken, "held for its owner");
    assert!(db.kill(&ann, &slug, Duration::ZERO).await.unwrap());
    assert_eq!(db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(), Claim::New, "the hold is over");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_killed_comes_back_whole() {
    let dir = folder();
    let mut cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let token = Token::from_random([7; 32]);
    let ann: AccountName = "ann".parse().unwrap();
    db.add_token(&ann, token.hash(), Duration::from_secs(60)).await.unwrap();
    let pid = rustix::process::Pid::from_raw(cluster.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    cluster.wait().await.unwrap();
    let error = db.account_of(token.hash()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let cluster = cluster::start(dir.path()).await.unwrap();
    assert_eq!(db.account_of(token.hash()).await.unwrap(), Some(ann));
    cluster.stop().await.unwrap();
}
