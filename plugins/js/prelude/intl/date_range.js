// formatRange of dates: what both ends have in common is said once where English does so.

import { pairsOf } from "./date_fields.js";
import { componentPattern, tokens } from "./date_pattern.js";

const DASH = [["literal", "\u2009–\u2009", "shared"]];
/** The British 24-hour clock has no blanks around it. */
const TIGHT = [["literal", "–", "shared"]];
const DATE = ["weekday", "era", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName"];
const HALVES = { h11: true, h12: true };

const pick = (asked, names) =>
  Object.fromEntries(names.filter((name) => asked[name] !== undefined).map((name) => [name, asked[name]]));
const marked = (pairs, source) => pairs.map(([type, text]) => [type, text, source]);
const text = (pairs) => pairs.map(([, value]) => value).join("");

/** The components that a style stands for. */
function components({ dateStyle, timeStyle, asked, isBritish }) {
  if (dateStyle === undefined && timeStyle === undefined) return asked;
  const dates = {
    full: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
    long: { year: "numeric", month: "long", day: "numeric" },
    medium: { year: "numeric", month: "short", day: "numeric" },
    short: { year: isBritish ? "numeric" : "2-digit", month: "numeric", day: "numeric" },
  };
  const clock = { hour: "numeric", minute: "2-digit", second: "2-digit" };
  const times = {
    full: { ...clock, timeZoneName: "long" },
    long: { ...clock, timeZoneName: "short" },
    medium: clock,
    short: { hour: "numeric", minute: "2-digit" },
  };
  return { ...dates[dateStyle], ...times[timeStyle] };
}

export function rangeOf(state, from, to) {
  const first = pairsOf(state.tokens, from, state.isBritish);
  const last = pairsOf(state.tokens, to, state.isBritish);
  const isSameDay = from.year === to.year && from.month === to.month && from.day === to.day;
  const asked = components(state);
  const time = pick(asked, TIME);
  const wider = widened(asked, Object.keys(time).length > 0, isSameDay, from, to);
  if (wider !== null) {
    const list = tokens(componentPattern(wider, state.hourCycle, state.isBritish));
    const both = [from, to].map((fields) => pairsOf(list, fields, state.isBritish));
    return [...marked(both[0], "startRange"), ...DASH, ...marked(both[1], "endRange")];
  }
  if (text(first) === text(last)) {
    return first.map(([type, own]) => [type, own.replace("\u202f", " "), "shared"]);
  }
  const date = pick(asked, DATE);
  if (Object.keys(time).length === 0) {
    const list = dateRange(state, asked, from, to);
    if (list !== null) return list;
  } else if (isSameDay) {
    return timeRange(state, date, time, from, to);
  }
  return [...marked(first, "startRange"), ...DASH, ...marked(last, "endRange")];
}

/** With what differs, if that is more than what was asked for: a month to two days, a date to two times. */
function widened(asked, hasTime, isSameDay, from, to) {
  const { year, month, day, weekday } = asked;
  const isBare = (year ?? month ?? day ?? weekday ?? asked.era) === undefined;
  if (hasTime)
    return isBare && !isSameDay ? { year: "numeric", month: "numeric", day: "numeric", ...asked } : null;
  if (day === undefined || year !== undefined || (weekday !== undefined && month === undefined)) return null;
  if (month !== undefined) return from.year === to.year ? null : { year: "numeric", ...asked };
  if (from.year !== to.year) return { year: "numeric", month: "numeric", ...asked };
  return from.month === to.month ? null : { month: "numeric", ...asked };
}

/** "Jan 2 – 5, 2026", "Jan 2 – Feb 5, 2026", "January – March 2026"; null: both ends are written out. */
function dateRange({ isBritish }, { weekday, era, year, month, day }, from, to) {
  if (from.year !== to.year || era !== undefined) return null;
  const isText = month === "short" || month === "long" || month === "narrow";
  if (!isText) return null;
  const part = (options, fields, source) =>
    marked(pairsOf(tokens(componentPattern(options, undefined, isBritish)), fields, isBritish), source);
  const tail =
    year === undefined
      ? []
      : [["literal", isBritish || day === undefined ? " " : ", ", "shared"], ...part({ year }, to, "shared")];
  if (day === undefined) {
    if (weekday !== undefined) return null;
    return [...part({ month }, from, "startRange"), ...DASH, ...part({ month }, to, "endRange"), ...tail];
  }
  if (weekday === undefined && from.month === to.month) {
    const days = [...part({ day }, from, "startRange"), ...DASH, ...part({ day }, to, "endRange")];
    const own = part({ month }, from, "shared");
    const blank = ["literal", " ", "shared"];
    return isBritish ? [...days, blank, ...own, ...tail] : [...own, blank, ...days, ...tail];
  }
  const both = { weekday, month, day };
  return [...part(both, from, "startRange"), ...DASH, ...part(both, to, "endRange"), ...tail];
}

/** The day once, then both times; AM or PM once if there are no seconds and it is the same. */
function timeRange(state, date, time, from, to) {
  const { isBritish, hourCycle } = state;
  const list = (options, fields) =>
    pairsOf(tokens(componentPattern(options, hourCycle, isBritish)), fields, isBritish);
  const head = Object.keys(date).length === 0 ? [] : glue(list(date, from));
  const { timeZoneName: asked, ...clock } = time;
  const isPlain =
    clock.second === undefined && clock.fractionalSecondDigits === undefined && clock.dayPeriod === undefined;
  const timeZoneName = (head.length > 0 || isPlain) && asked === "long" ? "short" : asked;
  if (timeZoneName !== undefined) time = { ...time, timeZoneName };
  const zone =
    timeZoneName === undefined
      ? []
      : [["literal", " ", "shared"], ...marked(list({ timeZoneName }, to), "shared")];
  let start = list(clock, from);
  let end = list(clock, to);
  let tail = [];
  if (isPlain && clock.hour !== undefined && HALVES[hourCycle] && from.hour < 12 === to.hour < 12) {
    tail = marked(end.slice(-2), "shared");
    start = start.slice(0, -2);
    end = end.slice(0, -2);
  }
  if (!isPlain) {
    // No pattern of a range has seconds: both times are written out, with their zone.
    start = list(time, from);
    end = list(time, to);
    return [...head, ...marked(start, "startRange"), ...DASH, ...marked(end, "endRange")];
  }
  const dash = isBritish && clock.hour !== undefined && !HALVES[hourCycle] ? TIGHT : DASH;
  return [...head, ...marked(start, "startRange"), ...dash, ...marked(end, "endRange"), ...tail, ...zone];
}

const glue = (pairs) => [...marked(pairs, "shared"), ["literal", ", ", "shared"]];
