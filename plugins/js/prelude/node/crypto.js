// `node:crypto`. Follows https://nodejs.org/api/crypto.html. Hashes, keys, signatures, ciphers and
// derivation each have a file `crypto_*.js`; what the host has nothing for throws one sentence.

import { crypto as webcrypto } from "../crypto.js";
import * as cipher from "./crypto_cipher.js";
import { createECDH, ECDH } from "./crypto_ecdh.js";
import * as derive from "./crypto_derive.js";
import * as hashing from "./crypto_hash.js";
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from "./crypto_keys.js";
import * as signing from "./crypto_sign.js";
import { codes } from "./errors.js";

const { dataBytes: _dataBytes, hashNamed: _hashNamed, output: _output, ...hashes } = hashing;

const crypto = {
  ...hashes,
  ...cipher,
  ...derive,
  ...signing,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  KeyObject,
  ECDH,
  createECDH,
};

const missing = [
  "createDiffieHellman",
  "createDiffieHellmanGroup",
  "getDiffieHellman",
  "privateEncrypt",
  "publicDecrypt",
  "checkPrime",
  "checkPrimeSync",
  "generatePrime",
  "generatePrimeSync",
  "setEngine",
  "setFips",
];
for (const name of missing) {
  crypto[name] = () => {
    throw new codes.ERR_METHOD_REFUSED(
      `crypto.${name}() is not available: LILY has hashes, AES, RSA, P-256, P-384, P-521, Ed25519 and X25519`,
    );
  };
}

Object.assign(crypto, {
  getCurves: () => ["prime256v1", "secp384r1", "secp521r1"],
  getFips: () => 0,
  secureHeapUsed: () => ({ total: 0, used: 0, utilization: 0, min: 0 }),
  webcrypto,
  getRandomValues: (array) => webcrypto.getRandomValues(array),
});
Object.defineProperty(crypto, "subtle", {
  enumerable: true,
  configurable: true,
  get: () => webcrypto.subtle,
});

export default crypto;
