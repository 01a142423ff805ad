// Bytes as a string with one character for each (isomorphic decode,
// https://infra.spec.whatwg.org/).

import { apply } from "./primordials.js";

const { fromCharCode } = String;
// An engine's stack holds so many arguments with ease.
const CHUNK = 4096;

export function binaryString(bytes) {
  if (bytes.length <= CHUNK) return apply(fromCharCode, null, bytes);
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK)
    text += apply(fromCharCode, null, bytes.subarray(i, i + CHUNK));
  return text;
}
