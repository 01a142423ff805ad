//! RC as the clients of other people see it: skopeo, the crate `oci-client`, and `wkg` when everything is asked for. The
//! registry is the one that `lly fleet up` starts.

use lly_brick::Digest;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, Config, ImageLayer};
use oci_client::manifest::{OciImageManifest, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use reqwest::Method;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests_kit::{Answer, Fleet, Output, repository, run};

const WASM: &str = "application/wasm";
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Three uploads of oci-client's 4 MiB and a rest.
const LARGE_BYTES: usize = (12 << 20) + 77;

/// A fleet, where its registry is, and the developer's token.
struct Rc {
    fleet: Fleet,
    /// `localhost:PORT`.
    host: String,
    token: String,
}

impl Rc {
    fn start() -> Rc {
        let fleet = Fleet::start(1);
        let text = std::fs::read(fleet.home.path().join("credentials")).unwrap();
        let credentials: Value = serde_json::from_slice(&text).unwrap();
        let url = credentials["rc_url"].as_str().unwrap();
        Rc {
            host: url.strip_prefix("https://").unwrap().to_owned(),
            token: credentials["token"].as_str().unwrap().to_owned(),
            fleet,
        }
    }

    fn send(&self, method: Method, path: &str, authorization: Option<&str>) -> Answer {
        let url = format!("https://{}{path}", self.host);
        let mut request = self.fleet.client().request(method, url);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        self.fleet.send(request).unwrap()
    }

    /// Another account's token.
    fn stranger(&self) -> String {
        let file = self.fleet.home.work().join("stranger.json");
        let file_name = file.to_str().unwrap();
        let add = ["fleet", "account", "add", "stranger", "--credentials"];
        self.fleet.lly(add.into_iter().chain([file_name])).success();
        let credentials: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        credentials["token"].as_str().unwrap().to_owned()
    }

    fn client(&self) -> Client {
        let data = std::fs::read(self.fleet.ca()).unwrap();
        let encoding = CertificateEncoding::Pem;
        Client::new(ClientConfig {
            tls_certs_only: vec![Certificate { encoding, data }],
            ..ClientConfig::default()
        })
    }

    fn developer(&self) -> RegistryAuth {
        RegistryAuth::Basic("dev".to_owned(), self.token.clone())
    }

    fn at(&self, repository: &str, tag: &str) -> Reference {
        Reference::with_tag(self.host.clone(), repository.to_owned(), tag.to_owned())
    }
}

/// Bytes that no compression and no chance makes equal elsewhere.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

#[test]
fn whoever_has_no_token_is_told_how_to_show_one() {
    let rc = Rc::start();
    let uploads = "/v2/dev/thing/blobs/uploads/";
    for authorization in [None, Some("Bearer wrong"), Some("Basic ZGV2Ondyb25n")] {
        let refused = rc.send(Method::POST, uploads, authorization).is(401);
        let challenge = refused.header("www-authenticate").unwrap();
        assert_eq!(challenge, "Basic realm=\"rc\"");
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(body["errors"][0]["code"], "UNAUTHORIZED");
    }
    let welcome = rc.send(Method::GET, "/v2/", None).is(200);
    assert_eq!(
        welcome.header("docker-distribution-api-version"),
        Some("registry/2.0")
    );
    let own = format!("Bearer {}", rc.token);
    rc.send(Method::POST, uploads, Some(&own)).is(202);
    // A repository is the account's that was there first.
    let stranger = format!("Bearer {}", rc.stranger());
    rc.send(Method::POST, uploads, Some(&stranger)).is(403);
    rc.send(
        Method::POST,
        "/v2/other/thing/blobs/uploads/",
        Some(&stranger),
    )
    .is(202);
}

#[test]
fn oci_client_pushes_in_pieces_and_pulls_the_same() {
    let rc = Rc::start();
    let (client, large) = (rc.client(), noise(LARGE_BYTES));
    let image = rc.at("dev/large", "1.0.0");
    let push = |auth: RegistryAuth| {
        let layers = [ImageLayer::new(large.clone(), WASM.to_owned(), None)];
        let config = Config::new(b"{}".to_vec(), WASM_CONFIG.to_owned(), None);
        let (client, image) = (&client, &image);
        async move { client.push(image, &layers, config, &auth, None).await }
    };
    rc.fleet.block_on(async {
        let refused = rc.client();
        let config = Config::new(b"{}".to_vec(), WASM_CONFIG.to_owned(), None);
        let anonymous = refused.push(&image, &[], config, &RegistryAuth::Anonymous, None);
        assert!(anonymous.await.is_err());

        push(rc.developer()).await.unwrap();
        let digest = client.fetch_manifest_digest(&image, &RegistryAuth::Anonymous);
        let digest = digest.await.unwrap();
        let pulled = rc
            .client()
            .pull(&image, &RegistryAuth::Anonymous, vec![WASM])
            .await
            .unwrap();
        assert_eq!(pulled.layers.len(), 1);
        assert!(pulled.layers[0].data == large);
        assert_eq!(pulled.digest.as_deref(), Some(digest.as_str()));
        // The same again is the same: nothing in it says when.
        push(rc.developer()).await.unwrap();
        let again = client.fetch_manifest_digest(&image, &RegistryAuth::Anonymous);
        assert_eq!(again.await.unwrap(), digest);
        let tags = client.list_tags(&image, &RegistryAuth::Anonymous, None, None);
        assert_eq!(tags.await.unwrap().tags, ["1.0.0"]);
    });
}

#[test]
fn oci_client_finds_what_refers_to_an_image() {
    let rc = Rc::start();
    let (client, image) = (rc.client(), rc.at("dev/signed", "1.0.0"));
    rc.fleet.block_on(async {
        let layers = [ImageLayer::new(
            b"component".to_vec(),
            WASM.to_owned(),
            None,
        )];
        let config = Config::new(b"{}".to_vec(), WASM_CONFIG.to_owned(), None);
        let auth = rc.developer();
        let pushed = client.push(&image, &layers, config, &auth, None);
        pushed.await.unwrap();
        let (body, digest) = client
            .pull_manifest_raw(&image, &RegistryAuth::Anonymous, &[MANIFEST])
            .await
            .unwrap();
        let subject = image.clone_with_digest(digest.clone());
        let none = client.pull_referrers(&subject, None).await.unwrap();
        assert_eq!(none.manifests.len(), 0);

        let signature = signature_of(&body, &digest);
        let auth = rc.developer();
        let at = rc.at("dev/signed", "signature");
        client
            .auth(&at, &auth, RegistryOperation::Push)
            .await
            .unwrap();
        client.store_auth_if_needed(&rc.host, &auth).await;
        let empty = Digest::of(b"{}").to_string();
        client.push_blob(&at, b"{}".to_vec(), &empty).await.unwrap();
        let manifest = OciManifest::Image(signature);
        client.push_manifest(&at, &manifest).await.unwrap();
        for (kind, count) in [(None, 1), (Some("test/signature"), 1), (Some("test/x"), 0)] {
            let found = client.pull_referrers(&subject, kind).await.unwrap();
            assert_eq!(found.manifests.len(), count, "{kind:?}");
        }
    });
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn signature_of(body: &[u8], digest: &str) -> OciImageManifest {
    let empty = json!({
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": Digest::of(b"{}"),
        "size": 2,
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "test/signature",
        "config": empty,
        "layers": [empty],
        "subject": { "mediaType": MANIFEST, "digest": digest, "size": body.len() },
    });
    serde_json::from_value(manifest).unwrap()
}

/// A tool of `cargo xtask setup`, else one on PATH.
fn tool(name: &str) -> Command {
    let own = repository().join("target/lily/tools/bin").join(name);
    Command::new(if own.is_file() {
        own
    } else {
        PathBuf::from(name)
    })
}

/// skopeo in a folder of its own: it must not see what whoever runs the tests is logged in to.
fn skopeo<S: AsRef<OsStr>>(rc: &Rc, arguments: impl IntoIterator<Item = S>) -> Output {
    let home = rc.fleet.home.work();
    let certificates = home.join("certs.d");
    std::fs::create_dir_all(&certificates).unwrap();
    std::fs::copy(rc.fleet.ca(), certificates.join("ca.crt")).unwrap();
    let mut command = tool("skopeo");
    command
        .args(["--insecure-policy", "--tmpdir", "."])
        .args(arguments)
        .current_dir(&home)
        .env("HOME", &home)
        .env("XDG_RUNTIME_DIR", &home)
        .env_remove("REGISTRY_AUTH_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    run(command, b"")
}

/// An OCI layout with one image, and the digest of its manifest.
fn layout(folder: &Path, component: &[u8]) -> Digest {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let keep = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!(digest)
    };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": WASM_CONFIG, "digest": keep(b"{}"), "size": 2 },
        "layers": [{ "mediaType": WASM, "digest": keep(component), "size": component.len() }],
    });
    let manifest = manifest.to_string();
    let digest = keep(manifest.as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": MANIFEST, "digest": digest, "size": manifest.len(),
        "annotations": { "org.opencontainers.image.ref.name": "1.0.0" },
    }] });
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    std::fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .unwrap();
    Digest::of(manifest.as_bytes())
}

#[test]
fn skopeo_copies_in_across_and_out() {
    let rc = Rc::start();
    let work = rc.fleet.home.work();
    let digest = layout(&work.join("in"), &noise(3 << 20));
    let credentials = format!("dev:{}", rc.token);
    let first = format!("docker://{}/dev/first:1.0.0", rc.host);
    let second = format!("docker://{}/dev/second:1.0.0", rc.host);
    let into = ["copy", "--dest-cert-dir", "certs.d"];

    let anonymous = into
        .into_iter()
        .chain(["--dest-no-creds", "oci:in:1.0.0", &first]);
    let refused = skopeo(&rc, anonymous);
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.stderr.contains("unauthorized"),
        "{}",
        refused.stderr
    );

    let pushed = into
        .into_iter()
        .chain(["--dest-creds", &credentials, "oci:in:1.0.0", &first]);
    skopeo(&rc, pushed).success();
    let across = into.into_iter().chain([
        "--src-cert-dir",
        "certs.d",
        "--dest-creds",
        &credentials,
        &first,
        &second,
    ]);
    skopeo(&rc, across).success();
    let out = ["copy", "--src-cert-dir", "certs.d", "--src-no-creds"];
    skopeo(&rc, out.into_iter().chain([&*second, "oci:out:1.0.0"])).success();

    let blobs = |folder: &str| {
        let files = std::fs::read_dir(work.join(folder).join("blobs/sha256")).unwrap();
        let mut files: Vec<_> = files
            .map(|file| file.unwrap())
            .map(|file| (file.file_name(), std::fs::read(file.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    assert!(blobs("in") == blobs("out"));
    let raw = [
        "inspect",
        "--raw",
        "--cert-dir",
        "certs.d",
        "--no-creds",
        &second,
    ];
    let manifest = skopeo(&rc, raw).success().stdout;
    assert_eq!(Digest::of(manifest.as_bytes()), digest);
    let listed = ["list-tags", "--cert-dir", "certs.d", "--no-creds"];
    let listed = listed
        .into_iter()
        .chain([second.trim_end_matches(":1.0.0")]);
    let listed: Value = serde_json::from_str(&skopeo(&rc, listed).success().stdout).unwrap();
    assert_eq!(listed["Tags"], json!(["1.0.0"]));

    // What was deleted is gone there, and only there.
    let delete = [
        "delete",
        "--cert-dir",
        "certs.d",
        "--creds",
        &credentials,
        &first,
    ];
    skopeo(&rc, delete).success();
    let path = |name: &str| format!("/v2/dev/{name}/manifests/1.0.0");
    rc.send(Method::GET, &path("first"), None).is(404);
    rc.send(Method::GET, &path("second"), None).is(200);
}

/// wkg in a folder of its own, which knows where two namespaces are: it looks for the registry of a name itself only over
/// plain HTTP where the host is `localhost`.
fn wkg(rc: &Rc, arguments: &[&str]) -> Output {
    let (home, host) = (rc.fleet.home.work(), &rc.host);
    let mut config = format!(
        "[registry.\"{host}\".oci]\nauth = {{ username = \"dev\", password = \"{}\" }}\n[namespace_registries]\n",
        rc.token
    );
    for namespace in ["acme", "components"] {
        config += &format!(
            "{namespace} = {{ registry = \"{host}\", metadata = {{ preferredProtocol = \"oci\", \
             oci = {{ registry = \"{host}\" }} }} }}\n"
        );
    }
    std::fs::write(home.join("wkg-config.toml"), config).unwrap();
    let mut command = tool("wkg");
    command
        .args(arguments)
        .current_dir(&home)
        .env("HOME", &home)
        .env("WKG_CONFIG_FILE", home.join("wkg-config.toml"))
        .env("WKG_CACHE_DIR", home.join("wkg-cache"))
        .env("SSL_CERT_FILE", rc.fleet.ca())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    run(command, b"")
}

/// The wat frontend, signed and published, and its version.
fn published(rc: &Rc) -> String {
    let package = repository().join("target/lily/plugins/wat.plugin");
    let (fleet, package) = (&rc.fleet, package.to_str().unwrap());
    fleet
        .lly(["plugin", "key", "generate", "acme.key"])
        .success();
    fleet
        .lly(["plugin", "publish", package, "--key", "acme.key"])
        .success();
    let found = fleet.home.json(["plugin", "search", "wat"]);
    found["plugins"][0]["version"].as_str().unwrap().to_owned()
}

#[test]
fn a_published_plugin_is_there_for_every_client_and_every_reader() {
    let rc = Rc::start();
    let version = published(&rc);
    let image = rc.at("plugins/wat", &version);
    let (component, digest) = rc.fleet.block_on(async {
        let (client, anonymous) = (rc.client(), RegistryAuth::Anonymous);
        let (manifest, digest) = client
            .pull_image_manifest(&image, &anonymous)
            .await
            .unwrap();
        assert_eq!(manifest.layers[0].media_type, WASM);
        let mut component = Vec::new();
        let pulled = client.pull_blob(&image, &manifest.layers[0], &mut component);
        pulled.await.unwrap();
        // A published version never changes, whoever asks and whatever with.
        let layers = [ImageLayer::new(component.clone(), WASM.to_owned(), None)];
        let config = Config::new(b"{}".to_vec(), WASM_CONFIG.to_owned(), None);
        let (pusher, auth) = (rc.client(), rc.developer());
        let again = pusher.push(&image, &layers, config, &auth, None);
        let error = again.await.err().unwrap().to_string();
        assert!(error.contains("never changes"), "{error}");
        (component, digest)
    });
    assert!(component.starts_with(b"\0asm\x0d\0\x01\0"));

    let source = format!("docker://{}/plugins/wat:{version}", rc.host);
    let out = ["copy", "--src-cert-dir", "certs.d", "--src-no-creds"];
    skopeo(&rc, out.into_iter().chain([&*source, "oci:wat:here"])).success();
    let digest: Digest = digest.parse().unwrap();
    let copied = rc.fleet.home.work().join("wat/blobs/sha256");
    assert!(copied.join(digest.hex()).is_file());

    wkg(
        &rc,
        &[
            "get",
            "components:wat",
            "--format",
            "wasm",
            "-o",
            "./wat.wasm",
        ],
    )
    .success();
    let work = rc.fleet.home.work();
    assert!(std::fs::read(work.join("wat.wasm")).unwrap() == component);
    let wit = work.join("wit");
    std::fs::create_dir(&wit).unwrap();
    let text = "package acme:sums@1.0.0;\n\ninterface sums { add: func(a: u32, b: u32) -> u32; }\n";
    std::fs::write(wit.join("sums.wit"), text).unwrap();
    wkg(&rc, &["build", "--wit-dir", "wit", "-o", "./sums.wasm"]).success();
    wkg(&rc, &["publish", "sums.wasm"]).success();
    wkg(&rc, &["get", "acme:sums", "-o", "./same.wasm"]).success();
    let same = std::fs::read(work.join("same.wasm")).unwrap();
    assert!(same == std::fs::read(work.join("sums.wasm")).unwrap());

    let front = rc.send(Method::GET, "/", None).is(200).text();
    assert!(front.contains("<a href=\"/plugins/wat\">"), "{front}");
    let page = rc.send(Method::GET, "/plugins/wat", None).is(200).text();
    for text in [
        &*digest.to_string(),
        "export lower: func(sources: list&lt;source-file&gt;",
        "package lily:frontend@",
    ] {
        assert!(page.contains(text), "no `{text}` in {page}");
    }
}
