// `node:string_decoder`: bytes in pieces → text, no character cut. Follows https://nodejs.org/api/string_decoder.html.
// What is not whole yet waits in `#rest`: at most 3 bytes of UTF-8 or UTF-16, 2 of base64.

import { Buffer } from "./buffer.js";
import { encodingNamed } from "./buffer_encodings.js";
import { codes } from "./errors.js";
import { bytesOf } from "./validate.js";

const { ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_ENCODING } = codes;

/** How many bytes at the end begin a UTF-8 character that may yet become whole. */
function unfinishedUtf8(bytes) {
  const last = bytes.length - 1;
  for (let back = 0; back < 3 && back <= last; back += 1) {
    const byte = bytes[last - back];
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
    if (size <= back + 1) return 0;
    return back === 0 || canFollow(byte, bytes[last - back + 1]) ? back + 1 : 0;
  }
  return 0;
}

// After some first bytes the second has a narrower range: no overlong forms, surrogates, nor beyond U+10FFFF.
function canFollow(first, second) {
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second < 0xa0;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second < 0x90;
  return true;
}

function unfinishedUtf16(bytes) {
  const odd = bytes.length % 2;
  const high = bytes[bytes.length - odd - 1];
  return high >= 0xd8 && high < 0xdc ? odd + 2 : odd;
}

const unfinished = {
  utf8: unfinishedUtf8,
  utf16le: unfinishedUtf16,
  base64: (bytes) => bytes.length % 3,
  base64url: (bytes) => bytes.length % 3,
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
}

const rest = Symbol("rest");

StringDecoder.prototype.write = function write(chunk) {
  if (typeof chunk === "string") return chunk;
  const bytes = bytesOf(chunk);
  if (bytes === undefined || !ArrayBuffer.isView(chunk)) throw new ERR_INVALID_ARG_TYPE("buf", ["Buffer", "TypedArray", "DataView"], chunk);
  const encoding = encodingNamed(this.encoding);
  let all = bytes;
  if (this[rest].length > 0) {
    all = new Uint8Array(this[rest].length + bytes.length);
    all.set(this[rest]);
    all.set(bytes, this[rest].length);
  }
  const keep = unfinished[this.encoding]?.(all) ?? 0;
  const whole = all.length - keep;
  this[rest] = keep === 0 ? none : all.slice(whole);
  return whole === 0 ? "" : encoding.text(keep === 0 ? all : all.subarray(0, whole));
};

StringDecoder.prototype.end = function end(chunk) {
  const text = chunk === undefined ? "" : this.write(chunk);
  const left = this[rest];
  this[rest] = none;
  return left.length === 0 ? text : text + encodingNamed(this.encoding).text(left);
};

StringDecoder.prototype.text = function text(buffer, offset) {
  this[rest] = none;
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
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return this[rest].length;
    },
  },
});

export default { StringDecoder };
