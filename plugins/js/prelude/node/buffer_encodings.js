// The encodings of `Buffer`: text ↔ bytes. Follows
// https://nodejs.org/api/buffer.html#buffers-and-character-encodings. UTF-8, base64 and hexadecimal
// text are the host's; the others are short loops in blocks that `String.fromCharCode` can take.

import { host } from "lily:host";

const fromCharCode = String.fromCharCode;
/** As many arguments as one call takes without danger to the stack. */
const block = 4096;

function charCodes(units) {
  if (units.length <= block) return fromCharCode.apply(null, units);
  let text = "";
  for (let at = 0; at < units.length; at += block)
    text += fromCharCode.apply(null, units.subarray(at, at + block));
  return text;
}

/** Bytes → a hexadecimal text. */
export const hexText = (bytes) => host.hex(bytes);

function nibble(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function hexWrite(text, into) {
  const most = Math.min(into.length, text.length >>> 1);
  for (let at = 0; at < most; at += 1) {
    const high = nibble(text.charCodeAt(at * 2));
    const low = nibble(text.charCodeAt(at * 2 + 1));
    if (high < 0 || low < 0) return at;
    into[at] = high * 16 + low;
  }
  return most;
}

/** Base64 as Node reads it: either alphabet, and what belongs to neither is passed over. */
export function fromBase64(text) {
  const strict = host.unbase64(text);
  if (strict !== null) return strict;
  let clean = text
    .replace(/=[^]*$/, "")
    .replace(/[^A-Za-z0-9+/_-]+/g, "")
    .replace(/-/g, "+")
    .replace(/_/g, "/");
  if (clean.length % 4 === 1) clean = clean.slice(0, -1);
  return host.unbase64(clean);
}

function base64Length(text) {
  let length = text.length;
  if (text.charCodeAt(length - 1) === 0x3d) length -= 1;
  if (length > 1 && text.charCodeAt(length - 1) === 0x3d) length -= 1;
  return (length * 3) >>> 2;
}

function copied(bytes, into) {
  const count = Math.min(bytes.length, into.length);
  into.set(count === bytes.length ? bytes : bytes.subarray(0, count));
  return count;
}

function unitsWrite(text, into) {
  const count = Math.min(into.length >>> 1, text.length);
  for (let at = 0; at < count; at += 1) {
    const unit = text.charCodeAt(at);
    into[at * 2] = unit & 255;
    into[at * 2 + 1] = unit >>> 8;
  }
  return count * 2;
}

function unitsText(bytes) {
  const count = bytes.length >>> 1;
  if (count === 0) return "";
  const units = new Uint16Array(count);
  for (let at = 0; at < count; at += 1) units[at] = bytes[at * 2] | (bytes[at * 2 + 1] << 8);
  return charCodes(units);
}

function latin1Write(text, into) {
  const count = Math.min(into.length, text.length);
  for (let at = 0; at < count; at += 1) into[at] = text.charCodeAt(at);
  return count;
}

/** The UTF-8 length of a text, a lone surrogate counting three bytes as U+FFFD does. */
export function utf8Length(text) {
  let length = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else {
      length += 2;
      const next = unit >= 0xd800 && unit < 0xdc00 ? text.charCodeAt(at + 1) : 0;
      if (next >= 0xdc00 && next < 0xe000) at += 1;
    }
  }
  return length;
}

/** An encoding: its Node name; text(bytes); bytes(text), new; write(text, into) → how many; length(text). */
const utf8 = {
  name: "utf8",
  text: (bytes) => host.decode("utf-8", bytes, false),
  bytes: (text) => host.utf8Encode(text),
  write: (text, into) => host.utf8EncodeInto(text, into)[1],
  length: utf8Length,
};
const utf16le = {
  name: "utf16le",
  text: unitsText,
  bytes(text) {
    const made = new Uint8Array(text.length * 2);
    unitsWrite(text, made);
    return made;
  },
  write: unitsWrite,
  length: (text) => text.length * 2,
};
const latin1 = {
  name: "latin1",
  text: charCodes,
  bytes(text) {
    const made = new Uint8Array(text.length);
    latin1Write(text, made);
    return made;
  },
  write: latin1Write,
  length: (text) => text.length,
};
const ascii = {
  ...latin1,
  name: "ascii",
  text: (bytes) => charCodes(Uint8Array.from(bytes, (byte) => byte & 127)),
};
const base64 = {
  name: "base64",
  text: (bytes) => host.base64(bytes, false),
  bytes: fromBase64,
  write: (text, into) => copied(fromBase64(text), into),
  length: base64Length,
};
const base64url = { ...base64, name: "base64url", text: (bytes) => host.base64(bytes, true) };
const hex = {
  name: "hex",
  text: hexText,
  bytes(text) {
    const made = new Uint8Array(text.length >>> 1);
    const count = hexWrite(text, made);
    return count === made.length ? made : made.slice(0, count);
  },
  write: hexWrite,
  length: (text) => text.length >>> 1,
};

const encodings = new Map([
  ["utf8", utf8],
  ["utf-8", utf8],
  ["ucs2", utf16le],
  ["ucs-2", utf16le],
  ["utf16le", utf16le],
  ["utf-16le", utf16le],
  ["latin1", latin1],
  ["binary", latin1],
  ["ascii", ascii],
  ["base64", base64],
  ["base64url", base64url],
  ["hex", hex],
]);

/** The encoding of that name, or undefined. No name means UTF-8. */
export function encodingNamed(name) {
  if (name === undefined || name === null || name === "") return utf8;
  return encodings.get(name) ?? encodings.get(`${name}`.toLowerCase());
}
