// Signatures, RSA encryption, agreement and the making of keys. Follows
// https://nodejs.org/api/crypto.html#class-sign.

import { host } from "lily:host";
import { normalize } from "../crypto_algorithms.js";
import { concatenate } from "../bytes.js";
import { DerReader, encode, encodeInteger, SEQUENCE } from "../der.js";
import { queueTask } from "../loop.js";
import { asBuffer, Buffer } from "./buffer.js";
import { dataBytes, hashNamed, output } from "./crypto_hash.js";
import { createSecretKey, curveNamed, keyOf, keyOfRecord, KeyObject } from "./crypto_keys.js";
import { codes } from "./errors.js";
import { promisify } from "./promisify.js";
import { Writable } from "./stream.js";
import { validateFunction, validateObject, validateOneOf, validateString } from "./validate.js";

const { ERR_CRYPTO_INVALID_DIGEST, ERR_INVALID_ARG_VALUE } = codes;

/** OpenSSL's numbers. */
export const constants = Object.freeze({
  __proto__: null,
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  defaultCoreCipherList: "",
});

const fieldBytes = { "P-256": 32, "P-384": 48, "P-521": 66 };
const hashBytes = { "SHA-1": 20, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };

/** r and s side by side ↔ the DER that OpenSSL writes. */
function toDer(raw) {
  const half = raw.length / 2;
  return encode(SEQUENCE, encodeInteger(raw.subarray(0, half)), encodeInteger(raw.subarray(half)));
}

function fromDer(der, size) {
  const reader = new DerReader(der).enter(SEQUENCE);
  const padded = (part) => concatenate([new Uint8Array(Math.max(0, size - part.length)), part]);
  return concatenate([padded(reader.integer()), padded(reader.integer())]);
}

/** What a key says besides itself: padding, salt, encoding. */
function manner(key, record, hash) {
  const options = typeof key === "object" && key !== null && !KeyObject.isKeyObject(key) ? key : {};
  const isPss = options.padding === constants.RSA_PKCS1_PSS_PADDING;
  let salt = options.saltLength ?? constants.RSA_PSS_SALTLEN_MAX_SIGN;
  if (salt === constants.RSA_PSS_SALTLEN_DIGEST) salt = hashBytes[hash];
  const isMost = salt === constants.RSA_PSS_SALTLEN_MAX_SIGN;
  if (isMost && isPss) salt = Math.ceil((record.algorithm.modulusLength - 1) / 8) - hashBytes[hash] - 2;
  return { isPss, salt, isMost, isRaw: options.dsaEncoding === "ieee-p1363" };
}

function hashFor(algorithm, record) {
  if (algorithm === null || algorithm === undefined)
    return record.algorithm.name === "Ed25519" ? null : "SHA-256";
  const hash = hashNamed(algorithm);
  if (hash === undefined || hash === "MD5") throw new ERR_CRYPTO_INVALID_DIGEST(algorithm);
  return hash;
}

function signed(algorithm, data, key) {
  const record = KeyObject.record(keyOf(key, "private"));
  const hash = hashFor(algorithm, record);
  if (record.algorithm.name === "Ed25519") return host.crypto("ed25519-sign", record.scalar, data);
  const { isPss, salt, isRaw } = manner(key, record, hash);
  if (record.algorithm.name === "ECDSA") {
    const raw = host.crypto("ecdsa-sign", record.curve, hash, record.scalar, data);
    return isRaw ? raw : toDer(raw);
  }
  const made = isPss
    ? host.crypto("rsa-pss-sign", hash, record.der, salt, data)
    : host.crypto("rsa-pkcs1-sign", hash, record.der, data);
  if (made === null)
    throw Object.assign(new Error("error:02000070:rsa routines::digest too big for rsa key"), {
      code: "ERR_OSSL_RSA_DIGEST_TOO_BIG_FOR_RSA_KEY",
    });
  return made;
}

function verified(algorithm, data, key, signature) {
  const record = KeyObject.record(keyOf(key, "public"));
  const hash = hashFor(algorithm, record);
  if (record.algorithm.name === "Ed25519")
    return signature.length === 64 && host.crypto("ed25519-verify", record.point, signature, data);
  const { isPss, salt, isMost, isRaw } = manner(key, record, hash);
  if (record.algorithm.name === "ECDSA") {
    let raw = signature;
    try {
      if (!isRaw) raw = fromDer(signature, fieldBytes[record.curve]);
    } catch {
      return false;
    }
    return (
      raw.length === 2 * fieldBytes[record.curve] &&
      host.crypto("ecdsa-verify", record.curve, hash, record.point, raw, data)
    );
  }
  if (!isPss) return host.crypto("rsa-pkcs1-verify", hash, record.der, signature, data);
  // Without a length given the salt may have any: most signers use the hash's length or the longest.
  const lengths = isMost ? [salt, hashBytes[hash], 0] : [salt];
  return lengths.some((length) => host.crypto("rsa-pss-verify", hash, record.der, length, signature, data));
}

class Collector extends Writable {
  #parts = [];

  constructor(algorithm, options) {
    validateString(algorithm, "algorithm");
    super(options);
    if (hashNamed(algorithm) === undefined)
      throw Object.assign(new TypeError("Invalid digest"), { code: "ERR_CRYPTO_INVALID_DIGEST" });
    this.algorithm = algorithm;
    Object.defineProperty(this, "algorithm", { enumerable: false });
  }

  update(data, encoding) {
    this.#parts.push(dataBytes(data, encoding).slice());
    return this;
  }

  _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  get collected() {
    return Buffer.concat(this.#parts);
  }
}

export class Sign extends Collector {
  sign(key, encoding) {
    return output(signed(this.algorithm, this.collected, key), encoding);
  }
}

export class Verify extends Collector {
  verify(key, signature, encoding) {
    return verified(this.algorithm, this.collected, key, dataBytes(signature, encoding, "signature"));
  }
}

export const createSign = (algorithm, options) => new Sign(algorithm, options);
export const createVerify = (algorithm, options) => new Verify(algorithm, options);

/** A function that also takes a callback as its last argument. */
function callable(work, count) {
  return function (...values) {
    const callback = values[count];
    if (callback === undefined) return work(...values);
    validateFunction(callback, "callback");
    let results;
    try {
      results = [null, work(...values.slice(0, count))];
    } catch (error) {
      results = [error];
    }
    queueTask(() => callback(...results));
    return undefined;
  };
}

export const sign = callable((algorithm, data, key) => asBuffer(signed(algorithm, dataBytes(data), key)), 3);
export const verify = callable(
  (algorithm, data, key, signature) =>
    verified(algorithm, dataBytes(data), key, dataBytes(signature, undefined, "signature")),
  4,
);

// ---- RSA-OAEP ----

function crypt(kind, wanted) {
  return (key, buffer) => {
    const options = typeof key === "object" && key !== null && !KeyObject.isKeyObject(key) ? key : {};
    if ((options.padding ?? constants.RSA_PKCS1_OAEP_PADDING) !== constants.RSA_PKCS1_OAEP_PADDING) {
      throw new codes.ERR_METHOD_REFUSED(
        `crypto: RSA ${kind}ion is available with the padding RSA_PKCS1_OAEP_PADDING only`,
      );
    }
    const record = KeyObject.record(keyOf(key, wanted));
    const label = options.oaepLabel === undefined ? new Uint8Array(0) : dataBytes(options.oaepLabel);
    const made = host.crypto(
      `rsa-oaep-${kind}`,
      hashNamed(options.oaepHash ?? "sha1"),
      record.der,
      label,
      dataBytes(buffer, options.encoding, "buffer"),
    );
    if (made === null)
      throw Object.assign(new Error(`error:02000079:rsa routines::oaep decoding error`), {
        code: "ERR_OSSL_RSA_OAEP_DECODING_ERROR",
      });
    return asBuffer(made);
  };
}

export const publicEncrypt = crypt("encrypt", "public");
export const privateDecrypt = crypt("decrypt", "private");

// ---- agreement ----

export function diffieHellman(options) {
  validateObject(options, "options");
  const own = KeyObject.record(keyOf(options.privateKey, "private"));
  const other = KeyObject.record(keyOf(options.publicKey, "public"));
  if (own.algorithm.name === "X25519") return asBuffer(host.crypto("x25519", own.scalar, other.point));
  return asBuffer(host.crypto("ecdh", own.curve, own.scalar, other.point));
}

// ---- new keys ----

const exponentBytes = (number) => {
  const hex = number.toString(16);
  return Uint8Array.from(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
};

const generators = {
  rsa: ({ modulusLength, publicExponent = 0x10001 }) => [
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength,
      publicExponent: exponentBytes(publicExponent),
    },
    ["sign", "verify"],
  ],
  ec({ namedCurve }) {
    const curve = curveNamed(namedCurve);
    if (curve === undefined)
      throw new ERR_INVALID_ARG_VALUE("options.namedCurve", namedCurve, "must be one of P-256, P-384, P-521");
    return [{ name: "ECDSA", namedCurve: curve }, ["sign", "verify"]];
  },
  ed25519: () => [{ name: "Ed25519" }, ["sign", "verify"]],
  x25519: () => [{ name: "X25519" }, ["deriveBits"]],
};

function keyPair(type, options = {}) {
  validateString(type, "type");
  if (!Object.hasOwn(generators, type))
    throw new ERR_INVALID_ARG_VALUE("type", type, "must be a supported key type");
  const [algorithm, usages] = generators[type](options);
  const normalized = normalize(algorithm, "generateKey", "crypto.generateKeyPair");
  const pair = normalized.run(normalized, true, usages);
  const written = (record, encoding) =>
    encoding === undefined ? keyOfRecord(record) : keyOfRecord(record).export(encoding);
  return {
    publicKey: written(pair.publicKey, options.publicKeyEncoding),
    privateKey: written(pair.privateKey, options.privateKeyEncoding),
  };
}

export const generateKeyPairSync = keyPair;

export function generateKeyPair(type, options, callback) {
  validateFunction(callback, "callback");
  const pair = keyPair(type, options);
  queueTask(() => callback(null, pair.publicKey, pair.privateKey));
}
Object.defineProperty(generateKeyPair, promisify.custom, {
  value: async (type, options) => keyPair(type, options),
});

export function generateKeySync(type, { length }) {
  validateOneOf(type, "type", ["hmac", "aes"]);
  if (type === "aes") validateOneOf(length, "options.length", [128, 192, 256]);
  const bytes = new Uint8Array(Math.floor(length / 8));
  host.random(bytes);
  return createSecretKey(bytes);
}

export const generateKey = callable(generateKeySync, 2);
