// Intl.RelativeTimeFormat for English. https://tc39.es/ecma402/#relativetimeformat-objects

import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { addMembers, numberPairs, numberState } from "./number_format.js";
import { shape, States, textOption } from "./options.js";

const states = new States("Intl.RelativeTimeFormat");
const where = "Intl.RelativeTimeFormat";
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const SHORT = {
  second: "sec",
  minute: "min",
  hour: "hr",
  week: "wk",
  month: "mo",
  quarter: "qtr",
  year: "yr",
};
const NARROW = {
  second: "s",
  minute: "m",
  hour: "h",
  day: "d",
  week: "w",
  month: "mo",
  quarter: "q",
  year: "y",
};
const NAMED = {
  second: ["", "now", ""],
  minute: ["", "this minute", ""],
  hour: ["", "this hour", ""],
  day: ["yesterday", "today", "tomorrow"],
};

export class RelativeTimeFormat {
  constructor(locales = undefined, given = undefined) {
    if (given === null) throw new TypeError("Intl.RelativeTimeFormat called on null or undefined");
    const options = given === undefined ? Object.create(null) : Object(given);
    const { locale, isBritish } = resolveLocale(locales, options, { nu: ["latn"] }, {}, where);
    states.set(this, {
      locale,
      isBritish,
      style: textOption(options, "style", ["long", "short", "narrow"], "long", where),
      numeric: textOption(options, "numeric", ["always", "auto"], "always", where),
    });
  }
}

/** The unit's name after a number. */
function unitName(unit, { style, isBritish }, isOne) {
  if (style === "narrow" && !isBritish) return NARROW[unit];
  if (style === "long" || unit === "day") return ` ${unit}${isOne ? "" : "s"}`;
  if (isBritish) return ` ${SHORT[unit]}`;
  return ` ${SHORT[unit]}${unit === "quarter" && !isOne ? "s" : ""}.`;
}

function named(unit, at, { style, isBritish }) {
  const own = NAMED[unit];
  if (own !== undefined) return own[at];
  const name = style === "long" ? unit : `${SHORT[unit]}${isBritish && unit !== "quarter" ? "" : "."}`;
  return `${["last", "this", "next"][at]} ${name}`;
}

function pairs(state, value, unit, method) {
  const number = Number(value);
  const text = `${unit}`;
  const single = text.endsWith("s") ? text.slice(0, -1) : text;
  if (!Number.isFinite(number))
    throw new RangeError(`Value need to be finite number for ${where}.prototype.${method}()`);
  if (!UNITS.includes(single))
    throw new RangeError(`Invalid unit argument for ${where}.prototype.${method}() '${text}'`);
  if (state.numeric === "auto" && Math.abs(number) <= 1 && Number.isInteger(number)) {
    const name = named(single, number + 1, state);
    if (name !== "") return [["literal", name]];
  }
  const isPast = number < 0 || Object.is(number, -0);
  const digits = numberPairs(numberState(undefined, undefined), Math.abs(number));
  const isOne = digits.length === 1 && digits[0][1] === "1";
  const name = unitName(single, state, isOne);
  const list = digits.map(([type, own]) => [type, own, single]);
  return isPast ? [...list, ["literal", `${name} ago`]] : [["literal", "in "], ...list, ["literal", name]];
}

addMembers(RelativeTimeFormat.prototype, {
  resolvedOptions() {
    const { locale, style, numeric } = states.get(this, "resolvedOptions");
    return { locale, style, numeric, numberingSystem: "latn" };
  },
  format(value, unit) {
    return pairs(states.get(this, "format"), value, unit, "format")
      .map(([, text]) => text)
      .join("");
  },
  formatToParts(value, unit) {
    return pairs(states.get(this, "formatToParts"), value, unit, "formatToParts").map(([type, text, own]) =>
      own === undefined ? { type, value: text } : { type, value: text, unit: own },
    );
  },
});
shape(RelativeTimeFormat, "RelativeTimeFormat", (locales, options) =>
  supportedLocales(locales, options, where),
);
