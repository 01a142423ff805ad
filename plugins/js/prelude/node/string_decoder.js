// `node:string_decoder`: bytes in pieces → text, no character cut. Follows
// https://nodejs.org/api/string_decoder.html. What is not whole yet waits in `rest`: at most 3 bytes
// of UTF-8 or UTF-16, 2 of base64.

import { Buffer } from "./buffer.js";
import { encodingNamed } from "./buffer_encodings.js";
import { codes } from "./errors.js";
import { bytesOf } from "./validate.js";

const { ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING } = codes;

// What the end of a piece leaves for the next: [bytes to keep, bytes that they still need]. As in Node
// a first byte of UTF-8 is believed, and what follows it is judged when the character is whole.
function unfinishedUtf8(bytes) {
  const last = bytes.length - 1;
  for (let back = 0; back < 4 && back <= last; back += 1) {
    const byte = bytes[last - back];
    if ((byte & 0xc0) === 0x80) continue;
    const size = (byte & 0xe0) === 0xc0 ? 2 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xf8) === 0xf0 ? 4 : 0;
    return size > back + 1 ? [back + 1, size - back - 1] : whole;
  }
  return whole;
}

// Half a unit waits for its other half; else a high surrogate waits for the low one.
function unfinishedUtf16(bytes) {
  if (bytes.length % 2 === 1) return [1, 1];
  const high = bytes[bytes.length - 1];
  return high >= 0xd8 && high < 0xdc ? [2, 2] : whole;
}

const unfinishedBase64 = (bytes) =>
  bytes.length % 3 === 0 ? whole : [bytes.length % 3, 3 - (bytes.length % 3)];

const whole = [0, 0];
const unfinished = {
  utf8: unfinishedUtf8,
  utf16le: unfinishedUtf16,
  base64: unfinishedBase64,
  base64url: unfinishedBase64,
};

const none = new Uint8Array(0);

// A function, not a class: old packages call it without `new` on an object of their own.
export function StringDecoder(encoding) {
  const found = encodingNamed(encoding);
  if (found === undefined || (encoding !== undefined && encoding !== null && typeof encoding !== "string")) {
    throw new ERR_UNKNOWN_ENCODING(encoding);
  }
  this.encoding = found.name;
  Object.defineProperty(this, rest, { value: none, writable: true });
  Object.defineProperty(this, need, { value: 0, writable: true });
}

const rest = Symbol("rest");
const need = Symbol("need");

StringDecoder.prototype.write = function write(chunk) {
  if (typeof chunk === "string") return chunk;
  const bytes = bytesOf(chunk);
  if (bytes === undefined || !ArrayBuffer.isView(chunk))
    throw new ERR_INVALID_ARG_TYPE("buf", ["Buffer", "TypedArray", "DataView"], chunk);
  const encoding = encodingNamed(this.encoding);
  const held = this[rest].length;
  let all = bytes;
  if (held > 0) {
    all = new Uint8Array(held + bytes.length);
    all.set(this[rest]);
    all.set(bytes, held);
  }
  // A UTF-16 character that was held and is whole now goes out, whatever it is.
  const start = encoding.name === "utf16le" && held > 0 && bytes.length >= this[need] ? held + this[need] : 0;
  const stillHeld = encoding.name === "utf16le" && held > 0 && bytes.length < this[need];
  let [keep, needed] = unfinished[this.encoding]?.(start > 0 ? all.subarray(start) : all) ?? whole;
  if (stillHeld) [keep, needed] = [all.length, this[need] - bytes.length];
  this[rest] = keep === 0 ? none : all.slice(all.length - keep);
  this[need] = needed;
  return keep === all.length ? "" : encoding.text(keep === 0 ? all : all.subarray(0, all.length - keep));
};

StringDecoder.prototype.end = function end(chunk) {
  const text = chunk === undefined ? "" : this.write(chunk);
  const left = this[rest];
  this[rest] = none;
  this[need] = 0;
  return left.length === 0 ? text : text + encodingNamed(this.encoding).text(left);
};

StringDecoder.prototype.text = function text(buffer, offset) {
  this[rest] = none;
  this[need] = 0;
  return this.write(buffer.subarray(offset));
};

Object.defineProperties(StringDecoder.prototype, {
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      const chars = Buffer.alloc(4);
      chars.set(this[rest]);
      return chars;
    },
  },
  lastNeed: {
    configurable: true,
    enumerable: true,
    get() {
      return this[need];
    },
  },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return this[rest].length + this[need];
    },
  },
});

export default { StringDecoder };
