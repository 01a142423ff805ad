//! `lly void list | kill | rollback`.

use std::fmt::Write as _;

use fleet_api::{Slug, Void};
use serde::Serialize;

use super::{failure, platform};
use crate::context::Context;
use crate::failure::Failure;

#[derive(Serialize)]
struct Listed<'a> {
    voids: &'a [Void],
}

/// Prints the user's voids.
pub async fn list(context: &Context) -> Result<(), Failure> {
    let voids = platform(context)?.voids().await.map_err(failure)?;
    context.data("lily.void.list/1", &Listed { voids: &voids }, || {
        table(&voids)
    })
}

/// Stops a void.
pub async fn kill(slug: &Slug, context: &Context) -> Result<(), Failure> {
    let void = platform(context)?.kill(slug).await.map_err(failure)?;
    context.data("lily.void.kill/1", &void, || {
        format!("{slug} is stopped; its slug stays yours for 7 days\n")
    })
}

/// Puts the previous bundle back.
pub async fn rollback(slug: &Slug, context: &Context) -> Result<(), Failure> {
    let void = platform(context)?.rollback(slug).await.map_err(failure)?;
    context.data("lily.void.rollback/1", &void, || {
        format!("{} runs {} again\n", void.url, void.bundle.short())
    })
}

fn table(voids: &[Void]) -> String {
    let mut text = format!(
        "{:<24} {:<8} {:<14} {:>8}  STATUS\n",
        "SLUG", "CAP", "BUNDLE", "UPTIME"
    );
    for void in voids {
        let cap = void.cap.as_ref().map_or("-", |cap| cap.as_str());
        let uptime = void.uptime_seconds.map_or_else(|| "-".to_owned(), uptime);
        let reason = void
            .reason
            .as_ref()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        let bundle = void.bundle.short();
        let _ = writeln!(
            text,
            "{:<24} {cap:<8} {bundle:<14} {uptime:>8}  {}{reason}",
            void.slug,
            void.status.as_str()
        );
    }
    text
}

fn uptime(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn uptimes_read_well() {
        for (seconds, text) in [(5, "5s"), (65, "1m"), (3_900, "1h05m"), (90_000, "1d01h")] {
            assert_eq!(super::uptime(seconds), text);
        }
    }
}
