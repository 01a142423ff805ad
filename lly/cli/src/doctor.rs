//! `lly doctor`: what `lly` relies on, whether it is well, and how to mend it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Args;
use host_plugin::PluginStore;
use serde::Serialize;

use crate::amounts::{count, size};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{ExitCode, Failure};
use crate::frontends::SHIPPED;

/// The programs of a fleet, which `lly fleet up` finds beside itself.
const FLEET_BINARIES: [&str; 4] = ["platform", "raptor", "rc", "cap"];

/// Check what lly relies on, and say how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lly doctor --json")]
pub struct DoctorArgs {}

#[derive(Serialize)]
struct Report {
    well: bool,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Well,
    /// Not there yet, and not needed for everything.
    Absent,
    Broken,
}

/// Runs `lly doctor`. Exit code 1 when something is broken.
pub fn run(context: &Context) -> Result<(), Failure> {
    let checks = vec![
        home(context),
        plugins(context),
        code(context),
        credentials(context),
        fleet(),
        postgres(),
    ];
    let well = checks.iter().all(|check| check.state != State::Broken);
    let report = Report { well, checks };
    context.data("lily.doctor/1", &report, || text(&report))?;
    if well {
        Ok(())
    } else {
        Err(Failure::silent(ExitCode::Local))
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = match check.state {
            State::Well => "ok    ",
            State::Absent => "absent",
            State::Broken => "BROKEN",
        };
        text.push_str(&format!("{mark}  {:<12} {}\n", check.name, check.message));
        if let Some(mend) = &check.mend {
            text.push_str(&format!("{:22}{mend}\n", ""));
        }
    }
    text
}

fn well(name: &'static str, message: String) -> Check {
    Check {
        name,
        state: State::Well,
        message,
        mend: None,
    }
}

fn broken(name: &'static str, message: String, mend: String) -> Check {
    Check {
        name,
        state: State::Broken,
        message,
        mend: Some(mend),
    }
}

fn home(context: &Context) -> Check {
    let name = "home";
    let home = &context.home;
    let shown = home.display();
    match std::fs::metadata(home) {
        Ok(metadata) if !metadata.is_dir() => broken(
            name,
            format!("{shown} is not a folder"),
            "move it away, or set LLY_HOME to a folder".to_string(),
        ),
        Ok(_) => match tempfile::tempfile_in(home) {
            Ok(_) => well(name, format!("{shown}")),
            Err(error) => broken(
                name,
                format!("{shown} cannot be written to: {error}"),
                format!("chmod u+rwx {shown}, or set LLY_HOME to another folder"),
            ),
        },
        Err(_) => Check {
            name,
            state: State::Absent,
            message: format!("{shown} does not exist yet"),
            mend: Some("the first `lly compile` makes it".to_string()),
        },
    }
}

fn plugins(context: &Context) -> Check {
    let name = "plugins";
    let carried = SHIPPED
        .each_ref()
        .map(|one| format!("{} {}", one.name, one.version));
    let carried = carried.join(", ");
    let store = PluginStore::new(context.home.clone());
    let (installed, damaged) = match (store.list(), store.broken()) {
        (Ok(installed), Ok(damaged)) => (installed, damaged),
        (Err(error), _) | (_, Err(error)) => {
            let folder = context.home.join("plugins");
            let mend = format!(
                "rm -r {}: lly installs anew what it needs",
                folder.display()
            );
            return broken(name, format!("{:#}", anyhow::Error::from(error)), mend);
        }
    };
    if let Some(first) = damaged.first() {
        let told: Vec<String> = damaged
            .iter()
            .map(|one| format!("`{}` cannot be used: {}", one.name, one.error))
            .collect();
        let mend = format!(
            "rm -r {}; lly plugin install {}",
            first.dir.display(),
            first.name
        );
        return broken(name, told.join("; "), mend);
    }
    if installed.is_empty() {
        return Check {
            name,
            state: State::Absent,
            message: format!("none installed yet; this lly carries {carried}"),
            mend: Some("the first `lly compile` installs it".to_string()),
        };
    }
    let listed: Vec<String> = installed
        .iter()
        .map(|plugin| {
            format!(
                "{} {} ({})",
                plugin.manifest.name,
                plugin.manifest.version,
                plugin.digest.short()
            )
        })
        .collect();
    well(
        name,
        format!("{}; this lly carries {carried}", listed.join(", ")),
    )
}

fn code(context: &Context) -> Check {
    let name = "code cache";
    let folder = context.home.join("cache").join("code");
    let (files, bytes) = weigh(&folder, 0);
    if files == 0 {
        return Check {
            name,
            state: State::Absent,
            message: "empty: the first compile takes about a minute longer".to_string(),
            mend: Some("the first `lly compile` fills it".to_string()),
        };
    }
    let files = count(files, "file");
    well(
        name,
        format!(
            "{files}, {} in {}; it may be removed at any time",
            size(bytes),
            folder.display()
        ),
    )
}

fn weigh(folder: &Path, depth: usize) -> (u64, u64) {
    let Ok(listing) = std::fs::read_dir(folder) else {
        return (0, 0);
    };
    let mut total = (0, 0);
    for entry in listing.flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() && depth < 4 => {
                let (files, bytes) = weigh(&entry.path(), depth + 1);
                total = (total.0 + files, total.1 + bytes);
            }
            Ok(metadata) => total = (total.0 + 1, total.1 + metadata.len()),
            Err(_) => {}
        }
    }
    total
}

fn credentials(context: &Context) -> Check {
    let name = "credentials";
    let path = Credentials::path(&context.home);
    let mend = Some("`lly fleet up` makes an account on a fleet of this machine".to_string());
    match Credentials::load(&context.home) {
        Ok(None) => Check {
            name,
            state: State::Absent,
            message: "you are not signed in to a platform".to_string(),
            mend,
        },
        Ok(Some(credentials)) => {
            let mode = std::fs::metadata(&path)
                .map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
            if mode & 0o077 != 0 {
                return broken(
                    name,
                    format!("{} can be read by others (mode {mode:o})", path.display()),
                    format!("chmod 600 {}", path.display()),
                );
            }
            well(
                name,
                format!("{} at {}", credentials.account, credentials.platform_url),
            )
        }
        Err(failure) => Check {
            name,
            state: State::Broken,
            message: failure.message,
            mend: failure.hint,
        },
    }
}

fn fleet() -> Check {
    let name = "fleet";
    let folder = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_path_buf));
    let missing: Vec<&str> = FLEET_BINARIES
        .into_iter()
        .filter(|binary| {
            !folder
                .as_ref()
                .is_some_and(|folder| folder.join(binary).is_file())
        })
        .collect();
    if missing.is_empty() {
        return well(
            name,
            format!("{} are beside lly", FLEET_BINARIES.join(", ")),
        );
    }
    Check {
        name,
        state: State::Absent,
        message: format!(
            "{} not beside lly: `lly fleet up` needs all of them",
            missing.join(", ")
        ),
        mend: Some("in LILY's sources: cargo build".to_string()),
    }
}

fn postgres() -> Check {
    let name = "postgres";
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    match folders
        .iter()
        .find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
    {
        Some(folder) => well(name, format!("{}", folder.display())),
        None => Check {
            name,
            state: State::Absent,
            message: "no `postgres` and `initdb`: `lly fleet up` needs them".to_string(),
            mend: Some("apt-get install postgresql, or give the fleet a DATABASE_URL".to_string()),
        },
    }
}
