// Deep equality: strict, loose and partial. Follows
// https://nodejs.org/api/assert.html#comparison-details and the order of tests of
// `lib/internal/util/comparisons.js` of Node (MIT).

import types, {
  isAnyArrayBuffer,
  isArrayBufferView,
  isBoxedPrimitive,
  isDate,
  isMap,
  isNativeError,
  isRegExp,
  isSet,
  isTypedArray,
  isWeakMap,
  isWeakSet,
} from "./types.js";
import { bytesOf } from "./validate.js";

const loose = "loose";
const strict = "strict";
const partial = "partial";

const { hasOwn } = Object;
const isObject = (value) => typeof value === "object" && value !== null;
const isEnumerable = (object, key) => Object.prototype.propertyIsEnumerable.call(object, key);
const symbols = (object) => Object.getOwnPropertySymbols(object).filter((key) => isEnumerable(object, key));
const isError = (value) => isNativeError(value) || value instanceof Error;
const isUrl = (value) => typeof URL === "function" && value instanceof URL;
const tag = (value) => Object.prototype.toString.call(value);

function equal(a, b, mode, seen) {
  if (a === b) return a !== 0 || mode === loose || Object.is(a, b);
  if (mode === loose) {
    if (!isObject(a)) return !isObject(b) && (a == b || (a !== a && b !== b));
    if (!isObject(b)) return false;
  } else {
    if (typeof a === "number") return a !== a && b !== b;
    if (!isObject(a) || !isObject(b)) return false;
  }
  return objectsEqual(a, b, mode, seen);
}

function objectsEqual(a, b, mode, seen) {
  if (mode === strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (tag(a) !== tag(b)) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || !sizesFit(a.length, b.length, mode)) return false;
    return propertiesEqual(a, b, mode, seen, arraysEqual);
  }
  if (Array.isArray(b)) return false;
  if (isSet(a))
    return isSet(b) && sizesFit(a.size, b.size, mode) && propertiesEqual(a, b, mode, seen, setsEqual);
  if (isMap(a))
    return isMap(b) && sizesFit(a.size, b.size, mode) && propertiesEqual(a, b, mode, seen, mapsEqual);
  return contentsEqual(a, b, mode, seen) && propertiesEqual(a, b, mode, seen, null);
}

const sizesFit = (a, b, mode) => a === b || (mode === partial && a > b);

/** What is not in properties: the time of a date, the bytes of a view, an error's message. */
function contentsEqual(a, b, mode, seen) {
  if (isDate(a)) return isDate(b) && Date.prototype.getTime.call(a) === Date.prototype.getTime.call(b);
  if (isRegExp(a))
    return isRegExp(b) && a.source === b.source && a.flags === b.flags && a.lastIndex === b.lastIndex;
  if (isArrayBufferView(a)) return isArrayBufferView(b) && viewsEqual(a, b, mode);
  if (isAnyArrayBuffer(a)) return isAnyArrayBuffer(b) && bytesEqual(bytesOf(a), bytesOf(b), mode);
  if (isError(a)) return isError(b) && errorsEqual(a, b, mode, seen);
  if (isBoxedPrimitive(a))
    return (
      isBoxedPrimitive(b) && typeof a.valueOf() === typeof b.valueOf() && Object.is(a.valueOf(), b.valueOf())
    );
  const isOther =
    isArrayBufferView(b) ||
    isSet(b) ||
    isMap(b) ||
    isDate(b) ||
    isRegExp(b) ||
    isAnyArrayBuffer(b) ||
    isBoxedPrimitive(b) ||
    isError(b);
  if (isOther) return false;
  if (isUrl(a)) return isUrl(b) && a.href === b.href;
  if (types.isKeyObject(a)) return types.isKeyObject(b) && a.equals(b);
  return !isWeakMap(a) && !isWeakSet(a);
}

function bytesEqual(a, b, mode) {
  if (mode === partial) {
    let at = 0;
    return b.every((byte) => {
      while (at < a.length && a[at] !== byte) at += 1;
      at += 1;
      return at <= a.length;
    });
  }
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function viewsEqual(a, b, mode) {
  const name = Object.getPrototypeOf(Uint8Array.prototype);
  const kind = (view) => Reflect.get(name, Symbol.toStringTag, view);
  if (kind(a) !== kind(b)) return false;
  // Loosely, −0 is 0 and NaN is not itself.
  if (mode === loose && /^Float/.test(kind(a)))
    return a.length === b.length && a.every((value, at) => value === b[at]);
  return bytesEqual(bytesOf(a), bytesOf(b), a.byteLength === b.byteLength ? strict : mode);
}

function errorsEqual(a, b, mode, seen) {
  const same = (name) =>
    isEnumerable(b, name) ||
    (mode === partial && (b[name] === undefined || (name === "message" && b[name] === ""))) ||
    equal(a[name], b[name], mode, seen);
  if (!["message", "name", "cause", "errors"].every(same)) return false;
  return hasOwn(a, "cause") === hasOwn(b, "cause") || (mode === partial && !hasOwn(b, "cause"));
}

function isIndex(key) {
  const index = Number(key);
  return index >= 0 && index < 2 ** 32 - 1 && String(Math.trunc(index)) === key;
}

function keysOf(object, mode) {
  const isIndexed = Array.isArray(object) || isTypedArray(object);
  const names = isIndexed ? Object.keys(object).filter((key) => !isIndex(key)) : Object.keys(object);
  return mode === loose ? names : [...names, ...symbols(object)];
}

/**
 * Same own enumerable properties, in any order; then what `rest` compares. Two that are being
 * compared are equal.
 */
function propertiesEqual(a, b, mode, seen, rest) {
  const keys = keysOf(b, mode);
  if (mode !== partial && keys.length !== keysOf(a, mode).length) return false;
  if (keys.length === 0 && rest === null) return true;
  const others = seen.get(a);
  if (others?.has(b)) return true;
  if (others === undefined) seen.set(a, new Set([b]));
  else others.add(b);
  const result =
    keys.every((key) => isEnumerable(a, key) && equal(a[key], b[key], mode, seen)) &&
    (rest === null || rest(a, b, mode, seen));
  seen.get(a).delete(b);
  return result;
}

function arraysEqual(a, b, mode, seen) {
  if (mode === partial) {
    let at = 0;
    for (const index of Object.keys(b).filter(isIndex)) {
      while (at < a.length && !(hasOwn(a, at) && equal(a[at], b[index], mode, seen))) at += 1;
      if (at === a.length) return false;
      at += 1;
    }
    return true;
  }
  for (let at = 0; at < a.length; at += 1) {
    if (hasOwn(a, at) !== hasOwn(b, at) || !equal(a[at], b[at], mode, seen)) return false;
  }
  return true;
}

/** Takes an item equal to `value` out of `items`. */
function taken(items, matches) {
  const at = items.findIndex(matches);
  if (at >= 0) items.splice(at, 1);
  return at >= 0;
}

// What is in both as it is needs no partner; the rest is paired off.
function setsEqual(a, b, mode, seen) {
  const unpaired = [];
  for (const value of b) {
    if (a.has(value)) continue;
    if (!isObject(value) && mode !== loose) return false;
    unpaired.push(value);
  }
  if (unpaired.length === 0) return true;
  const candidates = [...a].filter((value) => !b.has(value));
  return unpaired.every((value) =>
    taken(candidates, (one) => (mode === loose || isObject(one)) && equal(one, value, mode, seen)),
  );
}

function mapsEqual(a, b, mode, seen) {
  const unpaired = [];
  for (const [key, value] of b) {
    if (a.has(key) && equal(a.get(key), value, mode, seen)) continue;
    if (!isObject(key) && mode !== loose) return false;
    unpaired.push([key, value]);
  }
  if (unpaired.length === 0) return true;
  const candidates = [...a].filter(([key, value]) => !(b.has(key) && equal(value, b.get(key), mode, seen)));
  return unpaired.every(([key, value]) =>
    taken(candidates, ([own, held]) => equal(own, key, mode, seen) && equal(held, value, mode, seen)),
  );
}

export const isDeepEqual = (a, b) => equal(a, b, loose, new Map());
export const isDeepStrictEqual = (a, b) => equal(a, b, strict, new Map());
export const isPartialStrictEqual = (a, b) => equal(a, b, partial, new Map());
