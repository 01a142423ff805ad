// Keys from passwords, and randomness: pbkdf2, scrypt, hkdf, randomBytes, randomInt, randomUUID,
// timingSafeEqual. Follows https://nodejs.org/api/crypto.html.

import { host } from "lily:host";
import { queueTask } from "../loop.js";
import { uuid } from "../random.js";
import { asBuffer } from "./buffer.js";
import { dataBytes, hashNamed } from "./crypto_hash.js";
import { keyBytes } from "./crypto_keys.js";
import { codes } from "./errors.js";
import { isAnyArrayBuffer, isArrayBufferView } from "./types.js";
import {
  bytesOf,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
  validateString,
} from "./validate.js";

const {
  ERR_CRYPTO_INVALID_DIGEST,
  ERR_CRYPTO_INVALID_KEYLEN,
  ERR_CRYPTO_INVALID_SCRYPT_PARAMS,
  ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH,
  ERR_INVALID_ARG_TYPE,
  ERR_OUT_OF_RANGE,
} = codes;

/** Answers in a later turn; what is wrong with the arguments is thrown at once. */
function later(work, callback) {
  validateFunction(callback, "callback");
  const answer = work();
  queueTask(() => callback(null, answer));
}

function digestOf(digest) {
  validateString(digest, "digest");
  const name = hashNamed(digest);
  if (name === undefined) throw new ERR_CRYPTO_INVALID_DIGEST(digest);
  return name;
}

export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  const name = digestOf(digest);
  const secret = dataBytes(password, "utf8", "password");
  const grain = dataBytes(salt, "utf8", "salt");
  validateInteger(iterations, "iterations", 1, 2147483647);
  validateInteger(keylen, "keylen", 0, 2147483647);
  return asBuffer(
    keylen === 0 ? new Uint8Array(0) : host.crypto("pbkdf2", name, secret, grain, iterations, keylen),
  );
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === "function") throw new ERR_INVALID_ARG_TYPE("digest", "string", undefined);
  later(() => pbkdf2Sync(password, salt, iterations, keylen, digest), callback);
}

export function scryptSync(password, salt, keylen, options = {}) {
  const secret = dataBytes(password, "utf8", "password");
  const grain = dataBytes(salt, "utf8", "salt");
  validateInteger(keylen, "keylen", 0, 2147483647);
  const N = options.N ?? options.cost ?? 16384;
  const r = options.r ?? options.blockSize ?? 8;
  const p = options.p ?? options.parallelization ?? 1;
  const maxmem = options.maxmem ?? 32 * 1024 * 1024;
  const isPower = Number.isInteger(N) && N > 1 && (N & (N - 1)) === 0;
  if (!isPower || 128 * N * r > maxmem) throw new ERR_CRYPTO_INVALID_SCRYPT_PARAMS();
  return asBuffer(keylen === 0 ? new Uint8Array(0) : host.crypto("scrypt", secret, grain, N, r, p, keylen));
}

export function scrypt(password, salt, keylen, options, callback) {
  if (callback === undefined) later(() => scryptSync(password, salt, keylen), options);
  else later(() => scryptSync(password, salt, keylen, options), callback);
}

export function hkdfSync(digest, key, salt, info, keylen) {
  const name = digestOf(digest);
  const secret = keyBytes(key);
  const grain = dataBytes(salt, "utf8", "salt");
  const context = dataBytes(info, "utf8", "info");
  validateInteger(keylen, "length", 0, 2147483647);
  if (context.length > 1024)
    throw new ERR_OUT_OF_RANGE("info", "must not contain more than 1024 bytes", context.length);
  const made = keylen === 0 ? new Uint8Array(0) : host.crypto("hkdf", name, secret, grain, context, keylen);
  if (made === null) throw new ERR_CRYPTO_INVALID_KEYLEN();
  return made.buffer.byteLength === made.length ? made.buffer : made.slice().buffer;
}

export const hkdf = (digest, key, salt, info, keylen, callback) =>
  later(() => hkdfSync(digest, key, salt, info, keylen), callback);

// ---- randomness ----

/** As much as one call of the host fills. */
const randomMax = 65536;

function filled(bytes) {
  for (let at = 0; at < bytes.length; at += randomMax) host.random(bytes.subarray(at, at + randomMax));
  return bytes;
}

export function randomBytes(size, callback) {
  validateNumber(size, "size", 0, 2147483647);
  if (callback === undefined) return asBuffer(filled(new Uint8Array(size)));
  later(() => asBuffer(filled(new Uint8Array(size))), callback);
  return undefined;
}

export function randomFillSync(buffer, offset = 0, size = undefined) {
  if (!isArrayBufferView(buffer) && !isAnyArrayBuffer(buffer))
    throw new ERR_INVALID_ARG_TYPE("buf", ["ArrayBuffer", "ArrayBufferView"], buffer);
  const unit = buffer.BYTES_PER_ELEMENT ?? 1;
  const bytes = bytesOf(buffer);
  const start = offset * unit;
  const end = size === undefined ? bytes.length : start + size * unit;
  if (start > bytes.length) throw new ERR_OUT_OF_RANGE("offset", `>= 0 && <= ${bytes.length}`, offset);
  if (end > bytes.length) throw new ERR_OUT_OF_RANGE("size + offset", `<= ${bytes.length}`, end);
  filled(bytes.subarray(start, end));
  return buffer;
}

export function randomFill(buffer, ...rest) {
  const callback = rest.pop();
  later(() => randomFillSync(buffer, ...rest), callback);
}

/** The widest range of `randomInt`. */
const rangeMax = 2 ** 48 - 1;

export function randomInt(min, max, callback) {
  if (max === undefined || typeof max === "function") {
    callback = max;
    max = min;
    min = 0;
  }
  if (!Number.isSafeInteger(min)) throw new ERR_INVALID_ARG_TYPE("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw new ERR_INVALID_ARG_TYPE("max", "a safe integer", max);
  if (max <= min) throw new ERR_OUT_OF_RANGE("max", `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (!(range <= rangeMax)) throw new ERR_OUT_OF_RANGE("max - min", `<= ${rangeMax}`, range);
  // Numbers above the last whole multiple of the range are thrown away, so that all are as likely.
  const limit = rangeMax - (rangeMax % range);
  const draw = () => {
    for (;;) {
      const value = asBuffer(filled(new Uint8Array(6))).readUIntBE(0, 6);
      if (value < limit) return min + (value % range);
    }
  };
  if (callback === undefined) return draw();
  later(draw, callback);
  return undefined;
}

export function randomUUID(options = undefined) {
  if (options !== undefined) validateObject(options, "options");
  if (options?.disableEntropyCache !== undefined)
    validateBoolean(options.disableEntropyCache, "options.disableEntropyCache");
  return uuid();
}

export function timingSafeEqual(buf1, buf2) {
  for (const [name, value] of [
    ["buf1", buf1],
    ["buf2", buf2],
  ]) {
    if (isArrayBufferView(value) || isAnyArrayBuffer(value)) continue;
    // Node's own does not say what it received.
    const text = `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`;
    throw Object.assign(new TypeError(text), { code: "ERR_INVALID_ARG_TYPE" });
  }
  const one = bytesOf(buf1);
  const other = bytesOf(buf2);
  if (one.length !== other.length) throw new ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH();
  let difference = 0;
  for (let at = 0; at < one.length; at += 1) difference |= one[at] ^ other[at];
  return difference === 0;
}
