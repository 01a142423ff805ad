//! RC as `wkg`, the package tool of the Bytecode Alliance, sees it: what it publishes it gets back, and a plugin that was
//! published with `lly` is a package like any other.

use crate::plugins::{User, package};
use crate::programs::{self, tool};
use crate::rc::Rc;
use registry_client::Network;
use semver::Version;
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::process::Command;

/// Somebody with wkg, a folder, and what they are logged in with.
struct Somebody {
    folder: tempfile::TempDir,
    registry: String,
}

impl Somebody {
    fn new(rc: &Rc, token: Option<&str>) -> Somebody {
        let folder = tempfile::tempdir().unwrap();
        let registry = rc.address.clone();
        let login = token.map_or(String::new(), |token| {
            format!("auth = {{ username = \"ci\", password = \"{token}\" }}\n")
        });
        // Plain HTTP must be said; all else wkg asks the registry for, at /.well-known/wasm-pkg/registry.json.
        let config = format!(
            "default_registry = \"{registry}\"\n[registry.\"{registry}\".oci]\nprotocol = \"http\"\n{login}"
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        Somebody { folder, registry }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    async fn wkg(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(tool("wkg"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("WKG_CONFIG_FILE", self.folder.path().join("config.toml"))
            .env("WKG_CACHE_DIR", self.folder.path().join("cache"));
        programs::run(command).await
    }

    async fn publish(&self, file: &Path) -> Output {
        self.wkg(&["publish", file.to_str().unwrap()]).await
    }
}

/// A package of WIT in its binary form.
fn wit(text: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("made.wit", text).unwrap();
    wit_component::encode(&resolve, package).unwrap()
}

fn sums(version: &str, functions: &str) -> Vec<u8> {
    wit(&format!(
        "package acme:sums@{version};\n\ninterface sums {{ add: func(a: u32, b: u32) -> u32; {functions} }}\n\n\
         world adder {{ export sums; }}\n"
    ))
}

fn succeeds(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn fails(output: &Output, text: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.to_lowercase().contains(text), "no `{text}` in: {said}");
}

#[tokio::test]
async fn what_wkg_publishes_it_gets() {
    let rc = Rc::start().await;
    let token = rc.token("ci", "acme/*").await;
    let acme = Somebody::new(&rc, Some(&token));
    let (old, new) = (
        sums("1.0.0", ""),
        sums("1.1.0", "double: func(a: u32) -> u32;"),
    );
    let (old_file, new_file) = (acme.write("old.wasm", &old), acme.write("new.wasm", &new));

    let stranger = Somebody::new(&rc, None);
    fails(&stranger.publish(&old_file).await, "unauthorized");
    let other = rc.token("other", "else/*").await;
    let other = Somebody::new(&rc, Some(&other));
    fails(&other.publish(&old_file).await, "denied");

    succeeds(&acme.publish(&old_file).await);
    succeeds(&acme.publish(&new_file).await);
    fails(&acme.publish(&new_file).await, "already exists");
    // Whoever pulls needs no token.
    succeeds(
        &stranger
            .wkg(&["get", "acme:sums@1.0.0", "-o", "./a.wasm"])
            .await,
    );
    assert!(stranger.read("a.wasm") == old);
    succeeds(&stranger.wkg(&["get", "acme:sums", "-o", "./b.wasm"]).await);
    assert!(stranger.read("b.wasm") == new);
    succeeds(&stranger.wkg(&["get", "acme:sums", "-o", "./c.wit"]).await);
    let text = String::from_utf8(stranger.read("c.wit")).unwrap();
    assert!(text.contains("double: func(a: u32) -> u32;"), "{text}");
    fails(
        &stranger
            .wkg(&["get", "acme:sums@9.0.0", "-o", "./d.wasm"])
            .await,
        "no such manifest",
    );
    rc.stop().await;
}

#[tokio::test]
async fn wkg_builds_against_what_was_published() {
    let rc = Rc::start().await;
    let token = rc.token("ci", "acme/*").await;
    let acme = Somebody::new(&rc, Some(&token));
    let file = acme.write("sums.wasm", &sums("1.0.0", ""));
    succeeds(&acme.publish(&file).await);
    // A project of somebody else imports the interface; wkg finds it in the registry and locks it.
    let user = Somebody::new(&rc, None);
    std::fs::create_dir(user.folder.path().join("wit")).unwrap();
    let world = "package user:app@0.1.0;\n\nworld app { import acme:sums/sums@1.0.0; }\n";
    user.write("wit/app.wit", world.as_bytes());
    succeeds(
        &user
            .wkg(&["build", "--wit-dir", "wit", "-o", "./app.wasm"])
            .await,
    );
    let built = user.read("app.wasm");
    let decoded = wit_component::decode(&built).unwrap();
    let packages = &decoded.resolve().package_names;
    assert!(
        packages
            .keys()
            .any(|name| name.to_string() == "acme:sums@1.0.0"),
        "{packages:?}"
    );
    let locked = String::from_utf8(user.read("wkg.lock")).unwrap();
    assert!(locked.contains("acme:sums"), "{locked}");
    assert!(locked.contains(&user.registry), "{locked}");
    rc.stop().await;
}

#[tokio::test]
async fn a_plugin_is_a_package_and_a_component_that_wkg_pushes_is_pulled() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    let component = wit("package made:here@1.0.0;\n\ninterface one { f: func(); }\n");
    let newer = wit("package made:here@1.1.0;\n\ninterface one { f: func(); g: func(); }\n");
    for (version, component) in [("0.2.0", &component), ("0.3.0", &newer)] {
        let published = user.publish(&rc, package(version, component)).await;
        published.unwrap();
    }
    let stranger = Somebody::new(&rc, None);
    let get = [
        "get",
        "components:wat",
        "--format",
        "wasm",
        "--overwrite",
        "-o",
        "./wat.wasm",
    ];
    succeeds(&stranger.wkg(&get).await);
    assert!(stranger.read("wat.wasm") == newer);
    // What was withdrawn is not the newest any more, until it comes back.
    let registry = user.registry(&rc, Network::Online);
    for (reason, expected) in [(Some("broken"), &component), (None, &newer)] {
        let version = Version::new(0, 3, 0);
        registry.yank("wat", &version, reason).await.unwrap();
        succeeds(&stranger.wkg(&get).await);
        assert!(stranger.read("wat.wasm") == *expected);
    }

    let token = rc.token("ci", "acme/*").await;
    let file = stranger.write("mine.wasm", &component);
    let (file, image) = (
        file.to_str().unwrap(),
        format!("{}/acme/mine:1.0.0", rc.address),
    );
    // Not even who may push everywhere changes what the registry makes itself.
    let all = (
        rc.token.as_str(),
        format!("{}/components/wat:9.0.0", rc.address),
    );
    let forged = [
        "oci",
        "push",
        "--insecure",
        &rc.address,
        "-u",
        "ci",
        "-p",
        all.0,
        &all.1,
        file,
    ];
    fails(&stranger.wkg(&forged).await, "made by this registry");
    let push = [
        "oci",
        "push",
        "--insecure",
        &rc.address,
        "-u",
        "ci",
        "-p",
        &token,
        &image,
        file,
    ];
    succeeds(&stranger.wkg(&push).await);
    let pull = [
        "oci",
        "pull",
        "--insecure",
        &rc.address,
        &image,
        "-o",
        "./mine2.wasm",
    ];
    succeeds(&stranger.wkg(&pull).await);
    assert!(stranger.read("mine2.wasm") == component);
    rc.stop().await;
}
