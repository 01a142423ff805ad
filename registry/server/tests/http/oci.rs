//! OCI Distribution: pushing, pulling, resuming, tags, referrers, tokens, hostile input.

use crate::rc::{MANIFEST, Rc, header, refused};
use lly_brick::Digest;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn what_is_pushed_is_pulled_whole_and_in_parts() {
    let rc = Rc::start().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let digest = rc.push("a/b", &bytes).await;
    let path = format!("/v2/a/b/blobs/{digest}");
    let whole = rc.get(&path).await;
    assert_eq!(header(&whole, "docker-content-digest"), digest.to_string());
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let head = rc.anonymous(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(header(&head, "content-length"), "300000");
    let part = rc
        .anonymous(Method::GET, &path)
        .header("range", "bytes=1000-1999");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 1000-1999/300000");
    assert_eq!(part.bytes().await.unwrap(), bytes[1000..2000]);
    let beyond = rc
        .anonymous(Method::GET, &path)
        .header("range", "bytes=300000-");
    refused(
        beyond.send().await.unwrap(),
        StatusCode::RANGE_NOT_SATISFIABLE,
        "RANGE_INVALID",
    )
    .await;
    // A blob is in the repositories it was pushed to or mounted in, and in no other.
    let elsewhere = format!("/v2/c/d/blobs/{digest}");
    refused(
        rc.get(&elsewhere).await,
        StatusCode::NOT_FOUND,
        "BLOB_UNKNOWN",
    )
    .await;
    let mount = format!("/v2/c/d/blobs/uploads/?mount={digest}&from=a%2Fb");
    let mounted = rc.call(Method::POST, &mount).send().await.unwrap();
    assert_eq!(mounted.status(), StatusCode::CREATED);
    assert_eq!(rc.get(&elsewhere).await.bytes().await.unwrap(), bytes);
    let deleted = rc.call(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::ACCEPTED);
    refused(rc.get(&path).await, StatusCode::NOT_FOUND, "BLOB_UNKNOWN").await;
    assert_eq!(rc.get(&elsewhere).await.status(), StatusCode::OK);
    rc.stop().await;
}

#[tokio::test]
async fn an_upload_is_resumed_after_the_server_died() {
    let mut rc = Rc::start().await;
    let begun = rc
        .call(Method::POST, "/v2/a/b/blobs/uploads/")
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), StatusCode::ACCEPTED);
    let place = header(&begun, "location");
    let piece = rc
        .call(Method::PATCH, &place)
        .header("content-range", "0-4")
        .body("hello");
    let sent = piece.send().await.unwrap();
    assert_eq!(
        (sent.status(), header(&sent, "range").as_str()),
        (StatusCode::ACCEPTED, "0-4")
    );
    rc.restart().await;
    let status = rc.call(Method::GET, &place).send().await.unwrap();
    assert_eq!(
        (status.status(), header(&status, "range").as_str()),
        (StatusCode::NO_CONTENT, "0-4")
    );
    for wrong in ["0-4", "6-9", "nonsense"] {
        let piece = rc
            .call(Method::PATCH, &place)
            .header("content-range", wrong)
            .body("again");
        refused(
            piece.send().await.unwrap(),
            StatusCode::RANGE_NOT_SATISFIABLE,
            "RANGE_INVALID",
        )
        .await;
    }
    // Another repository's upload is not to be had by its name.
    let stolen = place.replace("/a/b/", "/c/d/");
    let status = rc.call(Method::GET, &stolen).send().await.unwrap();
    refused(status, StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN").await;
    let end = format!("{place}?digest={}", Digest::of(b"hello world"));
    let ended = rc
        .call(Method::PUT, &end)
        .body(" world")
        .send()
        .await
        .unwrap();
    assert_eq!(ended.status(), StatusCode::CREATED);
    let blob = header(&ended, "location");
    assert_eq!(rc.get(&blob).await.text().await.unwrap(), "hello world");
    let again = rc.call(Method::GET, &place).send().await.unwrap();
    refused(again, StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN").await;
    rc.stop().await;
}

#[tokio::test]
async fn an_upload_that_broke_off_keeps_what_came_and_a_cancelled_one_nothing() {
    let rc = Rc::start().await;
    let begun = rc
        .call(Method::POST, "/v2/a/b/blobs/uploads/")
        .send()
        .await
        .unwrap();
    let place = header(&begun, "location");
    let mut stream = tokio::net::TcpStream::connect(&rc.address).await.unwrap();
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nhost: rc\r\nauthorization: Bearer {}\r\ncontent-length: 10\r\n\r\nhel",
        rc.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    // The server may still be noticing that the sender left.
    let mut found = String::new();
    for _ in 0..200 {
        let status = rc.call(Method::GET, &place).send().await.unwrap();
        if status.status() == StatusCode::NO_CONTENT {
            found = header(&status, "range");
            if found == "0-2" {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(found, "0-2");
    let gone = rc.call(Method::DELETE, &place).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        std::fs::read_dir(rc.dir.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
    rc.stop().await;
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_digest_are_refused() {
    let rc = Rc::start().await;
    let wrong = Digest::of(b"something else");
    let path = format!("/v2/a/b/blobs/uploads/?digest={wrong}");
    let pushed = rc
        .call(Method::POST, &path)
        .body("this")
        .send()
        .await
        .unwrap();
    refused(pushed, StatusCode::BAD_REQUEST, "DIGEST_INVALID").await;
    assert_eq!(
        rc.get(&format!("/v2/a/b/blobs/{wrong}")).await.status(),
        StatusCode::NOT_FOUND
    );
    let manifest = rc.manifest("a/b", b"x").await;
    let put = rc.put_manifest("a/b", &wrong.to_string(), &manifest).await;
    refused(put, StatusCode::BAD_REQUEST, "DIGEST_INVALID").await;
    let mut missing = manifest.clone();
    missing["layers"][0]["digest"] = json!(wrong);
    let put = rc.put_manifest("a/b", "1", &missing).await;
    refused(put, StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN").await;
    let mut sized = manifest.clone();
    sized["layers"][0]["size"] = json!(7);
    refused(
        rc.put_manifest("a/b", "1", &sized).await,
        StatusCode::BAD_REQUEST,
        "SIZE_INVALID",
    )
    .await;
    rc.stop().await;
}

#[tokio::test]
async fn tags_come_in_pages_and_manifests_go_by_digest() {
    let rc = Rc::start().await;
    for tag in ["b", "a", "C", "1.0"] {
        rc.image("a/b", tag, tag.as_bytes()).await;
    }
    let (mut path, mut pages) = ("/v2/a/b/tags/list?n=3".to_owned(), Vec::new());
    loop {
        let page = rc.get(&path).await;
        let link = page
            .headers()
            .get("link")
            .map(|link| link.to_str().unwrap().to_owned());
        pages.push(page.json::<Value>().await.unwrap()["tags"].clone());
        let Some(link) = link else { break };
        path = link[1..link.find('>').unwrap()].to_owned();
    }
    assert_eq!(pages, [json!(["1.0", "C", "a"]), json!(["b"])]);
    refused(
        rc.get("/v2/no/thing/tags/list").await,
        StatusCode::NOT_FOUND,
        "NAME_UNKNOWN",
    )
    .await;
    let tagged = rc.get("/v2/a/b/manifests/a").await;
    assert_eq!(header(&tagged, "content-type"), MANIFEST);
    let digest = header(&tagged, "docker-content-digest");
    assert_eq!(
        Digest::of(&tagged.bytes().await.unwrap()).to_string(),
        digest
    );
    let path = format!("/v2/a/b/manifests/{digest}");
    let gone = rc.call(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::ACCEPTED);
    refused(
        rc.get(&path).await,
        StatusCode::NOT_FOUND,
        "MANIFEST_UNKNOWN",
    )
    .await;
    refused(
        rc.get("/v2/a/b/manifests/a").await,
        StatusCode::NOT_FOUND,
        "MANIFEST_UNKNOWN",
    )
    .await;
    rc.stop().await;
}

#[tokio::test]
async fn referrers_are_listed_by_what_they_are() {
    let rc = Rc::start().await;
    let subject = rc.image("plugins/wat", "1.0.0", b"component").await;
    let mut signatures = Vec::new();
    for (kind, bytes) in [
        ("application/x.sig", b"one"),
        ("application/x.sbom", b"two"),
    ] {
        let mut manifest = rc.manifest("plugins/wat", bytes).await;
        manifest["artifactType"] = json!(kind);
        manifest["subject"] = json!({ "mediaType": MANIFEST, "digest": subject, "size": 1 });
        manifest["annotations"] = json!({ "is": kind });
        let digest = Digest::of(manifest.to_string().as_bytes());
        let put = rc
            .put_manifest("plugins/wat", &digest.to_string(), &manifest)
            .await;
        assert_eq!(header(&put, "oci-subject"), subject.to_string());
        signatures.push(digest);
    }
    let all = rc
        .get(&format!("/v2/plugins/wat/referrers/{subject}"))
        .await;
    assert_eq!(
        all.json::<Value>().await.unwrap()["manifests"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let some = format!("/v2/plugins/wat/referrers/{subject}?artifactType=application/x.sig");
    let some = rc.get(&some).await;
    assert_eq!(header(&some, "oci-filters-applied"), "artifactType");
    let found = some.json::<Value>().await.unwrap()["manifests"].clone();
    assert_eq!(found[0]["digest"], json!(signatures[0]));
    assert_eq!(
        found[0]["annotations"],
        json!({ "is": "application/x.sig" })
    );
    assert_eq!(found.as_array().unwrap().len(), 1);
    let none = rc
        .get(&format!("/v2/plugins/wat/referrers/{}", Digest::of(b"?")))
        .await;
    assert_eq!(none.json::<Value>().await.unwrap()["manifests"], json!([]));
    rc.stop().await;
}

#[tokio::test]
async fn a_token_pushes_where_its_scope_reaches() {
    let rc = Rc::start().await;
    let narrow = rc.token("narrow", "plugins/wat").await;
    let path = |repository: &str| format!("/v2/{repository}/blobs/uploads/");
    let nobody = rc
        .anonymous(Method::POST, &path("plugins/wat"))
        .send()
        .await
        .unwrap();
    assert_eq!(header(&nobody, "www-authenticate"), "Basic realm=\"rc\"");
    refused(nobody, StatusCode::UNAUTHORIZED, "UNAUTHORIZED").await;
    let begin = |repository: &str| rc.anonymous(Method::POST, &path(repository));
    let wrong = begin("plugins/wat")
        .bearer_auth("wrong")
        .send()
        .await
        .unwrap();
    refused(wrong, StatusCode::UNAUTHORIZED, "UNAUTHORIZED").await;
    let other = begin("plugins/other")
        .bearer_auth(&narrow)
        .send()
        .await
        .unwrap();
    refused(other, StatusCode::FORBIDDEN, "DENIED").await;
    let own = begin("plugins/wat")
        .bearer_auth(&narrow)
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), StatusCode::ACCEPTED);
    let basic = begin("plugins/wat")
        .basic_auth("anybody", Some(&narrow))
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), StatusCode::ACCEPTED);
    assert!(rc.database.remove_registry_token("narrow").await.unwrap());
    let gone = begin("plugins/wat")
        .bearer_auth(&narrow)
        .send()
        .await
        .unwrap();
    refused(gone, StatusCode::UNAUTHORIZED, "UNAUTHORIZED").await;
    rc.stop().await;
}

#[tokio::test]
async fn a_repository_is_of_the_account_that_pushed_first() {
    let rc = Rc::start().await;
    rc.image("plugins/taken", "0.1.0", b"by a scope").await;
    let accounts = ["alice", "bob"];
    for (number, account) in (1..).zip(accounts) {
        let hash = fleet_api::Token::from_random([number; 32]).hash();
        let day = Duration::from_secs(86_400);
        let account = account.parse().unwrap();
        rc.database.add_token(&account, hash, day).await.unwrap();
    }
    let begin = async |repository: &str, number: u8| {
        let token = fleet_api::Token::from_random([number; 32]);
        let path = format!("/v2/{repository}/blobs/uploads/");
        let begin = rc
            .anonymous(Method::POST, &path)
            .bearer_auth(token.secret());
        begin.send().await.unwrap()
    };
    assert_eq!(
        begin("plugins/hers", 1).await.status(),
        StatusCode::ACCEPTED
    );
    assert_eq!(
        begin("plugins/hers", 1).await.status(),
        StatusCode::ACCEPTED
    );
    refused(
        begin("plugins/hers", 2).await,
        StatusCode::FORBIDDEN,
        "DENIED",
    )
    .await;
    refused(
        begin("plugins/taken", 2).await,
        StatusCode::FORBIDDEN,
        "DENIED",
    )
    .await;
    assert_eq!(begin("plugins/his", 2).await.status(), StatusCode::ACCEPTED);
    rc.stop().await;
}

#[tokio::test]
async fn of_two_that_push_one_version_at_once_one_wins_for_good() {
    let rc = Rc::start().await;
    let one = rc.manifest("plugins/wat", b"one").await;
    let two = rc.manifest("plugins/wat", b"two").await;
    let put = |manifest| rc.put_manifest("plugins/wat", "1.0.0", manifest);
    let (first, second) = tokio::join!(put(&one), put(&two));
    let mut statuses = [first.status(), second.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::CONFLICT]);
    let (winner, loser) = if first.status() == StatusCode::CREATED {
        (&one, &two)
    } else {
        (&two, &one)
    };
    assert_eq!(put(winner).await.status(), StatusCode::CREATED);
    refused(put(loser).await, StatusCode::CONFLICT, "DENIED").await;
    let kept = rc
        .get("/v2/plugins/wat/manifests/1.0.0")
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(kept, winner.to_string());
    for reference in ["1.0.0".to_owned(), Digest::of(kept.as_bytes()).to_string()] {
        let path = format!("/v2/plugins/wat/manifests/{reference}");
        let gone = rc.call(Method::DELETE, &path).send().await.unwrap();
        refused(gone, StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED").await;
    }
    rc.stop().await;
}

#[tokio::test]
async fn hostile_paths_and_manifests_are_refused() {
    let rc = Rc::start().await;
    for name in [
        "%2e%2e/x",
        "a/%2e%2e/%2e%2e/b",
        "A",
        "a%00b",
        "a%5cb",
        "a//b",
    ] {
        let begun = rc
            .call(Method::POST, &format!("/v2/{name}/blobs/uploads/"))
            .send()
            .await
            .unwrap();
        assert!(
            begun.status().is_client_error(),
            "{name}: {}",
            begun.status()
        );
    }
    let traversal = "/v2/a/b/blobs/uploads/%2e%2e%2f%2e%2e%2fetc";
    assert!(
        rc.call(Method::GET, traversal)
            .send()
            .await
            .unwrap()
            .status()
            .is_client_error()
    );
    assert_eq!(
        std::fs::read_dir(rc.dir.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
    let put = |body: String| {
        let put = rc
            .call(Method::PUT, "/v2/a/b/manifests/1")
            .header("content-type", MANIFEST);
        put.body(body).send()
    };
    refused(
        put("[".to_owned()).await.unwrap(),
        StatusCode::BAD_REQUEST,
        "MANIFEST_INVALID",
    )
    .await;
    let deep = "[".repeat(100_000);
    refused(
        put(deep).await.unwrap(),
        StatusCode::BAD_REQUEST,
        "MANIFEST_INVALID",
    )
    .await;
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(5 << 20));
    refused(
        put(huge).await.unwrap(),
        StatusCode::PAYLOAD_TOO_LARGE,
        "MANIFEST_INVALID",
    )
    .await;
    let layer = json!({ "mediaType": "x", "digest": Digest::of(b""), "size": 0 });
    let many = json!({ "schemaVersion": 2, "layers": vec![layer; 2000] });
    refused(
        put(many.to_string()).await.unwrap(),
        StatusCode::BAD_REQUEST,
        "MANIFEST_INVALID",
    )
    .await;
    rc.stop().await;
}
