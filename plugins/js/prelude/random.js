// Random UUIDs and bytes. https://w3c.github.io/webcrypto/#Crypto-method-randomUUID

import { host } from "lily:host";

const hex = [];
for (let byte = 0; byte < 256; byte++) hex[byte] = byte.toString(16).padStart(2, "0");

/** A version 4 UUID. */
export function uuid() {
  const bytes = new Uint8Array(16);
  host.random(bytes);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  let text = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += hex[bytes[i]];
  }
  return text;
}
