// Bytes in chunks and copies of them.

import { host } from "lily:host";
import { bytesOf, typedArrayName, typedArraySet } from "./primordials.js";

export const EMPTY = new Uint8Array(0);

/** The Web IDL's "get a copy of the bytes held by a buffer source". */
export function copyOf(source) {
  return new Uint8Array(bytesOf(source));
}

export function isUint8Array(value) {
  return typeof value === "object" && value !== null && typedArrayName(value) === "Uint8Array";
}

/** All chunks in one. A single chunk is returned as it is. */
export function concatenate(chunks) {
  if (chunks.length === 1) return chunks[0];
  let length = 0;
  for (let i = 0; i < chunks.length; i++) length += chunks[i].length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    typedArraySet(whole, chunks[i], at);
    at += chunks[i].length;
  }
  return whole;
}

/**
 * https://encoding.spec.whatwg.org/#utf-8-decode: without the mark at the start, if there is one.
 */
export function decodeUtf8(bytes) {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return host.decode("utf-8", marked ? bytes.subarray(3) : bytes, false);
}
