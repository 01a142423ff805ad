// `node:stream/consumers` and `node:stream/web`. Follows
// https://nodejs.org/api/webstreams.html#utility-consumers.

import { host } from "lily:host";
import { Buffer } from "./buffer.js";
import { bytesOf } from "./validate.js";

async function buffer(stream) {
  const chunks = [];
  for await (const chunk of stream)
    chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : bytesOf(chunk));
  return Buffer.concat(chunks);
}

async function arrayBuffer(stream) {
  const bytes = await buffer(stream);
  return bytes.byteLength === bytes.buffer.byteLength
    ? bytes.buffer
    : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

async function text(stream) {
  const parts = [];
  for await (const chunk of stream)
    parts.push(typeof chunk === "string" ? Buffer.from(chunk) : bytesOf(chunk));
  // A byte order mark at the start is none of the text.
  return host.decode("utf-8", Buffer.concat(parts), false).replace(/^\ufeff/, "");
}

async function blob(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Blob(chunks);
}

export default { arrayBuffer, blob, buffer, text, json: async (stream) => JSON.parse(await text(stream)) };

const names = [
  "ReadableStream",
  "ReadableStreamDefaultReader",
  "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest",
  "ReadableByteStreamController",
  "ReadableStreamDefaultController",
  "TransformStream",
  "TransformStreamDefaultController",
  "WritableStream",
  "WritableStreamDefaultController",
  "WritableStreamDefaultWriter",
  "ByteLengthQueuingStrategy",
  "CountQueuingStrategy",
  "TextEncoderStream",
  "TextDecoderStream",
  "CompressionStream",
  "DecompressionStream",
];

/** `node:stream/web`: the platform's own classes, looked up when asked for. */
export const web = {};
for (const name of names)
  Object.defineProperty(web, name, { enumerable: true, configurable: true, get: () => globalThis[name] });
