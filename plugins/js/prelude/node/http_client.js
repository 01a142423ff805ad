// The client of `node:http` and `node:https`, over `fetch`. Follows
// https://nodejs.org/api/http.html#class-httpclientrequest. One request is one fetch: connections are
// the host's. The request's body is collected and sent when it ends.

import { asBuffer, Buffer } from "./buffer.js";
import { AbortError, codes } from "./errors.js";
import { STATUS_CODES } from "./http_values.js";
import { clearTimeout, setTimeout } from "./timers.js";
import { Readable, Writable } from "./stream.js";
import { urlToHttpOptions } from "./url.js";
import { validateString } from "./validate.js";

const { ERR_HTTP_HEADERS_SENT, ERR_INVALID_ARG_TYPE, ERR_INVALID_PROTOCOL, ERR_UNESCAPED_CHARACTERS } = codes;

/** Without them a second header of the same name is dropped, as Node does. */
const singular = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);
/** `fetch` sets these itself and refuses them from a program. */
const ownOfFetch = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
  "expect",
]);
const bodiless = new Set(["GET", "HEAD"]);

export class IncomingMessage extends Readable {
  #reader;
  #headers;

  constructor(socket) {
    super({ highWaterMark: 64 * 1024 });
    this.socket = socket ?? null;
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.complete = false;
    this.rawHeaders = [];
    this.rawTrailers = [];
    this.trailers = {};
    this.aborted = false;
    this.url = "";
    this.method = null;
    this.statusCode = null;
    this.statusMessage = null;
  }

  /** The message of a web Response. */
  static of(response) {
    const message = new IncomingMessage();
    message.statusCode = response.status;
    message.statusMessage = response.statusText || STATUS_CODES[response.status] || "";
    for (const [name, value] of response.headers) message.rawHeaders.push(name, value);
    message.#reader = response.body?.getReader() ?? null;
    return message;
  }

  get connection() {
    return this.socket;
  }

  get headers() {
    if (this.#headers !== undefined) return this.#headers;
    const headers = {};
    for (let at = 0; at < this.rawHeaders.length; at += 2) {
      const name = this.rawHeaders[at].toLowerCase();
      const value = this.rawHeaders[at + 1];
      if (name === "set-cookie") (headers[name] ??= []).push(value);
      else if (headers[name] === undefined) headers[name] = value;
      else if (!singular.has(name)) headers[name] += `${name === "cookie" ? "; " : ", "}${value}`;
    }
    this.#headers = headers;
    return headers;
  }

  set headers(headers) {
    this.#headers = headers;
  }

  get headersDistinct() {
    const headers = {};
    for (let at = 0; at < this.rawHeaders.length; at += 2)
      (headers[this.rawHeaders[at].toLowerCase()] ??= []).push(this.rawHeaders[at + 1]);
    return headers;
  }

  setTimeout(_ms, callback) {
    if (callback) this.once("timeout", callback);
    return this;
  }

  _read() {
    if (!this.#reader) {
      this.complete = true;
      this.push(null);
      return;
    }
    this.#reader.read().then(
      ({ done, value }) => {
        this.complete = done;
        this.push(done ? null : asBuffer(value));
      },
      (error) => this.destroy(Object.assign(new Error("aborted", { cause: error }), { code: "ECONNRESET" })),
    );
  }

  _destroy(error, callback) {
    if (!this.complete) {
      this.aborted = true;
      this.#reader?.cancel().catch(() => {});
    }
    callback(error);
  }
}

/** Headers that are collected before they are sent: shared by requests and, for what inherits it, answers. */
export class OutgoingMessage extends Writable {
  #headers = new Map();
  headersSent = false;

  setHeader(name, value) {
    if (this.headersSent) throw new ERR_HTTP_HEADERS_SENT("set");
    validateString(name, "name");
    if (value === undefined)
      throw Object.assign(new TypeError(`Invalid value "undefined" for header "${name}"`), {
        code: "ERR_HTTP_INVALID_HEADER_VALUE",
      });
    this.#headers.set(name.toLowerCase(), [name, value]);
    return this;
  }

  setHeaders(headers) {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name, value) {
    const present = this.getHeader(name);
    return this.setHeader(name, present === undefined ? value : [present, value].flat());
  }

  getHeader(name) {
    return this.#headers.get(String(name).toLowerCase())?.[1];
  }

  getHeaderNames() {
    return [...this.#headers.keys()];
  }

  getRawHeaderNames() {
    return [...this.#headers.values()].map(([name]) => name);
  }

  getHeaders() {
    return Object.assign(
      Object.create(null),
      Object.fromEntries([...this.#headers].map(([name, [, value]]) => [name, value])),
    );
  }

  hasHeader(name) {
    return this.#headers.has(String(name).toLowerCase());
  }

  removeHeader(name) {
    if (this.headersSent) throw new ERR_HTTP_HEADERS_SENT("remove");
    this.#headers.delete(String(name).toLowerCase());
  }

  flushHeaders() {}
}

/** (url, options, callback) in any of Node's forms → options with everything. */
function given(input, options, callback) {
  let own = input;
  if (typeof input === "string") own = urlToHttpOptions(new URL(input));
  else if (input instanceof URL) own = urlToHttpOptions(input);
  else {
    callback = options;
    options = input;
    own = {};
  }
  if (typeof options === "function") {
    callback = options;
    options = {};
  }
  return [{ ...own, ...options }, callback];
}

function addressOf(options, protocol) {
  const host = options.hostname ?? options.host ?? "localhost";
  const port = options.port ?? options.defaultPort ?? "";
  const path = options.path ?? "/";
  if (/[^\u0021-\u00ff]/.test(path)) throw new ERR_UNESCAPED_CHARACTERS("Request path");
  const name = host.includes(":") && !host.startsWith("[") && host.split(":").length > 2 ? `[${host}]` : host;
  return new URL(
    `${protocol}//${name}${port === "" ? "" : `:${port}`}${path.startsWith("/") ? path : `/${path}`}`,
  );
}

export class ClientRequest extends OutgoingMessage {
  #parts = [];
  #controller = new AbortController();
  #url;
  #timer;

  constructor(protocol, input, options, callback) {
    // The answer is still to come when all is written.
    super({ autoDestroy: false });
    const [settings, listener] = given(input, options, callback);
    const asked = settings.protocol ?? settings.agent?.protocol ?? protocol;
    if (asked !== protocol) throw new ERR_INVALID_PROTOCOL(asked, protocol);
    if (settings.method !== undefined && typeof settings.method !== "string")
      throw new ERR_INVALID_ARG_TYPE("options.method", "string", settings.method);
    this.method = (settings.method ?? "GET").toUpperCase();
    this.#url = addressOf(settings, protocol);
    this.protocol = protocol;
    this.host = this.#url.hostname;
    this.path = this.#url.pathname + this.#url.search;
    this.agent = settings.agent;
    this.aborted = false;
    this.reusedSocket = false;
    this.socket = null;
    this.finished = false;
    const headers = settings.headers ?? {};
    const isFlat = Array.isArray(headers) && !Array.isArray(headers[0]);
    const pairs = isFlat
      ? headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : []))
      : Array.isArray(headers)
        ? headers
        : Object.entries(headers);
    for (const [name, value] of pairs) this.setHeader(name, value);
    if (settings.auth && !this.hasHeader("authorization"))
      this.setHeader("Authorization", `Basic ${Buffer.from(settings.auth).toString("base64")}`);
    if (listener) this.once("response", listener);
    if (settings.timeout) this.setTimeout(settings.timeout);
    const { signal } = settings;
    const aborted = () => this.destroy(new AbortError(undefined, { cause: signal.reason }));
    if (signal?.aborted) queueMicrotask(aborted);
    else signal?.addEventListener("abort", aborted, { once: true });
  }

  _write(chunk, _encoding, callback) {
    this.#parts.push(chunk);
    callback();
  }

  _final(callback) {
    this.finished = true;
    this.headersSent = true;
    const headers = new Headers();
    for (const [name, value] of Object.entries(this.getHeaders())) {
      if (!ownOfFetch.has(name)) for (const one of [value].flat()) headers.append(name, String(one));
    }
    const body =
      bodiless.has(this.method) || this.#parts.length === 0 ? undefined : Buffer.concat(this.#parts);
    // Node follows no redirects, and a program that does so itself must see them.
    const init = { method: this.method, headers, body, redirect: "manual", signal: this.#controller.signal };
    fetch(this.#url, init).then(
      (response) => this.#answered(response),
      (error) => this.#failed(error),
    );
    callback();
  }

  #answered(response) {
    clearTimeout(this.#timer);
    const message = IncomingMessage.of(response);
    message.req = this;
    this.res = message;
    // What nobody listens to is let go.
    if (!this.emit("response", message)) message.resume();
    message.once("close", () => this.destroy());
  }

  #failed(error) {
    clearTimeout(this.#timer);
    if (this.destroyed) return;
    const cause = error.cause ?? error;
    this.destroy(Object.assign(new Error(error.message, { cause }), { code: cause.code ?? "ECONNREFUSED" }));
  }

  _destroy(error, callback) {
    clearTimeout(this.#timer);
    const isEarly = this.res === undefined;
    if (isEarly) this.#controller.abort();
    else if (!this.res.complete) this.res.destroy(error);
    callback(error ?? (isEarly ? Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }) : null));
  }

  abort() {
    if (this.aborted) return;
    this.aborted = true;
    queueMicrotask(() => this.emit("abort"));
    this.destroy();
  }

  setTimeout(ms, callback) {
    if (callback) this.once("timeout", callback);
    clearTimeout(this.#timer);
    if (ms > 0) this.#timer = setTimeout(() => this.emit("timeout"), ms).unref();
    return this;
  }

  setNoDelay() {}

  setSocketKeepAlive() {}
}
