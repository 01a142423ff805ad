// Request. https://fetch.spec.whatwg.org/#request-class
// What the standard says of windows, origins and service workers has no meaning on a server: those
// members keep what the program gave. The request that a handler gets is made from what the host
// said, unread: its Headers, its AbortSignal and its stream are made when the program asks for
// them.

import { host } from "lily:host";
import { AbortSignal, isAbortSignal, newSignal, signalAbort } from "./abort_signal.js";
import { cloneContent, extract, isUnusable, mixBody, take } from "./content.js";
import { appendHeader, hasHeader, headersInit, validateHeaders } from "./header_list.js";
import { headersOver } from "./headers.js";
import { inspectAs } from "./inspect_custom.js";
import { blobOfUrl } from "./object_urls.js";
import { arraySlice, matches, toUpperCase, uncurry } from "./primordials.js";
import { ReadableStream, TransformStream } from "./streams.js";
import {
  any,
  boolean,
  ByteString,
  dictionary,
  DOMString,
  enumeration,
  INTERNAL,
  interfaceType,
  isObject,
  nullable,
  shape,
  USVString,
} from "./webidl.js";

/** What fetch and the host need of a Request, or undefined for other values. */
export let partsOfRequest;
/** The Request that the host has received. */
export let requestOver;
/** Aborts the signal of a request that the host has received. */
export let abortRequest;

const referrerPolicies = [
  "",
  "no-referrer",
  "no-referrer-when-downgrade",
  "same-origin",
  "origin",
  "strict-origin",
  "origin-when-cross-origin",
  "strict-origin-when-cross-origin",
  "unsafe-url",
];

const requestInit = dictionary([
  ["body", nullable(any)],
  [
    "cache",
    enumeration("RequestCache", [
      "default",
      "no-store",
      "reload",
      "no-cache",
      "force-cache",
      "only-if-cached",
    ]),
  ],
  ["credentials", enumeration("RequestCredentials", ["omit", "same-origin", "include"])],
  ["duplex", enumeration("RequestDuplex", ["half"])],
  ["headers", headersInit],
  ["integrity", DOMString],
  ["keepalive", boolean],
  ["method", ByteString],
  ["mode", enumeration("RequestMode", ["navigate", "same-origin", "no-cors", "cors"])],
  ["priority", enumeration("RequestPriority", ["high", "low", "auto"])],
  ["redirect", enumeration("RequestRedirect", ["follow", "error", "manual"])],
  ["referrer", USVString],
  ["referrerPolicy", enumeration("ReferrerPolicy", referrerPolicies)],
  ["signal", nullable(interfaceType("AbortSignal", isAbortSignal))],
  ["window", any],
]);

/** What most requests share; a request with settings of its own has a copy. */
const DEFAULTS = Object.freeze({
  referrer: "about:client",
  referrerPolicy: "",
  mode: "cors",
  credentials: "same-origin",
  cache: "default",
  redirect: "follow",
  integrity: "",
  keepalive: false,
});
/** Those of a request that the host has received: its headers are immutable. */
const RECEIVED = Object.freeze({ ...DEFAULTS });

/** Methods that are the same in every case; others are as they are written. */
const NORMALIZED = { __proto__: null, DELETE: 1, GET: 1, HEAD: 1, OPTIONS: 1, POST: 1, PUT: 1 };
const BLOB = /^blob:/;
const NO_INIT = requestInit(undefined, "");
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const anySignal = AbortSignal.any.bind(AbortSignal);
const pipeThrough = uncurry(ReadableStream.prototype.pipeThrough);

/** https://fetch.spec.whatwg.org/#concept-method-normalize, with the methods that are refused. */
function toMethod(method, where) {
  if (!matches(token, method))
    throw new TypeError(`${where}: ${JSON.stringify(method)} is not a method`);
  const upper = toUpperCase(method);
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeError(`${where}: the method ${method} is not allowed`);
  }
  const known = upper in NORMALIZED;
  return known ? upper : method;
}

function toUrl(text, where) {
  const url = host.parseUrl(text, undefined);
  if (url === null) throw new TypeError(`${where}: ${JSON.stringify(text)} is not an absolute URL`);
  if (url[2] !== "" || url[3] !== "")
    throw new TypeError(`${where}: the URL has a user name or password`);
  return url[0];
}

/** https://fetch.spec.whatwg.org/#dom-request, the steps about the referrer. */
function toReferrer(text, where) {
  if (text === "") return "";
  if (host.parseUrl(text, undefined) === null)
    throw new TypeError(`${where}: the referrer is not an absolute URL`);
  return "about:client"; // Nothing is of the same origin as a server.
}

/** What a transferred body becomes: the standard's proxy, which leaves the old stream locked. */
function transfer(content) {
  const stream = content.stream;
  const taken = take(content, "Request constructor");
  if (stream !== null) taken.stream = pipeThrough(stream, new TransformStream());
  return taken;
}

export class Request {
  #method = "GET";
  #url = "";
  #flat;
  #headers = null;
  #content = null;
  /** What is behind a blob: URL when the request is made; the URL may be revoked before it is sent. */
  #blob;
  /** The signal that this request's own follows, and its own, once a program has asked for it. */
  #followed = null;
  #signal = null;
  #settings = DEFAULTS;

  constructor(input, init = undefined) {
    if (input === INTERNAL) return;
    const where = "Request constructor";
    const source = isObject(input) && #content in input ? input : null;
    const text = source === null ? USVString(input, `${where}: argument 1`) : "";
    const options = init === undefined ? NO_INIT : requestInit(init, `${where}: argument 2`);
    this.#url = source === null ? toUrl(text, `${where}: argument 1`) : source.#url;
    if (source !== null) {
      this.#blob = source.#blob;
      this.#method = source.#method;
      if (source.#settings !== RECEIVED) this.#settings = source.#settings;
      this.#followed = source.#settled();
    }
    else if (matches(BLOB, this.#url)) this.#blob = blobOfUrl(this.#url);
    if (init !== undefined && init !== null) this.#initialize(options, where);

    if (options.headers !== undefined)
      this.#flat = validateHeaders(options.headers, `${where}: headers`);
    else this.#flat = source === null ? [] : arraySlice(source.#flat);

    const given = options.body !== undefined && options.body !== null;
    const inherited = source !== null && source.#content !== null;
    if ((given || inherited) && this.#isBodiless()) {
      throw new TypeError(`${where}: a ${this.#method} request has no body`);
    }
    if (given) {
      this.#attach(options.body, options.duplex, where);
    } else if (inherited) {
      if (isUnusable(source.#content))
        throw new TypeError(`${where}: the body of argument 1 has already been read`);
      this.#content = transfer(source.#content);
    }
  }

  get method() {
    return this.#method;
  }

  get url() {
    return this.#url;
  }

  get headers() {
    return (this.#headers ??= headersOver(this.#flat, this.#settings === RECEIVED));
  }

  get destination() {
    this.#method;
    return "";
  }

  get referrer() {
    return this.#settings.referrer;
  }

  get referrerPolicy() {
    return this.#settings.referrerPolicy;
  }

  get mode() {
    return this.#settings.mode;
  }

  get credentials() {
    return this.#settings.credentials;
  }

  get cache() {
    return this.#settings.cache;
  }

  get redirect() {
    return this.#settings.redirect;
  }

  get integrity() {
    return this.#settings.integrity;
  }

  get keepalive() {
    return this.#settings.keepalive;
  }

  get isReloadNavigation() {
    this.#method;
    return false;
  }

  get isHistoryNavigation() {
    this.#method;
    return false;
  }

  get signal() {
    return (this.#signal ??= this.#followed === null ? newSignal() : anySignal([this.#followed]));
  }

  get duplex() {
    this.#method;
    return "half";
  }

  clone() {
    if (isUnusable(this.#content))
      throw new TypeError("Request.clone: the body has already been read, or is locked");
    const copy = new Request(INTERNAL);
    copy.#method = this.#method;
    copy.#url = this.#url;
    copy.#blob = this.#blob;
    copy.#flat = arraySlice(this.#flat);
    copy.#settings = this.#settings;
    copy.#followed = this.#settled();
    if (this.#content !== null) [this.#content, copy.#content] = cloneContent(this.#content);
    return copy;
  }

  /** The signal that a copy follows: this request's own, if anything may ever abort it. */
  #settled() {
    return this.#signal ?? this.#followed ?? (this.#settings === RECEIVED ? this.signal : null);
  }

  #isBodiless() {
    return this.#method === "GET" || this.#method === "HEAD";
  }

  #initialize(init, where) {
    if (init.window !== undefined && init.window !== null)
      throw new TypeError(`${where}: window is only null`);
    if (init.mode === "navigate") throw new TypeError(`${where}: the mode navigate is not allowed`);
    const settings = { ...this.#settings };
    if (init.referrer !== undefined) settings.referrer = toReferrer(init.referrer, where);
    if (init.referrerPolicy !== undefined) settings.referrerPolicy = init.referrerPolicy;
    if (init.mode !== undefined) settings.mode = init.mode;
    if (init.credentials !== undefined) settings.credentials = init.credentials;
    if (init.cache !== undefined) settings.cache = init.cache;
    if (settings.cache === "only-if-cached" && settings.mode !== "same-origin") {
      throw new TypeError(`${where}: the cache mode only-if-cached needs the mode same-origin`);
    }
    if (init.redirect !== undefined) settings.redirect = init.redirect;
    if (init.integrity !== undefined) settings.integrity = init.integrity;
    if (init.keepalive !== undefined) settings.keepalive = init.keepalive;
    this.#settings = settings;
    if (init.method !== undefined) this.#method = toMethod(init.method, where);
    const isSimple = this.#method === "GET" || this.#method === "HEAD" || this.#method === "POST";
    if (settings.mode === "no-cors" && !isSimple) {
      throw new TypeError(`${where}: the mode no-cors does not allow the method ${this.#method}`);
    }
    if (init.signal !== undefined) this.#followed = init.signal;
  }

  #attach(body, duplex, where) {
    const [content, type] = extract(body, `${where}: body`);
    if (content.source === null) {
      if (duplex === undefined)
        throw new TypeError(`${where}: a body that is a stream needs duplex: "half"`);
      if (this.#settings.keepalive)
        throw new TypeError(`${where}: a keepalive request has no stream`);
    }
    this.#content = content;
    if (type !== null && !hasHeader(this.#flat, "content-type"))
      appendHeader(this.#flat, "content-type", type);
  }

  static {
    requestOver = (method, url, headers, content) => {
      const request = new Request(INTERNAL);
      request.#method = method;
      request.#url = url;
      request.#flat = headers;
      request.#settings = RECEIVED;
      request.#content = content;
      return request;
    };
    abortRequest = (request, reason) => {
      request.#signal ??= newSignal();
      signalAbort(request.#signal, reason);
    };
    partsOfRequest = (value) => {
      if (!isObject(value) || !(#content in value)) return undefined;
      return {
        method: value.#method,
        url: value.#url,
        flat: value.#flat,
        content: value.#content,
        blob: value.#blob,
        redirect: value.#settings.redirect,
        signal: value.#signal ?? value.#followed,
      };
    };
    mixBody(
      Request,
      "Request",
      (request) => request.#content,
      (request) => request.#flat,
    );
  }
}

shape(Request);
inspectAs(Request, ({ method, url, headers, body, bodyUsed, redirect, signal, duplex }) => ({
  method,
  url,
  headers,
  body,
  bodyUsed,
  redirect,
  signal,
  duplex,
}));
