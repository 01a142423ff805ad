// fetch(). https://fetch.spec.whatwg.org/#fetch-method
// The host sends requests, follows redirects (at most 20, the standard's rules for methods, bodies
// and credentials) and decodes content codings; nothing is forbidden here that a browser forbids
// for the sake of its user: a server has no cookies, no origin and no CORS. What a program may
// reach is the host's to decide.

import { host } from "lily:host";
import { AbortSignal, offAbort, onAbort } from "./abort_signal.js";
import { blobBytes, blobType } from "./blob.js";
import { Channel } from "./channel.js";
import { contentOfChannel, contentOfSource, discard, send } from "./content.js";
import { processDataUrl } from "./data_url.js";
import { appendHeader, hasHeader } from "./header_list.js";
import { signals } from "./event_target.js";
import { arraySlice, getter, matches, stringIndexOf, stringSlice } from "./primordials.js";
import { partsOfRequest, Request } from "./request.js";
import { hasNoContent, responseOver } from "./response.js";
import { needs } from "./webidl.js";

const reasonOf = getter(AbortSignal.prototype, "reason");

const HTTP = /^https?:/;
const DATA = /^data:/;
const BLOB = /^blob:/;

// An answer that nobody can read any more gives its connection back.
const unread = new FinalizationRegistry((id) => host.drop(id));

export async function fetch(input, init = undefined) {
  needs(1, arguments.length, "fetch");
  const request = partsOfRequest(new Request(input, init));
  const { signal, url, content } = request;
  if (signal !== null && signals.isAborted(signal)) {
    if (content !== null) discard(content, reasonOf(signal));
    throw reasonOf(signal);
  }
  if (matches(HTTP, url)) return await fetchHttp(request);
  if (matches(DATA, url)) return fetchData(url);
  if (matches(BLOB, url)) return fetchBlob(request);
  throw new TypeError(`fetch: cannot fetch ${url}: its scheme is not http, https, data or blob`);
}

async function fetchHttp({ method, url, flat, content, redirect, signal }) {
  const channel = new Channel(host.id());
  const abort = () => {
    host.abort(channel.id, "aborted by the program");
    channel.fail(reasonOf(signal));
  };
  if (signal !== null) {
    onAbort(signal, abort);
    channel.onClose = () => offAbort(signal, abort);
  }
  const headers = arraySlice(flat);
  if (!hasHeader(flat, "accept")) appendHeader(headers, "accept", "*/*");
  const answered = channel.head();
  const target = withoutHash(url);
  if (content === null || content.source !== null) {
    host.fetch(
      channel.id,
      method,
      target,
      headers,
      content === null ? null : content.source,
      false,
      redirect,
    );
  } else {
    host.fetch(channel.id, method, target, headers, null, true, redirect);
    send(content, channel, (error) => {
      channel.fail(
        new TypeError(`fetch: the body of the request broke off: ${url}`, { cause: error }),
      );
    });
  }
  const answer = await answered;
  const isEmpty = method === "HEAD" || hasNoContent(answer.status);
  if (isEmpty) channel.drop();
  else unread.register(channel, channel.id);
  const head = { ...answer, url: withoutHash(answer.url) };
  return responseOver(head, isEmpty ? null : contentOfChannel(channel));
}

function withoutHash(url) {
  const hash = stringIndexOf(url, "#");
  return hash < 0 ? url : stringSlice(url, 0, hash);
}

function fetchData(url) {
  const data = processDataUrl(url);
  if (data === null) throw new TypeError("fetch: the data: URL is not well formed");
  return local(url, ["content-type", data.type], data.bytes);
}

function fetchBlob({ method, url, blob }) {
  if (method !== "GET") throw new TypeError(`fetch: a blob: URL is only for GET, not ${method}`);
  if (blob === undefined) throw new TypeError(`fetch: nothing is behind ${url}`);
  const bytes = blobBytes(blob);
  return local(url, ["content-length", `${bytes.length}`, "content-type", blobType(blob)], bytes);
}

function local(url, headers, bytes) {
  const answer = {
    status: 200,
    statusText: "OK",
    url: withoutHash(url),
    headers,
    redirected: false,
  };
  return responseOver(answer, contentOfSource(bytes));
}
