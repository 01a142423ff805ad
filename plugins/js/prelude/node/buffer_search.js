// Searching and filling of a `Buffer`. Follows
// https://nodejs.org/api/buffer.html#bufindexofvalue-byteoffset-encoding.

import { encodingNamed } from "./buffer_encodings.js";
import { codes } from "./errors.js";
import { isArrayBufferView, isUint8Array } from "./types.js";
import { validateBuffer, validateInteger, validateString } from "./validate.js";

const { ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_UNKNOWN_ENCODING } = codes;
const { indexOf: byteIndexOf, lastIndexOf: byteLastIndexOf, fill: byteFill } = Uint8Array.prototype;

function known(name) {
  const encoding = encodingNamed(name);
  if (encoding === undefined) throw new ERR_UNKNOWN_ENCODING(name);
  return encoding;
}

function equalAt(bytes, wanted, at) {
  for (let one = 1; one < wanted.length; one += 1) if (bytes[at + one] !== wanted[one]) return false;
  return true;
}

// The engine finds the first byte fast; the rest is compared here. UTF-16 text is found on even places only.
function find(bytes, wanted, from, backwards, step) {
  const last = bytes.length - wanted.length;
  if (backwards) {
    let at = Math.min(from, last);
    while (at >= 0) {
      at = byteLastIndexOf.call(bytes, wanted[0], at);
      if (at < 0) return -1;
      if (at % step === 0 && equalAt(bytes, wanted, at)) return at;
      at -= 1;
    }
    return -1;
  }
  let at = from;
  while (at <= last) {
    at = byteIndexOf.call(bytes, wanted[0], at);
    if (at < 0 || at > last) return -1;
    if (at % step === 0 && equalAt(bytes, wanted, at)) return at;
    at += 1;
  }
  return -1;
}

/** The place of a byte, a text or bytes in `bytes`, or −1. */
export function indexOf(bytes, value, byteOffset, encoding, backwards) {
  validateBuffer(bytes);
  let offset = byteOffset;
  if (typeof offset === "string") {
    encoding = offset;
    offset = undefined;
  }
  offset = Math.max(-0x80000000, Math.min(0x7fffffff, +offset));
  if (Number.isNaN(offset)) offset = backwards ? bytes.length : 0;
  offset = Math.trunc(offset);
  if (offset < 0) offset += bytes.length;
  if (offset < 0) {
    if (backwards) return -1;
    offset = 0;
  }
  if (typeof value === "number") {
    const byte = (value >>> 0) & 255;
    if (!backwards) return offset >= bytes.length ? -1 : byteIndexOf.call(bytes, byte, offset);
    return bytes.length === 0 ? -1 : byteLastIndexOf.call(bytes, byte, Math.min(offset, bytes.length - 1));
  }
  let wanted = value;
  let step = 1;
  if (typeof value === "string") {
    const named = known(encoding);
    wanted = named.bytes(value);
    step = named.name === "utf16le" ? 2 : 1;
  } else if (!isUint8Array(value)) {
    throw new ERR_INVALID_ARG_TYPE("value", ["number", "string", "Buffer", "Uint8Array"], value);
  } else if (encoding !== undefined && encodingNamed(encoding)?.name === "utf16le") step = 2;
  if (wanted.length === 0) return Math.min(offset, bytes.length);
  return find(bytes, wanted, offset, backwards, step);
}

function pattern(value, encoding) {
  if (typeof value === "string") return encoding.bytes(value);
  if (isUint8Array(value)) return value;
  if (isArrayBufferView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

/** `buf.fill(value[, offset[, end]][, encoding])`. */
export function fill(buffer, value, offset, end, encoding) {
  if (typeof value === "string") {
    if (offset === undefined || typeof offset === "string") {
      encoding = offset;
      offset = undefined;
      end = undefined;
    } else if (typeof end === "string") {
      encoding = end;
      end = undefined;
    }
    if (encoding !== undefined && encoding !== null) validateString(encoding, "encoding");
  } else encoding = undefined;
  const named = known(encoding);
  if (offset === undefined) {
    offset = 0;
    end = buffer.length;
  } else {
    validateInteger(offset, "offset", 0);
    if (end === undefined) end = buffer.length;
    else validateInteger(end, "end", 0, buffer.length);
    if (offset >= end) return buffer;
  }
  if (end > buffer.length) throw new ERR_BUFFER_OUT_OF_BOUNDS();
  const repeated = value === "" ? undefined : pattern(value, named);
  if (repeated === undefined) {
    byteFill.call(buffer, value === "" ? 0 : value & 255, offset, end);
    return buffer;
  }
  if (repeated.length === 0) throw new ERR_INVALID_ARG_VALUE("value", value);
  if (repeated.length === 1) {
    byteFill.call(buffer, repeated[0], offset, end);
    return buffer;
  }
  for (let at = offset; at < end; at += repeated.length) {
    buffer.set(end - at < repeated.length ? repeated.subarray(0, end - at) : repeated, at);
  }
  return buffer;
}
