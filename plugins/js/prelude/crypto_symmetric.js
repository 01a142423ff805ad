// SHA, HMAC, AES, HKDF and PBKDF2: what works on bytes and secret keys.
// https://w3c.github.io/webcrypto/#hmac, #aes-ctr, #aes-cbc, #aes-gcm, #aes-kw, #hkdf, #pbkdf2, #sha

import { host } from "lily:host";
import { EMPTY } from "./bytes.js";
import {
  define,
  formatNotSupported,
  HASHES,
  operationError,
  toBytes,
  toHash,
} from "./crypto_algorithms.js";
import { checkUsages } from "./crypto_key.js";
import { dataError } from "./der.js";
import { DOMException } from "./dom_exception.js";
import { checkAlg, checkJwk, fromBase64Url, toBase64Url } from "./jwk.js";
import { arraySlice } from "./primordials.js";
import { octetEnforce, REQUIRED, unsignedLongEnforce, unsignedShortEnforce } from "./webidl.js";

function randomBytes(length) {
  const bytes = new Uint8Array(length);
  host.random(bytes);
  return bytes;
}

/** A secret key's bytes out of "raw" or "jwk". */
function importSecret(name, format, data, options) {
  if (format === "raw") return data;
  if (format !== "jwk") throw formatNotSupported(name, format);
  checkJwk(data, { ...options, kty: "oct" });
  return fromBase64Url(data, "k");
}

function exportSecret(record, format, alg) {
  if (format === "raw") return new Uint8Array(record.secret);
  if (format !== "jwk") throw formatNotSupported(record.algorithm.name, format);
  const { usages, extractable } = record;
  return {
    alg,
    ext: extractable,
    k: toBase64Url(record.secret),
    key_ops: arraySlice(usages),
    kty: "oct",
  };
}

// ---- SHA ----

for (const name of Object.keys(HASHES)) {
  define(name, { digest: { run: (_algorithm, data) => host.digest(name, data) } });
}

// ---- HMAC ----

const hmacAlgorithm = (hash, length) => ({ name: "HMAC", length, hash: { name: hash } });
const hmacAlg = (hash) => `HS${hash.slice(4)}`;

function hmacLength({ hash, length }) {
  return length === undefined ? HASHES[hash].blockBits : length;
}

/** Takes equally long for every wrong answer of the right length. */
function isEqual(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

define("HMAC", {
  sign: { run: (_algorithm, key, data) => host.hmac(key.algorithm.hash.name, key.secret, data) },
  verify: {
    run: (_algorithm, key, signature, data) =>
      isEqual(host.hmac(key.algorithm.hash.name, key.secret, data), signature),
  },
  generateKey: {
    parameters: [
      ["hash", toHash, REQUIRED],
      ["length", unsignedLongEnforce],
    ],
    run(algorithm, extractable, usages) {
      const allowed = checkUsages(usages, ["sign", "verify"]);
      const length = hmacLength(algorithm);
      if (length === 0) throw operationError("HMAC: a key of no bits");
      const secret = randomBytes(Math.ceil(length / 8));
      if (length % 8 !== 0) secret[secret.length - 1] &= 0xff00 >> (length % 8);
      return {
        type: "secret",
        extractable,
        usages: allowed,
        algorithm: hmacAlgorithm(algorithm.hash, length),
        secret,
      };
    },
  },
  importKey: {
    parameters: [
      ["hash", toHash, REQUIRED],
      ["length", unsignedLongEnforce],
    ],
    run({ hash, length }, format, data, extractable, usages) {
      const allowed = checkUsages(usages, ["sign", "verify"]);
      const secret = importSecret("HMAC", format, data, { use: "sig", extractable, usages });
      if (format === "jwk") checkAlg(data, hmacAlg(hash));
      let bits = secret.length * 8;
      if (bits === 0) throw dataError("HMAC: a key of no bits");
      if (length !== undefined) {
        if (length > bits || length <= bits - 8)
          throw dataError(`HMAC: the key has ${bits} bits, not ${length}`);
        bits = length;
        if (length % 8 !== 0) secret[secret.length - 1] &= 0xff00 >> (length % 8);
      }
      return {
        type: "secret",
        extractable,
        usages: allowed,
        algorithm: hmacAlgorithm(hash, bits),
        secret,
      };
    },
  },
  exportKey: {
    run: (record, format) => exportSecret(record, format, hmacAlg(record.algorithm.hash.name)),
  },
  "get key length": {
    parameters: [
      ["hash", toHash, REQUIRED],
      ["length", unsignedLongEnforce],
    ],
    run(algorithm) {
      const length = hmacLength(algorithm);
      if (length === 0) throw new TypeError("HMAC: a key of no bits");
      return length;
    },
  },
});

// ---- AES ----

const isAesLength = (bits) => bits === 128 || bits === 192 || bits === 256;

/** What all modes share; `suffix` is the mode in a JWK's alg. */
function defineAes(name, suffix, canUse, operations) {
  const alg = (bits) => `A${bits}${suffix}`;
  define(name, {
    ...operations,
    generateKey: {
      parameters: [["length", unsignedShortEnforce, REQUIRED]],
      run({ length }, extractable, usages) {
        const allowed = checkUsages(usages, canUse);
        if (!isAesLength(length))
          throw operationError(`${name}: a key has 128, 192 or 256 bits, not ${length}`);
        const secret = randomBytes(length / 8);
        return {
          type: "secret",
          extractable,
          usages: allowed,
          algorithm: { name, length },
          secret,
        };
      },
    },
    importKey: {
      run(_algorithm, format, data, extractable, usages) {
        const allowed = checkUsages(usages, canUse);
        const secret = importSecret(name, format, data, { use: "enc", extractable, usages });
        const length = secret.length * 8;
        if (!isAesLength(length))
          throw dataError(`${name}: a key has 128, 192 or 256 bits, not ${length}`);
        if (format === "jwk") checkAlg(data, alg(length));
        return {
          type: "secret",
          extractable,
          usages: allowed,
          algorithm: { name, length },
          secret,
        };
      },
    },
    exportKey: {
      run: (record, format) => exportSecret(record, format, alg(record.algorithm.length)),
    },
    "get key length": {
      parameters: [["length", unsignedShortEnforce, REQUIRED]],
      run({ length }) {
        if (!isAesLength(length))
          throw operationError(`${name}: a key has 128, 192 or 256 bits, not ${length}`);
        return length;
      },
    },
  });
}

const FOR_DATA = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];

function opened(result, name) {
  if (result === null) throw operationError(`${name}: the data cannot be decrypted with this key`);
  return result;
}

function checkSize(bytes, length, what) {
  if (bytes.length !== length)
    throw operationError(`${what} has ${length} bytes, not ${bytes.length}`);
}

const ctrParameters = [
  ["counter", toBytes, REQUIRED],
  ["length", octetEnforce, REQUIRED],
];

function aesCtr({ counter, length }, key, data) {
  checkSize(counter, 16, "AES-CTR: the counter");
  if (length === 0 || length > 128)
    throw operationError("AES-CTR: the counter's length is of 1 to 128 bits");
  // A counter that comes round would encrypt two blocks with one key stream.
  if (length < 48 && Math.ceil(data.length / 16) > 2 ** length)
    throw operationError("AES-CTR: the data is too long");
  return host.crypto("aes-ctr", key.secret, counter, length, data);
}

defineAes("AES-CTR", "CTR", FOR_DATA, {
  encrypt: { parameters: ctrParameters, run: aesCtr },
  decrypt: { parameters: ctrParameters, run: aesCtr },
});

const cbcParameters = [["iv", toBytes, REQUIRED]];

defineAes("AES-CBC", "CBC", FOR_DATA, {
  encrypt: {
    parameters: cbcParameters,
    run({ iv }, key, data) {
      checkSize(iv, 16, "AES-CBC: the iv");
      return host.crypto("aes-cbc-encrypt", key.secret, iv, data);
    },
  },
  decrypt: {
    parameters: cbcParameters,
    run({ iv }, key, data) {
      checkSize(iv, 16, "AES-CBC: the iv");
      const whole = data.length > 0 && data.length % 16 === 0;
      return opened(whole ? host.crypto("aes-cbc-decrypt", key.secret, iv, data) : null, "AES-CBC");
    },
  },
});

const gcmParameters = [
  ["additionalData", toBytes, EMPTY],
  ["iv", toBytes, REQUIRED],
  ["tagLength", octetEnforce, 128],
];

function tagBytes({ tagLength, iv }) {
  if (![32, 64, 96, 104, 112, 120, 128].includes(tagLength)) {
    throw operationError(`AES-GCM: a tag of ${tagLength} bits`);
  }
  if (iv.length === 0) throw operationError("AES-GCM: the iv is empty");
  return tagLength / 8;
}

defineAes("AES-GCM", "GCM", FOR_DATA, {
  encrypt: {
    parameters: gcmParameters,
    run(algorithm, key, data) {
      const { iv, additionalData } = algorithm;
      return host.crypto(
        "aes-gcm-encrypt",
        key.secret,
        iv,
        additionalData,
        tagBytes(algorithm),
        data,
      );
    },
  },
  decrypt: {
    parameters: gcmParameters,
    run(algorithm, key, data) {
      const { iv, additionalData } = algorithm;
      const tag = tagBytes(algorithm);
      if (data.length < tag) throw operationError("AES-GCM: the data is shorter than its tag");
      return opened(
        host.crypto("aes-gcm-decrypt", key.secret, iv, additionalData, tag, data),
        "AES-GCM",
      );
    },
  },
});

defineAes("AES-KW", "KW", ["wrapKey", "unwrapKey"], {
  wrapKey: {
    run(_algorithm, key, data) {
      if (data.length % 8 !== 0 || data.length < 16) {
        throw operationError("AES-KW: what is wrapped is of 16 bytes or more, in steps of 8");
      }
      return host.crypto("aes-kw-wrap", key.secret, data);
    },
  },
  unwrapKey: {
    run(_algorithm, key, data) {
      const whole = data.length % 8 === 0 && data.length >= 24;
      return opened(whole ? host.crypto("aes-kw-unwrap", key.secret, data) : null, "AES-KW");
    },
  },
});

// ---- HKDF and PBKDF2 ----

function defineDerivation(name, parameters, derive) {
  define(name, {
    deriveBits: {
      parameters,
      run(algorithm, key, length) {
        if (length === null || length % 8 !== 0)
          throw operationError(`${name}: the length is a multiple of 8 bits`);
        return derive(algorithm, key.secret, length / 8);
      },
    },
    importKey: {
      run(_algorithm, format, data, extractable, usages) {
        if (format !== "raw") throw formatNotSupported(name, format);
        const allowed = checkUsages(usages, ["deriveKey", "deriveBits"]);
        if (extractable)
          throw new DOMException(`${name}: its keys are not extractable`, "SyntaxError");
        return {
          type: "secret",
          extractable: false,
          usages: allowed,
          algorithm: { name },
          secret: data,
        };
      },
    },
    "get key length": { run: () => null },
  });
}

const hkdfParameters = [
  ["hash", toHash, REQUIRED],
  ["info", toBytes, REQUIRED],
  ["salt", toBytes, REQUIRED],
];

defineDerivation("HKDF", hkdfParameters, ({ hash, info, salt }, secret, length) => {
  if (length * 8 > 255 * HASHES[hash].bits) throw operationError(`HKDF: too many bits for ${hash}`);
  return length === 0 ? new Uint8Array(0) : host.crypto("hkdf", hash, secret, salt, info, length);
});

const pbkdf2Parameters = [
  ["hash", toHash, REQUIRED],
  ["iterations", unsignedLongEnforce, REQUIRED],
  ["salt", toBytes, REQUIRED],
];

defineDerivation("PBKDF2", pbkdf2Parameters, ({ hash, iterations, salt }, secret, length) => {
  if (iterations === 0) throw operationError("PBKDF2: at least one iteration");
  return length === 0
    ? new Uint8Array(0)
    : host.crypto("pbkdf2", hash, secret, salt, iterations, length);
});
