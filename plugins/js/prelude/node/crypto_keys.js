// Keys of `node:crypto`: KeyObject, and reading and writing of PEM, DER and JWK. Follows
// https://nodejs.org/api/crypto.html#class-keyobject. The keys themselves are the records of the web's
// crypto (../crypto_rsa.js, ../crypto_curves.js), whose checks these keys pass too. Encrypted keys are
// refused.

import { host } from "lily:host";
import { normalize, operationOf } from "../crypto_algorithms.js";
import { CryptoKey, recordOf as recordOfCryptoKey } from "../crypto_key.js";
import {
  DerReader,
  encode,
  encodeInteger,
  encodePkcs8,
  encodeSpki,
  OCTET_STRING,
  OID,
  SEQUENCE,
} from "../der.js";
import "../subtle.js";
import { asBuffer, Buffer } from "./buffer.js";
import { codes } from "./errors.js";
import { isAnyArrayBuffer, isArrayBufferView } from "./types.js";
import { bytesOf, validateObject, validateOneOf } from "./validate.js";

const {
  ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS,
  ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
} = codes;

const nullParameters = [0x05, 0];
const curveNames = { "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1" };
/** OpenSSL's and the web's names of a curve → the web's. */
export const curveNamed = (name) =>
  Object.keys(curveNames).find(
    (curve) => curve === name || curveNames[curve] === name || (curve === "P-256" && name === "secp256r1"),
  );

function unsupported(why) {
  return Object.assign(new Error(`error:1E08010C:DECODER routines::unsupported${why ? ` (${why})` : ""}`), {
    code: "ERR_OSSL_UNSUPPORTED",
    library: "DECODER routines",
    reason: "unsupported",
  });
}

/** What an algorithm's identifier in SPKI or PKCS#8 says. */
function algorithmOf(reader) {
  const identifier = reader.enter(SEQUENCE);
  if (identifier.skip(OID.RSA)) return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (identifier.skip(OID.Ed25519)) return { name: "Ed25519" };
  if (identifier.skip(OID.X25519)) return { name: "X25519" };
  if (identifier.skip(OID.EC)) {
    const namedCurve = Object.keys(curveNames).find((curve) => identifier.skip(OID[curve]));
    if (namedCurve !== undefined) return { name: "ECDSA", namedCurve };
  }
  throw unsupported("the algorithm is not one of RSA, P-256, P-384, P-521, Ed25519, X25519");
}

function importRecord(algorithm, format, data) {
  const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
  let usages = [isPrivate ? "sign" : "verify"];
  if (algorithm.name === "X25519") usages = isPrivate ? ["deriveBits"] : [];
  const normalized = normalize(algorithm, "importKey", "crypto");
  try {
    return normalized.run(normalized, format, data, true, usages);
  } catch (error) {
    throw unsupported(error.message);
  }
}

function fromDer(bytes, format) {
  const reader = new DerReader(bytes).enter(SEQUENCE);
  if (format === "pkcs8") reader.small();
  return importRecord(algorithmOf(reader), format, bytes);
}

// SEC 1 and PKCS#1 keys are put into the envelope that names their algorithm.
function fromSec1(bytes) {
  const reader = new DerReader(bytes).enter(SEQUENCE);
  reader.small();
  reader.read(OCTET_STRING);
  const parameters = reader.enter(0xa0);
  const namedCurve = Object.keys(curveNames).find((curve) => parameters.skip(OID[curve]));
  if (namedCurve === undefined) throw unsupported("the curve is not one of P-256, P-384, P-521");
  return fromDer(encodePkcs8(OID.EC, OID[namedCurve], bytes), "pkcs8");
}

function fromCertificate(bytes) {
  const tbs = new DerReader(bytes).enter(SEQUENCE).enter(SEQUENCE);
  if (tbs.tag === 0xa0) tbs.read(0xa0);
  tbs.read(0x02);
  for (let skipped = 0; skipped < 4; skipped += 1) tbs.read(SEQUENCE);
  return fromDer(encode(SEQUENCE, tbs.read(SEQUENCE)), "spki");
}

const readers = {
  "PRIVATE KEY": (bytes) => fromDer(bytes, "pkcs8"),
  "PUBLIC KEY": (bytes) => fromDer(bytes, "spki"),
  "RSA PRIVATE KEY": (bytes) => fromDer(encodePkcs8(OID.RSA, nullParameters, bytes), "pkcs8"),
  "RSA PUBLIC KEY": (bytes) => fromDer(encodeSpki(OID.RSA, nullParameters, bytes), "spki"),
  "EC PRIVATE KEY": fromSec1,
  CERTIFICATE: fromCertificate,
};

function fromPem(text) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/.exec(text);
  if (found === null) throw unsupported();
  if (found[1] === "EC PARAMETERS") return fromPem(text.slice(found.index + found[0].length));
  if (found[1].includes("ENCRYPTED") || /Proc-Type/.test(found[2]))
    throw unsupported("encrypted keys are not supported: decrypt the key before");
  const bytes = host.unbase64(found[2].replace(/\s+/g, ""));
  if (bytes === null || readers[found[1]] === undefined) throw unsupported();
  return readers[found[1]](bytes);
}

function fromJwk(jwk) {
  validateObject(jwk, "key.key");
  validateOneOf(jwk.kty, "key.key.kty", ["RSA", "EC", "OKP"]);
  // What the key may be used for is WebCrypto's concern.
  const { use: _use, key_ops: _operations, alg: _alg, ext: _ext, ...plain } = jwk;
  if (jwk.kty === "RSA") return importRecord({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, "jwk", plain);
  if (jwk.kty === "OKP") return importRecord({ name: jwk.crv }, "jwk", plain);
  return importRecord({ name: "ECDSA", namedCurve: jwk.crv }, "jwk", plain);
}

const ders = {
  pkcs1: ["RSA PRIVATE KEY", "RSA PUBLIC KEY"],
  sec1: ["EC PRIVATE KEY"],
  pkcs8: ["PRIVATE KEY"],
  spki: ["PUBLIC KEY"],
};

function recordOf(key, wanted) {
  if (typeof key === "string") return fromPem(key);
  const bytes = isArrayBufferView(key) || isAnyArrayBuffer(key) ? bytesOf(key) : undefined;
  if (bytes !== undefined) return fromPem(host.decode("utf-8", bytes, false));
  if (typeof key !== "object" || key === null) {
    throw new ERR_INVALID_ARG_TYPE(
      "key",
      ["ArrayBuffer", "Buffer", "TypedArray", "DataView", "string", "KeyObject", "CryptoKey", "Object"],
      key,
    );
  }
  if (key.format === "jwk") return fromJwk(key.key);
  if (key.format !== "der") return recordOf(key.key, wanted);
  const type = key.type ?? (wanted === "public" ? "spki" : "pkcs8");
  const labels = ders[type];
  if (labels === undefined) throw new ERR_INVALID_ARG_VALUE("options.type", type);
  return readers[labels[wanted === "public" && labels.length > 1 ? 1 : 0]](bytesOf(key.key));
}

function publicOf(record) {
  if (record.type === "public") return record;
  const { algorithm } = record;
  const jwk = operationOf(record, "exportKey")(record, "jwk");
  const { kty, n, e, crv, x, y } = jwk;
  const name = algorithm.name === "RSASSA-PKCS1-v1_5" ? { name: algorithm.name, hash: "SHA-256" } : algorithm;
  return importRecord(name, "jwk", JSON.parse(JSON.stringify({ kty, n, e, crv, x, y })));
}

const make = Symbol("make");
const types = { "RSASSA-PKCS1-v1_5": "rsa", ECDSA: "ec", Ed25519: "ed25519", X25519: "x25519" };

export class KeyObject {
  #type;
  #record;

  constructor(token, type, record) {
    if (token !== make) throw new TypeError("Illegal constructor");
    this.#type = type;
    this.#record = record;
  }

  static from(key) {
    const record = key instanceof CryptoKey ? recordOfCryptoKey(key) : undefined;
    if (record === undefined) throw new ERR_INVALID_ARG_TYPE("key", "CryptoKey", key);
    if (record.type === "secret") return new KeyObject(make, "secret", record.secret.slice());
    // What the web uses a key for is part of its algorithm; to Node an RSA key is an RSA key.
    const { name } = record.algorithm;
    const plain = name.startsWith("RSA") ? "RSASSA-PKCS1-v1_5" : name === "ECDH" ? "ECDSA" : name;
    const algorithm = { ...record.algorithm, name: plain };
    return new KeyObject(make, record.type, { ...record, extractable: true, algorithm });
  }

  /** The record of a key of that type; for other files of node:crypto. */
  static record(key) {
    return key.#record;
  }

  static isKeyObject(value) {
    return typeof value === "object" && value !== null && #record in value;
  }

  get type() {
    return this.#type;
  }

  get symmetricKeySize() {
    return this.#type === "secret" ? this.#record.length : undefined;
  }

  get asymmetricKeyType() {
    return this.#type === "secret" ? undefined : types[this.#record.algorithm.name];
  }

  get asymmetricKeyDetails() {
    if (this.#type === "secret") return undefined;
    const { algorithm, curve } = this.#record;
    if (algorithm.name === "ECDSA") return { namedCurve: curveNames[curve] };
    if (algorithm.name !== "RSASSA-PKCS1-v1_5") return {};
    const exponent = algorithm.publicExponent.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
    return { modulusLength: algorithm.modulusLength, publicExponent: exponent };
  }

  equals(other) {
    if (!KeyObject.isKeyObject(other)) throw new ERR_INVALID_ARG_TYPE("otherKeyObject", "KeyObject", other);
    if (this.#type !== other.#type) return false;
    const der = (key) =>
      key.#type === "secret"
        ? asBuffer(key.#record)
        : key.export({ format: "der", type: key.#type === "public" ? "spki" : "pkcs8" });
    return der(this).equals(der(other));
  }

  export(options = {}) {
    if (this.#type === "secret") {
      if (options.format === "jwk") return { kty: "oct", k: host.base64(this.#record, true) };
      return Buffer.from(this.#record);
    }
    const exportKey = operationOf(this.#record, "exportKey");
    if (options.format === "jwk") {
      const { kty, n, e, d, p, q, dp, dq, qi, crv, x, y } = exportKey(this.#record, "jwk");
      return JSON.parse(
        JSON.stringify(
          kty === "RSA"
            ? { kty, n, e, d, p, q, dp, dq, qi }
            : kty === "EC"
              ? { kty, x, y, crv, d }
              : { crv, d, x, kty },
        ),
      );
    }
    if (options.cipher !== undefined || options.passphrase !== undefined)
      throw unsupported("encrypted keys are not supported");
    const { type } = options;
    const label = ders[type]?.[this.#type === "public" && ders[type].length > 1 ? 1 : 0];
    const fits = label !== undefined && label.includes(this.#type === "public" ? "PUBLIC" : "PRIVATE");
    if (!fits) throw new ERR_INVALID_ARG_VALUE("options.type", type);
    let der = exportKey(this.#record, this.#type === "public" ? "spki" : "pkcs8");
    if (type === "pkcs1") {
      if (this.asymmetricKeyType !== "rsa")
        throw new ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS("pkcs1", "can only be used for RSA keys");
      der = this.#record.der;
    } else if (type === "sec1") der = sec1Of(der, this.#record.curve);
    if (options.format === "der") return Buffer.from(der);
    return `-----BEGIN ${label}-----\n${host.base64(der, false).replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
  }

  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
}

// ECPrivateKey without its envelope has to name its curve itself.
function sec1Of(pkcs8, curve) {
  if (curveNames[curve] === undefined)
    throw new ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS("sec1", "can only be used for EC keys");
  const outer = new DerReader(pkcs8).enter(SEQUENCE);
  outer.small();
  outer.read(SEQUENCE);
  const inner = new DerReader(outer.read(OCTET_STRING)).enter(SEQUENCE);
  inner.small();
  const scalar = inner.read(OCTET_STRING);
  return encode(
    SEQUENCE,
    encodeInteger(new Uint8Array([1])),
    encode(OCTET_STRING, scalar),
    encode(0xa0, new Uint8Array(OID[curve])),
    encode(0xa1, inner.read(0xa1)),
  );
}

const fromRecord = (record) => new KeyObject(make, record.type, record);
export { fromRecord as keyOfRecord };

export function createSecretKey(key, encoding) {
  const bytes =
    typeof key === "string"
      ? Buffer.from(key, encoding)
      : isArrayBufferView(key) || isAnyArrayBuffer(key)
        ? bytesOf(key).slice()
        : undefined;
  if (bytes === undefined)
    throw new ERR_INVALID_ARG_TYPE("key", ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"], key);
  return new KeyObject(make, "secret", new Uint8Array(bytes));
}

export function createPrivateKey(key) {
  if (KeyObject.isKeyObject(key))
    throw new ERR_INVALID_ARG_TYPE(
      "key",
      ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView", "object"],
      key,
    );
  const record = recordOf(key, "private");
  if (record.type !== "private") throw unsupported();
  return fromRecord(record);
}

export function createPublicKey(key) {
  const inner = KeyObject.isKeyObject(key?.key) ? key.key : key;
  if (KeyObject.isKeyObject(inner)) {
    if (inner.type !== "private") throw new ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE(inner.type, "private");
    return fromRecord(publicOf(KeyObject.record(inner)));
  }
  return fromRecord(publicOf(recordOf(key, "public")));
}

/** The key of an argument that may be a KeyObject, PEM, or an object around either. */
export function keyOf(key, wanted) {
  const inner = KeyObject.isKeyObject(key?.key) ? key.key : key;
  if (KeyObject.isKeyObject(inner)) {
    if (inner.type === wanted) return inner;
    if (wanted === "public" && inner.type === "private") return createPublicKey(inner);
    throw new ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE(
      inner.type,
      wanted === "public" ? "public or private" : wanted,
    );
  }
  return wanted === "public" ? createPublicKey(key) : createPrivateKey(key);
}

/** The bytes of a secret: text, bytes or a secret KeyObject. */
export function keyBytes(key, encoding) {
  if (KeyObject.isKeyObject(key)) {
    if (key.type !== "secret") throw new ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE(key.type, "secret");
    return KeyObject.record(key);
  }
  if (typeof key === "string") return Buffer.from(key, encoding);
  if (isArrayBufferView(key) || isAnyArrayBuffer(key)) return bytesOf(key);
  throw new ERR_INVALID_ARG_TYPE(
    "key",
    ["ArrayBuffer", "Buffer", "TypedArray", "DataView", "string", "KeyObject", "CryptoKey"],
    key,
  );
}
