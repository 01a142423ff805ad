//! A private Postgres for a fleet on one machine: its own data folder, a unix socket, full durability.
//!
//! It uses the `postgres` and `initdb` that the machine has. Postgres refuses to run as root, so root's cluster runs as an
//! unprivileged user; every folder above its data must then let others through, and where one does not (`/root`), the
//! data lives under `/var/lib/lly` instead.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::{Connection as _, PgConnection};
use tokio::process::{Child, Command};

/// A path to a unix socket may have 107 bytes; `/.s.PGSQL.5432` takes 14.
const SOCKET_DIR_BYTES_MAX: usize = 92;
/// After a crash Postgres replays its log first.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Just after `kill -9`, the old cluster's children still hold its memory: a start can fail for a moment.
const START_TRIES: u32 = 20;
/// Between two starts.
const START_PAUSE: Duration = Duration::from_millis(250);
/// A fast shutdown writes a checkpoint.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// The user that Postgres runs as when the fleet is started by root, if the machine has it.
const SERVICE_USER: &str = "postgres";
/// `nobody`, if it has not.
const NOBODY: u32 = 65534;
/// Where root's clusters are whose own folder the service user cannot reach.
const ROOTS_DATA: &str = "/var/lib/lly";
/// The database and its owner.
const NAME: &str = "lily";

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Postgres is not installed.
    #[error("`{0}` is neither on PATH nor under /usr/lib/postgresql")]
    NotInstalled(&'static str),
    /// A file or process could not be handled.
    #[error("cannot use `{path}`")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Postgres said no.
    #[error("{program} failed: {message}")]
    Failed {
        /// `initdb` or `postgres`.
        program: &'static str,
        /// Its words.
        message: String,
    },
    /// It runs but does not answer.
    #[error("postgres does not answer")]
    Silent(#[source] sqlx::Error),
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    pid: u32,
}

/// Where a cluster keeps what.
struct Place {
    base: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    log: PathBuf,
    /// Whom to run as; none: as ourselves.
    user: Option<(u32, u32)>,
}

/// The URL of the cluster in `dir`, whether it runs or not.
pub fn url(dir: &Path) -> String {
    url_of(&Place::of(dir), NAME)
}

fn url_of(place: &Place, database: &str) -> String {
    let socket: String = place
        .socket
        .to_string_lossy()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("postgres://{NAME}@localhost/{database}?host={socket}")
}

/// Starts the cluster in `dir`, which is made the first time, and waits until it answers.
pub async fn start(dir: &Path) -> Result<Cluster, ClusterError> {
    // What the folders above let through is known only once they are there.
    std::fs::create_dir_all(dir).map_err(io_error(dir))?;
    let place = Place::of(dir);
    place.prepare()?;
    if !place.data.join("PG_VERSION").exists() {
        place.init().await?;
    }
    place.stop_leftover().await;
    let mut tries = 0;
    loop {
        tries += 1;
        match place.start_once().await {
            Ok(cluster) => return Ok(cluster),
            Err(error) if tries >= START_TRIES => return Err(error),
            Err(error) => tracing::info!(%error, "starting postgres again"),
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

/// Removes the cluster of `dir`, which must not run, with everything in it.
pub fn remove(dir: &Path) -> Result<(), ClusterError> {
    let place = Place::of(dir);
    for folder in [&place.data, &place.socket, &place.base] {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(folder)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

impl Cluster {
    /// The postmaster.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the postmaster ends.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Shuts down: open transactions are rolled back, everything committed is on disk.
    pub async fn stop(mut self) -> io::Result<()> {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            // SIGINT is Postgres's fast shutdown.
            let _ = kill_process(pid, Signal::INT);
        }
        match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(status) => status.map(drop),
            Err(_) => self.child.kill().await,
        }
    }
}

impl Place {
    fn of(dir: &Path) -> Self {
        let root = rustix::process::geteuid().is_root();
        let key = lly_brick::Digest::of(dir.as_os_str().as_encoded_bytes()).hex();
        let base = if root && !others_may_pass(dir) {
            Path::new(ROOTS_DATA).join(&key[..16])
        } else {
            dir.to_owned()
        };
        let near = base.join("socket");
        let socket = if near.as_os_str().len() <= SOCKET_DIR_BYTES_MAX {
            near
        } else {
            std::env::temp_dir().join(format!("lly-{}", &key[..16]))
        };
        Self {
            data: base.join("data"),
            socket,
            log: base.join("postgres.log"),
            base,
            user: root.then(service_user),
        }
    }

    fn prepare(&self) -> Result<(), ClusterError> {
        let make = |folder: &Path| std::fs::create_dir_all(folder).map_err(io_error(folder));
        let mode = |folder: &Path, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder, mode).map_err(io_error(folder))
        };
        make(&self.base)?;
        if self.user.is_some() {
            // Whatever the umask says: the service user passes through what is made for it.
            mode(&self.base, 0o711)?;
            if self.base.starts_with(ROOTS_DATA) {
                mode(Path::new(ROOTS_DATA), 0o711)?;
            }
        }
        for folder in [&self.data, &self.socket] {
            make(folder)?;
            if let Some((uid, gid)) = self.user {
                std::os::unix::fs::chown(folder, Some(uid), Some(gid)).map_err(io_error(folder))?;
            }
            mode(folder, 0o700)?;
        }
        Ok(())
    }

    fn command(&self, program: &'static str) -> Result<Command, ClusterError> {
        let mut command = Command::new(find(program).ok_or(ClusterError::NotInstalled(program))?);
        command
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }

    async fn init(&self) -> Result<(), ClusterError> {
        let mut command = self.command("initdb")?;
        command.arg("-D").arg(&self.data);
        // The socket's folder lets only its owner in: that is the authentication.
        command.args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--no-locale"]);
        let output = command.output().await.map_err(|source| ClusterError::Io {
            path: "initdb".into(),
            source,
        })?;
        if output.status.success() {
            return Ok(());
        }
        // A half-made cluster would be taken for a whole one.
        let _ = std::fs::remove_dir_all(&self.data);
        Err(ClusterError::Failed {
            program: "initdb",
            message: last_words(&output.stderr),
        })
    }

    /// A supervisor that was killed leaves its Postgres behind.
    async fn stop_leftover(&self) {
        let Some(pid) = self.recorded_pid() else {
            return;
        };
        let command =
            std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        let data = self.data.as_os_str().as_encoded_bytes();
        if !command.windows(data.len()).any(|part| part == data) {
            return;
        }
        let _ = kill_process(pid, Signal::INT);
        let began = Instant::now();
        while test_kill_process(pid).is_ok() && began.elapsed() < STOP_TIMEOUT {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn recorded_pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    async fn start_once(&self) -> Result<Cluster, ClusterError> {
        let io = |source| ClusterError::Io {
            path: self.log.clone(),
            source,
        };
        let log = std::fs::File::create(&self.log).map_err(io)?;
        let mut command = self.command("postgres")?;
        command
            .arg("-D")
            .arg(&self.data)
            .arg("-k")
            .arg(&self.socket);
        for setting in [
            "listen_addresses=",
            "max_connections=100",
            "shared_buffers=32MB",
            // The last transaction before a kill must not be lost.
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
        ] {
            command.args(["-c", setting]);
        }
        let mut child = command
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ClusterError::Io {
                path: "postgres".into(),
                source,
            })?;
        let pid = child.id().unwrap_or_default();
        self.await_ready(&mut child).await?;
        Ok(Cluster { child, pid })
    }

    async fn await_ready(&self, child: &mut Child) -> Result<(), ClusterError> {
        let began = Instant::now();
        loop {
            let ended = child.try_wait().map_err(|source| ClusterError::Io {
                path: "postgres".into(),
                source,
            })?;
            if ended.is_some() {
                let words = std::fs::read(&self.log).unwrap_or_default();
                return Err(ClusterError::Failed {
                    program: "postgres",
                    message: last_words(&words),
                });
            }
            match self.make_database().await {
                Ok(()) => return Ok(()),
                Err(error) if began.elapsed() > START_TIMEOUT => {
                    return Err(ClusterError::Silent(error));
                }
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn make_database(&self) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&url_of(self, "postgres")).await?;
        let there: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(NAME)
                .fetch_one(&mut connection)
                .await?;
        if !there {
            sqlx::query(sqlx::AssertSqlSafe(format!("create database {NAME}")))
                .execute(&mut connection)
                .await?;
        }
        connection.close().await
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Io { path, source }
}

/// Whether every folder above `dir` (those that exist) lets other users through.
fn others_may_pass(dir: &Path) -> bool {
    dir.ancestors()
        .skip(1)
        .all(|folder| match std::fs::metadata(folder) {
            Ok(about) => about.mode() & 0o001 != 0,
            Err(_) => true,
        })
}

fn service_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&SERVICE_USER))
        .and_then(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))
        .unwrap_or((NOBODY, NOBODY))
}

/// `name` under the newest `/usr/lib/postgresql/*/bin`, else on PATH: Debian's PATH has wrappers without `initdb`.
fn find(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    let packaged = versions.into_iter().rev().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    packaged
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn last_words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it said nothing")
        .to_owned()
}
