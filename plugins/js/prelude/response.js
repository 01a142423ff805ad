// Response. https://fetch.spec.whatwg.org/#response-class
// Its header list is a flat array; the Headers object is made when a program asks for it.

import { host } from "lily:host";
import { cloneContent, contentOfSource, extract, isUnusable, mixBody } from "./content.js";
import { appendHeader, fillHeaders, hasHeader, headersInit } from "./header_list.js";
import { headersOver } from "./headers.js";
import { inspectAs } from "./inspect_custom.js";
import { ByteString, dictionary, needs, shape, unsignedShort, USVString } from "./webidl.js";

/** What the host is told of a Response: `{ status, statusText, flat, content }`; undefined for others. */
export let partsOfResponse;
/** The Response that came from outside. */
export let responseOver;

const responseInit = dictionary([
  ["headers", (value) => value],
  ["status", unsignedShort, 200],
  ["statusText", ByteString, ""],
]);
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]*$/;
const stringify = JSON.stringify;

function hasNoContent(status) {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103;
}

function isRedirect(status) {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

export class Response {
  #status = 200;
  #statusText = "";
  #flat = [];
  #headers = null;
  #content = null;
  #url = "";
  #redirected = false;
  #immutable = false;
  #type = "default";

  constructor(body = null, init = undefined) {
    if (init !== undefined && init !== null) this.#initialize(init);
    if (body === null || body === undefined) return;
    const [content, type] = extract(body, "Response constructor: argument 1");
    this.#attach(content, type);
  }

  static error() {
    const response = new Response();
    response.#status = 0;
    response.#type = "error";
    response.#immutable = true;
    return response;
  }

  static redirect(url, status = undefined) {
    needs(1, arguments.length, "Response.redirect");
    const where = "Response.redirect";
    const text = USVString(url, `${where}: argument 1`);
    const code = status === undefined ? 302 : unsignedShort(status, `${where}: argument 2`);
    const parsed = host.parseUrl(text, undefined);
    if (parsed === null) throw new TypeError(`${where}: ${JSON.stringify(text)} is not an absolute URL`);
    if (!isRedirect(code)) throw new RangeError(`${where}: ${code} is not a redirect status`);
    const response = new Response();
    response.#status = code;
    response.#immutable = true;
    appendHeader(response.#flat, "location", parsed[0]);
    return response;
  }

  static json(data, init = undefined) {
    needs(1, arguments.length, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value has no JSON form");
    const response = new Response();
    if (init !== undefined && init !== null) response.#initialize(init);
    response.#attach(contentOfSource(text.toWellFormed()), "application/json");
    return response;
  }

  get type() {
    return this.#type;
  }

  get url() {
    return this.#url;
  }

  get redirected() {
    return this.#redirected;
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
    return (this.#headers ??= headersOver(this.#flat, this.#immutable));
  }

  clone() {
    if (isUnusable(this.#content)) throw new TypeError("Response.clone: the body has already been read, or is locked");
    const copy = new Response();
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#flat = this.#flat.slice();
    copy.#url = this.#url;
    copy.#redirected = this.#redirected;
    copy.#immutable = this.#immutable;
    copy.#type = this.#type;
    if (this.#content !== null) [this.#content, copy.#content] = cloneContent(this.#content);
    return copy;
  }

  /** https://fetch.spec.whatwg.org/#initialize-a-response, but for the body. */
  #initialize(value) {
    const where = "Response constructor: argument 2";
    const init = responseInit(value, where);
    const pairs = init.headers === undefined ? null : headersInit(init.headers, where);
    const { status, statusText } = init;
    if (status < 200 || status > 599) throw new RangeError(`${where}: the status ${status} is outside of 200 to 599`);
    if (!reasonPhrase.test(statusText)) throw new TypeError(`${where}: the statusText has characters that HTTP forbids`);
    this.#status = status;
    this.#statusText = statusText;
    if (pairs !== null) fillHeaders(this.#flat, pairs, where);
  }

  #attach(content, type) {
    if (hasNoContent(this.#status)) {
      throw new TypeError(`Response constructor: a response of status ${this.#status} has no body`);
    }
    this.#content = content;
    if (type !== null && !hasHeader(this.#flat, "content-type")) appendHeader(this.#flat, "content-type", type);
  }

  static {
    responseOver = ({ status, statusText, url, headers, redirected }, content) => {
      const response = new Response();
      response.#status = status;
      response.#statusText = statusText;
      response.#url = url;
      response.#flat = headers;
      response.#redirected = redirected;
      response.#immutable = true;
      response.#type = "basic";
      response.#content = hasNoContent(status) ? null : content;
      return response;
    };
    partsOfResponse = (value) => {
      if (!(#content in value)) return undefined;
      return { status: value.#status, statusText: value.#statusText, flat: value.#flat, content: value.#content };
    };
    mixBody(
      Response,
      (response) => response.#content,
      (response) => response.#flat,
    );
  }
}

shape(Response);
inspectAs(Response, ({ status, statusText, headers, body, bodyUsed, ok, redirected, type, url }) => ({
  status,
  statusText,
  headers,
  body,
  bodyUsed,
  ok,
  redirected,
  type,
  url,
}));
