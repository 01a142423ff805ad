//! Time zones against what is known of their history.

use host_web::{Function, Value};

use crate::caller::{Caller, number};

const DAY_MS: f64 = 86_400_000.0;

#[test]
fn offsets_are_those_of_the_time() {
    let mut caller = Caller::new();
    let mut offset =
        |zone: &str, ms: f64| caller.call(Function::ZoneOffset, &[Value::from(zone), number(ms)]);
    let winter = 1_700_000_000_000.0; // 2023-11-14
    let summer = 1_690_000_000_000.0; // 2023-07-22
    for (zone, ms, wanted) in [
        ("UTC", winter, 0.0),
        ("Etc/GMT+5", winter, -300.0),
        ("Europe/Berlin", winter, 60.0),
        ("europe/berlin", summer, 120.0),
        ("US/Eastern", winter, -300.0),
        ("America/New_York", summer, -240.0),
        ("Asia/Kolkata", summer, 330.0),
        ("Asia/Calcutta", summer, 330.0),
        ("Australia/Lord_Howe", winter, 660.0),
        ("Australia/Lord_Howe", summer, 630.0),
        // The clocks of Berlin went back at 2023-10-29 01:00 UTC.
        ("Europe/Berlin", 1_698_541_199_999.9, 120.0),
        ("Europe/Berlin", 1_698_541_200_000.0, 60.0),
        // Local mean time, to the ends of the calendar of JavaScript.
        (
            "America/New_York",
            -3_000_000_000_000.0,
            -296.0 - 2.0 / 60.0,
        ),
        ("America/New_York", -1e8 * DAY_MS, -296.0 - 2.0 / 60.0),
        ("America/New_York", f64::MIN, -296.0 - 2.0 / 60.0),
    ] {
        assert_eq!(offset(zone, ms), number(wanted), "{zone} {ms}");
    }
    // 400 years later everything is as it was: 2100 and 10100.
    for day in 0..366 {
        let ms = 4_102_444_800_000.0 + f64::from(day) * DAY_MS;
        let later = ms + 20.0 * 146_097.0 * DAY_MS;
        assert_eq!(
            offset("Europe/Berlin", ms),
            offset("Europe/Berlin", later),
            "{day}"
        );
    }
    assert!(offset("Europe/Berlin", 1e300).as_number().is_some());
    for zone in [
        "",
        "Mars/Olympus",
        "../UTC",
        "Etc/Unknown",
        "Europe/Berlin\0",
    ] {
        assert_eq!(offset(zone, winter), Value::Null, "{zone}");
    }
}

#[test]
fn instants_that_are_none_are_refused() {
    let mut caller = Caller::new();
    for ms in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let answer = caller.try_call(Function::ZoneOffset, &[Value::from("UTC"), number(ms)]);
        assert!(answer.is_err_and(|error| error.contains("finite")));
    }
}
