// The content of a request or response, and what becomes of it.
// https://fetch.spec.whatwg.org/#bodies and https://fetch.spec.whatwg.org/#body-mixin
// Content that is known whole (text, bytes) or that the host holds (a channel) has no stream until
// a program asks for `.body`: text(), json() and sending go without.

import { host } from "lily:host";
import { blobBytes, blobOver, blobType, streamOfBytes } from "./blob.js";
import { concatenate, copyOf, decodeUtf8, EMPTY, isUint8Array } from "./bytes.js";
import { formDataEntries, formDataOver } from "./form_data.js";
import { getHeader } from "./header_list.js";
import { extractMimeType, parameterOf, serializeMimeType } from "./mime.js";
import { encodeMultipart, newBoundary, parseMultipart } from "./multipart.js";
import {
  charCodeAt,
  getter,
  isArrayBuffer,
  isView,
  promiseThen,
  stringSlice,
  succeeds,
  uncurry,
} from "./primordials.js";
import {
  disturb,
  isDisturbed,
  isReadableStream,
  ReadableStream,
  ReadableStreamDefaultReader,
} from "./streams.js";
import { parseForm, URLSearchParams } from "./url_search_params.js";
import { BufferSource, isObject, USVString } from "./webidl.js";

const isLocked = getter(ReadableStream.prototype, "locked");
const getReader = uncurry(ReadableStream.prototype.getReader);
const tee = uncurry(ReadableStream.prototype.tee);
const cancel = uncurry(ReadableStream.prototype.cancel);
const searchToString = uncurry(URLSearchParams.prototype.toString);
const readFrom = uncurry(ReadableStreamDefaultReader.prototype.read);
const cancelReader = uncurry(ReadableStreamDefaultReader.prototype.cancel);
const keepChannel = uncurry(WeakMap.prototype.set);
const parseJson = JSON.parse;

/** A rejection that concerns nobody. */
const ignore = (promise) => void promiseThen(promise, undefined, () => {});

/**
 * Content is in exactly one place: `source` (a string, or bytes that never change), `channel`, or
 * `stream`. A program that asks for the stream moves it there.
 */
export class Content {
  source;
  channel;
  stream;
  /** It has been read or sent, or another request has taken it over. */
  used = false;

  constructor(source, channel, stream) {
    this.source = source;
    this.channel = channel;
    this.stream = stream;
  }
}

export const contentOfSource = (source) => new Content(source, null, null);
export const contentOfChannel = (channel) => new Content(null, channel, null);

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract: the content and its type, or null. */
export function extract(init, where) {
  if (typeof init === "string") return [textContent(init), "text/plain;charset=UTF-8"];
  if (isObject(init)) {
    if (isReadableStream(init)) {
      if (isDisturbed(init) || isLocked(init))
        throw new TypeError(`${where}: the stream is locked or already read`);
      return [new Content(null, null, init), null];
    }
    const bytes = blobBytes(init);
    if (bytes !== undefined)
      return [contentOfSource(bytes), blobType(init) === "" ? null : blobType(init)];
    if (isView(init) || isArrayBuffer(init))
      return [contentOfSource(copyOf(BufferSource(init, where))), null];
    const entries = formDataEntries(init);
    if (entries !== undefined) {
      const boundary = newBoundary();
      return [
        contentOfSource(encodeMultipart(entries, boundary)),
        `multipart/form-data; boundary=${boundary}`,
      ];
    }
    if (succeeds(searchToString, init)) {
      return [
        contentOfSource(searchToString(init)),
        "application/x-www-form-urlencoded;charset=UTF-8",
      ];
    }
  }
  return [textContent(init, where), "text/plain;charset=UTF-8"];
}

function textContent(value, where) {
  return contentOfSource(USVString(value, where));
}

/** https://fetch.spec.whatwg.org/#body-unusable */
export function isUnusable(content) {
  if (content === null) return false;
  return (
    content.used ||
    (content.stream !== null && (isDisturbed(content.stream) || isLocked(content.stream)))
  );
}

export function isUsed(content) {
  if (content === null) return false;
  return content.used || (content.stream !== null && isDisturbed(content.stream));
}

/** Marks the content used and answers what its new holder reads. */
export function take(content, where) {
  if (isUnusable(content))
    throw new TypeError(`${where}: the body has already been read, or is locked`);
  content.used = true;
  return new Content(content.source, content.channel, content.stream);
}

/** Nobody will read the content: its stream is cancelled, what the host sends is dropped. */
export function discard(content, reason) {
  if (isUnusable(content)) return;
  content.used = true;
  if (content.channel !== null) content.channel.drop();
  // What the program's own cancel algorithm throws concerns nobody any more.
  if (content.stream !== null) ignore(cancel(content.stream, reason));
}

/** The two contents of a clone; the first is for the original. */
export function cloneContent(content) {
  if (content.source !== null && content.stream === null)
    return [content, contentOfSource(content.source)];
  const [ours, theirs] = tee(streamOf(content));
  return [new Content(null, null, ours), new Content(null, null, theirs)];
}

/** The stream of the content, made at the first call. */
export function streamOf(content) {
  if (content.stream !== null) return content.stream;
  if (content.used) {
    content.stream = streamOfBytes(EMPTY);
    cancel(content.stream); // What has been read without a stream shows one that has been read.
  } else if (content.channel !== null) {
    content.stream = streamOfChannel(content.channel);
  } else {
    content.stream = streamOfBytes(bytesOfSource(content.source));
  }
  content.source = content.channel = null;
  return content.stream;
}

/** The channels behind streams of theirs: `new Response(request.body)` need not go through the stream. */
const channels = new WeakMap();
const channelOf = uncurry(WeakMap.prototype.get);

function streamOfChannel(channel) {
  const stream = new ReadableStream({
    type: "bytes",
    start(controller) {
      channel.onFail = (reason) => controller.error(reason);
    },
    async pull(controller) {
      const chunk = await channel.pull();
      if (chunk === null) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (chunk.length > 0) {
        controller.enqueue(chunk);
      }
    },
    cancel() {
      channel.drop();
    },
  });
  keepChannel(channels, stream, channel);
  return stream;
}

function bytesOfSource(source) {
  return typeof source === "string" ? host.utf8Encode(source) : source;
}

/** The next chunk as bytes, or null at the end: one shape for channels and streams. */
function chunksOf({ channel, stream }) {
  if (channel !== null) return chunksOfChannel(channel);
  const behind = isDisturbed(stream) ? undefined : channelOf(channels, stream);
  const reader = getReader(stream);
  if (behind !== undefined) {
    disturb(stream); // It stays locked: nobody else gets in between.
    return chunksOfChannel(behind);
  }
  return {
    async next() {
      const { done, value } = await readFrom(reader);
      if (done) return null;
      if (!isUint8Array(value)) {
        throw new TypeError("a body's stream gave a chunk that is not a Uint8Array");
      }
      return value;
    },
    // What a program's cancel algorithm throws concerns nobody who has left.
    cancel: (reason) => ignore(cancelReader(reader, reason)),
  };
}

const chunksOfChannel = (channel) => ({ next: () => channel.pull(), cancel: () => channel.drop() });

async function bytesOfContent(content) {
  if (content.source !== null) return copyOf(bytesOfSource(content.source));
  const chunks = chunksOf(content);
  const list = [];
  for (let chunk; (chunk = await chunks.next()) !== null;) list[list.length] = chunk;
  return content.stream !== null && list.length === 1 ? copyOf(list[0]) : concatenate(list);
}

/** https://encoding.spec.whatwg.org/#utf-8-decode: without the mark, if there is one. */
async function textOfContent(content) {
  const { source } = content;
  if (typeof source !== "string") return decodeUtf8(source ?? (await bytesOfContent(content)));
  return charCodeAt(source, 0) === 0xfeff ? stringSlice(source, 1) : source;
}

/**
 * Sends content that is not known whole through a channel, chunk by chunk, as fast as the other
 * side reads. When its stream fails, `onError` hears of it, and the other side sees it break off.
 */
export async function send(content, channel, onError) {
  const chunks = chunksOf(content);
  channel.onStop = (reason) => chunks.cancel(reason);
  try {
    for (let chunk; (chunk = await chunks.next()) !== null;) {
      if (chunk.length === 0) continue;
      const open = channel.write(chunk);
      if (open !== true && !(await open)) return;
    }
    channel.finish();
    channel.onStop = null;
  } catch (error) {
    if (channel.failed) return;
    channel.onStop = null;
    host.abort(channel.id, "the body broke off");
    chunks.cancel(error);
    onError(error);
  }
}

// ---- the Body mixin ----

// Promises are awaited before they are returned: to return one asks it for its `then`, which may be
// the program's.

/** Adds the members of Body to a class; both functions throw for what is not of the class. */
export function mixBody(Class, name, contentOf, headersOf) {
  const members = {
    get body() {
      const content = contentOf(this);
      return content === null ? null : streamOf(content);
    },
    get bodyUsed() {
      return isUsed(contentOf(this));
    },
    async arrayBuffer() {
      return (await read(this, "arrayBuffer")).buffer;
    },
    async blob() {
      const mime = mimeOf(this);
      return blobOver(await read(this, "blob"), mime === null ? "" : serializeMimeType(mime));
    },
    async bytes() {
      return await read(this, "bytes");
    },
    async formData() {
      const mime = mimeOf(this);
      return toFormData(await read(this, "formData"), mime);
    },
    async json() {
      return parseJson(await readText(this, "json"));
    },
    async text() {
      return await readText(this, "text");
    },
  };
  const mimeOf = (object) => extractMimeType(getHeader(headersOf(object), "content-type"));

  function read(object, member) {
    const content = contentOf(object);
    return content === null
      ? new Uint8Array(0)
      : bytesOfContent(take(content, `${name}.${member}`));
  }
  function readText(object, member) {
    const content = contentOf(object);
    return content === null ? "" : textOfContent(take(content, `${name}.${member}`));
  }
  Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(members));
}

function toFormData(bytes, mime) {
  if (mime?.essence === "multipart/form-data") {
    const boundary = parameterOf(mime, "boundary");
    const entries = boundary === null ? null : parseMultipart(bytes, boundary);
    if (entries === null) throw new TypeError("the body is not well-formed multipart/form-data");
    return formDataOver(entries);
  }
  if (mime?.essence === "application/x-www-form-urlencoded") {
    // "UTF-8 decode without BOM": a mark at the start is part of the first name.
    const text = host.decode("utf-8", bytes, false);
    return formDataOver(parseForm(text).map(([name, value]) => ({ name, value })));
  }
  throw new TypeError(
    "the content-type is neither multipart/form-data nor application/x-www-form-urlencoded",
  );
}
