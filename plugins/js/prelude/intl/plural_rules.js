// Intl.PluralRules for English. https://tc39.es/ecma402/#pluralrules-objects

import { decimalOf, rounded } from "./decimal.js";
import { digitOptions, resolvedDigits } from "./digit_options.js";
import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { shape, States, textOption } from "./options.js";

const states = new States("Intl.PluralRules");
const where = "Intl.PluralRules";

/** "one" for 1 written without a fraction. */
export const cardinal = (whole, after) =>
  whole.replace(/^0+(?=.)/, "") === "1" && after === "" ? "one" : "other";

export function ordinal(whole, after) {
  if (!/^0*$/.test(after)) return "other";
  const ten = whole.at(-1);
  if (whole.length > 1 && whole.at(-2) === "1") return "other";
  return { 1: "one", 2: "two", 3: "few" }[ten] ?? "other";
}

function select(state, value) {
  const decimal = decimalOf(value);
  if (decimal.special !== "") return "other";
  const { whole, after } = rounded(decimal, state);
  return state.type === "ordinal" ? ordinal(whole, after) : cardinal(whole, after);
}

export class PluralRules {
  constructor(locales, options) {
    const requested = options === undefined ? Object.create(null) : Object(optionsOf(options));
    const { locale } = resolveLocale(locales, requested, {}, {}, where);
    const state = {
      locale: locale.replace(/^en-(?:US|GB)/, "en"),
      type: textOption(requested, "type", ["cardinal", "ordinal"], "cardinal", where),
    };
    digitOptions(state, requested, 0, 3, "standard", where);
    states.set(this, state);
  }

  select(value) {
    return select(states.get(this, "select"), Number(value));
  }

  selectRange(start, end) {
    const state = states.get(this, "selectRange");
    if (start === undefined || end === undefined) throw new TypeError("Invalid value: undefined");
    if (Number.isNaN(Number(start)) || Number.isNaN(Number(end))) throw new RangeError("Invalid value: NaN");
    return state.type === "ordinal" ? select(state, Number(end)) : "other";
  }

  resolvedOptions() {
    const state = states.get(this, "resolvedOptions");
    return {
      locale: state.locale,
      type: state.type,
      ...resolvedDigits(state),
      pluralCategories: state.type === "ordinal" ? ["few", "one", "two", "other"] : ["one", "other"],
      roundingIncrement: state.roundingIncrement,
      roundingMode: state.roundingMode,
      roundingPriority: state.roundingPriority,
      trailingZeroDisplay: state.trailingZeroDisplay,
    };
  }
}

function optionsOf(options) {
  if (options === null) throw new TypeError("Intl.PluralRules called on null or undefined");
  return options;
}

shape(PluralRules, "PluralRules", (locales, options) => supportedLocales(locales, options, where));
