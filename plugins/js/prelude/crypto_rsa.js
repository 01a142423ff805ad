// RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP. https://w3c.github.io/webcrypto/#rsassa-pkcs1, #rsa-pss,
// #rsa-oaep
// A record's `der` is the PKCS#1 structure (RFC 8017 appendix A.1): RSAPublicKey or RSAPrivateKey.

import { host } from "lily:host";
import { EMPTY, isUint8Array, copyOf } from "./bytes.js";
import {
  define,
  formatNotSupported,
  invalidAccess,
  notSupported,
  operationError,
  toBytes,
  toHash,
} from "./crypto_algorithms.js";
import { checkUsages, usagesAmong } from "./crypto_key.js";
import {
  dataError,
  decodePkcs8,
  decodeSpki,
  DerReader,
  encode,
  encodeInteger,
  encodePkcs8,
  encodeSpki,
  nullParameters,
  OID,
  SEQUENCE,
  trimZeros,
} from "./der.js";
import { checkAlg, checkJwk, fromBase64Url, toBase64Url } from "./jwk.js";
import { arraySlice } from "./primordials.js";
import { REQUIRED, unsignedLongEnforce } from "./webidl.js";

const NULL_PARAMETERS = [0x05, 0];
const PRIVATE_PARTS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

// Generating blocks the instance, and takes about the fourth power of the length.
const MODULUS_BITS_MAX = 4096;
const MODULUS_BITS_MIN = 512;

function bigInteger(value, where) {
  if (!isUint8Array(value)) throw new TypeError(`${where}: not a Uint8Array`);
  return copyOf(value);
}

/** { n, e } of RSAPublicKey, { n, e, d, p, q, dp, dq, qi } of RSAPrivateKey. */
function partsOf(der, type) {
  const outer = new DerReader(der);
  const reader = outer.enter(SEQUENCE);
  outer.end();
  if (type === "private" && reader.small() !== 0)
    throw dataError("the RSA key has more than two primes");
  const parts = {};
  for (const name of type === "private" ? PRIVATE_PARTS : ["n", "e"])
    parts[name] = reader.integer();
  reader.end();
  if (parts.n.length === 0 || parts.e.length === 0)
    throw dataError("the RSA key has a modulus or exponent of zero");
  return parts;
}

function privateDer(parts) {
  return encode(
    SEQUENCE,
    encodeInteger(EMPTY),
    ...PRIVATE_PARTS.map((name) => encodeInteger(parts[name])),
  );
}

function publicDer({ n, e }) {
  return encode(SEQUENCE, encodeInteger(n), encodeInteger(e));
}

const bitLength = (bytes) => bytes.length * 8 - Math.clz32(bytes[0]) + 24;

function record(name, hash, type, der, extractable, usages) {
  const { n, e } = partsOf(der, type);
  const algorithm = {
    name,
    modulusLength: bitLength(n),
    publicExponent: copyOf(e),
    hash: { name: hash },
  };
  return { type, extractable, usages, algorithm, der };
}

function generate(
  name,
  forPublic,
  forPrivate,
  { modulusLength, publicExponent, hash },
  extractable,
  usages,
) {
  const allowed = checkUsages(usages, [...forPublic, ...forPrivate]);
  const exponent = trimZeros(publicExponent);
  const isOdd = exponent.length > 0 && exponent[exponent.length - 1] % 2 === 1;
  if (!isOdd || (exponent.length === 1 && exponent[0] === 1))
    throw operationError(`${name}: the public exponent cannot be used`);
  if (!(modulusLength >= MODULUS_BITS_MIN && modulusLength <= MODULUS_BITS_MAX)) {
    throw operationError(
      `${name}: a modulus has ${MODULUS_BITS_MIN} to ${MODULUS_BITS_MAX} bits, not ${modulusLength}`,
    );
  }
  const der = host.crypto("rsa-generate", modulusLength, exponent);
  if (der === null) throw operationError(`${name}: no key of ${modulusLength} bits can be made`);
  return {
    publicKey: record(
      name,
      hash,
      "public",
      publicDer(partsOf(der, "private")),
      true,
      usagesAmong(allowed, forPublic),
    ),
    privateKey: record(name, hash, "private", der, extractable, usagesAmong(allowed, forPrivate)),
  };
}

function importDer(name, format, data, extractable, usages, forPublic, forPrivate, use, alg) {
  if (format === "spki") {
    checkUsages(usages, forPublic);
    return ["public", decodeSpki(data, OID.RSA, nullParameters)];
  }
  if (format === "pkcs8") {
    checkUsages(usages, forPrivate);
    return ["private", decodePkcs8(data, OID.RSA, nullParameters)];
  }
  if (format !== "jwk") throw formatNotSupported(name, format);
  const type = data.d === undefined ? "public" : "private";
  checkUsages(usages, type === "public" ? forPublic : forPrivate);
  checkJwk(data, { kty: "RSA", use, extractable, usages });
  checkAlg(data, alg);
  if (type === "public")
    return [type, publicDer({ n: fromBase64Url(data, "n"), e: fromBase64Url(data, "e") })];
  if (data.oth !== undefined) throw notSupported("the RSA key has more than two primes");
  const parts = {};
  for (const part of PRIVATE_PARTS) parts[part] = fromBase64Url(data, part);
  return [type, privateDer(parts)];
}

function exportRsa(name, key, format, alg) {
  const { type, der } = key;
  if (format === "spki" || format === "pkcs8") {
    if (type !== (format === "spki" ? "public" : "private"))
      throw invalidAccess(`a ${type} key is not exported as "${format}"`);
    return format === "spki"
      ? encodeSpki(OID.RSA, NULL_PARAMETERS, der)
      : encodePkcs8(OID.RSA, NULL_PARAMETERS, der);
  }
  if (format !== "jwk") throw formatNotSupported(name, format);
  const jwk = { alg, ext: key.extractable, key_ops: arraySlice(key.usages), kty: "RSA" };
  const parts = partsOf(der, type);
  for (const part of Object.keys(parts)) jwk[part] = toBase64Url(parts[part]);
  return jwk;
}

function defineRsa(name, { forPublic, forPrivate, use, algOf }, operations) {
  define(name, {
    ...operations,
    generateKey: {
      parameters: [
        ["modulusLength", unsignedLongEnforce, REQUIRED],
        ["publicExponent", bigInteger, REQUIRED],
        ["hash", toHash, REQUIRED],
      ],
      run: (algorithm, extractable, usages) =>
        generate(name, forPublic, forPrivate, algorithm, extractable, usages),
    },
    importKey: {
      parameters: [["hash", toHash, REQUIRED]],
      run({ hash }, format, data, extractable, usages) {
        const [type, der] = importDer(
          name,
          format,
          data,
          extractable,
          usages,
          forPublic,
          forPrivate,
          use,
          algOf(hash),
        );
        return record(name, hash, type, der, extractable, checkUsages(usages, usages));
      },
    },
    exportKey: {
      run: (key, format) => exportRsa(name, key, format, algOf(key.algorithm.hash.name)),
    },
  });
}

function needs(key, type) {
  if (key.type !== type)
    throw invalidAccess(`the operation needs a ${type} key, not a ${key.type} one`);
}

function made(result, name) {
  if (result === null) throw operationError(`${name}: the operation failed with this key and data`);
  return result;
}

const bitsOf = (hash) => hash.slice(4);
const forSignatures = { forPublic: ["verify"], forPrivate: ["sign"], use: "sig" };

defineRsa(
  "RSASSA-PKCS1-v1_5",
  { ...forSignatures, algOf: (hash) => `RS${bitsOf(hash)}` },
  {
    sign: {
      run(_algorithm, key, data) {
        needs(key, "private");
        return made(
          host.crypto("rsa-pkcs1-sign", key.algorithm.hash.name, key.der, data),
          key.algorithm.name,
        );
      },
    },
    verify: {
      run(_algorithm, key, signature, data) {
        needs(key, "public");
        return host.crypto("rsa-pkcs1-verify", key.algorithm.hash.name, key.der, signature, data);
      },
    },
  },
);

const pssParameters = [["saltLength", unsignedLongEnforce, REQUIRED]];

defineRsa(
  "RSA-PSS",
  { ...forSignatures, algOf: (hash) => `PS${bitsOf(hash)}` },
  {
    sign: {
      parameters: pssParameters,
      run({ saltLength }, key, data) {
        needs(key, "private");
        return made(
          host.crypto("rsa-pss-sign", key.algorithm.hash.name, key.der, saltLength, data),
          "RSA-PSS",
        );
      },
    },
    verify: {
      parameters: pssParameters,
      run({ saltLength }, key, signature, data) {
        needs(key, "public");
        return host.crypto(
          "rsa-pss-verify",
          key.algorithm.hash.name,
          key.der,
          saltLength,
          signature,
          data,
        );
      },
    },
  },
);

const oaepParameters = [["label", toBytes, EMPTY]];
const forSecrets = {
  forPublic: ["encrypt", "wrapKey"],
  forPrivate: ["decrypt", "unwrapKey"],
  use: "enc",
};
const oaepAlg = (hash) => (hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${bitsOf(hash)}`);

defineRsa(
  "RSA-OAEP",
  { ...forSecrets, algOf: oaepAlg },
  {
    encrypt: {
      parameters: oaepParameters,
      run({ label }, key, data) {
        needs(key, "public");
        return made(
          host.crypto("rsa-oaep-encrypt", key.algorithm.hash.name, key.der, label, data),
          "RSA-OAEP",
        );
      },
    },
    decrypt: {
      parameters: oaepParameters,
      run({ label }, key, data) {
        needs(key, "private");
        return made(
          host.crypto("rsa-oaep-decrypt", key.algorithm.hash.name, key.der, label, data),
          "RSA-OAEP",
        );
      },
    },
  },
);
