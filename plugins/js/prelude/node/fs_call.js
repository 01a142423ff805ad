// What the functions of `node:fs` share: paths and data as the host takes them, its failures as Node's
// errors. Paths reach the host absolute and without dots.

import { asBuffer, Buffer } from "./buffer.js";
import { codes, systemError } from "./errors.js";
import { resolve } from "./path.js";
import { isArrayBufferView } from "./types.js";
import { pathText } from "./url.js";
import { bytesOf } from "./validate.js";

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE } = codes;

export function nullChecked(path, name) {
  const text = pathText(path, name);
  if (text.includes("\0"))
    throw new ERR_INVALID_ARG_VALUE(
      name ?? "path",
      path,
      "must be a string, Uint8Array, or URL without null bytes",
    );
  return text;
}

/** Calls the host; its failure becomes Node's error for this call and these paths. */
export function call(syscall, work, path, dest) {
  try {
    return work();
  } catch (failure) {
    const name = typeof failure === "string" ? failure : failure?.message;
    if (!/^E[A-Z0-9]+$/.test(name)) throw failure;
    throw systemError(name, syscall, path, dest);
  }
}

export function onPath(syscall, path, work, name) {
  const text = nullChecked(path, name);
  return call(syscall, () => work(resolve(text)), text);
}

const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding);
export const optionsOf = (options) => (typeof options === "string" ? { encoding: options } : (options ?? {}));

/** Bytes as the caller wants them: a Buffer, or a text of that encoding. */
export function encoded(bytes, options) {
  const encoding = encodingOf(options);
  const buffer = asBuffer(bytes);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

export function nameAs(text, options) {
  const encoding = encodingOf(options);
  if (!encoding || encoding === "utf8" || encoding === "utf-8") return text;
  return encoding === "buffer" ? Buffer.from(text) : Buffer.from(text).toString(encoding);
}

export function dataBytes(data, encoding) {
  if (typeof data === "string") return Buffer.from(data, encoding);
  if (!isArrayBufferView(data))
    throw new ERR_INVALID_ARG_TYPE("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  return bytesOf(data);
}
