//! A thousand voids on one CAP of a real fleet, each of another program: what the CAP takes.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tests_kit::{Fleet, wait};

use crate::process::resident_bytes;

/// Voids of an account: it may have a hundred.
const VOIDS_PER_ACCOUNT: usize = 95;
/// A CAP drops an instance that has had nothing to do for a minute.
const QUIET: Duration = Duration::from_secs(70);
/// A service that is not there by then will not be.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a CAP takes, bytes.
pub struct Taken {
    /// It has no voids.
    pub empty: u64,
    /// Each has answered, and has its instance.
    pub answered: u64,
    /// Nobody has asked for a while: they are live, and have none.
    pub quiet: u64,
}

/// Deploys so many voids and has each answer.
pub fn on_a_cap(count: usize) -> anyhow::Result<Taken> {
    let fleet = Fleet::start(1);
    let cap = wait::until(PATIENCE, "the CAP", || fleet.pid("cap-1"));
    let empty = resident_bytes(cap)?;
    let mut urls = Vec::with_capacity(count);
    for at in 0..count {
        let account = format!("account-{}", at / VOIDS_PER_ACCOUNT);
        let credentials = format!("{account}.json");
        if at % VOIDS_PER_ACCOUNT == 0 {
            let add = ["fleet", "account", "add", &account, "--credentials"];
            fleet
                .lly(add.into_iter().chain([credentials.as_str()]))
                .success();
        }
        fleet.home.write(
            "hello.js",
            format!("export default {{ fetch() {{ return new Response(\"hello {at}\"); }} }};\n"),
        );
        let bundle = fleet.home.compile("hello", ["hello.js"]);
        let mut command = fleet.home.command();
        command
            .args(["void", "deploy", "--json"])
            .arg(bundle)
            .env("LLY_CREDENTIALS", credentials);
        let output = command.output()?;
        let told: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        urls.push(told["url"].as_str().context("a URL")?.to_owned());
    }
    for (at, url) in urls.iter().enumerate() {
        let text = fleet.get(url).text();
        ensure!(text == format!("hello {at}"), "`{url}` answered `{text}`");
    }
    let answered = resident_bytes(cap)?;
    std::thread::sleep(QUIET);
    Ok(Taken {
        empty,
        answered,
        quiet: resident_bytes(cap)?,
    })
}
