// `node:zlib` over the host's compression: gzip, deflate and raw deflate, at once, with a callback,
// and as streams. Follows https://nodejs.org/api/zlib.html. The host has one level of compression, so
// that bytes may differ from Node's while what they unpack to does not. Brotli and Zstandard are
// refused.

import { host } from "lily:host";
import { queueTask } from "../loop.js";
import { asBuffer, Buffer } from "./buffer.js";
import { codes } from "./errors.js";
import { Transform } from "./stream.js";
import { isAnyArrayBuffer, isArrayBufferView } from "./types.js";
import { bytesOf, validateFunction } from "./validate.js";
import { constants, errorCodes } from "./zlib_constants.js";

const { ERR_BUFFER_TOO_LARGE, ERR_INVALID_ARG_TYPE } = codes;

/** As much as one Buffer holds: `maxOutputLength` when nothing is said. */
const outputMax = 2 ** 31 - 1;

function input(data) {
  if (typeof data === "string") return Buffer.from(data);
  if (!isArrayBufferView(data) && !isAnyArrayBuffer(data)) {
    throw new ERR_INVALID_ARG_TYPE(
      "buffer",
      ["string", "Buffer", "TypedArray", "DataView", "ArrayBuffer"],
      data,
    );
  }
  return bytesOf(data);
}

/** What the host says → what zlib says. */
const messages = new Map([
  ["the data is not gzip", "incorrect header check"],
  ["the compression method is unknown", "unknown compression method"],
  ["the gzip header has unknown flags", "unknown header flags set"],
  ["the check of the gzip header is wrong", "header crc mismatch"],
  ["the check of the data is wrong", "incorrect data check"],
  ["the compressed data is broken", "invalid compressed data"],
]);

/** The host's words → zlib's number, name and text. `bytes` are the first ones, if it is those that are wrong. */
function dataError(words, format, bytes) {
  const text = String(words?.message ?? words);
  if (/cut off|unexpected end/.test(text)) {
    return Object.assign(new Error("unexpected end of file"), { errno: constants.Z_BUF_ERROR, code: "Z_BUF_ERROR" });
  }
  const message = wrongHead(format, bytes) ?? messages.get(text) ?? text;
  return Object.assign(new Error(message), { errno: constants.Z_DATA_ERROR, code: "Z_DATA_ERROR" });
}

/** What zlib says of the first two bytes of its format (RFC 1950, 2.2). */
function wrongHead(format, bytes) {
  if (format !== "deflate" || bytes === undefined || bytes.length < 2) return undefined;
  if (((bytes[0] << 8) | bytes[1]) % 31 !== 0) return "incorrect header check";
  if ((bytes[0] & 15) !== 8) return "unknown compression method";
  return bytes[0] >> 4 > 7 ? "invalid window size" : undefined;
}

/** `unzip` looks at the first bytes: gzip's, or zlib's. */
const formatOf = (format, bytes) =>
  format !== "unzip"
    ? format
    : bytes[0] === 0x1f && (bytes.length < 2 || bytes[1] === 0x8b)
      ? "gzip"
      : "deflate";

function push(zip, bytes, last, format, isFirst) {
  try {
    return host.pushZip(zip, bytes, last);
  } catch (words) {
    throw dataError(words, format, isFirst ? bytes : undefined);
  }
}

function whole(format, compress, data, options) {
  const bytes = input(data);
  const actual = formatOf(format, bytes);
  const zip = host.zip(actual, compress, true);
  try {
    const made = push(zip, bytes, true, actual, true);
    const most = options?.maxOutputLength ?? outputMax;
    if (made.length > most) throw new ERR_BUFFER_TOO_LARGE(most);
    return asBuffer(made);
  } finally {
    host.dropZip(zip);
  }
}

class ZlibBase extends Transform {
  #format;
  #compress;
  #zip;
  #isEmpty = true;

  constructor(options, format, compress) {
    super({ autoDestroy: true, ...options });
    this.#format = format;
    this.#compress = compress;
    this.bytesWritten = 0;
  }

  #push(bytes, last) {
    const isFirst = this.#zip === undefined;
    if (isFirst) this.#format = formatOf(this.#format, bytes);
    this.#zip ??= host.zip(this.#format, this.#compress, true);
    const made = push(this.#zip, bytes, last, this.#format, isFirst);
    if (made.length > 0) this.push(asBuffer(made));
    if (last) this.#drop();
  }

  #drop() {
    if (this.#zip !== undefined) host.dropZip(this.#zip);
    this.#zip = undefined;
  }

  _transform(chunk, _encoding, callback) {
    this.#isEmpty = false;
    this.bytesWritten += chunk.length;
    try {
      this.#push(chunk, false);
      callback();
    } catch (error) {
      callback(error);
    }
  }

  _flush(callback) {
    // Nothing in gives nothing out when unpacking.
    try {
      if (!this.#isEmpty || this.#compress) this.#push(new Uint8Array(0), true);
      callback();
    } catch (error) {
      callback(error);
    }
  }

  _destroy(error, callback) {
    this.#drop();
    callback(error);
  }

  flush(_kind, callback = _kind) {
    if (typeof callback === "function") queueTask(callback);
  }

  params(_level, _strategy, callback) {
    queueTask(callback);
  }

  reset() {
    this.#drop();
  }

  close(callback) {
    if (callback) this.once("close", callback);
    this.destroy();
  }
}

const kinds = {
  Deflate: ["deflate", true],
  Inflate: ["deflate", false],
  Gzip: ["gzip", true],
  Gunzip: ["gzip", false],
  DeflateRaw: ["deflate-raw", true],
  InflateRaw: ["deflate-raw", false],
  Unzip: ["unzip", false],
};

const zlib = {};

for (const [name, [format, compress]] of Object.entries(kinds)) {
  const Class = {
    [name]: class extends ZlibBase {
      constructor(options) {
        super(options, format, compress);
      }
    },
  }[name];
  const plain = name[0].toLowerCase() + name.slice(1);
  // The classes are called without `new` too.
  zlib[name] = new Proxy(Class, { apply: (_target, _this, [options]) => new Class(options) });
  zlib[`create${name}`] = (options) => new Class(options);
  zlib[`${plain}Sync`] = (data, options) => whole(format, compress, data, options);
  zlib[plain] = (data, options, callback = options) => {
    validateFunction(callback, "callback");
    const bytes = input(data);
    let results;
    try {
      results = [null, whole(format, compress, bytes, typeof options === "object" ? options : undefined)];
    } catch (error) {
      results = [error];
    }
    queueTask(() => callback(...results));
  };
  Object.defineProperty(zlib[plain], "name", { value: plain });
}

for (const kind of ["Brotli", "Zstd"]) {
  for (const verb of ["Compress", "Decompress"]) {
    const refuse = () => {
      throw new codes.ERR_METHOD_REFUSED(`zlib: ${kind} is not available; use gzip or deflate`);
    };
    const plain = kind.toLowerCase() + verb;
    for (const name of [`create${kind}${verb}`, plain, `${plain}Sync`, `${kind}${verb}`]) zlib[name] = refuse;
  }
}

const table = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

zlib.crc32 = function crc32(data, value = 0) {
  let sum = ~value;
  for (const byte of input(data)) sum = (sum >>> 8) ^ table[(sum ^ byte) & 255];
  return ~sum >>> 0;
};
zlib.constants = constants;
zlib.codes = errorCodes;
// Old programs find the constants on the module itself.
for (const [name, value] of Object.entries(constants)) {
  if (!name.startsWith("BROTLI") && !name.startsWith("ZSTD"))
    Object.defineProperty(zlib, name, { value, enumerable: false });
}

export default zlib;
