//! `curl … | sh` on a machine that has nothing but a shell and the few programs that `install.sh` names: a root folder with
//! these and their libraries, the registry of a fleet over TLS, and the real `lly`.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests_kit::{Fleet, Output, binary, run};

/// As the kit gives it to every `lly`.
const PASSPHRASE: &str = "a passphrase of the tests";
const PROGRAMS: [&str; 9] = [
    "curl", "openssl", "uname", "mkdir", "mktemp", "rm", "cat", "chmod", "mv",
];

/// A root folder to run programs in.
struct Root(tempfile::TempDir);

impl Root {
    /// With this shell as `/bin/sh` and the programs, and nothing else.
    fn new(shell: &str, ca: &Path) -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        for folder in ["bin", "tmp", "dev", "etc", "root"] {
            std::fs::create_dir(root.path(folder)).unwrap();
        }
        root.copy(&find(shell), "bin/sh");
        for program in PROGRAMS {
            root.copy(&find(program), &format!("bin/{program}"));
        }
        std::fs::write(root.path("dev/null"), "").unwrap();
        std::fs::write(root.path("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
        std::fs::copy(ca, root.path("etc/ca.pem")).unwrap();
        root
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    /// Copies a program and the libraries that it is linked to.
    fn copy(&self, program: &Path, to: &str) {
        std::fs::copy(program, self.path(to)).unwrap();
        let libraries = Command::new("ldd").arg(program).output().unwrap();
        for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace() {
            let inside = self.path(word.trim_start_matches('/'));
            if !word.starts_with('/') || inside.exists() {
                continue;
            }
            std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
            std::fs::copy(word, inside).unwrap();
        }
    }

    /// Runs a line of shell in there, with nothing of this machine's environment.
    fn sh(&self, line: &str) -> Output {
        let mut command = if rustix::process::getuid().is_root() {
            Command::new(find("chroot"))
        } else {
            let mut command = Command::new(find("unshare"));
            command.args(["--map-root-user", "--root"]);
            command
        };
        command
            .arg(self.0.path())
            .args(["/bin/sh", "-c", line])
            .env_clear()
            .env("PATH", "/bin")
            .env("HOME", "/home/new")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        run(command, b"")
    }

    fn lly(&self) -> PathBuf {
        self.path("home/new/.local/bin/lly")
    }
}

fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("this test needs `{program}`"))
}

fn release(fleet: &Fleet, version: &str, key: &str, file: &Path) -> Output {
    let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let program = format!("{platform}={}", file.display());
    fleet.lly(["fleet", "release", version, "--key", key, &program])
}

#[test]
fn a_clean_machine_gets_lly_from_the_registry_alone() {
    let fleet = Fleet::start(1);
    for key in ["release.key", "other.key"] {
        fleet.lly(["plugin", "key", "generate", key]).success();
    }
    let own = binary("lly");
    release(&fleet, "0.1.0", "release.key", &own).success();
    // The first release says whose key counts from now on.
    release(&fleet, "0.2.0", "other.key", &own)
        .exits(1)
        .says("nothing was released: `release.pub` in the data folder holds another public key");
    let broken = fleet.home.write("broken", "not a program");
    release(&fleet, "0.3.0-rc.1", "release.key", &broken).success();

    let state: Value = fleet.state().unwrap();
    let url = state["rc_url"].as_str().unwrap();
    let curl = format!("curl -fsS --cacert /etc/ca.pem {url}/install.sh");
    for shell in ["dash", "bash"] {
        let root = Root::new(shell, &fleet.ca());
        let installed = root.sh(&format!("{curl} | LLY_CA=/etc/ca.pem sh"));
        installed
            .success()
            .says("lly 0.1.0 is in /home/new/.local/bin");
        let mode = std::fs::metadata(root.lly()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(std::fs::read(root.lly()).unwrap() == std::fs::read(&own).unwrap());
        // What was installed runs with nothing around it, and the registry is one that it can use.
        let version = root.sh("/home/new/.local/bin/lly --version").success();
        assert!(version.stdout.starts_with("lly "), "{}", version.stdout);
        // A version that does not run takes nothing away.
        root.sh(&format!(
            "{curl} | LLY_CA=/etc/ca.pem LLY_VERSION=0.3.0-rc.1 sh"
        ))
        .exits(1)
        .says("does not run on this machine; nothing was installed");
        root.sh("/home/new/.local/bin/lly --version").success();
        // The same registry behind a CA that is not this one.
        root.sh(&format!("{curl} | sh"))
            .exits(1)
            .says("cannot fetch");
        std::fs::remove_file(root.path("bin/openssl")).unwrap();
        root.sh(&format!("{curl} | LLY_CA=/etc/ca.pem sh"))
            .exits(1)
            .says("openssl is missing, and nothing is installed whose signature was not checked");
    }
}

/// A registry that answers what it is told to, and nothing else.
fn liar(fleet: &Fleet, answers: Vec<(String, Vec<u8>)>) -> String {
    fleet.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut routes = axum::Router::new();
        for (path, body) in answers {
            routes = routes.route(&path, axum::routing::get(async || body));
        }
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    })
}

/// A copy of `lly` that may be replaced, and how to run it.
struct Replaced<'a>(&'a Fleet, PathBuf);

impl Replaced<'_> {
    fn upgrade(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.1);
        for (name, value) in self.0.home.command().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .arg("upgrade")
            .args(arguments)
            .current_dir(self.0.home.work())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        run(command, b"")
    }

    /// Makes it the real one, unless it is.
    fn restore(&self) {
        let _ = std::fs::remove_file(&self.1);
        std::fs::copy(binary("lly"), &self.1).unwrap();
    }

    fn is(&self, program: &[u8]) -> bool {
        std::fs::read(&self.1).unwrap() == program
    }
}

#[test]
fn lly_upgrades_itself_and_believes_no_registry() {
    let fleet = Fleet::start(1);
    for key in ["release.key", "other.key"] {
        fleet.lly(["plugin", "key", "generate", key]).success();
    }
    let program = |version: &str| format!("#!/bin/sh\necho lly {version}\n").into_bytes();
    let offer = |version: &str| {
        let file = fleet.home.write(version, program(version));
        release(&fleet, version, "release.key", &file).success();
        let state = fleet.state().unwrap();
        let latest = format!("{}/releases/latest", state["rc_url"].as_str().unwrap());
        fleet.get(&latest).is(200).body
    };
    let old = offer("0.0.9");
    let good = offer("0.2.0");
    let own = std::fs::read(binary("lly")).unwrap();
    let lly = Replaced(&fleet, fleet.home.work().join("own-lly"));
    lly.restore();
    lly.upgrade(&[])
        .exits(1)
        .says("no publisher of lly is trusted here yet");
    let said = lly.upgrade(&["--check", "--key", "release.pub"]).success();
    assert!(
        said.stdout.contains("this is lly 0.1.0; 0.2.0 can be had"),
        "{}",
        said.stdout
    );
    assert!(lly.is(&own));
    // Whoever lies: with what was true once, with another key, with other bytes.
    let state = fleet.state().unwrap();
    let url = state["rc_url"].as_str().unwrap();
    let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let released = |file: &str| {
        let path = format!("/releases/0.2.0/{file}");
        (
            path.clone(),
            fleet.get(&format!("{url}{path}")).is(200).body,
        )
    };
    let latest = |answer: &[u8]| ("/releases/latest".to_owned(), answer.to_vec());
    let signed = |key: &str, version: &str| {
        let key = registry_client::keys::load(&fleet.home.work().join(key), PASSPHRASE).unwrap();
        let json = format!(r#"{{"schema":1,"serial":9,"version":"{version}"}}"#);
        let newest = registry_index::NewestRelease::parse(json.as_bytes()).unwrap();
        registry_client::release::signed_newest(&newest, &key).unwrap()
    };
    let other_bytes = format!("/releases/0.2.0/lly-0.2.0-{platform}");
    let sums = [released("SHA256SUMS"), released("SHA256SUMS.sig")];
    let cases = [
        (
            vec![latest(&old)],
            "shows an old answer about the newest release: serial 1, and 2 was seen",
        ),
        (
            vec![latest(&signed("other.key", "0.3.0"))],
            "is not signed by the publisher",
        ),
        (vec![latest(b"0.3.0\n")], "is not signed"),
        (
            [
                vec![latest(&good), (other_bytes, b"#!/bin/sh\n".to_vec())],
                sums.to_vec(),
            ]
            .concat(),
            "is not the file that was released",
        ),
        (
            vec![latest(&signed("release.key", "0.0.9"))],
            "the newest release is 0.0.9, which is older: nothing was changed",
        ),
    ];
    for (answers, sentence) in cases {
        let liar = liar(&fleet, answers);
        lly.upgrade(&["--registry", &liar]).exits(1).says(sentence);
        assert!(lly.is(&own), "{sentence}");
    }
    let taken_back = liar(&fleet, vec![latest(&signed("release.key", "0.0.9"))]);
    let said = lly.upgrade(&["--check", "--registry", &taken_back]);
    let said = said.success().stdout;
    assert!(
        said.contains("this is lly 0.1.0, which is newer than 0.0.9"),
        "{said}"
    );
    // The last of these was the publisher's word, so the registry's own is an old one now; a version that is named is had.
    lly.upgrade(&[])
        .exits(1)
        .says("serial 2, and 9 was seen before");
    for version in ["0.0.9", "0.2.0"] {
        lly.upgrade(&[version]).success().says("fetching lly");
        assert!(lly.is(&program(version)));
        lly.restore();
    }
    lly.upgrade(&["0.7.0"]).exits(1);
    let broken = fleet.home.write("broken", "not a program");
    release(&fleet, "0.8.0", "release.key", &broken).success();
    lly.upgrade(&["0.8.0"])
        .exits(1)
        .says("lly 0.8.0 does not run on this machine: nothing was changed");
    assert!(lly.is(&own));
}
