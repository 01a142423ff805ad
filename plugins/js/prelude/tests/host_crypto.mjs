// The double's cryptography, by node:crypto: what the host does with Rust crates.

import * as crypto from "node:crypto";

const CURVES = { "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1" };
const BYTES = { "P-256": 32, "P-384": 48, "P-521": 66 };
const hashName = (name) => name.replace("-", "").toLowerCase();

export function cryptoHost() {
  return {
    digest: (name, bytes) => crypto.createHash(hashName(name)).update(bytes).digest(),
    hmac: (name, key, bytes) => crypto.createHmac(hashName(name), key).update(bytes).digest(),
    crypto: (operation, ...parameters) => operations[operation](...parameters),
  };
}

/** Null instead of an exception, for operations whose failure depends on keys and data. */
function orNull(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

function cipher(kind, key, iv, data, encrypt) {
  const make = encrypt ? crypto.createCipheriv : crypto.createDecipheriv;
  const work = make(`aes-${key.length * 8}-${kind}`, key, iv);
  return Buffer.concat([work.update(data), work.final()]);
}

function gcm(key, iv, additionalData, tagBytes, encrypt) {
  const make = encrypt ? crypto.createCipheriv : crypto.createDecipheriv;
  const work = make(`aes-${key.length * 8}-gcm`, key, iv, { authTagLength: tagBytes });
  work.setAAD(additionalData);
  return work;
}

/** The key stream block by block: only the last `bits` of the counter count. */
function ctr(key, counter, bits, data) {
  const result = Buffer.from(data);
  const mask = (1n << BigInt(bits)) - 1n;
  let value = BigInt(`0x${Buffer.from(counter).toString("hex")}`);
  for (let at = 0; at < result.length; at += 16) {
    const block = crypto
      .createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
      .setAutoPadding(false);
    const stream = block.update(Buffer.from(value.toString(16).padStart(32, "0"), "hex"));
    for (let i = 0; i < 16 && at + i < result.length; i++) result[at + i] ^= stream[i];
    value = (value & ~mask) | ((value + 1n) & mask);
  }
  return result;
}

const KW_IV = Buffer.from("A6A6A6A6A6A6A6A6", "hex");
const wrapName = (key) => `id-aes${key.length * 8}-wrap`;

const rsaPrivate = (der) =>
  crypto.createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
const rsaPublic = (der) =>
  crypto.createPublicKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
const { RSA_PKCS1_PSS_PADDING: PSS, RSA_PKCS1_OAEP_PADDING: OAEP } = crypto.constants;

function ecPublicOf(curve, scalar) {
  const ecdh = crypto.createECDH(CURVES[curve]);
  ecdh.setPrivateKey(scalar);
  return ecdh.getPublicKey();
}

function ecKey(curve, point, scalar) {
  const size = BYTES[curve];
  const text = (bytes) => Buffer.from(bytes).toString("base64url");
  const jwk = {
    kty: "EC",
    crv: curve,
    x: text(point.subarray(1, 1 + size)),
    y: text(point.subarray(1 + size)),
  };
  if (scalar === undefined) return crypto.createPublicKey({ key: jwk, format: "jwk" });
  return crypto.createPrivateKey({ key: { ...jwk, d: text(scalar) }, format: "jwk" });
}

function okpPrivate(oid, seed) {
  const der = Buffer.concat([Buffer.from(`302e020100300506032b65${oid}04220420`, "hex"), seed]);
  return crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function okpPublic(oid, point) {
  const der = Buffer.concat([Buffer.from(`302a300506032b65${oid}032100`, "hex"), point]);
  return crypto.createPublicKey({ key: der, format: "der", type: "spki" });
}

const okpPointOf = (oid, seed) =>
  crypto
    .createPublicKey(okpPrivate(oid, seed))
    .export({ format: "der", type: "spki" })
    .subarray(-32);

const X25519 = "6e";
const ED25519 = "70";

const operations = {
  "aes-ctr": ctr,
  "aes-cbc-encrypt": (key, iv, data) => cipher("cbc", key, iv, data, true),
  "aes-cbc-decrypt": (key, iv, data) => orNull(() => cipher("cbc", key, iv, data, false)),
  "aes-gcm-encrypt"(key, iv, additionalData, tagBytes, data) {
    const work = gcm(key, iv, additionalData, tagBytes, true);
    return Buffer.concat([work.update(data), work.final(), work.getAuthTag()]);
  },
  "aes-gcm-decrypt": (key, iv, additionalData, tagBytes, data) =>
    orNull(() => {
      const work = gcm(key, iv, additionalData, tagBytes, false);
      work.setAuthTag(data.subarray(data.length - tagBytes));
      return Buffer.concat([work.update(data.subarray(0, data.length - tagBytes)), work.final()]);
    }),
  "aes-kw-wrap"(key, data) {
    const work = crypto.createCipheriv(wrapName(key), key, KW_IV);
    return Buffer.concat([work.update(data), work.final()]);
  },
  "aes-kw-unwrap": (key, data) =>
    orNull(() => {
      const work = crypto.createDecipheriv(wrapName(key), key, KW_IV);
      return Buffer.concat([work.update(data), work.final()]);
    }),
  hkdf: (hash, key, salt, info, length) =>
    Buffer.from(crypto.hkdfSync(hashName(hash), key, salt, info, length)),
  scrypt: (password, salt, N, r, p, length) =>
    crypto.scryptSync(password, salt, length, { N, r, p, maxmem: 2 ** 30 }),
  pbkdf2: (hash, password, salt, iterations, length) =>
    crypto.pbkdf2Sync(password, salt, iterations, length, hashName(hash)),

  "rsa-generate"(modulusLength, exponent) {
    const publicExponent = Number(`0x${Buffer.from(exponent).toString("hex")}`);
    const { privateKey } = crypto.generateKeyPairSync("rsa", { modulusLength, publicExponent });
    return privateKey.export({ format: "der", type: "pkcs1" });
  },
  "rsa-pkcs1-sign": (hash, der, data) =>
    orNull(() => crypto.sign(hashName(hash), data, rsaPrivate(der))),
  "rsa-pkcs1-verify": (hash, der, signature, data) =>
    orNull(() => crypto.verify(hashName(hash), data, rsaPublic(der), signature)) === true,
  "rsa-pss-sign": (hash, der, saltLength, data) =>
    orNull(() =>
      crypto.sign(hashName(hash), data, { key: rsaPrivate(der), padding: PSS, saltLength }),
    ),
  "rsa-pss-verify": (hash, der, saltLength, signature, data) =>
    orNull(() =>
      crypto.verify(
        hashName(hash),
        data,
        { key: rsaPublic(der), padding: PSS, saltLength },
        signature,
      ),
    ) === true,
  "rsa-oaep-encrypt": (hash, der, label, data) =>
    orNull(() =>
      crypto.publicEncrypt(
        { key: rsaPublic(der), padding: OAEP, oaepHash: hashName(hash), oaepLabel: label },
        data,
      ),
    ),
  "rsa-oaep-decrypt": (hash, der, label, data) =>
    orNull(() =>
      crypto.privateDecrypt(
        { key: rsaPrivate(der), padding: OAEP, oaepHash: hashName(hash), oaepLabel: label },
        data,
      ),
    ),

  "ec-generate"(curve) {
    const ecdh = crypto.createECDH(CURVES[curve]);
    ecdh.generateKeys();
    const scalar = ecdh.getPrivateKey();
    return Buffer.concat([Buffer.alloc(BYTES[curve] - scalar.length), scalar]);
  },
  "ec-public": (curve, scalar) => orNull(() => ecPublicOf(curve, scalar)),
  "ec-point": (curve, point) =>
    orNull(() =>
      crypto.ECDH.convertKey(Buffer.from(point), CURVES[curve], null, null, "uncompressed"),
    ),
  "ecdsa-sign": (curve, hash, scalar, data) =>
    crypto.sign(hashName(hash), data, {
      key: ecKey(curve, ecPublicOf(curve, scalar), scalar),
      dsaEncoding: "ieee-p1363",
    }),
  "ecdsa-verify": (curve, hash, point, signature, data) =>
    crypto.verify(
      hashName(hash),
      data,
      { key: ecKey(curve, point), dsaEncoding: "ieee-p1363" },
      signature,
    ),
  ecdh(curve, scalar, point) {
    const ecdh = crypto.createECDH(CURVES[curve]);
    ecdh.setPrivateKey(scalar);
    const secret = ecdh.computeSecret(point);
    return Buffer.concat([Buffer.alloc(BYTES[curve] - secret.length), secret]);
  },

  "ed25519-public": (seed) => okpPointOf(ED25519, seed),
  "ed25519-sign": (seed, data) => crypto.sign(null, data, okpPrivate(ED25519, seed)),
  "ed25519-verify": (point, signature, data) =>
    orNull(() => crypto.verify(null, data, okpPublic(ED25519, point), signature)) === true,
  "x25519-public": (scalar) => okpPointOf(X25519, scalar),
  x25519: (scalar, point) =>
    orNull(() =>
      crypto.diffieHellman({
        privateKey: okpPrivate(X25519, scalar),
        publicKey: okpPublic(X25519, point),
      }),
    ) ?? Buffer.alloc(32), // OpenSSL refuses points of small order; X25519 itself gives zeros.
};
