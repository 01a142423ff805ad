//! `curl … | sh` on a machine that has nothing but a shell and the few programs that `install.sh` names: a root folder with
//! these and their libraries, the registry of a fleet over TLS, and the real `lly`.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests_kit::{Fleet, Output, binary, run};

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
