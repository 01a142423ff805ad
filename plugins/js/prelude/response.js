// Response. https://fetch.spec.whatwg.org/#response-class
// Its header list is a flat array; the Headers object is made when a program asks for it.

import { host } from "lily:host";
import { cloneContent, contentOfSource, extract, isUnusable, mixBody } from "./content.js";
import { appendHeader, hasHeader, headersInit, validateHeaders } from "./header_list.js";
import { headersOver } from "./headers.js";
import { inspectAs } from "./inspect_custom.js";
import { arraySlice, matches } from "./primordials.js";
import { ByteString, isObject, needs, shape, unsignedShort, USVString } from "./webidl.js";

/**
 * What the host is told of a Response: `{ status, statusText, flat, content }`; undefined for
 * others.
 */
export let partsOfResponse;
/** The Response that came from outside. */
export let responseOver;

/** A list that nobody has; it is replaced before anything is put into it. */
const NO_HEADERS = Object.freeze([]);
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]*$/;
const stringify = JSON.stringify;

/** https://fetch.spec.whatwg.org/#null-body-status */
export function hasNoContent(status) {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103;
}

function isRedirect(status) {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** What most responses share. Few fields make a Response cheap, and every answer is one. */
const MADE_HERE = Object.freeze({ type: "default", url: "", redirected: false, immutable: false });
const FINAL = Object.freeze({ type: "default", url: "", redirected: false, immutable: true });
const FAILED = Object.freeze({ type: "error", url: "", redirected: false, immutable: true });

export class Response {
  #status = 200;
  #statusText = "";
  #flat = NO_HEADERS;
  #headers = null;
  #content = null;
  #origin = MADE_HERE;

  constructor(body = null, init = undefined) {
    const isEmpty = body === null || body === undefined;
    const content = isEmpty ? null : extract(body, "Response constructor: argument 1");
    if (init !== undefined && init !== null) this.#initialize(init);
    if (content !== null) this.#attach(content[0], content[1]);
  }

  static error() {
    const response = new Response();
    response.#status = 0;
    response.#origin = FAILED;
    return response;
  }

  static redirect(url, status = undefined) {
    needs(1, arguments.length, "Response.redirect");
    const where = "Response.redirect";
    const text = USVString(url, `${where}: argument 1`);
    const code = status === undefined ? 302 : unsignedShort(status, `${where}: argument 2`);
    const parsed = host.parseUrl(text, undefined);
    if (parsed === null)
      throw new TypeError(`${where}: ${JSON.stringify(text)} is not an absolute URL`);
    if (!isRedirect(code)) throw new RangeError(`${where}: ${code} is not a redirect status`);
    const response = new Response();
    response.#status = code;
    response.#origin = FINAL;
    response.#flat = ["location", parsed[0]];
    return response;
  }

  static json(data, init = undefined) {
    needs(1, arguments.length, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value has no JSON form");
    const response = new Response();
    if (init !== undefined && init !== null) response.#initialize(init);
    response.#attach(contentOfSource(text), "application/json");
    return response;
  }

  get type() {
    return this.#origin.type;
  }

  get url() {
    return this.#origin.url;
  }

  get redirected() {
    return this.#origin.redirected;
  }

  get status() {
    return this.#status;
  }

  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }

  get statusText() {
    return this.#statusText;
  }

  get headers() {
    if (this.#headers !== null) return this.#headers;
    if (this.#flat === NO_HEADERS) this.#flat = [];
    return (this.#headers = headersOver(this.#flat, this.#origin.immutable));
  }

  clone() {
    if (isUnusable(this.#content))
      throw new TypeError("Response.clone: the body has already been read, or is locked");
    const copy = new Response();
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#flat = arraySlice(this.#flat);
    copy.#origin = this.#origin;
    if (this.#content !== null) [this.#content, copy.#content] = cloneContent(this.#content);
    return copy;
  }

  /**
   * https://fetch.spec.whatwg.org/#initialize-a-response, but for the body; the members in WebIDL's
   * order.
   */
  #initialize(init) {
    const where = "Response constructor: argument 2";
    if (!isObject(init)) throw new TypeError(`${where}: not an object`);
    const headers = init.headers;
    const list = headers === undefined ? null : headersInit(headers, where);
    const givenStatus = init.status;
    const status = givenStatus === undefined ? 200 : unsignedShort(givenStatus, where);
    const givenText = init.statusText;
    const statusText = givenText === undefined ? "" : ByteString(givenText, where);
    if (status < 200 || status > 599)
      throw new RangeError(`${where}: the status ${status} is outside of 200 to 599`);
    if (statusText !== "" && !matches(reasonPhrase, statusText))
      throw new TypeError(`${where}: the statusText has characters that HTTP forbids`);
    this.#status = status;
    this.#statusText = statusText;
    if (list !== null) this.#flat = validateHeaders(list, where);
  }

  #attach(content, type) {
    if (hasNoContent(this.#status)) {
      throw new TypeError(`Response constructor: a response of status ${this.#status} has no body`);
    }
    this.#content = content;
    if (type === null) return;
    if (this.#flat === NO_HEADERS) this.#flat = ["content-type", type];
    else if (!hasHeader(this.#flat, "content-type")) appendHeader(this.#flat, "content-type", type);
  }

  static {
    responseOver = ({ status, statusText, url, headers, redirected }, content) => {
      const response = new Response();
      response.#status = status;
      response.#statusText = statusText;
      response.#flat = headers;
      response.#origin = { type: "basic", url, redirected, immutable: true };
      response.#content = content;
      return response;
    };
    partsOfResponse = (value) => {
      if (!(#content in value)) return undefined;
      return {
        status: value.#status,
        statusText: value.#statusText,
        flat: value.#flat,
        content: value.#content,
      };
    };
    mixBody(
      Response,
      "Response",
      (response) => response.#content,
      (response) => response.#flat,
    );
  }
}

shape(Response);
inspectAs(
  Response,
  ({ status, statusText, headers, body, bodyUsed, ok, redirected, type, url }) => ({
    status,
    statusText,
    headers,
    body,
    bodyUsed,
    ok,
    redirected,
    type,
    url,
  }),
);
