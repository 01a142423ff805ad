//! Plugins through a real registry: published, searched, installed, updated, locked, yanked, removed. Who is not trusted is
//! refused, what is asked for is asked, and nothing is lost.

use std::path::PathBuf;

use lly_brick::container::{Reader, Writer};
use serde_json::{Value, json};
use tests_kit::{Fleet, Home, repository, sample};

/// The wat frontend under another version and with other wishes: the same component under a new manifest.
fn packaged(home: &Home, version: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let bytes = std::fs::read(repository().join("target/lily/plugins/wat.plugin")).unwrap();
    let reader = Reader::open(&bytes).unwrap();
    let mut manifest: Value = serde_json::from_slice(&reader.read("plugin.json").unwrap()).unwrap();
    manifest["version"] = version.into();
    change(&mut manifest);
    let mut writer = Writer::new().entry("plugin.json", manifest.to_string());
    for (entry, _) in reader
        .entries()
        .filter(|(entry, _)| *entry != "plugin.json")
    {
        writer = writer.entry(entry, reader.read(entry).unwrap());
    }
    home.write(&format!("wat-{version}.plugin"), writer.finish().unwrap())
}

/// A fleet whose developer has a key and trusts it.
fn fleet() -> Fleet {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    fleet
        .lly(["plugin", "key", "generate", "acme.key"])
        .success();
    let publisher = [
        "plugin",
        "trust",
        "publisher",
        "--key",
        "acme.pub",
        "--plugins",
        "wat",
    ];
    fleet.lly(publisher).success();
    fleet
}

fn publish(fleet: &Fleet, version: &str, change: impl FnOnce(&mut Value)) {
    let package = packaged(&fleet.home, version, change);
    let package = package.to_str().unwrap();
    fleet
        .lly(["plugin", "publish", package, "--key", "acme.key"])
        .success();
}

fn versions(list: &Value) -> Vec<(String, bool)> {
    let plugins = list["plugins"].as_array().unwrap().iter();
    plugins
        .filter(|one| one["name"] == "wat")
        .map(|one| {
            (
                one["version"].as_str().unwrap().to_owned(),
                one["current"] == true,
            )
        })
        .collect()
}

#[test]
fn a_plugin_from_the_registry_compiles_and_is_locked_updated_and_removed() {
    let fleet = fleet();
    let home = &fleet.home;
    publish(&fleet, "0.1.0", |_| {});
    publish(&fleet, "0.2.0", |_| {});
    publish(&fleet, "0.3.0-rc.1", |_| {});
    let found = home.json(["plugin", "search", "WebAssembly"]);
    assert_eq!(found["plugins"][0]["version"], "0.2.0");
    // Without it, a wat file has no frontend, and the hint says what to do.
    std::fs::copy(
        sample("wat").join("hello.wat"),
        home.work().join("hello.wat"),
    )
    .unwrap();
    let refused = home.lly(["compile", "hello.wat"]).exits(1);
    assert!(
        refused.stderr.contains("lly plugin install wat"),
        "{}",
        refused.stderr
    );
    home.write("lly.toml", "name = \"hello\"\nsources = [\"hello.wat\"]\n");
    let installed = home.json(["plugin", "install", "wat@0.1"]);
    assert_eq!(installed["plugins"][0]["version"], "0.1.0");
    let lock = std::fs::read_to_string(home.work().join("lly.lock")).unwrap();
    for part in [
        "name = \"wat\"",
        "requirement = \"^0.1\"",
        "version = \"0.1.0\"",
        "sha256:",
    ] {
        assert!(lock.contains(part), "{lock}");
    }
    home.lly(["compile"]).success();
    home.lly(["run", "hello.brick"]).success();
    let verified = home.json(["plugin", "verify", "wat"]);
    assert_eq!(verified["plugins"][0]["good"], true, "{verified}");
    // An update stays within what was asked for; asking anew goes beyond, and the old version is kept aside.
    let updated = home.json(["plugin", "update"]);
    assert_eq!(updated["plugins"][0]["version"], "0.1.0");
    home.lly(["plugin", "install", "wat@0.2"]).success();
    let list = home.json(["plugin", "list"]);
    let both = [("0.2.0".to_owned(), true), ("0.1.0".to_owned(), false)];
    assert_eq!(versions(&list), both, "{list}");
    // The lockfile of another day: what it says is installed, and compiles.
    home.write("lly.lock", &lock);
    let locked = home.json(["plugin", "install", "--locked"]);
    assert_eq!(locked["plugins"][0]["version"], "0.1.0");
    assert_eq!(
        std::fs::read_to_string(home.work().join("lly.lock")).unwrap(),
        lock
    );
    home.lly(["plugin", "remove", "wat@0.1.0"]).success();
    let missing = home.lly(["compile", "-f"]).exits(1);
    assert!(
        missing.stderr.contains("plugin install --locked"),
        "{}",
        missing.stderr
    );
    home.lly(["plugin", "install", "--locked", "--offline"])
        .success();
    home.lly(["compile", "-f"]).success();
    home.lly(["plugin", "remove", "wat"]).success();
    assert_eq!(versions(&home.json(["plugin", "list"])), []);
    assert!(
        !std::fs::read_to_string(home.work().join("lly.lock"))
            .unwrap()
            .contains("wat")
    );
    let rest = home.json(["plugin", "install", "wat@0.3.0-rc.1"]);
    assert_eq!(rest["plugins"][0]["version"], "0.3.0-rc.1");
}

#[test]
fn nobody_is_trusted_who_was_not_named() {
    let fleet = fleet();
    let home = &fleet.home;
    publish(&fleet, "0.1.0", |_| {});
    // Another key, which is not in trust.toml.
    home.lly(["plugin", "key", "generate", "mallory.key"])
        .success();
    let package = packaged(home, "0.2.0", |_| {});
    let package = package.to_str().unwrap();
    fleet
        .lly(["plugin", "publish", package, "--key", "mallory.key"])
        .success();
    let refused = home.lly(["plugin", "install", "wat"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("does not let sign the plugin `wat`"),
        "{}",
        refused.stderr
    );
    home.lly(["plugin", "install", "wat@0.1"]).success();
    // The old version works on after an update that was refused.
    home.lly(["plugin", "install", "wat@0.2"]).exits(1);
    assert_eq!(
        versions(&home.json(["plugin", "list"])),
        [("0.1.0".to_owned(), true)]
    );
    // A version is for good.
    let other = packaged(home, "0.1.0", |manifest| {
        manifest["description"] = "other".into()
    });
    let other = other.to_str().unwrap();
    let taken = fleet
        .lly(["plugin", "publish", other, "--key", "acme.key"])
        .exits(3);
    assert!(taken.stderr.contains("never changes"), "{}", taken.stderr);
    // Another account cannot publish under a name that is taken, nor can nobody.
    let eve = home.work().join("eve.json");
    let eve = eve.to_str().unwrap();
    home.lly(["fleet", "account", "add", "eve", "--credentials", eve])
        .success();
    let package = packaged(home, "0.4.0", |_| {});
    for (credentials, code) in [(eve, 3), ("nobody.json", 1)] {
        let arguments = [
            "plugin".as_ref(),
            "publish".as_ref(),
            package.as_os_str(),
            "--key".as_ref(),
            "acme.key".as_ref(),
        ];
        let refused = home.lly_with(arguments, b"", |command| {
            command.env("LLY_CREDENTIALS", credentials);
        });
        refused.exits(code);
    }
    // Files that are changed behind its back are noticed.
    let list = home.json(["plugin", "info", "wat"]);
    assert_eq!(list["installed"][0]["version"], "0.1.0");
    let folder = std::fs::read_dir(home.path().join("plugins/wat")).unwrap();
    let folder = folder
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    std::fs::write(folder.join("component.wasm"), b"evil").unwrap();
    let checked = home.lly(["plugin", "verify", "wat", "--json"]).exits(1);
    assert!(
        checked.stdout.contains("not what was installed"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_yanked_version_stays_where_it_is_locked() {
    let fleet = fleet();
    let home = &fleet.home;
    publish(&fleet, "0.1.0", |_| {});
    publish(&fleet, "0.2.0", |_| {});
    home.write("lly.toml", "name = \"hello\"\nsources = [\"hello.wat\"]\n");
    home.lly(["plugin", "install", "wat"]).success();
    home.lly(["plugin", "yank", "wat@0.2.0", "--reason", "it eats files"])
        .success();
    let again = home.json(["plugin", "install", "--locked"]);
    assert_eq!(again["plugins"][0]["version"], "0.2.0");
    let verified = home.lly(["plugin", "verify", "wat"]).success();
    assert!(
        verified.stdout.contains("yanked since: it eats files"),
        "{}",
        verified.stdout
    );
    let info = home.lly(["plugin", "info", "wat"]).success();
    assert!(
        info.stdout.contains("yanked: it eats files"),
        "{}",
        info.stdout
    );
    let updated = home.json(["plugin", "update", "wat"]);
    assert_eq!(updated["plugins"][0]["version"], "0.1.0");
    let refused = home.lly(["plugin", "install", "wat@=0.2.0"]).exits(1);
    assert!(
        refused.stderr.contains("was yanked (it eats files)"),
        "{}",
        refused.stderr
    );
    home.lly(["plugin", "yank", "wat@0.2.0", "--undo"])
        .success();
    home.lly(["plugin", "install", "wat@=0.2.0"]).success();
}

#[test]
fn what_a_plugin_wishes_for_is_asked_once_and_again_when_it_wants_more() {
    let fleet = fleet();
    let home = &fleet.home;
    publish(&fleet, "0.1.0", |manifest| {
        manifest["grants"] = json!({ "environment": ["ACME_TOKEN"], "read": ["src/**"] });
    });
    let refused = home.lly(["plugin", "install", "wat"]).exits(1);
    for part in [
        "read the environment variable `ACME_TOKEN`",
        "read the files `src/**` of the project",
        "--grant",
    ] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    assert_eq!(versions(&home.json(["plugin", "list"])), []);
    home.lly(["plugin", "install", "wat", "--grant"]).success();
    let silent = home.lly(["plugin", "install", "wat"]).success();
    assert!(!silent.stderr.contains("asks to"), "{}", silent.stderr);
    publish(&fleet, "0.1.1", |manifest| {
        manifest["grants"] =
            json!({ "environment": ["ACME_TOKEN"], "hosts": ["acme.example"], "read": ["src/**"] });
    });
    let refused = home.lly(["plugin", "update"]).exits(1);
    assert!(
        refused.stderr.contains("over HTTPS with `acme.example`"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("ACME_TOKEN"), "{}", refused.stderr);
    assert_eq!(
        versions(&home.json(["plugin", "list"])),
        [("0.1.0".to_owned(), true)]
    );
    home.lly(["plugin", "update", "--grant"]).success();
    let info = home.lly(["plugin", "info", "wat"]).success();
    assert!(
        info.stdout
            .contains("may send and receive over HTTPS with `acme.example`"),
        "{}",
        info.stdout
    );
}

#[test]
fn installs_at_once_do_not_disturb_each_other() {
    let fleet = fleet();
    let home = &fleet.home;
    publish(&fleet, "0.1.0", |_| {});
    home.write("lly.toml", "name = \"hello\"\nsources = [\"hello.wat\"]\n");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| home.lly(["plugin", "install", "wat"]).success());
        }
    });
    assert_eq!(
        versions(&home.json(["plugin", "list"])),
        [("0.1.0".to_owned(), true)]
    );
    home.lly(["plugin", "verify", "wat"]).success();
}

#[test]
fn what_makes_no_sense_is_said() {
    let home = Home::with_own_plugins();
    let cases: [(&[&str], &str); 8] = [
        (&["plugin", "install", "wat"], "no registry is known"),
        (&["plugin", "install", "./none.plugin"], "there is no file"),
        (
            &[
                "plugin",
                "install",
                "Wat@x",
                "--registry",
                "http://127.0.0.1:1",
            ],
            "not the name of a plugin",
        ),
        (
            &[
                "plugin",
                "install",
                "wat",
                "--registry",
                "http://127.0.0.1:1",
            ],
            "does not answer",
        ),
        (
            &[
                "plugin",
                "install",
                "wat",
                "--registry",
                "http://127.0.0.1:1",
                "--offline",
            ],
            "not in the cache",
        ),
        (&["plugin", "remove", "wat"], "is not installed"),
        (
            &["plugin", "yank", "wat", "--registry", "http://127.0.0.1:1"],
            "NAME@VERSION",
        ),
        (
            &["plugin", "key", "public", "none.key"],
            "there is no key file",
        ),
    ];
    for (arguments, part) in cases {
        let output = home.lly(arguments).exits(1);
        assert!(
            output.stderr.contains(part),
            "{arguments:?}: {}",
            output.stderr
        );
        assert!(
            output.stderr.contains("hint:"),
            "{arguments:?}: {}",
            output.stderr
        );
    }
    std::fs::write(
        home.path().join("trust.toml"),
        "[[publisher]]\nplugins = [\"wat\"]\n",
    )
    .unwrap();
    let output = home.lly(["plugin", "trust", "list"]).exits(1);
    assert!(output.stderr.contains("needs a `key`"), "{}", output.stderr);
}

#[test]
fn a_fleet_that_denies_unsigned_bundles_takes_signed_ones_alone() {
    let fleet = Fleet::start_with(Home::new(), 1, &["--deny-unsigned"]);
    let home = &fleet.home;
    home.write(
        "hello.c",
        "#include <stdio.h>\nint main(void) { puts(\"hello\"); }\n",
    );
    let bundle = home.compile("hello", ["hello.c"]);
    let deploy = ["void", "deploy", "hello.brick"];
    let refused = fleet.lly(deploy).exits(3);
    assert!(
        refused.stderr.contains("`hello` has no signature"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("lly bundle sign"),
        "{}",
        refused.stderr
    );
    fleet
        .lly(["plugin", "key", "generate", "acme.key"])
        .success();
    fleet
        .lly(["bundle", "sign", "hello.brick", "--key", "acme.key"])
        .success();
    // Signed, but by nobody that may sign bundles.
    let refused = fleet.lly(deploy).exits(3);
    assert!(
        refused.stderr.contains("names nobody who may sign bundles"),
        "{}",
        refused.stderr
    );
    fleet.lly(["bundle", "verify", "hello.brick"]).exits(1);
    let trust = [
        "plugin",
        "trust",
        "publisher",
        "--key",
        "acme.pub",
        "--bundles",
    ];
    fleet.lly(trust).success();
    let verified = home.json(["bundle", "verify", "hello.brick"]);
    assert_eq!(verified["signed"], true, "{verified}");
    let url = fleet.deploy_url(&bundle);
    assert_eq!(fleet.get(&url).is(200).text(), "hello\n");
    // The signature of another bundle is none of this one's.
    home.write(
        "hello.c",
        "#include <stdio.h>\nint main(void) { puts(\"other\"); }\n",
    );
    home.compile("hello", ["hello.c"]);
    let refused = fleet.lly(deploy).exits(3);
    assert!(
        refused.stderr.contains("not the bytes that were signed"),
        "{}",
        refused.stderr
    );
    let refused = fleet.lly(["bundle", "verify", "hello.brick"]).exits(1);
    assert!(
        refused.stderr.contains("not the bytes that were signed"),
        "{}",
        refused.stderr
    );
    home.write("hello.brick.sigstore.json", "{}");
    let refused = fleet.lly(deploy).exits(3);
    assert!(refused.stderr.contains("malformed"), "{}", refused.stderr);
    // What runs goes on, through a restart too.
    fleet.kill_service("cap-1");
    assert_eq!(fleet.get(&url).is(200).text(), "hello\n");
}
