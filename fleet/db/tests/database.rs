//! The fleet's questions, asked of a real Postgres.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests are named for what they show, and fail by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use fleet_api::{
    AccountName, Heartbeat, Load, PlacementId, PlacementReport, PlacementState, Purpose, Slug,
    Token, VoidStatus,
};
use fleet_db::{Claim, Database, Follows, NewPlacement, cluster};
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
    PlacementReport {
        id: id.clone(),
        epoch,
        state,
        requests: 0,
        traps: 0,
        activity: None,
    }
}

async fn try_place(
    db: &Database,
    slug: &Slug,
    bundle: &Digest,
    number: u8,
    purpose: Purpose,
    follows: Follows,
) -> Option<PlacementId> {
    let id = PlacementId::from_random([number; 16]);
    let cap = "cap-1".parse().unwrap();
    let new = NewPlacement {
        id: &id,
        slug,
        bundle,
        cap: &cap,
        policy: "test",
        decision: "",
        purpose,
        follows,
    };
    db.place(&new).await.unwrap().then_some(id)
}

async fn place(db: &Database, slug: &Slug, bundle: &Digest, number: u8) -> PlacementId {
    try_place(db, slug, bundle, number, Purpose::Deploy, Follows::Anything)
        .await
        .unwrap()
}

async fn live(db: &Database, id: &PlacementId) -> Vec<PlacementId> {
    let orders = db
        .heartbeat(&heartbeat(
            "cap-1",
            vec![report(id, 1, PlacementState::Live)],
        ))
        .await
        .unwrap();
    orders.into_iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn the_life_of_a_void() {
    let dir = folder();
    let cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let (ann, bob): (AccountName, AccountName) = ("ann".parse().unwrap(), "bob".parse().unwrap());
    let token = Token::from_random([1; 32]);
    db.add_token(&ann, token.hash(), Duration::from_secs(60))
        .await
        .unwrap();
    db.add_token(&bob, Token::from_random([2; 32]).hash(), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(
        db.account_of(token.hash()).await.unwrap(),
        Some(ann.clone())
    );
    assert_eq!(
        db.account_of(Token::from_random([2; 32]).hash())
            .await
            .unwrap(),
        None,
        "it has run out"
    );

    let slug: Slug = "lazy-fox".parse().unwrap();
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    assert_eq!(
        db.claim(&ann, &slug, &one, VOIDS_MAX).await.unwrap(),
        Claim::New
    );
    assert_eq!(
        db.claim(&ann, &slug, &one, VOIDS_MAX).await.unwrap(),
        Claim::Own
    );
    assert_eq!(
        db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(),
        Claim::Taken
    );
    assert_eq!(
        db.claim(&bob, &"free-owl".parse().unwrap(), &one, 0)
            .await
            .unwrap(),
        Claim::TooMany
    );

    db.heartbeat(&heartbeat("cap-1", vec![])).await.unwrap();
    let first = place(&db, &slug, &one, 1).await;
    let void = db.void(&ann, &slug, "app.test").await.unwrap().unwrap();
    assert_eq!(
        (void.status, void.url.as_str()),
        (VoidStatus::Pending, "https://lazy-fox.app.test/")
    );
    assert!(db.void(&bob, &slug, "app.test").await.unwrap().is_none());
    assert_eq!(live(&db, &first).await, std::slice::from_ref(&first));
    assert_eq!(db.previous_release(&slug).await.unwrap(), None);

    // A new version that fails leaves the old one live; one that lives replaces it.
    let failed = place(&db, &slug, &two, 2).await;
    let state = PlacementState::Failed {
        reason: "it trapped".into(),
        trap: Some("unreachable".into()),
    };
    let orders = db
        .heartbeat(&heartbeat("cap-1", vec![report(&failed, 2, state)]))
        .await
        .unwrap();
    assert_eq!(
        orders.iter().map(|order| &order.id).collect::<Vec<_>>(),
        [&first]
    );
    assert_eq!(
        db.placement(&failed)
            .await
            .unwrap()
            .unwrap()
            .trap
            .as_deref(),
        Some("unreachable")
    );
    assert_eq!(db.void(&ann, &slug, "").await.unwrap().unwrap().bundle, one);
    let second = place(&db, &slug, &two, 3).await;
    assert_eq!(live(&db, &second).await, std::slice::from_ref(&second));
    assert_eq!(live(&db, &second).await, [second], "told twice, done once");
    assert_eq!(db.void(&ann, &slug, "").await.unwrap().unwrap().bundle, two);
    assert_eq!(db.previous_release(&slug).await.unwrap(), Some(one));
    let back = try_place(&db, &slug, &one, 4, Purpose::Rollback, Follows::Anything)
        .await
        .unwrap();
    live(&db, &back).await;
    assert_eq!(db.void(&ann, &slug, "").await.unwrap().unwrap().bundle, one);
    assert_eq!(
        db.previous_release(&slug).await.unwrap(),
        None,
        "what was rolled back is forgotten"
    );
    assert_eq!(
        db.route(&slug).await.unwrap().unwrap().cap.as_str(),
        "cap-1"
    );

    assert!(!db.kill(&bob, &slug, Duration::from_secs(60)).await.unwrap());
    assert!(db.kill(&ann, &slug, Duration::from_secs(60)).await.unwrap());
    assert!(
        db.heartbeat(&heartbeat("cap-1", vec![]))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        db.voids(&ann, "app.test").await.unwrap()[0].status,
        VoidStatus::Stopped
    );
    assert_eq!(
        db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(),
        Claim::Taken,
        "held for its owner"
    );
    assert!(db.kill(&ann, &slug, Duration::ZERO).await.unwrap());
    assert_eq!(
        db.claim(&bob, &slug, &one, VOIDS_MAX).await.unwrap(),
        Claim::New,
        "the hold is over"
    );
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn plans_that_are_out_of_date_change_nothing() {
    let dir = folder();
    let cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let ann: AccountName = "ann".parse().unwrap();
    db.add_token(
        &ann,
        Token::from_random([1; 32]).hash(),
        Duration::from_secs(60),
    )
    .await
    .unwrap();
    db.heartbeat(&heartbeat("cap-1", vec![])).await.unwrap();
    let (slug, bundle): (Slug, _) = ("lazy-fox".parse().unwrap(), Digest::of(b"1"));
    let moved = |number, follows| try_place(&db, &slug, &bundle, number, Purpose::Move, follows);

    // A first deploy that comes to nothing gives its slug back; a void that lived keeps it.
    assert_eq!(
        db.claim(&ann, &slug, &bundle, VOIDS_MAX).await.unwrap(),
        Claim::New
    );
    let crashed = place(&db, &slug, &bundle, 1).await;
    db.abandon(&slug).await.unwrap();
    assert!(
        db.void(&ann, &slug, "").await.unwrap().is_some(),
        "somebody still starts it"
    );
    db.stop(&crashed, "it trapped").await.unwrap();
    assert!(db.fallen().await.unwrap().is_empty());
    db.abandon(&slug).await.unwrap();
    assert_eq!(
        db.claim(&ann, &slug, &bundle, VOIDS_MAX).await.unwrap(),
        Claim::New
    );
    let first = place(&db, &slug, &bundle, 2).await;
    live(&db, &first).await;

    // Two raptors plan the same move: one is made.
    assert!(moved(3, Follows::Epoch(1)).await.is_some());
    assert!(moved(4, Follows::Epoch(1)).await.is_none());
    // It crashes when its CAP starts anew: fallen, and raised once.
    let third = PlacementId::from_random([3; 16]);
    live(&db, &third).await;
    db.stop(&third, "it trapped").await.unwrap();
    db.abandon(&slug).await.unwrap();
    let fallen = db.fallen().await.unwrap();
    assert_eq!(
        (fallen.len(), fallen[0].tries, fallen[0].bundle),
        (1, 2, bundle)
    );
    assert!(moved(5, Follows::Nothing).await.is_some());
    assert!(moved(6, Follows::Nothing).await.is_none());
    assert!(db.fallen().await.unwrap().is_empty());
    // Its owner kills it while a raptor still plans to move it: it stays killed.
    db.kill(&ann, &slug, Duration::from_secs(60)).await.unwrap();
    assert!(moved(7, Follows::Epoch(3)).await.is_none());
    assert!(moved(8, Follows::Nothing).await.is_none());
    assert!(db.fallen().await.unwrap().is_empty());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_slug_has_one_winner_and_a_quota_holds_under_a_race() {
    let dir = folder();
    let cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let names: Vec<AccountName> = (0..8)
        .map(|number| format!("user-{number}").parse().unwrap())
        .collect();
    for (number, name) in (1..).zip(&names) {
        db.add_token(
            name,
            Token::from_random([number; 32]).hash(),
            Duration::from_secs(60),
        )
        .await
        .unwrap();
    }
    let claim = async |name: AccountName, slug: String| {
        let db = db.clone();
        let claimed = tokio::spawn(async move {
            db.claim(&name, &slug.parse().unwrap(), &Digest::of(b"1"), 3)
                .await
                .unwrap()
        });
        claimed.await.unwrap()
    };
    let claims = futures_util::future::join_all(
        names
            .iter()
            .map(|name| claim(name.clone(), "lazy-fox".into())),
    )
    .await;
    assert_eq!(
        claims.iter().filter(|claim| **claim == Claim::New).count(),
        1,
        "{claims:?}"
    );
    assert_eq!(
        claims
            .iter()
            .filter(|claim| **claim == Claim::Taken)
            .count(),
        7,
        "{claims:?}"
    );
    let name: AccountName = "hoarder".parse().unwrap();
    db.add_token(
        &name,
        Token::from_random([99; 32]).hash(),
        Duration::from_secs(60),
    )
    .await
    .unwrap();
    let claims =
        futures_util::future::join_all((0..8).map(|n| claim(name.clone(), format!("slug-{n}"))))
            .await;
    assert_eq!(
        claims.iter().filter(|claim| **claim == Claim::New).count(),
        3,
        "{claims:?}"
    );
    assert_eq!(
        claims
            .iter()
            .filter(|claim| **claim == Claim::TooMany)
            .count(),
        5,
        "{claims:?}"
    );
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_killed_comes_back_whole() {
    let dir = folder();
    let mut cluster = cluster::start(dir.path()).await.unwrap();
    let db = Database::open(&cluster::url(dir.path())).await.unwrap();
    let token = Token::from_random([7; 32]);
    let ann: AccountName = "ann".parse().unwrap();
    db.add_token(&ann, token.hash(), Duration::from_secs(60))
        .await
        .unwrap();
    let pid = rustix::process::Pid::from_raw(cluster.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    cluster.wait().await.unwrap();
    let error = db.account_of(token.hash()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let cluster = cluster::start(dir.path()).await.unwrap();
    assert_eq!(db.account_of(token.hash()).await.unwrap(), Some(ann));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_runs_in_a_home_that_nobody_else_may_enter() {
    let dir = tempfile::tempdir().unwrap();
    // Deep enough that its socket's path would be too long, and closed to everybody else.
    let home = dir
        .path()
        .join("x".repeat(90))
        .join("fleet")
        .join("postgres");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let cluster = cluster::start(&home).await.unwrap();
    Database::open(&cluster::url(&home)).await.unwrap();
    cluster.stop().await.unwrap();
    cluster::remove(&home).unwrap();
}
