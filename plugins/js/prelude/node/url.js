// `node:url`: the platform's URL, paths ↔ `file:` URLs, and the first URL API (url_legacy.js).
// Follows https://nodejs.org/api/url.html.

import { host } from "lily:host";
import { URL } from "../url.js";
import { URLSearchParams } from "../url_search_params.js";
import { Buffer } from "./buffer.js";
import { codes } from "./errors.js";
import { resolve as resolvePath } from "./path.js";
import punycode from "punycode";
import { unescapeBytes } from "./querystring.js";
import { Url, toAscii, urlParse } from "./url_legacy.js";
import { urlResolve, urlResolveObject } from "./url_resolve.js";
import { validateObject, validateString } from "./validate.js";

const {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_FILE_URL_HOST,
  ERR_INVALID_FILE_URL_PATH,
  ERR_INVALID_URL_SCHEME,
  ERR_MISSING_ARGS,
} = codes;

const isUrl = (value) =>
  Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);

/** `https://xn--…` with its host readable; a label that is no Punycode stays. */
function readable(hostname) {
  try {
    return punycode.toUnicode(hostname);
  } catch {
    return hostname;
  }
}

function formatWeb(url, options) {
  if (options) validateObject(options, "options");
  const shown = (name) => options?.[name] ?? true;
  const auth =
    shown("auth") && (url.username || url.password)
      ? `${url.username}${url.password ? `:${url.password}` : ""}@`
      : "";
  const hostname = options?.unicode ? readable(url.hostname) : url.hostname;
  const hasHost = url.host !== "" || url.href.startsWith(`${url.protocol}//`);
  return `${url.protocol}${hasHost ? "//" : ""}${auth}${hostname}${url.port ? `:${url.port}` : ""}${url.pathname}${
    shown("search") ? url.search : ""
  }${shown("fragment") ? url.hash : ""}`;
}

function format(urlObject, options) {
  if (typeof urlObject === "string") return urlParse(urlObject).format();
  if (typeof urlObject !== "object" || urlObject === null) {
    throw new ERR_INVALID_ARG_TYPE("urlObject", ["Object", "string"], urlObject);
  }
  return urlObject instanceof URL ? formatWeb(urlObject, options) : Url.prototype.format.call(urlObject);
}

function fileUrl(value) {
  const url = typeof value === "string" ? new URL(value) : value;
  if (!isUrl(url)) throw new ERR_INVALID_ARG_TYPE("path", ["string", "URL"], value);
  if (url.protocol !== "file:") throw new ERR_INVALID_URL_SCHEME("file");
  if (url.hostname !== "") throw new ERR_INVALID_FILE_URL_HOST("linux");
  return url;
}

export function fileURLToPath(path) {
  const { pathname } = fileUrl(path);
  if (/%2f/i.test(pathname)) throw new ERR_INVALID_FILE_URL_PATH("must not include encoded / characters");
  return pathname.includes("%") ? decodeURIComponent(pathname) : pathname;
}

function fileURLToPathBuffer(path) {
  return Buffer.from(unescapeBytes(fileUrl(path).pathname));
}

export function pathToFileURL(path) {
  validateString(path, "path");
  let resolved = resolvePath(path);
  if (path.endsWith("/") && resolved !== "/") resolved += "/";
  const escapes = { "%": "%25", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\t": "%09", "?": "%3F", "#": "%23" };
  return new URL(`file://${resolved.replace(/[%\\\n\r\t?#]/g, (one) => escapes[one])}`);
}

/** What a function of `fs` takes as a path: text, bytes or a `file:` URL, as text. */
export function pathText(path, name = "path") {
  if (typeof path === "string") return path;
  if (isUrl(path)) return fileURLToPath(path);
  if (path instanceof Uint8Array) return host.decode("utf-8", path, false);
  throw new ERR_INVALID_ARG_TYPE(name, ["string", "Buffer", "URL"], path);
}

function domain(name, convert) {
  return function (text) {
    if (arguments.length < 1) throw new ERR_MISSING_ARGS("domain");
    return convert(host.parseUrl(`ws://${text}`, undefined)?.[4] ?? "");
  };
}

export function urlToHttpOptions(url) {
  validateObject(url, "url", { allowFunction: true });
  const { hostname, pathname, port, username, password, search } = url;
  const options = Object.assign(Object.create(null), url, {
    protocol: url.protocol,
    hostname: hostname?.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ""}${search || ""}`,
    href: url.href,
  });
  if (port !== "") options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}

export { toAscii };
export default {
  Url,
  parse: urlParse,
  resolve: urlResolve,
  resolveObject: urlResolveObject,
  format,
  URL,
  URLSearchParams,
  domainToASCII: domain("domainToASCII", (ascii) => ascii),
  domainToUnicode: domain("domainToUnicode", readable),
  pathToFileURL,
  fileURLToPath,
  fileURLToPathBuffer,
  urlToHttpOptions,
};
