//! `install.sh` from the registry alone, in shells that know POSIX and nothing more, with the few programs that it names on
//! the PATH; and every way in which a release can be wrong.

use crate::programs::{self, find};
use crate::rc::{MANIFEST, Rc, header, refused};
use lly_brick::Digest;
use registry_client::{SigningKey, keys, release};
use registry_index::{Envelope, INDEX_PAYLOAD, NewestRelease};
use registry_server::releases::{KEY_FILE, NEWEST_FILE};
use reqwest::{Method, StatusCode};
use semver::Version;
use serde_json::json;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const REPOSITORY: &str = "releases/lly";
/// What the script may use besides what the shell itself can do.
const PROGRAMS: [&str; 10] = [
    "openssl", "uname", "mkdir", "mktemp", "rm", "cat", "chmod", "mv", "sh", "curl",
];

/// A folder that is the whole PATH.
fn path_of(folder: &Path, programs: &[&str]) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    for program in programs {
        symlink(find(program), folder.join(program)).unwrap();
    }
    folder.to_owned()
}

/// A platform that this machine is not of.
const OTHER: &str = if cfg!(target_arch = "x86_64") {
    "aarch64-linux"
} else {
    "x86_64-linux"
};

fn platform() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

fn platform_file(version: &str) -> String {
    format!("lly-{version}-{}", platform())
}

fn program(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho lly {version}\n").into_bytes()
}

/// Puts a release there: the program, the sums and the signature over them.
async fn release(rc: &Rc, version: &str, program: &[u8], sums: &str, key: &SigningKey) {
    use base64::Engine as _;
    let signature = key.sign(sums.as_bytes()).unwrap();
    let signature = base64::engine::general_purpose::STANDARD.encode(signature);
    let mut layers = Vec::new();
    for (title, bytes) in [
        (platform_file(version), program),
        ("SHA256SUMS".to_owned(), sums.as_bytes()),
        ("SHA256SUMS.sig".to_owned(), signature.as_bytes()),
    ] {
        layers.push(json!({
            "mediaType": "application/octet-stream",
            "digest": rc.push(REPOSITORY, bytes).await,
            "size": bytes.len(),
            "annotations": { "org.opencontainers.image.title": title },
        }));
    }
    let config = rc.push(REPOSITORY, b"{}").await;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
        "layers": layers,
    });
    let put = rc.put_manifest(REPOSITORY, version, &manifest).await;
    assert_eq!(put.status(), StatusCode::CREATED);
}

/// Runs `rc release` on the registry's data with this key.
async fn rc_release(rc: &Rc, key: &SigningKey, arguments: &[&str]) -> Output {
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("release.key");
    keys::save(key, &file, "secret").unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rc"));
    command
        .arg("release")
        .arg("--key")
        .arg(file)
        .arg("--data")
        .arg(rc.dir.path())
        .args(["--database-url", &rc.database_url()])
        .args(arguments)
        .env("LLY_KEY_PASSPHRASE", "secret");
    programs::run(command).await
}

async fn good_release(rc: &Rc, version: &str, key: &SigningKey) {
    let file = rc.dir.path().join(format!("program-{version}"));
    std::fs::write(&file, program(version)).unwrap();
    let own = format!("{}={}", platform(), file.display());
    let other = format!("{OTHER}={}", file.display());
    let output = rc_release(rc, key, &[version, &other, &own]).await;
    assert!(output.status.success(), "{output:?}");
}

fn sums(version: &str, program: &[u8]) -> String {
    format!(
        "{}  lly-{version}-other-system\n{}  {}\n",
        Digest::of(b"other").hex(),
        Digest::of(program).hex(),
        platform_file(version)
    )
}

/// A registry and a publisher's key.
async fn start() -> (Rc, SigningKey) {
    (Rc::start().await, keys::generate().unwrap())
}

struct Machine {
    root: tempfile::TempDir,
    script: String,
}

impl Machine {
    async fn new(rc: &Rc) -> Machine {
        let response = rc.get("/install.sh").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(header(&response, "content-type").starts_with("text/x-shellscript"));
        let root = tempfile::tempdir().unwrap();
        path_of(&root.path().join("bin"), &PROGRAMS);
        Machine {
            root,
            script: response.text().await.unwrap(),
        }
    }

    /// Runs the script as `curl … | sh` does, with nothing in the environment but this.
    async fn run(&self, shell: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(find(shell[0]));
        command
            .args(&shell[1..])
            .env_clear()
            .env("PATH", self.root.path().join("bin"))
            .env("HOME", self.root.path())
            .envs(environment.iter().copied())
            .stdin(std::fs::File::open(self.write()).unwrap());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    fn write(&self) -> PathBuf {
        let file = self.root.path().join("install.sh");
        std::fs::write(&file, &self.script).unwrap();
        file
    }

    fn installed(&self) -> Option<String> {
        std::fs::read_to_string(self.root.path().join(".local/bin/lly")).ok()
    }

    /// From now on the registry answers this when it is asked for the newest release, as a liar on the way does: the only
    /// `curl` there is sees to that.
    fn lie(&self, answer: &[u8]) {
        let root = self.root.path();
        std::fs::write(root.join("answer"), answer).unwrap();
        let curl = root.join("bin/curl");
        std::fs::remove_file(&curl).unwrap();
        let text = format!(
            "#!/bin/sh\nto=\nfor word in \"$@\"; do\n  case \"$word\" in */releases/latest) exec cat '{}' >\"$to\" ;; esac\n  \
             [ \"$last\" != --output ] || to=$word\n  last=$word\ndone\nexec '{}' \"$@\"\n",
            root.join("answer").display(),
            find("curl").display()
        );
        std::fs::write(&curl, text).unwrap();
        std::fs::set_permissions(&curl, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Nothing but `lly` itself is left where it was installed.
    fn is_tidy(&self) {
        let folder = std::fs::read_dir(self.root.path().join(".local/bin"));
        for entry in folder.into_iter().flatten().flatten() {
            assert_eq!(entry.file_name(), "lly");
        }
    }
}

/// What the registry says is the newest release.
async fn newest(rc: &Rc) -> Vec<u8> {
    let response = rc.get("/releases/latest").await;
    assert_eq!(response.status(), StatusCode::OK);
    response.bytes().await.unwrap().to_vec()
}

/// Somebody says that.
fn signed(key: &SigningKey, serial: u64, version: &str) -> Vec<u8> {
    let json = format!(r#"{{"schema":1,"serial":{serial},"version":"{version}"}}"#);
    let newest = NewestRelease::parse(json.as_bytes()).unwrap();
    release::signed_newest(&newest, key).unwrap()
}

fn says(output: &Output, text: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(text), "no `{text}` in: {said}");
}

#[tokio::test]
async fn the_newest_release_is_installed_by_every_shell() {
    let (rc, key) = start().await;
    for version in ["0.9.0", "0.10.0", "0.11.0-rc.1"] {
        good_release(&rc, version, &key).await;
    }
    for (shell, fetcher) in [
        ("sh", "curl"),
        ("dash", "curl"),
        ("dash", "wget"),
        ("bash", "wget"),
    ] {
        let machine = Machine::new(&rc).await;
        if fetcher != "curl" {
            std::fs::remove_file(machine.root.path().join("bin/curl")).unwrap();
            path_of(&machine.root.path().join("bin"), &[fetcher]);
        }
        let output = machine.run(&[shell], &[]).await;
        assert!(output.status.success(), "{shell} {output:?}");
        says(&output, "lly 0.10.0 is in");
        says(&output, "add it to your PATH");
        assert!(output.stdout.is_empty());
        let lly = machine.root.path().join(".local/bin/lly");
        let mode = std::fs::metadata(&lly).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        let ran = Command::new(lly).output().unwrap();
        assert_eq!(ran.stdout, b"lly 0.10.0\n");
        machine.is_tidy();
        let older = machine.run(&[shell], &[("LLY_VERSION", "0.9.0")]).await;
        assert!(older.status.success(), "{older:?}");
        assert!(machine.installed().unwrap().contains("0.9.0"));
    }
    rc.stop().await;
}

#[tokio::test]
async fn a_release_that_is_not_the_publishers_is_refused_and_what_was_there_stays() {
    let (rc, key) = start().await;
    let other = keys::generate().unwrap();
    good_release(&rc, "1.0.0", &key).await;
    let forged = program("2.0.0");
    release(
        &rc,
        "2.0.0",
        b"#!/bin/sh\nevil\n",
        &sums("2.0.0", &forged),
        &key,
    )
    .await;
    let own = program("2.1.0");
    release(&rc, "2.1.0", &own, &sums("2.1.0", &own), &other).await;
    // The signed sums of another release, in the hope that nobody reads names.
    let replayed = program("1.0.0");
    release(&rc, "2.2.0", &replayed, &sums("1.0.0", &replayed), &key).await;
    release(
        &rc,
        "2.3.0",
        b"no program",
        &sums("2.3.0", b"no program"),
        &key,
    )
    .await;
    let machine = Machine::new(&rc).await;
    let good = machine.run(&["sh"], &[("LLY_VERSION", "1.0.0")]).await;
    assert!(good.status.success(), "{good:?}");
    let public = machine.root.path().join("other.pub");
    std::fs::write(&public, other.public().pem()).unwrap();
    let public = public.to_str().unwrap();
    let cases: [(&[(&str, &str)], &str); 8] = [
        (
            &[("LLY_VERSION", "2.0.0")],
            "is not the file that was released",
        ),
        (&[("LLY_VERSION", "2.1.0")], "is not the publisher's"),
        (&[("LLY_VERSION", "2.2.0")], "the release has no lly-2.2.0"),
        (&[("LLY_VERSION", "2.3.0")], "does not run on this machine"),
        (&[("LLY_VERSION", "9.9.9")], "cannot fetch"),
        (&[("LLY_VERSION", "../x")], "this is not a version"),
        (
            &[("LLY_VERSION", "1.0.0"), ("LLY_RELEASE_KEY", public)],
            "is not the publisher's",
        ),
        (&[("LLY_RELEASE_KEY", "/nowhere")], "cannot read /nowhere"),
    ];
    for (environment, sentence) in cases {
        let output = machine.run(&["sh"], environment).await;
        assert_eq!(output.status.code(), Some(1), "{environment:?} {output:?}");
        says(&output, sentence);
        assert!(machine.installed().unwrap().contains("1.0.0"));
        machine.is_tidy();
    }
    rc.stop().await;
}

#[tokio::test]
async fn a_registry_that_lies_about_the_newest_release_is_caught() {
    let (rc, key) = start().await;
    let other = keys::generate().unwrap();
    good_release(&rc, "1.0.0", &key).await;
    let old = newest(&rc).await;
    good_release(&rc, "1.10.0", &key).await;
    let good = newest(&rc).await;
    let text = String::from_utf8(good.clone()).unwrap();
    let changed = {
        let mut envelope = Envelope::parse(&good).unwrap();
        envelope.payload = br#"{"schema":1,"serial":9,"version":"1.0.0"}"#.to_vec();
        envelope.render()
    };
    // The publisher signed that, but as something else.
    let payload = br#"{"schema":1,"serial":9,"version":"1.0.0"}"#.to_vec();
    let other_type = key.envelope(INDEX_PAYLOAD, payload).unwrap().render();
    let cases: [(&str, Vec<u8>, &str); 8] = [
        (
            "replayed",
            old.clone(),
            "shows an old answer about the newest release: serial 1, and 2 was seen",
        ),
        (
            "by another",
            signed(&other, 9, "1.0.0"),
            "is not signed by the publisher",
        ),
        ("changed", changed, "is not signed by the publisher"),
        ("another type", other_type, "is not signed by the publisher"),
        (
            "unsigned",
            b"1.0.0\n".to_vec(),
            "is not signed by the publisher",
        ),
        (
            "stripped",
            text.replace("\"sig\"", "\"gis\"").into_bytes(),
            "is not signed by the publisher",
        ),
        ("nothing", Vec::new(), "is not signed by the publisher"),
        // The publisher says so: whoever has a newer one is asked.
        (
            "taken back",
            signed(&key, 3, "1.0.0"),
            "lly 1.10.0 is installed, and the newest release is 1.0.0, which is older",
        ),
    ];
    for shell in ["sh", "dash", "bash"] {
        let machine = Machine::new(&rc).await;
        let output = machine.run(&[shell], &[]).await;
        assert!(output.status.success(), "{output:?}");
        assert!(machine.installed().unwrap().contains("1.10.0"));
        for (name, answer, sentence) in &cases {
            machine.lie(answer);
            let output = machine.run(&[shell], &[]).await;
            assert_eq!(output.status.code(), Some(1), "{name} {output:?}");
            says(&output, sentence);
            assert!(machine.installed().unwrap().contains("1.10.0"), "{name}");
            machine.is_tidy();
        }
        let back = machine
            .run(&[shell, "-s", "--", "--allow-downgrade"], &[])
            .await;
        assert!(back.status.success(), "{back:?}");
        assert!(machine.installed().unwrap().contains("1.0.0"));
        let wrong = machine.run(&[shell, "-s", "--", "--force"], &[]).await;
        assert_eq!(wrong.status.code(), Some(1));
        says(&wrong, "this is no option: --force");
        // What was said last is now the oldest that is believed.
        machine.lie(&good);
        let output = machine.run(&[shell], &[]).await;
        says(&output, "serial 2, and 3 was seen before");
    }
    // Somebody who sees a registry for the first time cannot know what it said before.
    let machine = Machine::new(&rc).await;
    machine.lie(&old);
    let output = machine.run(&["sh"], &[]).await;
    assert!(output.status.success(), "{output:?}");
    assert!(machine.installed().unwrap().contains("1.0.0"));
    rc.stop().await;
}

#[tokio::test]
async fn a_publisher_who_becomes_another_is_noticed() {
    let (rc, key) = start().await;
    good_release(&rc, "1.0.0", &key).await;
    let mut machine = Machine::new(&rc).await;
    assert!(machine.run(&["dash"], &[]).await.status.success());
    let pinned = machine.root.path().join(".lly/release.pub");
    let kept = std::fs::read_to_string(&pinned).unwrap();
    assert_eq!(kept.trim(), key.public().pem().trim());
    let other = keys::generate().unwrap();
    machine.script = machine
        .script
        .replace(key.public().pem().trim(), other.public().pem().trim());
    let output = machine.run(&["dash"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    says(
        &output,
        "the publisher's key is not the one that lly came from before",
    );
    assert!(machine.installed().unwrap().contains("1.0.0"));
    // Named, it is the right one, and stays it.
    let named = machine.root.path().join("named.pub");
    std::fs::write(&named, key.public().pem()).unwrap();
    let named = [("LLY_RELEASE_KEY", named.to_str().unwrap())];
    assert!(machine.run(&["dash"], &named).await.status.success());
    rc.stop().await;
}

#[tokio::test]
async fn versions_are_compared_as_semver_has_it() {
    let (rc, key) = start().await;
    good_release(&rc, "1.0.0", &key).await;
    let machine = Machine::new(&rc).await;
    // Everything but the last line, which runs it.
    let functions = machine.script.rsplit_once("main \"$@\"").unwrap().0;
    let file = machine.root.path().join("functions.sh");
    std::fs::write(&file, functions).unwrap();
    let ascending = [
        "0.9.0",
        "0.10.0",
        "1.0.0-0.3",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0-rc-1",
        "1.0.0-rca",
        "1.0.0",
        "1.0.18446744073709551614",
        "1.0.18446744073709551615",
        "2.0.0-x",
    ];
    for shell in ["dash", "bash"] {
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                let older: bool = one.parse::<Version>().unwrap() < other.parse().unwrap();
                assert_eq!(older, at < other_at, "{one} {other}");
            }
        }
        let mut script = format!(". '{}'\n", file.display());
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                let wanted = if at < other_at { "" } else { "! " };
                script += &format!("{wanted}older {one} {other} || echo {one} {other}\n");
            }
        }
        let output = Command::new(find(shell))
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{shell}");
    }
    rc.stop().await;
}

#[tokio::test]
async fn half_a_script_does_nothing_and_no_openssl_is_no_reason_to_trust() {
    let (rc, key) = start().await;
    good_release(&rc, "1.0.0", &key).await;
    let mut machine = Machine::new(&rc).await;
    std::fs::remove_file(machine.root.path().join("bin/openssl")).unwrap();
    let output = machine.run(&["sh"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    says(&output, "openssl is missing");
    says(&output, "install it (");
    path_of(&machine.root.path().join("bin"), &["openssl"]);
    std::fs::remove_file(machine.root.path().join("bin/curl")).unwrap();
    let output = machine.run(&["sh"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    says(&output, "there is neither curl nor wget: install one");
    assert_eq!(machine.installed(), None);
    path_of(&machine.root.path().join("bin"), &["curl"]);
    let whole = machine.script.clone();
    for cut in (0..whole.len() - "main \"$@\"\n".len()).step_by(97) {
        machine.script = whole[..cut].to_owned();
        machine.run(&["sh"], &[]).await;
        assert_eq!(machine.installed(), None, "{cut}");
    }
    rc.stop().await;
}

#[tokio::test]
async fn the_script_names_no_host_that_is_no_host() {
    let rc = Rc::start().await;
    // Without a publisher's key nothing is offered.
    let front = rc.get("/").await.text().await.unwrap();
    assert!(!front.contains("install.sh"), "{front}");
    refused(
        rc.get("/install.sh").await,
        StatusCode::NOT_FOUND,
        "RELEASE_UNKNOWN",
    )
    .await;
    refused(
        rc.get("/releases/latest").await,
        StatusCode::NOT_FOUND,
        "RELEASE_UNKNOWN",
    )
    .await;
    rc.stop().await;
    let (rc, key) = start().await;
    good_release(&rc, "1.0.0", &key).await;
    for host in ["a'b", "a$(id)", "a b", "a/b"] {
        let asked = rc
            .anonymous(Method::GET, "/install.sh")
            .header("host", host);
        let response = asked.send().await.unwrap();
        refused(response, StatusCode::BAD_REQUEST, "HOST_INVALID").await;
    }
    for path in [
        "1.0.0/nothing",
        "1.0.1/SHA256SUMS",
        "latest/SHA256SUMS",
        "1.0.0/..%2fSHA256SUMS",
    ] {
        let response = rc.get(&format!("/releases/{path}")).await;
        refused(response, StatusCode::NOT_FOUND, "RELEASE_UNKNOWN").await;
    }
    rc.stop().await;
}

#[tokio::test]
async fn a_released_version_never_changes_and_its_publisher_is_pinned() {
    let (rc, key) = start().await;
    good_release(&rc, "1.0.0", &key).await;
    let pinned = std::fs::read_to_string(rc.dir.path().join(KEY_FILE)).unwrap();
    assert_eq!(pinned, key.public().pem());
    let file = rc.dir.path().join("program");
    let own = format!("{}={}", platform(), file.display());
    std::fs::write(&file, b"other").unwrap();
    let other_key = keys::generate().unwrap();
    let cases: [(&SigningKey, &[&str], &str); 6] = [
        (&key, &["1.0.0", &own], "a released version never changes"),
        (&other_key, &["1.1.0", &own], "holds another public key"),
        (
            &key,
            &["1.1.0", "sparc-sunos=/x"],
            "no platform that install.sh knows",
        ),
        (&key, &["1.1.0", "lly"], "is not PLATFORM=FILE"),
        (&key, &["1.1.0", &own, &own], "two programs"),
        (&key, &["one", &own], "invalid value 'one'"),
    ];
    for (key, arguments, sentence) in cases {
        let output = rc_release(&rc, key, arguments).await;
        assert!(!output.status.success(), "{arguments:?}");
        says(&output, sentence);
    }
    // The same again is no second release.
    good_release(&rc, "1.0.0", &key).await;
    let latest = newest(&rc).await;
    let said = release::check_newest(&latest, key.public()).unwrap();
    assert_eq!(
        (said.serial, said.version.to_string()),
        (1, "1.0.0".to_owned())
    );
    // What lies there and is not signed with the pinned key is shown to nobody.
    let file = rc.dir.path().join(NEWEST_FILE);
    std::fs::write(&file, signed(&other_key, 7, "9.9.9")).unwrap();
    let latest = rc.get("/releases/latest").await;
    refused(latest, StatusCode::NOT_FOUND, "RELEASE_UNKNOWN").await;
    // A release that was interrupted before the newest was signed is completed by the same again.
    std::fs::remove_file(&file).unwrap();
    good_release(&rc, "1.0.0", &key).await;
    assert!(release::check_newest(&newest(&rc).await, key.public()).is_ok());
    let front = rc.get("/").await.text().await.unwrap();
    let link = format!(
        "<a href=\"/releases/1.0.0/{0}\">{0}</a>",
        platform_file("1.0.0")
    );
    let line = format!("<pre>curl -fsS http://{}/install.sh | sh</pre>", rc.address);
    assert!(front.contains(&link) && front.contains(&line), "{front}");
    // It is an artifact like any other, and no account of the fleet can push one.
    let manifest = rc.get("/v2/releases/lly/manifests/1.0.0").await;
    assert_eq!(manifest.status(), StatusCode::OK);
    let account = rc.account("mallory").await;
    let push = rc
        .anonymous(Method::POST, "/v2/releases/lly/blobs/uploads/")
        .bearer_auth(account);
    refused(push.send().await.unwrap(), StatusCode::FORBIDDEN, "DENIED").await;
    rc.stop().await;
}
