// multipart/form-data: from bytes to entries and from entries to bytes.
// Writing: https://html.spec.whatwg.org/#multipart-form-data
// Reading: RFC 7578 on RFC 2046 §5.1 (preamble, padding and epilogue are skipped), with the escapes
// of names that the writing side makes: https://andreubotella.github.io/multipart-form-data/

import { host } from "lily:host";
import { concatenate } from "./bytes.js";

const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;
const QUOTE = 0x22;

const escapes = { "\r": "%0D", "\n": "%0A", '"': "%22" };
const withEscapes = (name) => name.replace(/[\r\n"]/g, (unit) => escapes[unit]);
const withoutEscapes = (name) =>
  name.replace(/%0A|%0D|%22/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
const withNetworkNewlines = (text) => text.replace(/\r\n|\r|\n/g, "\r\n");

export function newBoundary() {
  const random = new Uint8Array(16);
  host.random(random);
  let boundary = "----formdata-lily-";
  for (const byte of random) boundary += byte.toString(16).padStart(2, "0");
  return boundary;
}

/** The bytes of `entries`: `[{ name, value: string } | { name, bytes, filename, type }…]`. */
export function encodeMultipart(entries, boundary) {
  const pieces = [];
  let text = ""; // What is not yet encoded: one call of the host for many small fields.
  for (const entry of entries) {
    const name = withEscapes(withNetworkNewlines(entry.name));
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
    if (entry.bytes === undefined) {
      text += `\r\n\r\n${withNetworkNewlines(entry.value)}\r\n`;
      continue;
    }
    const type = entry.type === "" ? "application/octet-stream" : entry.type;
    text += `; filename="${withEscapes(entry.filename)}"\r\nContent-Type: ${type}\r\n\r\n`;
    pieces.push(host.utf8Encode(text), entry.bytes);
    text = "\r\n";
  }
  pieces.push(host.utf8Encode(`${text}--${boundary}--\r\n`));
  return concatenate(pieces);
}

/** The entries in `bytes`, as `encodeMultipart` takes them, or null if they are not well formed. */
export function parseMultipart(bytes, boundary) {
  if (boundary.length === 0 || boundary.length > 70) return null;
  const delimiter = host.utf8Encode(`\r\n--${boundary}`);
  const entries = [];
  // The first delimiter has no line end before it when there is no preamble.
  let at = startsWith(bytes, delimiter, 0, 2) ? delimiter.length - 2 : -1;
  if (at < 0) {
    const start = find(bytes, delimiter, 0);
    if (start < 0) return null;
    at = start + delimiter.length;
  }
  for (;;) {
    const isLast = bytes[at] === DASH && bytes[at + 1] === DASH;
    if (isLast) at += 2;
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
    if (isLast && at === bytes.length) return entries;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return null;
    if (isLast) return entries;
    const part = parsePartHeaders(bytes, at + 2);
    if (part === null) return null;
    const start = part.end;
    // An empty part may have its delimiter directly after the empty line.
    const end = startsWith(bytes, delimiter, start - 2, 0)
      ? start - 2
      : find(bytes, delimiter, start);
    if (end < 0) return null;
    const content = bytes.subarray(start, end < start ? start : end);
    entries.push(
      part.filename === null
        ? { name: part.name, value: host.decode("utf-8", content, false) }
        : { name: part.name, bytes: content, filename: part.filename, type: part.type },
    );
    at = end + delimiter.length;
  }
}

function parsePartHeaders(bytes, at) {
  let name = null;
  let filename = null;
  let type = "text/plain";
  for (;;) {
    if (bytes[at] === CR && bytes[at + 1] === LF) {
      return name === null ? null : { name, filename, type, end: at + 2 };
    }
    const end = lineEnd(bytes, at);
    if (end < 0) return null;
    const colon = bytes.subarray(at, end).indexOf(0x3a);
    if (colon < 1) return null;
    const header = latin1(bytes, at, at + colon).toLowerCase();
    if (header === "content-disposition") {
      const disposition = parseDisposition(bytes, at + colon + 1, end);
      if (disposition === null) return null;
      ({ name, filename } = disposition);
    } else if (header === "content-type") {
      type = latin1(bytes, at + colon + 1, end).replace(/^[\t ]+|[\t ]+$/g, "");
    }
    at = end + 2;
  }
}

function parseDisposition(bytes, at, end) {
  let name = null;
  let filename = null;
  const kind = /^[\t ]*form-data[\t ]*(?:;|$)/i.exec(latin1(bytes, at, end));
  if (kind === null) return null;
  at += kind[0].length;
  while (at < end) {
    const equals = bytes.indexOf(0x3d, at);
    if (equals < 0 || equals >= end) break;
    const parameter = latin1(bytes, at, equals)
      .replace(/[\t ;]+/g, "")
      .toLowerCase();
    at = equals + 1;
    let value;
    if (bytes[at] === QUOTE) {
      const close = bytes.indexOf(QUOTE, at + 1);
      if (close < 0 || close >= end) return null;
      value = bytes.subarray(at + 1, close);
      at = close + 1;
    } else {
      const semicolon = bytes.indexOf(0x3b, at);
      const stop = semicolon < 0 || semicolon > end ? end : semicolon;
      value = bytes.subarray(at, stop);
      at = stop;
    }
    if (parameter === "name") {
      name = withoutEscapes(host.decode("utf-8", value, false));
    } else if (parameter === "filename") {
      filename = withoutEscapes(host.decode("utf-8", value, false));
    }
  }
  return name === null ? null : { name, filename };
}

function latin1(bytes, from, to) {
  let text = "";
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at]);
  return text;
}

function lineEnd(bytes, at) {
  for (;;) {
    at = bytes.indexOf(CR, at);
    if (at < 0 || bytes[at + 1] === LF) return at;
    at += 1;
  }
}

function startsWith(bytes, pattern, at, from) {
  if (at < 0) return false;
  for (let index = from; index < pattern.length; index += 1) {
    if (bytes[at + index - from] !== pattern[index]) return false;
  }
  return true;
}

function find(bytes, pattern, at) {
  for (;;) {
    at = bytes.indexOf(pattern[0], at);
    if (at < 0 || startsWith(bytes, pattern, at, 0)) return at;
    at += 1;
  }
}
