// The first URL API of Node: `url.parse`, `url.format`, `url.resolve` and the class `Url`.
// Follows https://nodejs.org/api/url.html#legacy-url-api and `lib/url.js` of Node (MIT).
// Resolving is in url_resolve.js.

import { host as engine } from "lily:host";
import { codes } from "./errors.js";
import querystring, { encoded } from "./querystring.js";
import { validateString } from "./validate.js";

const { ERR_INVALID_URL } = codes;

const both = (...names) => new Set(names.flatMap((name) => [name, `${name}:`]));
/** Protocols that never have a host, and those that always have `//`. */
export const hostless = both("javascript");
export const slashed = both("http", "https", "ftp", "gopher", "file", "ws", "wss");

const hostnameMax = 255;
const forbiddenInHost = /[\0\t\n\r #%/:<>?@[\\\]^|]/;
const forbiddenInIpv6 = /[\0\t\n\r #%/<>?@\\^|]/;
const unescapedInAuth = /[^A-Za-z0-9!'()*._~:-]/;
const escapes = /[\t\n\r "'<>\\^`{|}]/g;

const isIpv6 = (hostname) => hostname.startsWith("[") && hostname.endsWith("]");

/** A host name as ASCII by the URL standard; the empty text when it is none. */
export function toAscii(hostname) {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(hostname)) return hostname;
  return engine.parseUrl(`ws://${hostname}`, undefined)?.[4] ?? "";
}

export function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

/** White space off both ends; `\` before the first `?` or `#` becomes `/`, as in browsers. */
function trimmed(url) {
  // eslint-disable-next-line no-control-regex
  const text = url.replace(/^[\0-\x20\xa0\ufeff]+|[\0-\x20\xa0\ufeff]+$/g, "");
  const end = text.search(/[?#]/);
  if (end < 0) return text.replaceAll("\\", "/");
  return text.slice(0, end).replaceAll("\\", "/") + text.slice(end);
}

/**
 * Where the authority ends: at the first `/ ? #`, or before it at what no host may have after its
 * last `@`.
 */
function authority(rest) {
  const end = rest.search(/[#/?]/);
  const most = end < 0 ? rest.length : end;
  const at = rest.lastIndexOf("@", most - 1);
  const hasAuth = at >= 0 && most > 0;
  const start = hasAuth ? at + 1 : 0;
  const never = rest.slice(start, most).search(/[ "%';<>\\^`{|}]/);
  return { auth: hasAuth ? rest.slice(0, at) : null, start, end: never < 0 ? most : start + never };
}

function readHost(url, text, rest) {
  rest = rest.replace(/^[^#/?]*/, (part) => part.replace(/[\t\n\r]/g, ""));
  const { auth, start, end } = authority(rest);
  if (auth !== null) url.auth = decodeURIComponent(auth);
  url.host = rest.slice(start, end);
  rest = rest.slice(end);
  url.parseHost();
  if (typeof url.hostname !== "string") url.hostname = "";
  const isBracketed = isIpv6(url.hostname);
  if (!isBracketed) {
    const bad = url.hostname.search(/[/\\#?:]/);
    if (bad >= 0) {
      rest = `/${url.hostname.slice(bad)}${rest}`;
      url.hostname = url.hostname.slice(0, bad);
    }
  }
  url.hostname = url.hostname.length > hostnameMax ? "" : url.hostname.toLowerCase();
  if (url.hostname !== "") {
    if (!isBracketed) url.hostname = toAscii(url.hostname);
    if (url.hostname === "" || (isBracketed ? forbiddenInIpv6 : forbiddenInHost).test(url.hostname)) {
      throw Object.assign(new ERR_INVALID_URL(), { input: text });
    }
  }
  url.host = url.hostname + (url.port ? `:${url.port}` : "");
  if (isBracketed) {
    url.hostname = url.hostname.slice(1, -1);
    if (rest[0] !== "/") rest = `/${rest}`;
  }
  return rest;
}

function readQuery(url, query, parseQueryString) {
  if (query !== null) {
    url.search = `?${query}`;
    url.query = parseQueryString ? querystring.parse(query) : query;
  } else if (parseQueryString) {
    url.search = null;
    url.query = Object.create(null);
  }
}

Url.prototype.parse = function parse(text, parseQueryString, slashesDenoteHost) {
  validateString(text, "url");
  let rest = trimmed(text);
  const isPlain = !slashesDenoteHost && !/#/.test(text) && !/@/.test(text.replace(/[?#][^]*$/, ""));
  const simple = isPlain ? /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/.exec(rest) : null;
  if (simple !== null) {
    this.path = rest;
    this.href = rest;
    this.pathname = simple[1];
    readQuery(this, simple[2]?.slice(1) ?? null, parseQueryString);
    return this;
  }
  const protocol = /^[a-z0-9.+-]+:/i.exec(rest)?.[0];
  if (protocol) {
    this.protocol = protocol.toLowerCase();
    rest = rest.slice(protocol.length);
  }
  const isHostless = hostless.has(this.protocol);
  let hasSlashes = false;
  if (slashesDenoteHost || protocol || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
    hasSlashes = rest.startsWith("//");
    if (hasSlashes && !isHostless) {
      rest = rest.slice(2);
      this.slashes = true;
    }
  }
  if (!isHostless && (hasSlashes || (protocol && !slashed.has(protocol)))) rest = readHost(this, text, rest);
  if (!isHostless)
    rest = rest.replace(
      escapes,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
  const hash = rest.indexOf("#");
  if (hash >= 0) this.hash = rest.slice(hash);
  const beforeHash = hash < 0 ? rest : rest.slice(0, hash);
  const question = beforeHash.indexOf("?");
  readQuery(this, question < 0 ? null : beforeHash.slice(question + 1), parseQueryString);
  const pathname = question < 0 ? beforeHash : beforeHash.slice(0, question);
  if (pathname !== "") this.pathname = pathname;
  if (slashed.has(this.protocol) && this.hostname && !this.pathname) this.pathname = "/";
  if (this.pathname || this.search) this.path = (this.pathname || "") + (this.search || "");
  this.href = this.format();
  return this;
};

Url.prototype.parseHost = function parseHost() {
  const port = /:[0-9]*$/.exec(this.host)?.[0] ?? "";
  if (port.length > 1) this.port = port.slice(1);
  const host = this.host.slice(0, this.host.length - port.length);
  if (host) this.hostname = host;
};

function hostText(url) {
  const auth = url.auth ? `${encoded(url.auth, unescapedInAuth)}@` : "";
  if (url.host) return auth + url.host;
  if (!url.hostname) return "";
  const name = url.hostname.includes(":") && !isIpv6(url.hostname) ? `[${url.hostname}]` : url.hostname;
  return auth + name + (url.port ? `:${url.port}` : "");
}

Url.prototype.format = function format() {
  let protocol = this.protocol || "";
  if (protocol && !protocol.endsWith(":")) protocol += ":";
  let host = hostText(this);
  const query =
    this.query !== null && typeof this.query === "object" ? querystring.stringify(this.query) : "";
  let search = this.search || (query && `?${query}`) || "";
  let pathname = (this.pathname || "").replaceAll("#", "%23").replaceAll("?", "%3F");
  if (this.slashes || slashed.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && pathname[0] !== "/") pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol.startsWith("file")) host = "//";
  }
  search = search.replaceAll("#", "%23");
  if (search && search[0] !== "?") search = `?${search}`;
  const hash = this.hash || "";
  return protocol + host + pathname + search + (hash && hash[0] !== "#" ? `#${hash}` : hash);
};

export function urlParse(url, parseQueryString, slashesDenoteHost) {
  return url instanceof Url ? url : new Url().parse(url, parseQueryString, slashesDenoteHost);
}
