//! `lly void logs`: the last lines, or all that come.

use std::pin::pin;

use fleet_api::LogLine;
use futures_util::StreamExt as _;

use super::{LogsArgs, failure, platform};
use crate::context::Context;
use crate::failure::{ExitCode, Failure};

/// Lines shown before those to come.
const FOLLOW_FROM: u32 = 10;

/// Prints lines as they come.
pub async fn run(args: &LogsArgs, context: &Context) -> Result<(), Failure> {
    let follow = args.lines.is_none();
    let lines = args.lines.unwrap_or(FOLLOW_FROM);
    let mut lines = pin!(
        platform(context)?
            .logs(&args.slug, lines, follow)
            .await
            .map_err(failure)?
    );
    loop {
        tokio::select! {
            line = lines.next() => match line {
                Some(line) => print(&line.map_err(failure)?, context)?,
                None => return Ok(()),
            },
            _ = tokio::signal::ctrl_c() => return Err(Failure::silent(ExitCode::Interrupted)),
        }
    }
}

fn print(line: &LogLine, context: &Context) -> Result<(), Failure> {
    if context.json {
        return context.document("lily.void.log/1", line);
    }
    let request = line.request_id.as_deref().unwrap_or("-");
    context.out(
        format!(
            "{} {:<6} {request} {}\n",
            clock(line.time_ms),
            line.stream.as_str(),
            line.text
        )
        .as_bytes(),
    )
}

/// Time of day in UTC: a log is read within the day, and `--json` has the whole of it.
fn clock(time_ms: u64) -> String {
    let (seconds, millis) = (time_ms / 1000, time_ms % 1000);
    format!(
        "{:02}:{:02}:{:02}.{millis:03}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_is_utc() {
        assert_eq!(super::clock(1_000), "00:00:01.000");
        assert_eq!(super::clock(1_700_000_000_123), "22:13:20.123");
    }
}
