// Headers. https://fetch.spec.whatwg.org/#headers-class
// An object is a view of a flat header list (header_list.js), which Request and Response hold
// without it: it is made when a program first asks for `.headers`. Its sorted and combined form is
// made when a program first iterates. A server forbids no names, so of the standard's guards only
// "immutable" is left of consequence.

import {
  appendHeader,
  getHeader,
  hasHeader,
  headerName,
  headersInit,
  headerValue,
  removeHeader,
  setHeader,
  sortAndCombine,
  validateHeaders,
} from "./header_list.js";
import { inspectAs } from "./inspect_custom.js";
import { needs, pairIterable, shape } from "./webidl.js";

/** The Headers over a list that the prelude made or the host gave; `immutable` refuses changes. */
export let headersOver;
/** The flat list of a Headers, or undefined for every other value. */
export let headerListOf;

let pairAt;

export class Headers {
  #flat = [];
  #sorted = null;
  #immutable = false;

  constructor(init = undefined) {
    if (init === undefined) return;
    const where = "Headers constructor: argument 1";
    this.#flat = validateHeaders(headersInit(init, where), where);
  }

  append(name, value) {
    const flat = this.#flat;
    needs(2, arguments.length, "Headers.append");
    const key = headerName(name, "Headers.append: argument 1");
    const text = headerValue(value, "Headers.append: argument 2");
    this.#changing("append");
    appendHeader(flat, key, text);
  }

  delete(name) {
    const flat = this.#flat;
    needs(1, arguments.length, "Headers.delete");
    const key = headerName(name, "Headers.delete: argument 1");
    this.#changing("delete");
    removeHeader(flat, key);
  }

  get(name) {
    const flat = this.#flat;
    needs(1, arguments.length, "Headers.get");
    return getHeader(flat, headerName(name, "Headers.get: argument 1"));
  }

  getSetCookie() {
    const flat = this.#flat;
    const cookies = [];
    for (let i = 0; i < flat.length; i += 2) {
      if (flat[i] === "set-cookie") cookies[cookies.length] = flat[i + 1];
    }
    return cookies;
  }

  has(name) {
    const flat = this.#flat;
    needs(1, arguments.length, "Headers.has");
    return hasHeader(flat, headerName(name, "Headers.has: argument 1"));
  }

  set(name, value) {
    const flat = this.#flat;
    needs(2, arguments.length, "Headers.set");
    const key = headerName(name, "Headers.set: argument 1");
    const text = headerValue(value, "Headers.set: argument 2");
    this.#changing("set");
    setHeader(flat, key, text);
  }

  #changing(operation) {
    if (this.#immutable) throw new TypeError(`Headers.${operation}: these headers are immutable`);
    this.#sorted = null;
  }

  static {
    headersOver = (flat, immutable) => {
      const headers = new Headers();
      headers.#flat = flat;
      headers.#immutable = immutable;
      return headers;
    };
    headerListOf = (value) => (#flat in value ? value.#flat : undefined);
    pairAt = (headers, index) => {
      headers.#sorted ??= sortAndCombine(headers.#flat);
      return headers.#sorted[index];
    };
  }
}

pairIterable(Headers, (headers, index) => pairAt(headers, index), "Headers");
shape(Headers);
inspectAs(Headers, (headers) => Object.fromEntries(headers));
