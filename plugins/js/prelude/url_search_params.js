// URLSearchParams and application/x-www-form-urlencoded.
// https://url.spec.whatwg.org/#interface-urlsearchparams

import { host } from "lily:host";
import { CUSTOM } from "./inspect_custom.js";
import { stripControls } from "./console/width.js";
import {
  isObject,
  needs,
  pairIterable,
  record,
  sequence,
  sequenceFrom,
  shape,
  USVString,
} from "./webidl.js";

const { encodeURIComponent, decodeURIComponent } = globalThis;
const PLAIN = /^[A-Za-z0-9*\-._]*$/;
const LEFT_BY_COMPONENT = /[!'()~]|%20/g;
const REPLACED = {
  __proto__: null,
  "!": "%21",
  "'": "%27",
  "(": "%28",
  ")": "%29",
  "~": "%7E",
  "%20": "+",
};

/** One name or value, which has no lone surrogates. */
function encode(text) {
  if (PLAIN.test(text)) return text;
  return encodeURIComponent(text).replace(LEFT_BY_COMPONENT, (found) => REPLACED[found]);
}

function decode(text) {
  if (text.includes("+")) text = text.replaceAll("+", " ");
  if (!text.includes("%")) return text;
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.startsWith("\uFEFF")) return decoded;
  } catch {
    // A percent sign that is one, or bytes that are not UTF-8: below, piece by piece.
  }
  const source = host.utf8Encode(text);
  const bytes = [];
  for (let i = 0; i < source.length; i++) {
    const high = source[i] === 0x25 && i + 2 < source.length ? hexDigit(source[i + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(source[i + 2]);
    if (low === -1) {
      bytes.push(source[i]);
    } else {
      bytes.push(high * 16 + low);
      i += 2;
    }
  }
  // "UTF-8 decode without BOM": a mark is kept.
  return host.decode("utf-8", new Uint8Array(bytes), false);
}

function hexDigit(code) {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** https://url.spec.whatwg.org/#concept-urlencoded-parser, as [[name, value], …]. */
export function parseForm(text) {
  const pairs = [];
  for (const piece of text.split("&")) {
    if (piece === "") continue;
    const at = piece.indexOf("=");
    const pair =
      at === -1 ? [decode(piece), ""] : [decode(piece.slice(0, at)), decode(piece.slice(at + 1))];
    pairs.push(pair);
  }
  return pairs;
}

/** https://url.spec.whatwg.org/#concept-urlencoded-serializer */
export function serializeForm(pairs) {
  let text = "";
  for (let i = 0; i < pairs.length; i++)
    text += `${i === 0 ? "" : "&"}${encode(pairs[i][0])}=${encode(pairs[i][1])}`;
  return text;
}

const convertPair = sequence(USVString);
const convertRecord = record(USVString, USVString);

function convertPairs(init) {
  const where = "URLSearchParams: argument 1";
  if (!isObject(init)) {
    const text = USVString(init, where);
    return parseForm(text[0] === "?" ? text.slice(1) : text);
  }
  const method = init[Symbol.iterator];
  if (method === undefined || method === null) return convertRecord(init, where);
  if (typeof method !== "function") throw new TypeError(`${where}: not iterable`);
  const pairs = sequenceFrom(init, method, convertPair, where);
  for (let i = 0; i < pairs.length; i++) {
    if (pairs[i].length !== 2)
      throw new TypeError("Each query pair must be an iterable [name, value] tuple");
  }
  return pairs;
}

let pairsOf;
/** Tells the URL that the object belongs to of each change. */
export let bindParams;
/** The URL's query has changed. */
export let replacePairs;

export class URLSearchParams {
  #pairs;
  #changed = null;

  static {
    pairsOf = (params) => params.#pairs;
    bindParams = (params, changed) => {
      params.#changed = changed;
    };
    replacePairs = (params, search) => {
      params.#pairs = parseForm(search[0] === "?" ? search.slice(1) : search);
    };
  }

  constructor(init = "") {
    this.#pairs = convertPairs(init);
  }

  #update() {
    if (this.#changed !== null) this.#changed(serializeForm(this.#pairs));
  }

  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    const pairs = this.#pairs;
    needs(2, arguments.length, "URLSearchParams.append");
    const pair = [
      USVString(name, "URLSearchParams.append: argument 1"),
      USVString(value, "URLSearchParams.append: argument 2"),
    ];
    pairs.push(pair);
    this.#update();
  }
  delete(name, value = undefined) {
    const pairs = this.#pairs;
    needs(1, arguments.length, "URLSearchParams.delete");
    const key = USVString(name, "URLSearchParams.delete: argument 1");
    const text =
      value === undefined ? undefined : USVString(value, "URLSearchParams.delete: argument 2");
    this.#pairs = pairs.filter(
      (pair) => pair[0] !== key || (text !== undefined && pair[1] !== text),
    );
    this.#update();
  }
  get(name) {
    const pairs = this.#pairs;
    needs(1, arguments.length, "URLSearchParams.get");
    const key = USVString(name, "URLSearchParams.get: argument 1");
    for (let i = 0; i < pairs.length; i++) if (pairs[i][0] === key) return pairs[i][1];
    return null;
  }
  getAll(name) {
    const pairs = this.#pairs;
    needs(1, arguments.length, "URLSearchParams.getAll");
    const key = USVString(name, "URLSearchParams.getAll: argument 1");
    const values = [];
    for (let i = 0; i < pairs.length; i++) if (pairs[i][0] === key) values.push(pairs[i][1]);
    return values;
  }
  has(name, value = undefined) {
    const pairs = this.#pairs;
    needs(1, arguments.length, "URLSearchParams.has");
    const key = USVString(name, "URLSearchParams.has: argument 1");
    const text =
      value === undefined ? undefined : USVString(value, "URLSearchParams.has: argument 2");
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i][0] === key && (text === undefined || pairs[i][1] === text)) return true;
    }
    return false;
  }
  set(name, value) {
    const pairs = this.#pairs;
    needs(2, arguments.length, "URLSearchParams.set");
    const key = USVString(name, "URLSearchParams.set: argument 1");
    const text = USVString(value, "URLSearchParams.set: argument 2");
    const first = pairs.findIndex((pair) => pair[0] === key);
    if (first === -1) {
      pairs.push([key, text]);
    } else {
      pairs[first][1] = text;
      this.#pairs = pairs.filter((pair, i) => i <= first || pair[0] !== key);
    }
    this.#update();
  }
  sort() {
    this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#update();
  }
  toString() {
    return serializeForm(this.#pairs);
  }
}
shape(URLSearchParams);
pairIterable(URLSearchParams, (params, index) => pairsOf(params)[index], "URLSearchParams");

// https://nodejs.org/api/url.html: `URLSearchParams { 'a' => '1' }`
const custom = {
  [CUSTOM](depth, options, inspect) {
    let pairs;
    try {
      pairs = pairsOf(this);
    } catch {
      return this;
    }
    if (typeof depth === "number" && depth < 0) return options.stylize("[Object]", "special");
    const name = this.constructor?.name ?? "URLSearchParams";
    const inner = { ...options };
    if (depth !== null) inner.depth = depth - 1;
    const output = pairs.map(
      ([key, value]) => `${inspect(key, inner)} => ${inspect(value, inner)}`,
    );
    if (output.length === 0) return `${name} {}`;
    const length = output.reduce((sum, text) => sum + stripControls(text).length + 2, -2);
    return length > options.breakLength
      ? `${name} {\n  ${output.join(",\n  ")} }`
      : `${name} { ${output.join(", ")} }`;
  },
};
const property = { value: custom[CUSTOM], writable: true, enumerable: false, configurable: true };
Object.defineProperty(URLSearchParams.prototype, CUSTOM, property);
