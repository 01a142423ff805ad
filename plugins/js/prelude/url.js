// URL. https://url.spec.whatwg.org/#url-class; the parser and the setters are the host's.

import { host } from "lily:host";
import { CUSTOM } from "./inspect_custom.js";
import { bindParams, replacePairs, URLSearchParams } from "./url_search_params.js";
import { needs, shape, USVString } from "./webidl.js";

// The parts' places in what the host answers.
const HREF = 0;
const PROTOCOL = 1;
const USERNAME = 2;
const PASSWORD = 3;
const HOSTNAME = 4;
const PORT = 5;
const PATHNAME = 6;
const SEARCH = 7;
const HASH = 8;
const ORIGIN = 9;
const HOST = 10;

let withParts; // makes a URL of parts that are parsed already
export let isURL;

function invalidUrl(input, base) {
  const error = new TypeError("Invalid URL");
  error.code = "ERR_INVALID_URL";
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

export class URL {
  #parts;
  #params = null; // URLSearchParams, made when asked for

  static {
    isURL = (value) => typeof value === "object" && value !== null && #parts in value;
    withParts = (parts) => {
      const url = new URL("about:blank");
      url.#parts = parts;
      return url;
    };
  }

  constructor(url, base = undefined) {
    needs(1, arguments.length, "URL");
    const text = USVString(url, "URL: argument 1");
    const from = base === undefined ? undefined : USVString(base, "URL: argument 2");
    const parts = host.parseUrl(text, from);
    if (parts === null) throw invalidUrl(text, from);
    this.#parts = parts;
  }

  static parse(url, base = undefined) {
    needs(1, arguments.length, "URL.parse");
    const parts = parse(url, base, "URL.parse");
    return parts === null ? null : withParts(parts);
  }
  static canParse(url, base = undefined) {
    needs(1, arguments.length, "URL.canParse");
    return parse(url, base, "URL.canParse") !== null;
  }

  #set(part, value) {
    const parts = host.setUrl(this.#parts[HREF], part, USVString(value, `URL.${part}`));
    if (parts === null) return false;
    this.#parts = parts;
    return true;
  }

  get href() {
    return this.#parts[HREF];
  }
  set href(value) {
    const text = USVString(value, "URL.href");
    const parts = host.parseUrl(text, undefined);
    if (parts === null) throw invalidUrl(text);
    this.#parts = parts;
    if (this.#params !== null) replacePairs(this.#params, parts[SEARCH]);
  }
  get origin() {
    return this.#parts[ORIGIN];
  }
  get protocol() {
    return this.#parts[PROTOCOL];
  }
  set protocol(value) {
    this.#set("protocol", value);
  }
  get username() {
    return this.#parts[USERNAME];
  }
  set username(value) {
    this.#set("username", value);
  }
  get password() {
    return this.#parts[PASSWORD];
  }
  set password(value) {
    this.#set("password", value);
  }
  get host() {
    return this.#parts[HOST];
  }
  set host(value) {
    this.#set("host", value);
  }
  get hostname() {
    return this.#parts[HOSTNAME];
  }
  set hostname(value) {
    this.#set("hostname", value);
  }
  get port() {
    return this.#parts[PORT];
  }
  set port(value) {
    this.#set("port", value);
  }
  get pathname() {
    return this.#parts[PATHNAME];
  }
  set pathname(value) {
    this.#set("pathname", value);
  }
  get search() {
    return this.#parts[SEARCH];
  }
  set search(value) {
    if (this.#set("search", value) && this.#params !== null)
      replacePairs(this.#params, this.#parts[SEARCH]);
  }
  get searchParams() {
    const { [SEARCH]: search } = this.#parts;
    if (this.#params === null) {
      this.#params = new URLSearchParams(search);
      bindParams(this.#params, (query) => this.#set("search", query));
    }
    return this.#params;
  }
  get hash() {
    return this.#parts[HASH];
  }
  set hash(value) {
    this.#set("hash", value);
  }
  toString() {
    return this.#parts[HREF];
  }
  toJSON() {
    return this.#parts[HREF];
  }
}
shape(URL);

function parse(url, base, where) {
  const text = USVString(url, `${where}: argument 1`);
  return host.parseUrl(
    text,
    base === undefined ? undefined : USVString(base, `${where}: argument 2`),
  );
}

const custom = {
  [CUSTOM](depth, options, inspect) {
    if (!isURL(this) || (typeof depth === "number" && depth < 0)) return this;
    const {
      href,
      origin,
      protocol,
      username,
      password,
      host: hostAndPort,
      hostname,
      port,
      pathname,
      search,
    } = this;
    const { searchParams, hash } = this;
    const shown = {
      href,
      origin,
      protocol,
      username,
      password,
      host: hostAndPort,
      hostname,
      port,
      pathname,
      search,
      searchParams,
      hash,
    };
    return `${this.constructor?.name ?? "URL"} ${inspect(shown, options)}`;
  },
};
Object.defineProperty(URL.prototype, CUSTOM, {
  value: custom[CUSTOM],
  writable: true,
  enumerable: false,
  configurable: true,
});
