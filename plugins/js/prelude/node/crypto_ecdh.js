// `createECDH`: agreement over P-256, P-384 and P-521 with raw keys.
// Follows https://nodejs.org/api/crypto.html#class-ecdh.

import { host } from "lily:host";
import { trimZeros } from "../der.js";
import { Buffer } from "./buffer.js";
import { dataBytes, output } from "./crypto_hash.js";
import { curveNamed } from "./crypto_keys.js";
import { codes } from "./errors.js";
import { validateString } from "./validate.js";

function failed(code, text) {
  return Object.assign(new Error(text), { code });
}

/** A point as OpenSSL writes it: 4 x y, or 2 or 3 (y even or odd) and x. */
function formatted(point, format = "uncompressed") {
  if (format === "uncompressed") return point;
  if (format !== "compressed") {
    throw failed("ERR_CRYPTO_ECDH_INVALID_FORMAT", `Invalid ECDH format: ${format}`);
  }
  const size = (point.length - 1) / 2;
  return Buffer.concat([Uint8Array.of(2 + (point[point.length - 1] & 1)), point.subarray(1, 1 + size)]);
}

export class ECDH {
  #curve;
  #scalar = null;
  #point = null;

  constructor(curve) {
    validateString(curve, "curve");
    this.#curve = curveNamed(curve);
    if (this.#curve === undefined) throw new codes.ERR_CRYPTO_INVALID_CURVE();
  }

  static convertKey(key, curve, inputEncoding, outputEncoding, format) {
    const point = host.crypto("ec-point", curveNamed(curve), dataBytes(key, inputEncoding, "key"));
    if (point === null) throw new codes.ERR_CRYPTO_OPERATION_FAILED("Failed to convert Buffer to EC_POINT");
    return output(formatted(point, format), outputEncoding);
  }

  generateKeys(encoding, format) {
    this.#set(host.crypto("ec-generate", this.#curve));
    return this.getPublicKey(encoding, format);
  }

  #set(scalar) {
    const point = host.crypto("ec-public", this.#curve, scalar);
    if (point === null) {
      throw new codes.ERR_CRYPTO_INVALID_KEYTYPE("Private key is not valid for specified curve.");
    }
    this.#scalar = scalar;
    this.#point = point;
  }

  setPrivateKey(key, encoding) {
    const bytes = dataBytes(key, encoding, "key");
    // Shorter ones stand for the same number with zeros before it.
    const size = { "P-256": 32, "P-384": 48, "P-521": 66 }[this.#curve];
    this.#set(Uint8Array.from(Buffer.concat([new Uint8Array(Math.max(0, size - bytes.length)), bytes])));
    return this;
  }

  getPrivateKey(encoding) {
    if (this.#scalar === null) {
      throw new codes.ERR_CRYPTO_OPERATION_FAILED("Failed to get ECDH private key");
    }
    // A number: without zeros before it.
    return output(trimZeros(this.#scalar).slice(), encoding);
  }

  getPublicKey(encoding, format) {
    if (this.#point === null) {
      throw new codes.ERR_CRYPTO_OPERATION_FAILED("Failed to get ECDH public key");
    }
    return output(formatted(this.#point, format).slice(), encoding);
  }

  computeSecret(other, inputEncoding, outputEncoding) {
    const point = host.crypto("ec-point", this.#curve, dataBytes(other, inputEncoding, "otherPublicKey"));
    if (point === null) {
      const text = "Public key is not valid for specified curve";
      throw failed("ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY", text);
    }
    return output(host.crypto("ecdh", this.#curve, this.#scalar, point), outputEncoding);
  }
}

export const createECDH = (curve) => new ECDH(curve);
