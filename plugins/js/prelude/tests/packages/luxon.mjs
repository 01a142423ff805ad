import { DateTime, Duration, Interval } from "luxon";

const day = DateTime.fromISO("2017-05-15T09:12:34", { zone: "utc" });
console.log(day.toISO(), day.plus({ days: 3, hours: 2 }).toISODate(), day.toFormat("yyyy LLL dd HH:mm"), day.weekday, day.diff(DateTime.fromISO("2017-01-01", { zone: "utc" }), ["months", "days"]).toObject());
console.log(Duration.fromObject({ hours: 2, minutes: 7 }).toISO(), Interval.fromDateTimes(day, day.plus({ days: 2 })).length("hours"), day.startOf("month").toISO(), DateTime.fromFormat("05/23/1982", "MM/dd/yyyy", { zone: "utc" }).toISODate(), day.toLocaleString(DateTime.DATE_MED));
for (const format of ["DATE_SHORT", "DATE_MED_WITH_WEEKDAY", "DATE_FULL", "DATE_HUGE", "TIME_SIMPLE", "TIME_24_WITH_SECONDS", "TIME_WITH_SHORT_OFFSET", "DATETIME_SHORT", "DATETIME_MED_WITH_SECONDS", "DATETIME_FULL", "DATETIME_HUGE_WITH_SECONDS"])
  console.log(format, day.setZone("America/New_York").toLocaleString(DateTime[format]), "|", day.setLocale("en-GB").toLocaleString(DateTime[format]));
const berlin = DateTime.fromISO("2026-03-29T01:30", { zone: "Europe/Berlin" });
console.log(berlin.offset, berlin.plus({ hours: 1 }).toISO(), berlin.offsetNameLong, berlin.offsetNameShort, berlin.isInDST, DateTime.local(2026, 7, 4, { zone: "Asia/Kolkata" }).toFormat("DDDD t ZZZZ z"), DateTime.fromISO("2026-01-01", { zone: "nope/zone" }).invalidReason);
console.log(day.toRelative({ base: day.plus({ days: 2 }) }), day.plus({ days: 1 }).toRelativeCalendar({ base: day }), Duration.fromObject({ hours: 2, minutes: 7 }).toHuman(), Duration.fromObject({ days: 1, hours: 3 }).toHuman({ unitDisplay: "short", listStyle: "long" }), day.toFormat("cccc, LLLL d, yyyy h:mm a"), day.reconfigure({ numberingSystem: "latn" }).toFormat("MMM"), Interval.fromDateTimes(day, day.plus({ days: 2 })).toLocaleString(DateTime.DATE_MED));
