// data: URLs. https://fetch.spec.whatwg.org/#data-url-processor

import { host } from "lily:host";
import { parseMimeType, serializeMimeType } from "./mime.js";

/** `{ type, bytes }` of an already serialised data: URL, or null if it is not well formed. */
export function processDataUrl(href) {
  const fragment = href.indexOf("#");
  const input = href.slice("data:".length, fragment < 0 ? href.length : fragment);
  const comma = input.indexOf(",");
  if (comma < 0) return null;
  let type = input.slice(0, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "");
  let bytes = percentDecode(input.slice(comma + 1));
  const base64 = /; *base64$/i.exec(type);
  if (base64 !== null) {
    // What is not ASCII decodes to what is not base64.
    bytes = host.unbase64(host.decode("utf-8", bytes, false));
    if (bytes === null) return null;
    type = type.slice(0, base64.index);
  }
  if (type.startsWith(";")) type = `text/plain${type}`;
  const mime = parseMimeType(type);
  return { type: mime === null ? "text/plain;charset=US-ASCII" : serializeMimeType(mime), bytes };
}

/** https://url.spec.whatwg.org/#percent-decode */
function percentDecode(text) {
  const bytes = host.utf8Encode(text);
  let to = bytes.indexOf(0x25);
  if (to < 0) return bytes;
  for (let from = to; from < bytes.length; from += 1, to += 1) {
    bytes[to] = bytes[from];
    if (bytes[from] !== 0x25) continue;
    const high = hexDigit(bytes[from + 1]);
    const low = hexDigit(bytes[from + 2]);
    if (high < 0 || low < 0) continue;
    bytes[to] = high * 16 + low;
    from += 2;
  }
  return bytes.subarray(0, to);
}

function hexDigit(byte) {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
