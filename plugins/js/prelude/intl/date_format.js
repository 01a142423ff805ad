// Intl.DateTimeFormat for English, with the Gregorian calendar. https://tc39.es/ecma402/#datetimeformat-objects

import { fieldsOf, pairsOf } from "./date_fields.js";
import { componentPattern, stylePattern, tokens, zoneStyle } from "./date_pattern.js";
import { rangeOf } from "./date_range.js";
import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { addMembers, asParts } from "./number_format.js";
import { booleanOption, numberOption, shape, States, textOption } from "./options.js";
import { canonicalZone } from "./zones.js";

const states = new States("Intl.DateTimeFormat");
const where = "Intl.DateTimeFormat";
const CYCLES = ["h11", "h12", "h23", "h24"];
const CALENDARS = ["gregory", "iso8601"];
const COMPONENTS = {
  weekday: ["narrow", "short", "long"],
  era: ["narrow", "short", "long"],
  year: ["2-digit", "numeric"],
  month: ["2-digit", "numeric", "narrow", "short", "long"],
  day: ["2-digit", "numeric"],
  dayPeriod: ["narrow", "short", "long"],
  hour: ["2-digit", "numeric"],
  minute: ["2-digit", "numeric"],
  second: ["2-digit", "numeric"],
  fractionalSecondDigits: null,
  timeZoneName: ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"],
};
const STYLES = ["full", "long", "medium", "short"];
const IN_DATES = ["weekday", "year", "month", "day"];
const IN_TIMES = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];

/** `required` and `defaults` are those of the specification: date, time, any; date, time, all. */
export function initialise(locales, given, required, defaults) {
  if (given === null) throw new TypeError("Intl.DateTimeFormat called on null or undefined");
  const options = given === undefined ? Object.create(null) : Object(given);
  const calendar = keyword(options, "calendar");
  const system = keyword(options, "numberingSystem");
  const hour12 = booleanOption(options, "hour12", undefined);
  let hourCycle = textOption(options, "hourCycle", CYCLES, undefined, where);
  if (hour12 !== undefined) hourCycle = undefined;
  const { locale, isBritish, values } = resolveLocale(
    locales,
    options,
    { ca: CALENDARS, hc: hour12 === undefined ? CYCLES : [], nu: ["latn"] },
    { ca: calendar, hc: hourCycle, nu: system },
    where,
  );
  const zone = options.timeZone;
  const state = {
    locale,
    isBritish,
    calendar: values.ca ?? "gregory",
    timeZone: zone === undefined ? "UTC" : canonicalZone(zone),
    bound: null,
  };
  const asked = componentsAsked(options);
  textOption(options, "formatMatcher", ["basic", "best fit"], "best fit", where);
  const dateStyle = textOption(options, "dateStyle", STYLES, undefined, where);
  const timeStyle = textOption(options, "timeStyle", STYLES, undefined, where);
  const isStyled = dateStyle !== undefined || timeStyle !== undefined;
  const own = isBritish ? "h23" : "h12";
  const cycle = hour12 === undefined ? (values.hc ?? own) : hour12 ? "h12" : "h23";
  if (isStyled) {
    checkStyles(asked, dateStyle, timeStyle, required);
    Object.assign(state, { dateStyle, timeStyle });
    state.pattern = stylePattern(dateStyle, timeStyle, cycle, isBritish);
  } else {
    addDefaults(asked, required, defaults);
    state.pattern = componentPattern(asked, cycle, isBritish);
  }
  state.asked = asked;
  state.tokens = tokens(state.pattern);
  if (asked.hour !== undefined || timeStyle !== undefined) state.hourCycle = cycle;
  return state;
}

function keyword(options, name) {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = `${value}`;
  if (!/^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i.test(text)) throw new RangeError(`Invalid ${name} : ${text}`);
  return text.toLowerCase();
}

function componentsAsked(options) {
  const asked = {};
  for (const name of Object.keys(COMPONENTS)) {
    const value =
      name === "fractionalSecondDigits"
        ? numberOption(options, name, 1, 3, undefined)
        : textOption(options, name, COMPONENTS[name], undefined, where);
    if (value !== undefined) asked[name] = value;
  }
  return asked;
}

function checkStyles(asked, dateStyle, timeStyle, required) {
  if (Object.keys(asked).length > 0) throw new TypeError("Invalid option : option");
  if (required === "date" && timeStyle !== undefined) throw new TypeError("Invalid option : timeStyle");
  if (required === "time" && dateStyle !== undefined) throw new TypeError("Invalid option : dateStyle");
}

function addDefaults(asked, required, defaults) {
  const has = (names) => names.some((name) => asked[name] !== undefined);
  if (required !== "time" && has(IN_DATES)) return;
  if (required !== "date" && has(IN_TIMES)) return;
  if (defaults !== "time") for (const name of ["year", "month", "day"]) asked[name] = "numeric";
  if (defaults !== "date") for (const name of ["hour", "minute", "second"]) asked[name] = "numeric";
}

/** The instant of a Date or a number; without one, now. */
function instant(value) {
  const ms = value === undefined ? Date.now() : Number(value);
  if (!(Math.abs(ms) <= 8.64e15)) throw new RangeError("Invalid time value");
  return Math.trunc(ms) + 0;
}

const pairs = (state, value) =>
  pairsOf(state.tokens, fieldsOf(instant(value), state.timeZone), state.isBritish);
/** As V8 has it, a text has a common blank where its parts have the narrow one before AM and PM. */
const joined = (list) =>
  list
    .map(([, text]) => text)
    .join("")
    .replaceAll("\u202f", " ");
export const formatDate = (state, value) => joined(pairs(state, value));

function range(state, start, end, name) {
  if (start === undefined || end === undefined)
    throw new TypeError("startDate or endDate cannot be undefined");
  const [from, to] = [instant(start), instant(end)];
  return rangeOf(state, fieldsOf(from, state.timeZone), fieldsOf(to, state.timeZone), name);
}

export function DateTimeFormat(locales = undefined, options = undefined) {
  const state = initialise(locales, options, "any", "date");
  const target = new.target ?? DateTimeFormat;
  return states.set(Reflect.construct(Object, [], target), state);
}

addMembers(DateTimeFormat.prototype, {
  get format() {
    const state = states.get(this, "format");
    state.bound ??= Object.defineProperty((date) => formatDate(state, date), "name", { value: "" });
    return state.bound;
  },
  formatToParts(date) {
    return asParts(pairs(states.get(this, "formatToParts"), date));
  },
  formatRange(start, end) {
    return range(states.get(this, "formatRange"), start, end)
      .map(([, text]) => text)
      .join("");
  },
  formatRangeToParts(start, end) {
    const list = range(states.get(this, "formatRangeToParts"), start, end);
    return list.map(([type, value, source]) => ({ type, value, source }));
  },
  resolvedOptions() {
    const state = states.get(this, "resolvedOptions");
    const { locale, calendar, timeZone, hourCycle, dateStyle, timeStyle } = state;
    const result = { locale, calendar, numberingSystem: "latn", timeZone };
    if (hourCycle !== undefined)
      Object.assign(result, { hourCycle, hour12: hourCycle === "h11" || hourCycle === "h12" });
    if (dateStyle === undefined && timeStyle === undefined) Object.assign(result, resolvedComponents(state));
    if (dateStyle !== undefined) result.dateStyle = dateStyle;
    if (timeStyle !== undefined) result.timeStyle = timeStyle;
    return result;
  },
});
shape(DateTimeFormat, "DateTimeFormat", (locales, options) => supportedLocales(locales, options, where));

const WIDTHS = { 1: "numeric", 2: "2-digit", 3: "short", 4: "long", 5: "narrow" };
const LETTERS = {
  E: "weekday",
  G: "era",
  y: "year",
  M: "month",
  L: "month",
  d: "day",
  B: "dayPeriod",
  h: "hour",
  H: "hour",
  k: "hour",
  K: "hour",
  m: "minute",
  s: "second",
};

/** The components as the pattern has them. */
function resolvedComponents({ tokens: list, asked }) {
  const found = {};
  for (const token of list) {
    if (typeof token === "string") continue;
    const [letter, count] = token;
    if (letter === "S") found.fractionalSecondDigits = count;
    else if (LETTERS[letter] !== undefined)
      found[LETTERS[letter]] = letter === "G" && count === 1 ? "short" : WIDTHS[count];
    else if (letter !== "a") found.timeZoneName = zoneStyle(letter.repeat(count));
  }
  if (asked.dayPeriod !== undefined && found.dayPeriod !== undefined) found.dayPeriod = asked.dayPeriod;
  const result = {};
  for (const name of Object.keys(COMPONENTS)) if (found[name] !== undefined) result[name] = found[name];
  return result;
}

/** The states of toLocaleString and the like without arguments, made once. */
const plain = new Map();
export function dateState(locales, options, required, defaults) {
  if (locales !== undefined || options !== undefined) return initialise(locales, options, required, defaults);
  const key = required + defaults;
  if (!plain.has(key)) plain.set(key, initialise(undefined, undefined, required, defaults));
  return plain.get(key);
}
