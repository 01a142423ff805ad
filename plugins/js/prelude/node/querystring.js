// `node:querystring`. Follows https://nodejs.org/api/querystring.html and `lib/querystring.js` of Node (MIT).

import { Buffer } from "./buffer.js";
import { codes } from "./errors.js";

// What `escape` leaves as it is, besides letters and digits: ! ' ( ) * - . _ ~
const escapable = /[^A-Za-z0-9!'()*._~-]/;

/**
 * Percent-encodes as `encodeURIComponent`; a lone surrogate is `URI malformed` only at the end, as
 * in Node.
 */
export function encoded(text, kept = escapable) {
  if (!kept.test(text)) return text;
  let made = "";
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      made += kept.test(text[at]) ? `%${unit.toString(16).toUpperCase().padStart(2, "0")}` : text[at];
    } else if (unit < 0xd800 || unit >= 0xe000) made += encodeURIComponent(text[at]);
    else {
      at += 1;
      if (at >= text.length) throw new codes.ERR_INVALID_URI();
      const point = 0x10000 + (((unit & 0x3ff) << 10) | (text.charCodeAt(at) & 0x3ff));
      made += encodeURIComponent(String.fromCodePoint(point));
    }
  }
  return made;
}

function escape(value) {
  return encoded(typeof value === "string" ? value : typeof value === "object" ? String(value) : `${value}`);
}

const hexDigit = (unit) => (unit >= 48 && unit <= 57) || ((unit | 32) >= 97 && (unit | 32) <= 102);

/** The bytes of a percent-encoded text; a `%` that begins no byte stays. */
function unescapeBuffer(text, decodeSpaces) {
  const bytes = Buffer.allocUnsafe(text.length);
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 43 && decodeSpaces) bytes[end] = 32;
    else if (
      unit === 37 &&
      at < text.length - 2 &&
      hexDigit(text.charCodeAt(at + 1)) &&
      hexDigit(text.charCodeAt(at + 2))
    ) {
      bytes[end] = parseInt(text.slice(at + 1, at + 3), 16);
      at += 2;
    } else bytes[end] = unit;
    end += 1;
  }
  return end === bytes.length ? bytes : bytes.subarray(0, end);
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text);
  } catch {
    return querystring.unescapeBuffer(text, decodeSpaces).toString();
  }
}

function primitive(value) {
  if (typeof value === "string") return value;
  if (
    (typeof value === "number" && Number.isFinite(value)) ||
    typeof value === "bigint" ||
    typeof value === "boolean"
  )
    return `${value}`;
  return "";
}

function stringify(object, separator, equals, options) {
  if (object === null || typeof object !== "object") return "";
  const own = options?.encodeURIComponent;
  const encode = typeof own === "function" ? own : querystring.escape;
  // Node does not hand numbers below 10²¹, booleans and empty texts to its own `escape`.
  const convert =
    encode !== escape
      ? (value) => encode(primitive(value))
      : (value) =>
          typeof value === "string" || (typeof value === "number" && Math.abs(value) >= 1e21)
            ? escape(primitive(value))
            : primitive(value);
  const fields = [];
  for (const key of Object.keys(object)) {
    const start = convert(key) + (equals || "=");
    for (const value of [object[key]].flat(1)) fields.push(start + convert(value));
  }
  return fields.join(separator || "&");
}

function add(object, key, value) {
  const present = object[key];
  if (present === undefined) object[key] = value;
  else if (Array.isArray(present)) present.push(value);
  else object[key] = [present, value];
}

function parse(text, separator, equals, options) {
  const object = Object.create(null);
  if (typeof text !== "string" || text === "") return object;
  const own = options?.decodeURIComponent;
  const decoder = typeof own === "function" ? own : querystring.unescape;
  const isOwn = decoder !== unescape;
  const decode = (part) => {
    const spaced = part.replace(/\+/g, isOwn ? "%20" : " ");
    if (spaced === "" || (!isOwn && !/%[0-9A-Fa-f]{2}/.test(spaced))) return spaced;
    try {
      return decoder(spaced);
    } catch {
      return querystring.unescape(spaced, true);
    }
  };
  const equal = String(equals || "=");
  const asked = options?.maxKeys;
  const most = typeof asked === "number" ? (asked > 0 ? asked : Infinity) : 1000;
  let count = 0;
  for (const field of text.split(String(separator || "&"))) {
    if (count === most) break;
    count += 1;
    if (field === "") continue;
    const at = field.indexOf(equal);
    if (at < 0) add(object, decode(field), "");
    else add(object, decode(field.slice(0, at)), decode(field.slice(at + equal.length)));
  }
  return object;
}

export { unescapeBuffer as unescapeBytes };

const querystring = {
  unescapeBuffer,
  unescape,
  escape,
  stringify,
  encode: stringify,
  parse,
  decode: parse,
};

export default querystring;
