import { DateTime, Duration, Interval } from "luxon";

const day = DateTime.fromISO("2017-05-15T09:12:34", { zone: "utc" });
console.log(day.toISO(), day.plus({ days: 3, hours: 2 }).toISODate(), day.toFormat("yyyy LLL dd HH:mm"), day.weekday, day.diff(DateTime.fromISO("2017-01-01", { zone: "utc" }), ["months", "days"]).toObject());
console.log(Duration.fromObject({ hours: 2, minutes: 7 }).toISO(), Interval.fromDateTimes(day, day.plus({ days: 2 })).length("hours"), day.startOf("month").toISO(), DateTime.fromFormat("05/23/1982", "MM/dd/yyyy", { zone: "utc" }).toISODate(), day.toLocaleString(DateTime.DATE_MED));
