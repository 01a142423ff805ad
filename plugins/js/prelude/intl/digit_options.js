// The options of digits that NumberFormat and PluralRules have in common.
// https://tc39.es/ecma402/#sec-setnfdigitoptions

import { boundedNumber, numberOption, textOption } from "./options.js";

const MODES = [
  "ceil",
  "floor",
  "expand",
  "trunc",
  "halfCeil",
  "halfFloor",
  "halfExpand",
  "halfTrunc",
  "halfEven",
];
const INCREMENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000];
const DIGITS_MAX = 100;

/** Reads them into `settings`; the two numbers are the defaults of minimum and maximumFractionDigits. */
export function digitOptions(settings, options, leastDefault, mostDefault, notation, where) {
  settings.minimumIntegerDigits = numberOption(options, "minimumIntegerDigits", 1, 21, 1);
  const least = options.minimumFractionDigits;
  const most = options.maximumFractionDigits;
  const leastSignificant = options.minimumSignificantDigits;
  const mostSignificant = options.maximumSignificantDigits;
  const increment = numberOption(options, "roundingIncrement", 1, 5000, 1);
  if (!INCREMENTS.includes(increment)) throw new RangeError("roundingIncrement value is out of range.");
  settings.roundingIncrement = increment;
  settings.roundingMode = textOption(options, "roundingMode", MODES, "halfExpand", where);
  const priority = textOption(
    options,
    "roundingPriority",
    ["auto", "morePrecision", "lessPrecision"],
    "auto",
    where,
  );
  settings.trailingZeroDisplay = textOption(
    options,
    "trailingZeroDisplay",
    ["auto", "stripIfInteger"],
    "auto",
    where,
  );

  const hasSignificant = leastSignificant !== undefined || mostSignificant !== undefined;
  const hasFraction = least !== undefined || most !== undefined;
  let needsSignificant = true;
  let needsFraction = true;
  if (priority === "auto") {
    needsSignificant = hasSignificant;
    if (needsSignificant || (!hasFraction && notation === "compact")) needsFraction = false;
  }
  if (needsSignificant) {
    if (hasSignificant) {
      settings.minimumSignificantDigits = boundedNumber(
        leastSignificant,
        "minimumSignificantDigits",
        1,
        21,
        1,
      );
      settings.maximumSignificantDigits = boundedNumber(
        mostSignificant,
        "maximumSignificantDigits",
        settings.minimumSignificantDigits,
        21,
        21,
      );
    } else {
      settings.minimumSignificantDigits = 1;
      settings.maximumSignificantDigits = 21;
    }
  }
  if (needsFraction) {
    if (hasFraction) fractionOptions(settings, least, most, leastDefault, mostDefault);
    else {
      settings.minimumFractionDigits = leastDefault;
      settings.maximumFractionDigits = mostDefault;
    }
  }
  if (!needsSignificant && !needsFraction) {
    Object.assign(settings, {
      minimumFractionDigits: 0,
      maximumFractionDigits: 0,
      minimumSignificantDigits: 1,
      maximumSignificantDigits: 2,
      roundingType: "morePrecision",
      roundingPriority: "morePrecision",
    });
  } else if (priority !== "auto") {
    settings.roundingType = settings.roundingPriority = priority;
  } else {
    settings.roundingType = hasSignificant ? "significantDigits" : "fractionDigits";
    settings.roundingPriority = "auto";
  }
  if (increment !== 1) {
    if (settings.roundingType !== "fractionDigits") throw new TypeError("RoundingType is not fractionDigits");
    if (settings.maximumFractionDigits !== settings.minimumFractionDigits)
      throw new RangeError("maximumFractionDigits value is out of range.");
  }
}

function fractionOptions(settings, least, most, leastDefault, mostDefault) {
  let minimum = boundedNumber(least, "minimumFractionDigits", 0, DIGITS_MAX, undefined);
  let maximum = boundedNumber(most, "maximumFractionDigits", 0, DIGITS_MAX, undefined);
  if (minimum === undefined) minimum = Math.min(leastDefault, maximum);
  else if (maximum === undefined) maximum = Math.max(mostDefault, minimum);
  else if (minimum > maximum) throw new RangeError("maximumFractionDigits value is out of range.");
  settings.minimumFractionDigits = minimum;
  settings.maximumFractionDigits = maximum;
}

const NAMES = [
  "minimumIntegerDigits",
  "minimumFractionDigits",
  "maximumFractionDigits",
  "minimumSignificantDigits",
  "maximumSignificantDigits",
];

/** What resolvedOptions shows of them before, and after, what only NumberFormat has. */
export function resolvedDigits(settings) {
  const result = {};
  for (const name of NAMES) if (settings[name] !== undefined) result[name] = settings[name];
  return result;
}
