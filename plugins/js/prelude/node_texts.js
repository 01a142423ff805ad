// Texts that the language leaves to its engine, written as Node's: a date with the name of its zone, and the digits of a
// number in another base than ten.

import { addMembers } from "./intl/number_format.js";

const dateString = Date.prototype.toString;
const isoString = Date.prototype.toISOString;
const dateValue = Date.prototype.getTime;
const timeString = Date.prototype.toTimeString;
const apply = Reflect.apply;
/** A program's local time is UTC, and Node names it. */
const withZone = (text) => (text.endsWith("GMT+0000") ? `${text} (Coordinated Universal Time)` : text);
addMembers(Date.prototype, {
  toString() {
    return withZone(apply(dateString, this, []));
  },
  toISOString() {
    if (Number.isNaN(apply(dateValue, this, []))) throw new RangeError("Invalid time value");
    return apply(isoString, this, []);
  },
  toTimeString() {
    return withZone(apply(timeString, this, []));
  },
});

const numberString = Number.prototype.toString;
const numberValue = Number.prototype.valueOf;
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const one = new Float64Array(1);
const bits = new BigUint64Array(one.buffer);

/** The next larger double. */
function nextAfter(value) {
  one[0] = value;
  bits[0] += 1n;
  return one[0];
}

/** The digits of the fraction, as few as tell it from its neighbours, and whether the integer becomes one larger. */
function fractionDigits(value, fraction, base) {
  let delta = Math.max(0.5 * (nextAfter(value) - value), Number.MIN_VALUE);
  const digits = [];
  if (fraction < delta) return { digits, carries: false };
  do {
    fraction *= base;
    delta *= base;
    const digit = Math.trunc(fraction);
    digits.push(digit);
    fraction -= digit;
    if ((fraction > 0.5 || (fraction === 0.5 && digit % 2 === 1)) && fraction + delta > 1) {
      // Rounds up, as far as it carries.
      for (;;) {
        const last = digits.pop();
        if (last === undefined) return { digits, carries: true };
        if (last + 1 < base) {
          digits.push(last + 1);
          return { digits, carries: false };
        }
      }
    }
  } while (fraction >= delta);
  return { digits, carries: false };
}

/** As V8 writes it: a base has no shortest form by the standard, only a good one. */
function inBase(value, base) {
  const size = Math.abs(value);
  let integer = Math.floor(size);
  const { digits, carries } = fractionDigits(size, size - integer, base);
  if (carries) integer += 1;
  let text = "";
  while (integer / base >= 2 ** 53) {
    integer /= base;
    text = `0${text}`;
  }
  do {
    const rest = integer % base;
    text = DIGITS[Math.trunc(rest)] + text;
    integer = (integer - rest) / base;
  } while (integer > 0);
  const after = digits.length === 0 ? "" : `.${digits.map((digit) => DIGITS[digit]).join("")}`;
  return `${value < 0 ? "-" : ""}${text}${after}`;
}

addMembers(Number.prototype, {
  toString(base) {
    if (base === undefined || base === 10) return apply(numberString, this, []);
    const value = apply(numberValue, this, []);
    const whole = Math.trunc(Number(base)) || 0;
    if (Number.isSafeInteger(value) || !Number.isFinite(value) || whole < 2 || whole > 36 || whole === 10)
      return apply(numberString, value, [whole]);
    return inBase(value, whole);
  },
});
