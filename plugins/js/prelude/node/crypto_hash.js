// `createHash`, `createHmac` and `crypto.hash`. Follows https://nodejs.org/api/crypto.html#class-hash.
// What is updated is kept until the digest is asked for: the host hashes in one call, and a forgotten
// hash holds nothing of the host's.

import { host } from "lily:host";
import { asBuffer, Buffer } from "./buffer.js";
import { keyBytes } from "./crypto_keys.js";
import { codes } from "./errors.js";
import { Transform } from "./stream.js";
import { isAnyArrayBuffer, isArrayBufferView } from "./types.js";
import { bytesOf, validateString } from "./validate.js";

const { ERR_CRYPTO_HASH_FINALIZED, ERR_CRYPTO_INVALID_DIGEST, ERR_INVALID_ARG_TYPE } = codes;

/** Node's name → the host's. */
const hashes = { md5: "MD5", sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" };

/** The host's name of `sha256`, `SHA-256` or `RSA-SHA256`; undefined for what it has not. */
export const hashNamed = (name) =>
  hashes[
    String(name)
      .toLowerCase()
      .replace(/^rsa-/, "")
      .replace(/^(sha)-/, "$1")
  ];
export const getHashes = () => [
  "RSA-MD5",
  "RSA-SHA1",
  "RSA-SHA256",
  "RSA-SHA384",
  "RSA-SHA512",
  ...Object.keys(hashes),
];

/** Text or bytes as bytes. */
export function dataBytes(data, encoding, name = "data") {
  if (typeof data === "string") return Buffer.from(data, encoding === "buffer" ? "utf8" : encoding);
  if (!isArrayBufferView(data) && !isAnyArrayBuffer(data))
    throw new ERR_INVALID_ARG_TYPE(name, ["string", "Buffer", "TypedArray", "DataView"], data);
  return bytesOf(data);
}

/** A Buffer, or its text when an encoding is given. */
export const output = (bytes, encoding) =>
  encoding && encoding !== "buffer" ? asBuffer(bytes).toString(encoding) : asBuffer(bytes);

/** What Hash and Hmac share: a stream that collects what is written and gives the digest at its end. */
class Collector extends Transform {
  #parts = [];
  #isFinal = false;

  update(data, encoding) {
    if (this.#isFinal) throw new ERR_CRYPTO_HASH_FINALIZED();
    const bytes = dataBytes(data, encoding);
    // A view of the program's may change before the digest.
    this.#parts.push(typeof data === "string" ? bytes : bytes.slice());
    return this;
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    this.push(this.digest());
    callback();
  }

  /** All that was collected; a second time is an error. */
  collected() {
    if (this.#isFinal) throw new ERR_CRYPTO_HASH_FINALIZED();
    this.#isFinal = true;
    return this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
  }

  copyInto(other) {
    if (this.#isFinal) throw new ERR_CRYPTO_HASH_FINALIZED();
    other.#parts = this.#parts.slice();
    return other;
  }
}

export class Hash extends Collector {
  #name;

  constructor(algorithm, options) {
    validateString(algorithm, "algorithm");
    super(options);
    this.#name = hashNamed(algorithm);
    if (this.#name === undefined) throw new Error("Digest method not supported");
  }

  digest(encoding) {
    return output(host.digest(this.#name, this.collected()), encoding);
  }

  copy(options) {
    return this.copyInto(new Hash(this.#name, options));
  }
}

export class Hmac extends Collector {
  #name;
  #key;
  #digest;

  constructor(algorithm, key, options) {
    validateString(algorithm, "hmac");
    super(options);
    this.#key = keyBytes(key, options?.encoding);
    this.#name = hashNamed(algorithm);
    if (this.#name === undefined) throw new ERR_CRYPTO_INVALID_DIGEST(algorithm);
  }

  // A second digest of an Hmac is empty, in Node too.
  digest(encoding) {
    if (this.#digest !== undefined) return output(new Uint8Array(0), encoding);
    this.#digest = true;
    return output(host.hmac(this.#name, this.#key, this.collected()), encoding);
  }
}

export const createHash = (algorithm, options) => new Hash(algorithm, options);
export const createHmac = (algorithm, key, options) => new Hmac(algorithm, key, options);

export function hash(algorithm, data, encoding = "hex") {
  validateString(algorithm, "algorithm");
  const name = hashNamed(algorithm);
  if (name === undefined) throw new Error("Digest method not supported");
  return output(host.digest(name, dataBytes(data, "utf8", "input")), encoding);
}
