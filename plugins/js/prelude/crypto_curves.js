// ECDSA and ECDH over P-256, P-384 and P-521; Ed25519 and X25519.
// https://w3c.github.io/webcrypto/#ecdsa, #ecdh, #ed25519, #x25519
// A record has what curves.js makes of a key, and the name of its curve.

import { host } from "lily:host";
import {
  define,
  formatNotSupported,
  invalidAccess,
  notSupported,
  operationError,
  toHash,
} from "./crypto_algorithms.js";
import { checkUsages, recordOf, toKey, usagesAmong } from "./crypto_key.js";
import { curves, FIELD_BYTES } from "./curves.js";
import { dataError } from "./der.js";
import { checkAlg, checkJwk } from "./jwk.js";
import { arraySlice } from "./primordials.js";
import { DOMString, REQUIRED } from "./webidl.js";

// ---- the operations that all four share ----

const FORMATS = { raw: "importRaw", spki: "importSpki", pkcs8: "importPkcs8", jwk: "importJwk" };

/** `curveOf(algorithm)` is a name of `curves`, `describe(curve)` the KeyAlgorithm. */
function defineCurve(
  name,
  { forPublic, forPrivate, use, parameters, curveOf, describe, checkAlgOf, algOf },
  operations,
) {
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
          privateKey: record(curve, "private", extractable, usagesAmong(allowed, forPrivate), {
            scalar,
            point,
          }),
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
        const curve = curveOf(
          algorithm,
          format === "raw" || format === "jwk" ? dataError : notSupported,
        );
        const parts = curves[curve][FORMATS[format]](data);
        return record(curve, isPrivate ? "private" : "public", extractable, allowed, parts);
      },
    },
    exportKey: {
      run(key, format) {
        const curve = curves[key.curve];
        if (format === "jwk") {
          const shared = { key_ops: arraySlice(key.usages), ext: key.extractable };
          return { ...algOf(), ...curve.exportJwk(key), ...shared };
        }
        if (format !== "raw" && format !== "spki" && format !== "pkcs8")
          throw formatNotSupported(name, format);
        const wanted = format === "pkcs8" ? "private" : "public";
        if (key.type !== wanted)
          throw invalidAccess(`a ${key.type} key is not exported as "${format}"`);
        if (format === "raw") return new Uint8Array(key.point);
        return format === "spki" ? curve.exportSpki(key) : curve.exportPkcs8(key);
      },
    },
  });
}

function needs(key, type) {
  if (key.type !== type)
    throw invalidAccess(`the operation needs a ${type} key, not a ${key.type} one`);
}

const namedCurve = [["namedCurve", DOMString, REQUIRED]];
const nist = {
  parameters: namedCurve,
  curveOf({ namedCurve: curve }, problem) {
    if (FIELD_BYTES[curve] === undefined)
      throw problem(`the curve ${JSON.stringify(curve)} is not supported`);
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

defineCurve(
  "Ed25519",
  {
    forPublic: ["verify"],
    forPrivate: ["sign"],
    use: { kty: "OKP", use: "sig" },
    parameters: [],
    curveOf: () => "Ed25519",
    describe: () => ({ name: "Ed25519" }),
    checkAlgOf: (jwk) => checkAlg(jwk, "Ed25519", "EdDSA"),
    algOf: () => ({ alg: "Ed25519" }),
  },
  {
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
  },
);

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
      if (other.algorithm.name !== key.algorithm.name)
        throw invalidAccess("the keys are of different algorithms");
      if (other.curve !== key.curve) throw invalidAccess("the keys are of different curves");
      const secret = agree(key, other);
      if (length === null) return secret;
      if (length > secret.length * 8)
        throw operationError(`the secret has ${secret.length * 8} bits, not ${length}`);
      const bits = secret.slice(0, Math.ceil(length / 8));
      if (length % 8 !== 0) bits[bits.length - 1] &= 0xff00 >> (length % 8);
      return bits;
    },
  };
}

defineCurve(
  "ECDH",
  {
    ...agreement,
    ...nist,
    use: { kty: "EC", use: "enc" },
    describe: (curve) => ({ name: "ECDH", namedCurve: curve }),
  },
  {
    deriveBits: deriveWith((key, other) => host.crypto("ecdh", key.curve, key.scalar, other.point)),
  },
);

defineCurve(
  "X25519",
  {
    ...agreement,
    use: { kty: "OKP", use: "enc" },
    parameters: [],
    curveOf: () => "X25519",
    describe: () => ({ name: "X25519" }),
    algOf: () => ({}),
  },
  {
    deriveBits: deriveWith((key, other) => {
      const secret = host.crypto("x25519", key.scalar, other.point);
      if (secret.every((byte) => byte === 0))
        throw operationError("X25519: the other side's key is of small order");
      return secret;
    }),
  },
);
