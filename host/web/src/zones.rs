//! Time zones, of the IANA database that is part of the program, never of the machine's: a build gives the same everywhere.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use crate::arguments::Arguments;
use crate::wire::Value;

/// Zones that were asked for stay parsed; there are some 600, with links.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// 400 years of the Gregorian calendar, after which days of the week, and so the rules of summer time, come again.
const CYCLE_MS: f64 = 146_097.0 * 86_400_000.0;
/// 9000-01-01: from here on only the rules count, and `jiff` ends with the year 9999.
const RULES_MS: f64 = 221_845_392_000_000.0;

/// `zoneOffset(zone, ms)`
pub(crate) fn zone_offset(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (name, ms) = (arguments.text(0)?, arguments.number(1)?);
    if !ms.is_finite() {
        return Err("`zoneOffset` takes a finite number as argument 2".to_owned());
    }
    let Some(zone) = ZONES.get(name).ok().filter(|zone| !zone.is_unknown()) else {
        return Ok(Value::Null);
    };
    let ms = if ms > RULES_MS {
        RULES_MS + (ms - RULES_MS) % CYCLE_MS
    } else {
        ms
    };
    let least = Timestamp::MIN.as_millisecond() as f64;
    let instant = Timestamp::from_millisecond(ms.floor().max(least) as i64);
    let instant = instant.map_err(|error| format!("`zoneOffset`: {error}"))?;
    let seconds = zone.to_offset(instant).seconds();
    Ok(Value::from(f64::from(seconds) / 60.0))
}
