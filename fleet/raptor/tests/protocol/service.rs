//! One service of the fleet as a process, a database of its own and certificates for whoever speaks to it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fleet_client::tls::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};

/// A folder with a CA in it.
pub struct Ground {
    dir: tempfile::TempDir,
    authority: CertificateParams,
    key: KeyPair,
    ca_pem: String,
}

impl Ground {
    pub fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        // Postgres runs as another user than root.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca_pem = authority.self_signed(&key).unwrap().pem();
        Self {
            dir,
            authority,
            key,
            ca_pem,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The folder with the identity of `role`/`id`.
    pub fn tls_dir(&self, role: &str, id: &str) -> PathBuf {
        let dir = self.path(&format!("tls-{role}-{id}"));
        if dir.join("ca.pem").exists() {
            return dir;
        }
        std::fs::create_dir_all(&dir).unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::URI(
            format!("spiffe://lily/{role}/{id}").try_into().unwrap(),
        ));
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.authority, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(dir.join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(dir.join("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(dir.join("ca.pem"), &self.ca_pem).unwrap();
        dir
    }

    /// The identity of `role`/`id`.
    pub fn tls(&self, role: &str, id: &str) -> TlsFiles {
        TlsFiles::load(&self.tls_dir(role, id)).unwrap()
    }
}

/// A service as a process; it ends with this value.
pub struct Service {
    child: Child,
    pub url: String,
}

impl Service {
    /// Starts `binary` and waits until it says where it listens.
    pub fn start(binary: &str, ground: &Ground, role: &str, arguments: &[(&str, &Path)]) -> Self {
        let log = std::fs::File::create(ground.path(&format!("{role}.log"))).unwrap();
        let mut command = Command::new(binary);
        command
            .args(["--listen", "127.0.0.1:0", "--tls-dir"])
            .arg(ground.tls_dir(role, role));
        for (flag, value) in arguments {
            command.arg(flag).arg(value);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!(
                "{error}: {}",
                std::fs::read_to_string(ground.path(&format!("{role}.log"))).unwrap()
            )
        });
        Self {
            child,
            url: ready["listening"].as_str().unwrap().to_owned(),
        }
    }

    /// Asks it to leave and insists that it does, in peace.
    pub fn leave(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
