// Header lists as flat arrays [name, value, name, value, …] with names in lower case: what the host
// gives and takes, and all that most requests ever need.
// https://fetch.spec.whatwg.org/#terminology-headers

import {
  arraySort,
  charCodeAt,
  matches,
  ownKeys,
  SafeMap,
  stringSlice,
  toLowerCase,
  uncurry,
} from "./primordials.js";
import { ByteString, isObject, sequence, sequenceFrom } from "./webidl.js";

const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const forbidden = /[\0\r\n]/;
// What most values are: nothing to convert, to trim or to refuse.
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

// Programs use few names, over and over: those that were found good, in lower case.
const KNOWN_NAMES_MAX = 256;
const KNOWN_NAME_LENGTH_MAX = 64;
const knownNames = new SafeMap();
let knownCount = 0;

/** The name in lower case (HTTP does not distinguish; the standard's iteration does not either). */
export function headerName(name, where) {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const text = ByteString(name, where);
  if (!matches(token, text))
    throw new TypeError(`${where}: ${JSON.stringify(text)} is not a header name`);
  const lower = toLowerCase(text);
  if (knownCount < KNOWN_NAMES_MAX && text.length <= KNOWN_NAME_LENGTH_MAX) {
    knownCount++;
    knownNames.set(text, lower);
  }
  return lower;
}

/** The value without HTTP whitespace around it. */
export function headerValue(value, where) {
  if (typeof value === "string" && matches(plain, value)) return value;
  const text = normalize(ByteString(value, where));
  if (matches(forbidden, text))
    throw new TypeError(`${where}: ${JSON.stringify(text)} is not a header value`);
  return text;
}

/** https://fetch.spec.whatwg.org/#concept-header-value-normalize */
function normalize(text) {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(charCodeAt(text, start))) start++;
  while (end > start && isSpace(charCodeAt(text, end - 1))) end--;
  return start === 0 && end === text.length ? text : stringSlice(text, start, end);
}

function isSpace(unit) {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** The combined value of `name` (in lower case), or null. */
export function getHeader(flat, name) {
  let value = null;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] === name) value = value === null ? flat[i + 1] : `${value}, ${flat[i + 1]}`;
  }
  return value;
}

export function hasHeader(flat, name) {
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return true;
  return false;
}

export function appendHeader(flat, name, value) {
  const at = flat.length;
  flat[at] = name;
  flat[at + 1] = value;
}

/** Replaces the first header of that name and removes the others. */
export function setHeader(flat, name, value) {
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] !== name) continue;
    flat[i + 1] = value;
    removeFrom(flat, name, i + 2);
    return;
  }
  appendHeader(flat, name, value);
}

export function removeHeader(flat, name) {
  removeFrom(flat, name, 0);
}

function removeFrom(flat, name, start) {
  let to = start;
  for (let i = start; i < flat.length; i += 2) {
    if (flat[i] === name) continue;
    flat[to] = flat[i];
    flat[to + 1] = flat[i + 1];
    to += 2;
  }
  flat.length = to;
}

/** https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine, as [name, value] pairs. */
export function sortAndCombine(flat) {
  const values = { __proto__: null };
  const names = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i];
    const value = flat[i + 1];
    if (values[name] === undefined) {
      names[names.length] = name;
      values[name] = name === "set-cookie" ? [value] : value;
    } else if (name === "set-cookie") {
      values[name][values[name].length] = value;
    } else {
      values[name] += `, ${value}`;
    }
  }
  arraySort(names);
  const pairs = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const value = values[name];
    if (typeof value === "string") pairs[pairs.length] = [name, value];
    else for (let j = 0; j < value.length; j++) pairs[pairs.length] = [name, value[j]];
  }
  return pairs;
}

const toPair = sequence(ByteString);

/**
 * The conversion of HeadersInit: `{ flat, arePlain }`, a new list that is not yet validated, but for
 * its values if they all are plain.
 */
export function headersInit(init, where) {
  if (!isObject(init))
    throw new TypeError(`${where}: headers are an object or a sequence of pairs`);
  const method = init[Symbol.iterator];
  if (method === undefined || method === null) return fromRecord(init, where);
  if (typeof method !== "function") throw new TypeError(`${where}: not iterable`);
  const flat = [];
  const pairs = sequenceFrom(init, method, toPair, where);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    if (pair.length !== 2) throw new TypeError(`${where}: a header is a pair of name and value`);
    appendHeader(flat, pair[0], pair[1]);
  }
  return { flat, arePlain: false };
}

/** record<ByteString, ByteString>, whose keys are strings already and so never become equal. */
function fromRecord(init, where) {
  const flat = [];
  let arePlain = true;
  const keys = ownKeys(init);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (!isEnumerable(init, key)) continue;
    if (knownNames.get(key) === undefined) ByteString(key, where); // Before the value is read.
    let value = init[key];
    if (typeof value !== "string" || !matches(plain, value)) {
      value = ByteString(value, where);
      arePlain = false;
    }
    appendHeader(flat, key, value);
  }
  return { flat, arePlain };
}

/**
 * https://fetch.spec.whatwg.org/#concept-headers-fill, for a guard that permits: the list, made
 * good in place.
 */
export function validateHeaders({ flat, arePlain }, where) {
  for (let i = 0; i < flat.length; i += 2) {
    flat[i] = headerName(flat[i], where);
    if (!arePlain) flat[i + 1] = headerValue(flat[i + 1], where);
  }
  return flat;
}
