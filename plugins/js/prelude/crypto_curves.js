// ECDSA and ECDH over P-256, P-384 and P-521; Ed25519 and X25519.
// https://w3c.github.io/webcrypto/#ecdsa, #ecdh, #ed25519, #x25519
// A record has `point` (an uncompressed SEC 1 point, or the 32 bytes of RFC 8032 and RFC 7748) and, if
// private, `scalar` (of the curve's length; the seed for Ed25519).

import { host } from "lily:host";
import { concatenate } from "./bytes.js";
import { define, formatNotSupported, invalidAccess, notSupported, operationError, toHash } from "./crypto_algorithms.js";
import { checkUsages, recordOf, toKey, usagesAmong } from "./crypto_key.js";
import {
  dataError,
  decodePkcs8,
  decodeSpki,
  DerReader,
  encode,
  encodeBits,
  encodeInteger,
  encodePkcs8,
  encodeSpki,
  noParameters,
  OCTET_STRING,
  OID,
  SEQUENCE,
} from "./der.js";
import { checkAlg, checkJwk, fromBase64Url, toBase64Url } from "./jwk.js";
import { DOMString, REQUIRED } from "./webidl.js";

const FIELD_BYTES = { "P-256": 32, "P-384": 48, "P-521": 66 };
const OKP_BYTES = 32;
const ONE = new Uint8Array([1]);
const PARAMETERS_0 = 0xa0;
const PUBLIC_KEY_1 = 0xa1;

// ---- what a curve can do with its keys, one shape for both families ----

/** NIST curves: kty "EC", points of two coordinates. */
function nistCurve(curve) {
  const size = FIELD_BYTES[curve];
  const checkCurve = (reader) => {
    if (!reader.skip(OID[curve])) throw dataError(`the key is not of the curve ${curve}`);
  };
  const validPoint = (bytes) => {
    const point = bytes.length === 0 ? null : host.crypto("ec-point", curve, bytes);
    if (point === null) throw dataError(`the key is no point of ${curve}`);
    return point;
  };
  const withPoint = (scalar) => {
    const point = scalar.length === size ? host.crypto("ec-public", curve, scalar) : null;
    if (point === null) throw dataError(`the key is no private key of ${curve}`);
    return { scalar, point };
  };
  return {
    generate: () => withPoint(host.crypto("ec-generate", curve)),
    importRaw: (bytes) => ({ point: validPoint(bytes) }),
    importSpki: (bytes) => ({ point: validPoint(decodeSpki(bytes, OID.EC, checkCurve)) }),
    importPkcs8(bytes) {
      const outer = new DerReader(decodePkcs8(bytes, OID.EC, checkCurve));
      const key = outer.enter(SEQUENCE); // ECPrivateKey, RFC 5915
      outer.end();
      if (key.small() !== 1) throw dataError("the EC private key has an unknown version");
      const pair = withPoint(key.read(OCTET_STRING));
      if (key.tag === PARAMETERS_0) {
        const inner = key.enter(PARAMETERS_0);
        checkCurve(inner);
      }
      if (key.tag === PUBLIC_KEY_1 && !isSame(validPoint(key.enter(PUBLIC_KEY_1).bits()), pair.point)) {
        throw dataError("the EC private key does not belong to the public key beside it");
      }
      return pair;
    },
    importJwk(jwk) {
      const x = fromBase64Url(jwk, "x");
      const y = fromBase64Url(jwk, "y");
      if (jwk.crv !== curve) throw dataError(`the JWK's crv is not "${curve}"`);
      if (x.length !== size || y.length !== size) throw dataError(`the JWK's coordinates are not of ${size} bytes`);
      const point = validPoint(concatenate([new Uint8Array([4]), x, y]));
      if (jwk.d === undefined) return { point };
      const pair = withPoint(fromBase64Url(jwk, "d"));
      if (!isSame(pair.point, point)) throw dataError("the JWK's d does not belong to its x and y");
      return pair;
    },
    exportSpki: ({ point }) => encodeSpki(OID.EC, OID[curve], point),
    exportPkcs8({ scalar, point }) {
      const key = encode(SEQUENCE, encodeInteger(ONE), encode(OCTET_STRING, scalar), encode(PUBLIC_KEY_1, encodeBits(point)));
      return encodePkcs8(OID.EC, OID[curve], key);
    },
    exportJwk({ scalar, point }) {
      const x = toBase64Url(point.subarray(1, 1 + size));
      const y = toBase64Url(point.subarray(1 + size));
      const jwk = { crv: curve, kty: "EC", x, y };
      if (scalar !== undefined) jwk.d = toBase64Url(scalar);
      return jwk;
    },
  };
}

/** RFC 8037's curves: kty "OKP", 32 bytes each. */
function okpCurve(name) {
  const operation = `${name.toLowerCase()}-public`;
  const validPoint = (bytes) => {
    if (bytes.length !== OKP_BYTES) throw dataError(`a public key of ${name} has 32 bytes`);
    return bytes;
  };
  const withPoint = (scalar) => {
    if (scalar.length !== OKP_BYTES) throw dataError(`a private key of ${name} has 32 bytes`);
    return { scalar, point: host.crypto(operation, scalar) };
  };
  return {
    generate() {
      const scalar = new Uint8Array(OKP_BYTES);
      host.random(scalar);
      return withPoint(scalar);
    },
    importRaw: (bytes) => ({ point: validPoint(bytes) }),
    importSpki: (bytes) => ({ point: validPoint(decodeSpki(bytes, OID[name], noParameters)) }),
    importPkcs8(bytes) {
      const outer = new DerReader(decodePkcs8(bytes, OID[name], noParameters));
      const scalar = outer.read(OCTET_STRING);
      outer.end();
      return withPoint(scalar);
    },
    importJwk(jwk) {
      const point = validPoint(fromBase64Url(jwk, "x"));
      if (jwk.crv !== name) throw dataError(`the JWK's crv is not "${name}"`);
      if (jwk.d === undefined) return { point };
      const pair = withPoint(fromBase64Url(jwk, "d"));
      if (!isSame(pair.point, point)) throw dataError("the JWK's d does not belong to its x");
      return pair;
    },
    exportSpki: ({ point }) => encodeSpki(OID[name], null, point),
    exportPkcs8: ({ scalar }) => encodePkcs8(OID[name], null, encode(OCTET_STRING, scalar)),
    exportJwk({ scalar, point }) {
      const jwk = { crv: name, kty: "OKP", x: toBase64Url(point) };
      if (scalar !== undefined) jwk.d = toBase64Url(scalar);
      return jwk;
    },
  };
}

function isSame(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const curves = {
  "P-256": nistCurve("P-256"),
  "P-384": nistCurve("P-384"),
  "P-521": nistCurve("P-521"),
  Ed25519: okpCurve("Ed25519"),
  X25519: okpCurve("X25519"),
};

// ---- the operations that all four share ----

const FORMATS = { raw: "importRaw", spki: "importSpki", pkcs8: "importPkcs8", jwk: "importJwk" };

/** `curveOf(algorithm)` is a name of `curves`, `describe(curve)` the KeyAlgorithm. */
function defineCurve(name, { forPublic, forPrivate, use, parameters, curveOf, describe, checkAlgOf, algOf }, operations) {
  const record = (curve, type, extractable, usages, parts) => ({
    ...parts,
    type,
    curve,
    extractable,
    usages,
    algorithm: describe(curve),
  });
  define(name, {
    ...operations,
    generateKey: {
      parameters,
      run(algorithm, extractable, usages) {
        const curve = curveOf(algorithm, notSupported);
        const allowed = checkUsages(usages, [...forPublic, ...forPrivate]);
        const { scalar, point } = curves[curve].generate();
        return {
          publicKey: record(curve, "public", true, usagesAmong(allowed, forPublic), { point }),
          privateKey: record(curve, "private", extractable, usagesAmong(allowed, forPrivate), { scalar, point }),
        };
      },
    },
    importKey: {
      parameters,
      run(algorithm, format, data, extractable, usages) {
        const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
        const allowed = checkUsages(usages, isPrivate ? forPrivate : forPublic);
        if (FORMATS[format] === undefined) throw formatNotSupported(name, format);
        if (format === "jwk") {
          checkJwk(data, { kty: use.kty, use: use.use, extractable, usages });
          checkAlgOf(data, algorithm);
        }
        const curve = curveOf(algorithm, format === "raw" || format === "jwk" ? dataError : notSupported);
        const parts = curves[curve][FORMATS[format]](data);
        return record(curve, isPrivate ? "private" : "public", extractable, allowed, parts);
      },
    },
    exportKey: {
      run(key, format) {
        const curve = curves[key.curve];
        if (format === "jwk") {
          const shared = { key_ops: key.usages.slice(), ext: key.extractable };
          return { ...algOf(), ...curve.exportJwk(key), ...shared };
        }
        if (format !== "raw" && format !== "spki" && format !== "pkcs8") throw formatNotSupported(name, format);
        const wanted = format === "pkcs8" ? "private" : "public";
        if (key.type !== wanted) throw invalidAccess(`a ${key.type} key is not exported as "${format}"`);
        if (format === "raw") return new Uint8Array(key.point);
        return format === "spki" ? curve.exportSpki(key) : curve.exportPkcs8(key);
      },
    },
  });
}

function needs(key, type) {
  if (key.type !== type) throw invalidAccess(`the operation needs a ${type} key, not a ${key.type} one`);
}

const namedCurve = [["namedCurve", DOMString, REQUIRED]];
const nist = {
  parameters: namedCurve,
  curveOf({ namedCurve: curve }, problem) {
    if (FIELD_BYTES[curve] === undefined) throw problem(`the curve ${JSON.stringify(curve)} is not supported`);
    return curve;
  },
  algOf: () => ({}),
};

const ecdsaParameters = [["hash", toHash, REQUIRED]];
const ECDSA_ALGS = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

defineCurve(
  "ECDSA",
  {
    ...nist,
    forPublic: ["verify"],
    forPrivate: ["sign"],
    use: { kty: "EC", use: "sig" },
    describe: (curve) => ({ name: "ECDSA", namedCurve: curve }),
    checkAlgOf: (jwk, { namedCurve: curve }) => checkAlg(jwk, ECDSA_ALGS[curve]),
  },
  {
    sign: {
      parameters: ecdsaParameters,
      run({ hash }, key, data) {
        needs(key, "private");
        return host.crypto("ecdsa-sign", key.curve, hash, key.scalar, data);
      },
    },
    verify: {
      parameters: ecdsaParameters,
      run({ hash }, key, signature, data) {
        needs(key, "public");
        if (signature.length !== 2 * FIELD_BYTES[key.curve]) return false;
        return host.crypto("ecdsa-verify", key.curve, hash, key.point, signature, data);
      },
    },
  },
);

defineCurve("Ed25519", {
  forPublic: ["verify"],
  forPrivate: ["sign"],
  use: { kty: "OKP", use: "sig" },
  parameters: [],
  curveOf: () => "Ed25519",
  describe: () => ({ name: "Ed25519" }),
  checkAlgOf: (jwk) => checkAlg(jwk, "Ed25519", "EdDSA"),
  algOf: () => ({ alg: "Ed25519" }),
}, {
  sign: {
    run(_algorithm, key, data) {
      needs(key, "private");
      return host.crypto("ed25519-sign", key.scalar, data);
    },
  },
  verify: {
    run(_algorithm, key, signature, data) {
      needs(key, "public");
      return signature.length === 64 && host.crypto("ed25519-verify", key.point, signature, data);
    },
  },
});

// ---- agreement ----

const agreement = {
  forPublic: [],
  forPrivate: ["deriveKey", "deriveBits"],
  checkAlgOf() {},
};

/** deriveBits of both: the secret's first `length` bits, all of them for null. */
function deriveWith(agree) {
  return {
    parameters: [["public", toKey, REQUIRED]],
    run(algorithm, key, length) {
      const other = recordOf(algorithm.public);
      needs(key, "private");
      if (other.type !== "public") throw invalidAccess("the other side's key is not public");
      if (other.algorithm.name !== key.algorithm.name) throw invalidAccess("the keys are of different algorithms");
      if (other.curve !== key.curve) throw invalidAccess("the keys are of different curves");
      const secret = agree(key, other);
      if (length === null) return secret;
      if (length > secret.length * 8) throw operationError(`the secret has ${secret.length * 8} bits, not ${length}`);
      const bits = secret.slice(0, Math.ceil(length / 8));
      if (length % 8 !== 0) bits[bits.length - 1] &= 0xff00 >> length % 8;
      return bits;
    },
  };
}

defineCurve(
  "ECDH",
  { ...agreement, ...nist, use: { kty: "EC", use: "enc" }, describe: (curve) => ({ name: "ECDH", namedCurve: curve }) },
  {
    deriveBits: deriveWith((key, other) => host.crypto("ecdh", key.curve, key.scalar, other.point)),
  },
);

defineCurve("X25519", {
  ...agreement,
  use: { kty: "OKP", use: "enc" },
  parameters: [],
  curveOf: () => "X25519",
  describe: () => ({ name: "X25519" }),
  algOf: () => ({}),
}, {
  deriveBits: deriveWith((key, other) => {
    const secret = host.crypto("x25519", key.scalar, other.point);
    if (secret.every((byte) => byte === 0)) throw operationError("X25519: the other side's key is of small order");
    return secret;
  }),
});
