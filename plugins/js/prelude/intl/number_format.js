// Intl.NumberFormat for English. https://tc39.es/ecma402/#numberformat-objects

import { decimalOf, magnitude, rounded, scaled } from "./decimal.js";
import { digitOptions, resolvedDigits } from "./digit_options.js";
import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { shape, States, textOption } from "./options.js";
import { cardinal } from "./plural_rules.js";
import { currencyDigits, currencyNames, currencySymbol, isUnit, unitForms } from "./units.js";

const states = new States("Intl.NumberFormat");
const where = "Intl.NumberFormat";
const NBSP = "\u00a0";

function initialise(locales, given) {
  const options = given === undefined ? Object.create(null) : Object(nonNull(given));
  const system = options.numberingSystem;
  if (system !== undefined && !/^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i.test(`${system}`))
    throw new RangeError(`Invalid numberingSystem : ${system}`);
  const { locale, isBritish, values } = resolveLocale(
    locales,
    options,
    { nu: ["latn"] },
    { nu: system === undefined ? undefined : `${system}` },
    where,
  );
  const state = { locale, isBritish, numberingSystem: values.nu ?? "latn", bound: null };
  unitOptions(state, options);
  const { style } = state;
  state.notation = textOption(
    options,
    "notation",
    ["standard", "scientific", "engineering", "compact"],
    "standard",
    where,
  );
  let least = 0;
  let most = style === "percent" ? 0 : 3;
  if (style === "currency") least = most = currencyDigits(state.currency);
  digitOptions(state, options, least, most, state.notation, where);
  state.compactDisplay = textOption(options, "compactDisplay", ["short", "long"], "short", where);
  state.useGrouping = groupingOption(options, state.notation === "compact" ? "min2" : "auto");
  state.signDisplay = textOption(
    options,
    "signDisplay",
    ["auto", "never", "always", "exceptZero", "negative"],
    "auto",
    where,
  );
  return state;
}

function nonNull(options) {
  if (options === null) throw new TypeError("Intl.NumberFormat called on null or undefined");
  return options;
}

function unitOptions(state, options) {
  state.style = textOption(options, "style", ["decimal", "percent", "currency", "unit"], "decimal", where);
  const currency = textOption(options, "currency", null, undefined, where);
  if (currency !== undefined && !/^[a-z]{3}$/i.test(currency))
    throw new RangeError(`Invalid currency code : ${currency}`);
  const currencyDisplay = textOption(
    options,
    "currencyDisplay",
    ["code", "symbol", "narrowSymbol", "name"],
    "symbol",
    where,
  );
  const currencySign = textOption(options, "currencySign", ["standard", "accounting"], "standard", where);
  const unit = textOption(options, "unit", null, undefined, where);
  if (unit !== undefined && !isUnit(unit))
    throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
  const unitDisplay = textOption(options, "unitDisplay", ["short", "narrow", "long"], "short", where);
  if (state.style === "currency") {
    if (currency === undefined) throw new TypeError("Currency code is required with currency style.");
    Object.assign(state, { currency: currency.toUpperCase(), currencyDisplay, currencySign });
  } else if (state.style === "unit") {
    if (unit === undefined) throw new TypeError("Invalid unit argument for Intl.NumberFormat() ''");
    Object.assign(state, { unit, unitDisplay });
  }
}

function groupingOption(options, fallback) {
  const value = options.useGrouping;
  if (value === undefined) return fallback;
  if (value === true) return "always";
  if (value === false || value === null || value === 0 || value === "") return false;
  const text = `${value}`;
  if (text === "true" || text === "false") return fallback;
  if (!["min2", "auto", "always"].includes(text))
    throw new RangeError(`Value ${text} out of range for Intl.NumberFormat options property useGrouping`);
  return text;
}

// ---- formatting: a number becomes parts [type, value] ----

const COMPACT = {
  short: ["K", "M", "B", "T"],
  british: ["k", "m", "bn", "tn"],
  long: ["thousand", "million", "billion", "trillion"],
};

/** The power of ten that notation takes out of a number. */
function exponentFor(state, power) {
  switch (state.notation) {
    case "scientific":
      return power;
    case "engineering":
      return Math.floor(power / 3) * 3;
    case "compact":
      return power < 3 ? 0 : Math.min(12, Math.floor(power / 3) * 3);
    default:
      return 0;
  }
}

/** Rounds with the exponent taken out; rounding may carry into the next power. */
function shifted(state, decimal) {
  const power = magnitude(decimal);
  let exponent = exponentFor(state, power);
  let result = rounded(scaled(decimal, -exponent), state);
  if (result.decimal.digits !== "") {
    const next = exponentFor(state, magnitude(result.decimal) + exponent);
    if (next !== exponent && magnitude(result.decimal) + exponent > power) {
      exponent = next;
      result = rounded(scaled(decimal, -exponent), state);
    }
  }
  return { ...result, exponent };
}

function signOf(state, isNegative, isZero) {
  switch (state.signDisplay) {
    case "never":
      return "";
    case "always":
      return isNegative ? "-" : "+";
    case "exceptZero":
      return isZero ? "" : isNegative ? "-" : "+";
    case "negative":
      return isNegative && !isZero ? "-" : "";
    default:
      return isNegative ? "-" : "";
  }
}

function integerParts(whole, state, parts) {
  const least = { min2: 5, auto: 4, always: 4 }[state.useGrouping];
  if (state.useGrouping === false || whole.length < least) {
    parts.push(["integer", whole]);
    return;
  }
  const first = whole.length % 3 || 3;
  parts.push(["integer", whole.slice(0, first)]);
  for (let at = first; at < whole.length; at += 3)
    parts.push(["group", ","], ["integer", whole.slice(at, at + 3)]);
}

/** The number itself, without sign and unit; `plural` is the category that it asks for. */
function numberParts(state, decimal) {
  const parts = [];
  if (decimal.special !== "") {
    parts.push(decimal.special === "nan" ? ["nan", "NaN"] : ["infinity", "∞"]);
    return { parts, plural: "other", isZero: decimal.special === "nan" };
  }
  const { decimal: value, whole, after, exponent } = shifted(state, decimal);
  integerParts(whole, state, parts);
  if (after !== "") parts.push(["decimal", "."], ["fraction", after]);
  let plural = cardinal(whole, after);
  if (state.notation === "compact") {
    if (exponent > 0) {
      const isLong =
        state.compactDisplay === "long" && !(state.style === "currency" && state.currencyDisplay !== "name");
      const word = COMPACT[isLong ? "long" : state.isBritish ? "british" : "short"][exponent / 3 - 1];
      if (isLong) parts.push(["literal", " "]);
      parts.push(["compact", word]);
      plural = "other";
    }
  } else if (state.notation !== "standard") {
    parts.push(["exponentSeparator", "E"]);
    if (exponent < 0) parts.push(["exponentMinusSign", "-"]);
    parts.push(["exponentInteger", String(Math.abs(exponent))]);
    plural = exponent === 0 ? plural : "other";
  }
  return { parts, plural, isZero: value.digits === "" };
}

/** Between a currency that ends in a letter and the number stands a blank. */
const wantsBlank = (symbol) => !/[\p{S}\p{Z}]$/u.test(symbol);

export function formatToPairs(state, value) {
  let decimal = value;
  if (state.style === "percent") decimal = scaled(decimal, 2);
  const { parts, plural, isZero } = numberParts(state, decimal);
  const sign = signOf(state, decimal.isNegative && decimal.special !== "nan", isZero);
  const signPart = sign === "" ? [] : [[sign === "-" ? "minusSign" : "plusSign", sign]];
  switch (state.style) {
    case "percent":
      return [...signPart, ...parts, [state.notation === "compact" ? "unit" : "percentSign", "%"]];
    case "currency":
      return currencyParts(state, parts, plural, sign, signPart);
    case "unit": {
      const { forms, hasBlank } = unitForms(state.unit, state.unitDisplay, state.isBritish);
      const form = forms[plural === "one" ? 0 : 1];
      return [...signPart, ...parts, ...(hasBlank ? [["literal", " "]] : []), ["unit", form]];
    }
    default:
      return [...signPart, ...parts];
  }
}

function currencyParts(state, parts, plural, sign, signPart) {
  const { currency, currencyDisplay, currencySign } = state;
  if (currencyDisplay === "name") {
    const names = currencyNames(currency, state.isBritish);
    const name = names === undefined ? currency : names[plural === "one" ? 1 : 2];
    return [...signPart, ...parts, ["literal", " "], ["currency", name]];
  }
  const symbol = currencySymbol(currency, currencyDisplay, state.isBritish);
  const head = [["currency", symbol]];
  if (wantsBlank(symbol) && /^[0-9]/.test(parts[0][1])) head.push(["literal", NBSP]);
  if (currencySign === "accounting" && sign === "-")
    return [["literal", "("], ...head, ...parts, ["literal", ")"]];
  return [...signPart, ...head, ...parts];
}

const joined = (pairs) => pairs.map(([, value]) => value).join("");
export const asParts = (pairs) => pairs.map(([type, value]) => ({ type, value }));
export const numberPairs = (state, value) => formatToPairs(state, decimalOf(value));
export const formatNumber = (state, value) => joined(formatToPairs(state, decimalOf(value)));

// ---- ranges ----

function rangePairs(state, start, end) {
  if (start === undefined || end === undefined) throw new TypeError("Invalid value");
  const [first, last] = [decimalOf(start), decimalOf(end)];
  if (first.special === "nan" || last.special === "nan") throw new RangeError("Invalid value");
  const from = formatToPairs(state, first);
  const to = formatToPairs(state, last);
  if (joined(from) === joined(to)) {
    return [["approximatelySign", "~", "shared"], ...from.map((pair) => [...pair, "shared"])];
  }
  return collapsed(from, to);
}

/** What stands at both ends alike is written once: a currency before, a unit after. */
function collapsed(from, to) {
  const isOuter = ([type]) =>
    type === "currency" || type === "unit" || type === "percentSign" || type === "compact";
  let head = [];
  let tail = [];
  const isPrefix = from[0][0] === "currency" && to[0][0] === "currency" && from[0][1] === to[0][1];
  if (isPrefix) {
    const count = from[1][0] === "literal" ? 2 : 1;
    head = from.slice(0, count);
    from = from.slice(count);
    to = to.slice(count);
  }
  while (
    from.length > 1 &&
    to.length > 1 &&
    (isOuter(from.at(-1)) || (from.at(-1)[0] === "literal" && tail.length > 0)) &&
    from.at(-1).join() === to.at(-1).join()
  ) {
    tail = [from.at(-1), ...tail];
    from = from.slice(0, -1);
    to = to.slice(0, -1);
  }
  const hasSign = from[0][0] === "minusSign" || to[0][0] === "minusSign" || to[0][0] === "plusSign";
  const isWide =
    hasSign || (!isPrefix && [...from, ...to].some(isOuter)) || (isPrefix && head.length > 0 && false);
  const dash = isWide ? " – " : isPrefix ? " – " : "–";
  return [
    ...head.map((pair) => [...pair, "shared"]),
    ...from.map((pair) => [...pair, "startRange"]),
    ["literal", dash, "shared"],
    ...to.map((pair) => [...pair, "endRange"]),
    ...tail.map((pair) => [...pair, "shared"]),
  ];
}

// ---- the constructor ----

export function NumberFormat(locales = undefined, options = undefined) {
  const state = initialise(locales, options);
  const target = new.target ?? NumberFormat;
  return states.set(Reflect.construct(Object, [], target), state);
}

const members = {
  get format() {
    const state = states.get(this, "format");
    state.bound ??= Object.defineProperty((value) => formatNumber(state, value), "name", { value: "" });
    return state.bound;
  },
  formatToParts(value) {
    return asParts(formatToPairs(states.get(this, "formatToParts"), decimalOf(value)));
  },
  formatRange(start, end) {
    return joined(rangePairs(states.get(this, "formatRange"), start, end));
  },
  formatRangeToParts(start, end) {
    const pairs = rangePairs(states.get(this, "formatRangeToParts"), start, end);
    return pairs.map(([type, value, source]) => ({ type, value, source }));
  },
  resolvedOptions() {
    const state = states.get(this, "resolvedOptions");
    const result = { locale: state.locale, numberingSystem: state.numberingSystem, style: state.style };
    for (const name of ["currency", "currencyDisplay", "currencySign", "unit", "unitDisplay"])
      if (state[name] !== undefined) result[name] = state[name];
    Object.assign(result, resolvedDigits(state), {
      useGrouping: state.useGrouping,
      notation: state.notation,
    });
    if (state.notation === "compact") result.compactDisplay = state.compactDisplay;
    return Object.assign(result, {
      signDisplay: state.signDisplay,
      roundingIncrement: state.roundingIncrement,
      roundingMode: state.roundingMode,
      roundingPriority: state.roundingPriority,
      trailingZeroDisplay: state.trailingZeroDisplay,
    });
  },
};

/** Puts methods and getters on a prototype as the language's own are: not enumerable. */
export function addMembers(prototype, own) {
  for (const name of Object.keys(own)) {
    const property = Object.getOwnPropertyDescriptor(own, name);
    Object.defineProperty(prototype, name, { ...property, enumerable: false });
  }
}
addMembers(NumberFormat.prototype, members);
shape(NumberFormat, "NumberFormat", (locales, options) => supportedLocales(locales, options, where));

/** The state of a formatter for toLocaleString: options are seldom given, so the plain one is kept. */
let plain = null;
export function numberState(locales, options) {
  if (locales === undefined && options === undefined) return (plain ??= initialise(undefined, undefined));
  return initialise(locales, options);
}
