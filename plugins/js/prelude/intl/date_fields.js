// From an instant to the text of each field of a pattern.

import { zoneStyle } from "./date_pattern.js";
import { offsetAt, zoneName } from "./zones.js";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ERAS = { 1: ["BC", "AD"], 4: ["Before Christ", "Anno Domini"], 5: ["B", "A"] };

const TIME_MAX = 8.64e15;
const FOUR_CENTURIES = 146_097 * 86_400_000;

/** The fields of an instant in a zone. */
export function fieldsOf(ms, zone) {
  const local = ms + offsetAt(zone, ms);
  // At the ends of time a zone's own clock may be beyond what a Date has: the calendar repeats every 400 years.
  const shift = local > TIME_MAX ? -1 : local < -TIME_MAX ? 1 : 0;
  const date = new Date(local + shift * FOUR_CENTURIES);
  return {
    ms,
    zone,
    year: date.getUTCFullYear() - shift * 400,
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    fraction: date.getUTCMilliseconds(),
  };
}

const padded = (value, count) => (count === 2 ? String(value % 100).padStart(2, "0") : String(value));

function named(name, count, isBritish) {
  if (count === 5) return name[0];
  if (count === 4) return name;
  return isBritish && name === "September" ? "Sept" : name.slice(0, 3);
}

function dayPeriod(hour, count, minute, second) {
  if (hour === 12 && minute === 0 && second === 0) return count === 5 ? "n" : "noon";
  if (hour < 12) return "in the morning";
  return hour < 18 ? "in the afternoon" : hour < 21 ? "in the evening" : "at night";
}

/** [type, text] of one field; `seen` has the letters of the whole pattern. */
export function fieldText([letter, count], fields, isBritish, seen) {
  switch (letter) {
    case "G":
      return ["era", ERAS[count][fields.year > 0 ? 1 : 0]];
    case "y":
      return ["year", padded(fields.year > 0 ? fields.year : 1 - fields.year, count)];
    case "M":
    case "L":
      return [
        "month",
        count < 3 ? padded(fields.month + 1, count) : named(MONTHS[fields.month], count, isBritish),
      ];
    case "d":
      return ["day", padded(fields.day, count)];
    case "E":
      return ["weekday", named(DAYS[fields.weekday], count, false)];
    case "a":
      return ["dayPeriod", isBritish ? (fields.hour < 12 ? "am" : "pm") : fields.hour < 12 ? "AM" : "PM"];
    case "B": {
      const [minute, second] = [
        seen.includes("m") ? fields.minute : 0,
        seen.includes("s") ? fields.second : 0,
      ];
      return ["dayPeriod", dayPeriod(fields.hour, count, minute, second)];
    }
    case "h":
      return ["hour", padded(fields.hour % 12 || 12, count)];
    case "K":
      return ["hour", padded(fields.hour % 12, count)];
    case "H":
      return ["hour", padded(fields.hour, count)];
    case "k":
      return ["hour", padded(fields.hour || 24, count)];
    case "m":
      return ["minute", padded(fields.minute, count)];
    case "s":
      return ["second", padded(fields.second, count)];
    case "S":
      return ["fractionalSecond", String(fields.fraction).padStart(3, "0").slice(0, count)];
    default:
      return ["timeZoneName", zoneName(fields.zone, fields.ms, zoneStyle(letter.repeat(count)), isBritish)];
  }
}

/** A pattern's tokens as [type, text] pairs. */
export function pairsOf(list, fields, isBritish) {
  const seen = list.map((token) => (typeof token === "string" ? "" : token[0]));
  return list.map((token) =>
    typeof token === "string" ? ["literal", token] : fieldText(token, fields, isBritish, seen),
  );
}
