// Decimal numbers of any length, and how they are rounded: what NumberFormat and PluralRules stand on.
// A decimal is { isNegative, digits, point }: its value is 0.digits × 10^point, without zeros at either end; "" is zero.
// `special` is "nan" or "infinity". https://tc39.es/ecma402/#sec-formatnumericstring

const ZERO = 48;
const NAN = { isNegative: false, digits: "", point: 0, special: "nan" };

export function decimalOf(value) {
  const primitive =
    (typeof value === "object" && value !== null) || typeof value === "function" ? toPrimitive(value) : value;
  if (typeof primitive === "string") return parse(primitive);
  if (typeof primitive === "bigint")
    return fromDigits(primitive < 0n, String(primitive < 0n ? -primitive : primitive), 0);
  const number = Number(primitive);
  if (Number.isNaN(number)) return NAN;
  if (Number.isSafeInteger(number))
    return fromDigits(number < 0 || Object.is(number, -0), String(Math.abs(number)), 0);
  if (number === Infinity || number === -Infinity)
    return { isNegative: number < 0, digits: "", point: 0, special: "infinity" };
  const decimal = parse(String(Math.abs(number)));
  decimal.isNegative = number < 0 || Object.is(number, -0);
  return decimal;
}

function toPrimitive(value) {
  const method = value[Symbol.toPrimitive];
  if (method !== undefined && method !== null) return method.call(value, "number");
  const own = value.valueOf();
  return typeof own === "object" && own !== null ? String(value) : own;
}

function parse(text) {
  const trimmed = text.trim();
  if (trimmed === "") return fromDigits(false, "", 0);
  const match = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d+))?$/i.exec(trimmed);
  if (match === null) {
    const number = Number(trimmed);
    if (Number.isNaN(number)) return NAN;
    if (/^0[xob]/i.test(trimmed)) return fromDigits(false, String(BigInt(trimmed)), 0);
    return { isNegative: number < 0, digits: "", point: 0, special: "infinity" };
  }
  const [, sign, whole = "", after = "", only = "", exponent = "0"] = match;
  // What no number can hold is ∞ or 0, as V8 has it; so a text's exponent cannot fill the memory.
  const number = Number(trimmed);
  if (number === Infinity || number === -Infinity)
    return { isNegative: number < 0, digits: "", point: 0, special: "infinity" };
  if (number === 0) return fromDigits(sign === "-", "", 0);
  return fromDigits(sign === "-", whole + after + only, Number(exponent) - after.length - only.length);
}

/** ±digits × 10^power */
function fromDigits(isNegative, digits, power) {
  let start = 0;
  while (start < digits.length && digits.charCodeAt(start) === ZERO) start += 1;
  let end = digits.length;
  while (end > start && digits.charCodeAt(end - 1) === ZERO) end -= 1;
  const short = start === 0 ? digits : digits.slice(start);
  const bare = end === digits.length ? short : digits.slice(start, end);
  return { isNegative, digits: bare, point: bare === "" ? 0 : short.length + power, special: "" };
}

export const scaled = (decimal, power) => ({
  ...decimal,
  point: decimal.digits === "" ? 0 : decimal.point + power,
});

/** The power of ten of the first digit; 0 for zero. */
export const magnitude = (decimal) => (decimal.digits === "" ? 0 : decimal.point - 1);

/** Whether what is cut off makes the last digit one larger. */
function roundsUp(mode, isNegative, half, isOdd) {
  // half: -1 below, 0 exactly, 1 above the half; nothing is cut off: never asked.
  switch (mode) {
    case "ceil":
      return !isNegative;
    case "floor":
      return isNegative;
    case "expand":
      return true;
    case "trunc":
      return false;
    case "halfCeil":
      return half > 0 || (half === 0 && !isNegative);
    case "halfFloor":
      return half > 0 || (half === 0 && isNegative);
    case "halfTrunc":
      return half > 0;
    case "halfEven":
      return half > 0 || (half === 0 && isOdd);
    default:
      return half >= 0;
  }
}

/** Rounded to a multiple of increment × 10^place. */
function roundedAt(decimal, place, mode, increment = 1) {
  if (decimal.digits === "") return decimal;
  if (increment !== 1) return roundedToIncrement(decimal, place, mode, increment);
  const kept = decimal.point - place;
  if (kept >= decimal.digits.length) return decimal;
  const head = kept > 0 ? decimal.digits.slice(0, kept) : "";
  const rest = kept >= 0 ? decimal.digits.slice(kept) : "0";
  const half = rest[0] > "5" || (rest[0] === "5" && rest.length > 1) ? 1 : rest[0] === "5" ? 0 : -1;
  const isOdd = head !== "" && Number(head.at(-1)) % 2 === 1;
  if (!roundsUp(mode, decimal.isNegative, half, isOdd)) return fromDigits(decimal.isNegative, head, place);
  return fromDigits(decimal.isNegative, String(BigInt(head || "0") + 1n), place);
}

function roundedToIncrement(decimal, place, mode, increment) {
  const shift = Math.max(0, decimal.digits.length - (decimal.point - place));
  const units = BigInt(
    decimal.digits + "0".repeat(Math.max(0, decimal.point - place - decimal.digits.length)),
  );
  const step = BigInt(increment) * 10n ** BigInt(shift);
  const count = units / step;
  const rest = units % step;
  if (rest === 0n) return decimal;
  const half = rest * 2n > step ? 1 : rest * 2n === step ? 0 : -1;
  const up = roundsUp(mode, decimal.isNegative, half, count % 2n === 1n);
  return fromDigits(decimal.isNegative, String((count + (up ? 1n : 0n)) * BigInt(increment)), place);
}

/** The digits before and after the point, with at least so many of each. */
function written(decimal, integerMin, fractionMin) {
  const { digits, point } = decimal;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "";
  const after = point > 0 ? digits.slice(point) : digits === "" ? "" : "0".repeat(-point) + digits;
  return { whole: whole.padStart(Math.max(integerMin, 1), "0"), after: after.padEnd(fractionMin, "0") };
}

/** Rounds as the digit options of `settings` say: { decimal, whole, after }, decimal being the rounded value. */
export function rounded(decimal, settings) {
  const { roundingMode: mode, roundingIncrement, roundingType, minimumIntegerDigits } = settings;
  let result = decimal;
  let fractionMin = 0;
  const bySignificant = () => {
    const place = magnitude(decimal) + 1 - settings.maximumSignificantDigits;
    const value = roundedAt(decimal, place, mode);
    return { value, place, fraction: Math.max(0, settings.minimumSignificantDigits - 1 - magnitude(value)) };
  };
  const byFraction = () => {
    const place = -settings.maximumFractionDigits;
    return {
      value: roundedAt(decimal, place, mode, roundingIncrement),
      place,
      fraction: settings.minimumFractionDigits,
    };
  };
  let chosen;
  if (roundingType === "significantDigits") chosen = bySignificant();
  else if (roundingType === "fractionDigits") chosen = byFraction();
  else {
    const significant = bySignificant();
    const fraction = byFraction();
    const isFiner = significant.place <= fraction.place;
    chosen = isFiner === (roundingType === "morePrecision") ? significant : fraction;
  }
  result = chosen.value;
  fractionMin = chosen.fraction;
  const text = written(result, minimumIntegerDigits, fractionMin);
  if (settings.trailingZeroDisplay === "stripIfInteger" && /^0*$/.test(text.after)) text.after = "";
  return { decimal: result, ...text };
}
