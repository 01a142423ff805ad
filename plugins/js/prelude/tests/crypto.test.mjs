import assert from "node:assert/strict";
import { randomBytes, randomInt, webcrypto } from "node:crypto";
import { before, describe, test } from "node:test";
import { outcome, plain, same, there } from "./both.mjs";
import { load } from "./host.mjs";

let lily;
let ours;
const nodes = webcrypto.subtle;

before(async () => {
  lily = await load({ entry: "crypto.js" });
  ({ crypto: lily.crypto } = await lily.import("crypto.js"));
  ours = lily.crypto.subtle;
});

const sides = (side) => [side === "lily" ? lily.crypto : webcrypto];
const agree = (work) => same(lily, work, sides);
/** Bytes of Node's realm as the prelude's. */
const inward = (value) => lily.inward(new Uint8Array(value));
const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const pick = (list) => list[randomInt(list.length)];
const hex = (value) => Buffer.from(value).toString("hex");

/** Carries a key of Node to the prelude. */
async function toOurs(key, format, extractable = true) {
  const data = await nodes.exportKey(format, key);
  const there = format === "jwk" ? data : inward(data);
  return ours.importKey(format, there, key.algorithm, extractable, lily.inward([...key.usages]));
}

/** Carries a key of the prelude to Node. */
async function toNode(key, format) {
  const data = await ours.exportKey(format, key);
  const here = format === "jwk" ? JSON.parse(JSON.stringify(data)) : Buffer.from(data);
  const { hash, ...algorithm } = key.algorithm;
  return nodes.importKey(format, here, { ...algorithm, hash: hash && { ...hash } }, true, [
    ...key.usages,
  ]);
}

describe("Crypto", () => {
  test("getRandomValues fills integers and refuses the rest", async () => {
    await agree((c) => c.getRandomValues(new Uint32Array(4)).length);
    await agree((c) => c.getRandomValues(new BigInt64Array(2)).length);
    await agree((c) => c.getRandomValues(new Float32Array(1)));
    await agree((c) => c.getRandomValues(new DataView(new ArrayBuffer(2))));
    await agree((c) => c.getRandomValues(new Uint8Array(65537)));
    await agree((c) => c.getRandomValues(new Uint8Array(65536)).length);
    const same = lily.run(
      "(c) => { const a = new Uint8Array(16); return c.getRandomValues(a) === a && a.some(Boolean); }",
    );
    assert.equal(same(lily.crypto), true);
    assert.throws(() => lily.crypto.getRandomValues([1]), { name: "TypeError" });
  });

  test("randomUUID is of version 4", () => {
    const seen = new Set();
    for (let i = 0; i < 200; i++) {
      const uuid = lily.crypto.randomUUID();
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      seen.add(uuid);
    }
    assert.equal(seen.size, 200);
  });

  test("nobody constructs Crypto, SubtleCrypto or CryptoKey", () => {
    for (const Class of [lily.crypto.constructor, ours.constructor])
      assert.throws(() => new Class(), { name: "TypeError" });
    assert.equal(Object.prototype.toString.call(lily.crypto), "[object Crypto]");
    assert.equal(ours.digest.length, 2);
    assert.equal(ours.unwrapKey.length, 7);
    assert.equal(ours.deriveBits.length, 2);
  });

  test("methods on another object reject", async () => {
    const digest = lily.run("(subtle) => subtle.digest.call({}, 'SHA-1', new Uint8Array(1))");
    await assert.rejects(digest(ours), { name: "TypeError" });
  });
});

test("digest equals Node's", async () => {
  for (let i = 0; i < 60; i++) {
    const data = randomBytes(randomInt(300));
    const name = pick(hashes);
    assert.equal(hex(await ours.digest(name, inward(data))), hex(await nodes.digest(name, data)));
    assert.equal(
      hex(await ours.digest({ name: name.toLowerCase() }, inward(data))),
      hex(await nodes.digest(name, data)),
    );
  }
});

test("digest has taken the data when it is called", async () => {
  await agree((c) => {
    const data = new Uint8Array(8);
    const promise = c.subtle.digest("SHA-256", data);
    data.fill(7);
    return promise;
  });
});

describe("errors are those of the standard", () => {
  const cases = [
    [(c) => c.subtle.digest("MD5", new Uint8Array(1)), "NotSupportedError"],
    [(c) => c.subtle.digest({}, new Uint8Array(1)), "TypeError"],
    [(c) => c.subtle.digest("SHA-1", "text"), "TypeError"],
    [(c) => c.subtle.digest("SHA-1"), "TypeError"],
    [(c) => c.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, []), "SyntaxError"],
    [(c) => c.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["sign"]), "SyntaxError"],
    [(c) => c.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["fly"]), "TypeError"],
    [
      (c) => c.subtle.generateKey({ name: "AES-GCM", length: 100 }, true, ["encrypt"]),
      "OperationError",
    ],
    [(c) => c.subtle.generateKey({ name: "AES-GCM" }, true, ["encrypt"]), "TypeError"],
    [
      (c) => c.subtle.generateKey({ name: "AES-KW", length: 128 }, true, ["encrypt"]),
      "SyntaxError",
    ],
    [(c) => c.subtle.generateKey({ name: "HMAC" }, true, ["sign"]), "TypeError"],
    [
      (c) => c.subtle.generateKey({ name: "HMAC", hash: "MD5" }, true, ["sign"]),
      "NotSupportedError",
    ],
    [
      (c) => c.subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 0 }, true, ["sign"]),
      "OperationError",
    ],
    [
      (c) => c.subtle.generateKey({ name: "ECDSA", namedCurve: "P-255" }, true, ["sign"]),
      "NotSupportedError",
    ],
    [
      (c) => c.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]),
      "SyntaxError",
    ],
    [(c) => c.subtle.generateKey({ name: "HKDF" }, true, ["deriveBits"]), "NotSupportedError"],
    [
      (c) =>
        c.subtle.generateKey(
          {
            name: "RSA-PSS",
            modulusLength: 1024,
            publicExponent: new Uint8Array([2]),
            hash: "SHA-1",
          },
          true,
          ["sign"],
        ),
      "OperationError",
    ],
    [
      (c) => c.subtle.importKey("raw", new Uint8Array(5), "AES-CBC", true, ["encrypt"]),
      "DataError",
    ],
    [(c) => c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", true, []), "SyntaxError"],
    [
      (c) => c.subtle.importKey("spki", new Uint8Array(16), "AES-CBC", true, ["encrypt"]),
      "NotSupportedError",
    ],
    [
      (c) => c.subtle.importKey("rough", new Uint8Array(16), "AES-CBC", true, ["encrypt"]),
      "TypeError",
    ],
    [
      (c) => c.subtle.importKey("jwk", new Uint8Array(16), "AES-CBC", true, ["encrypt"]),
      "TypeError",
    ],
    [(c) => c.subtle.importKey("raw", { kty: "oct" }, "AES-CBC", true, ["encrypt"]), "TypeError"],
    [
      (c) => c.subtle.importKey("jwk", { kty: "RSA", k: "AAAA" }, "AES-CBC", true, ["encrypt"]),
      "DataError",
    ],
    [(c) => c.subtle.importKey("jwk", { kty: "oct" }, "AES-CBC", true, ["encrypt"]), "DataError"],
    [
      (c) =>
        c.subtle.importKey("raw", new Uint8Array(0), { name: "HMAC", hash: "SHA-1" }, true, [
          "sign",
        ]),
      "DataError",
    ],
    [
      (c) =>
        c.subtle.importKey(
          "raw",
          new Uint8Array(4),
          { name: "HMAC", hash: "SHA-1", length: 40 },
          true,
          ["sign"],
        ),
      "DataError",
    ],
    [
      (c) => c.subtle.importKey("raw", new Uint8Array(4), "HKDF", true, ["deriveBits"]),
      "SyntaxError",
    ],
    [(c) => c.subtle.importKey("raw", new Uint8Array(4), "PBKDF2", false, ["sign"]), "SyntaxError"],
    [
      (c) =>
        c.subtle.importKey(
          "raw",
          new Uint8Array(33),
          { name: "ECDSA", namedCurve: "P-256" },
          true,
          [],
        ),
      "DataError",
    ],
    [
      (c) =>
        c.subtle.importKey(
          "spki",
          new Uint8Array(20),
          { name: "ECDSA", namedCurve: "P-256" },
          true,
          [],
        ),
      "DataError",
    ],
    [
      (c) =>
        c.subtle.importKey(
          "spki",
          new Uint8Array(20),
          { name: "RSA-PSS", hash: "SHA-1" },
          true,
          [],
        ),
      "DataError",
    ],
    [
      (c) =>
        c.subtle.importKey("raw", new Uint8Array(20), { name: "RSA-PSS", hash: "SHA-1" }, true, []),
      "NotSupportedError",
    ],
    [
      (c) => c.subtle.importKey("raw", new Uint8Array(31), "Ed25519", true, ["verify"]),
      "DataError",
    ],
    [(c) => c.subtle.encrypt("AES-CBC", {}, new Uint8Array(1)), "TypeError"],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, [
          "decrypt",
        ]);
        return c.subtle.encrypt(
          { name: "AES-CBC", iv: new Uint8Array(16) },
          key,
          new Uint8Array(1),
        );
      },
      "InvalidAccessError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, [
          "encrypt",
        ]);
        return c.subtle.encrypt(
          { name: "AES-GCM", iv: new Uint8Array(16) },
          key,
          new Uint8Array(1),
        );
      },
      "InvalidAccessError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, [
          "encrypt",
        ]);
        return c.subtle.encrypt(
          { name: "AES-CBC", iv: new Uint8Array(15) },
          key,
          new Uint8Array(1),
        );
      },
      "OperationError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", false, [
          "encrypt",
        ]);
        return c.subtle.exportKey("raw", key);
      },
      "InvalidAccessError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, [
          "encrypt",
          "decrypt",
        ]);
        return c.subtle.decrypt(
          { name: "AES-GCM", iv: new Uint8Array(12) },
          key,
          new Uint8Array(32),
        );
      },
      "OperationError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-GCM", false, [
          "encrypt",
          "decrypt",
        ]);
        return c.subtle.encrypt(
          { name: "AES-GCM", iv: new Uint8Array(12), tagLength: 31 },
          key,
          new Uint8Array(32),
        );
      },
      "OperationError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, [
          "encrypt",
        ]);
        return c.subtle.encrypt(
          { name: "AES-CTR", counter: new Uint8Array(16), length: 0 },
          key,
          new Uint8Array(32),
        );
      },
      "OperationError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "PBKDF2", false, [
          "deriveBits",
        ]);
        const algorithm = { name: "PBKDF2", salt: new Uint8Array(8), iterations: 0, hash: "SHA-1" };
        return c.subtle.deriveBits(algorithm, key, 128);
      },
      "OperationError",
    ],
    [
      async (c) => {
        const key = await c.subtle.importKey("raw", new Uint8Array(16), "HKDF", false, [
          "deriveBits",
        ]);
        const algorithm = {
          name: "HKDF",
          salt: new Uint8Array(8),
          info: new Uint8Array(0),
          hash: "SHA-1",
        };
        return c.subtle.deriveBits(algorithm, key, 20);
      },
      "OperationError",
    ],
    [
      async (c) => {
        const a = await c.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, [
          "deriveBits",
        ]);
        const b = await c.subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, true, [
          "deriveBits",
        ]);
        return c.subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 128);
      },
      "InvalidAccessError",
    ],
    [
      async (c) => {
        const a = await c.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, [
          "deriveBits",
        ]);
        return c.subtle.deriveBits({ name: "ECDH", public: a.publicKey }, a.privateKey, 264);
      },
      "OperationError",
    ],
    [
      async (c) => {
        const { publicKey } = await c.subtle.generateKey(
          { name: "ECDH", namedCurve: "P-256" },
          true,
          ["deriveBits"],
        );
        return c.subtle.exportKey("pkcs8", publicKey);
      },
      "InvalidAccessError",
    ],
  ];
  for (const [work, expected] of cases) {
    test(`${expected}: ${String(work).replace(/\s+/g, " ").slice(0, 90)}`, async () => {
      assert.deepEqual(await outcome(there(lily, work), [lily.crypto]), { error: expected });
    });
  }

  test("and nearly all of Node's, too", async () => {
    const differ = [];
    for (const [work, expected] of cases) {
      const { error } = await outcome(work, [webcrypto]);
      if (error !== expected)
        differ.push(`${expected}, Node ${error}: ${String(work).replace(/\s+/g, " ")}`);
    }
    assert.ok(differ.length <= 6, differ.join("\n"));
  });
});

describe("AES", () => {
  const parameters = {
    "AES-GCM": () => ({
      iv: randomBytes(randomInt(12, 20)), // Node refuses shorter ones.
      additionalData: randomBytes(randomInt(30)),
      tagLength: pick([96, 104, 112, 120, 128]),
    }),
    "AES-CBC": () => ({ iv: randomBytes(16) }),
    "AES-CTR": () => ({ counter: randomBytes(16), length: randomInt(8, 129) }),
  };
  for (const name of Object.keys(parameters)) {
    test(`${name} encrypts to Node's bytes and decrypts them`, async () => {
      for (let i = 0; i < 40; i++) {
        const algorithm = { name, ...parameters[name]() };
        const inwards = Object.fromEntries(
          Object.entries(algorithm).map(([key, value]) => [
            key,
            Buffer.isBuffer(value) ? inward(value) : value,
          ]),
        );
        const data = randomBytes(randomInt(200));
        const nodeKey = await nodes.generateKey({ name, length: pick([128, 192, 256]) }, true, [
          "encrypt",
          "decrypt",
        ]);
        const key = await toOurs(nodeKey, pick(["raw", "jwk"]));
        const sealed = await ours.encrypt(inwards, key, inward(data));
        assert.equal(hex(sealed), hex(await nodes.encrypt(algorithm, nodeKey, data)));
        assert.equal(hex(await ours.decrypt(inwards, key, sealed)), hex(data));
      }
    });
  }

  test("GCM notices every change", async () => {
    const key = await ours.generateKey(
      { name: "AES-GCM", length: 256 },
      false,
      lily.inward(["encrypt", "decrypt"]),
    );
    const algorithm = { name: "AES-GCM", iv: inward(randomBytes(12)) };
    const sealed = new Uint8Array(await ours.encrypt(algorithm, key, inward(randomBytes(40))));
    for (let i = 0; i < sealed.length; i++) {
      const broken = new Uint8Array(sealed);
      broken[i] ^= 1 << randomInt(8);
      await assert.rejects(ours.decrypt(algorithm, key, inward(broken)), {
        name: "OperationError",
      });
    }
  });

  test("keys: formats and attributes as Node's", async () => {
    await agree(async (c) => {
      const key = await c.subtle.importKey("raw", new Uint8Array(24), "aes-ctr", true, [
        "wrapKey",
        "encrypt",
      ]);
      return [key, await c.subtle.exportKey("raw", key)];
    });
    const usages =
      lily.run(`(c) => c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", true, ["wrapKey", "encrypt", "wrapKey"])
      .then((key) => key.usages)`);
    assert.deepEqual(plain(await usages(lily.crypto)), ["encrypt", "wrapKey"]);
    const jwk =
      lily.run(`(c) => c.subtle.importKey("raw", new Uint8Array(24), "AES-CTR", true, ["encrypt"])
      .then((key) => c.subtle.exportKey("jwk", key))`);
    const expected = {
      alg: "A192CTR",
      ext: true,
      k: "A".repeat(32),
      key_ops: ["encrypt"],
      kty: "oct",
    };
    assert.deepEqual(plain(await jwk(lily.crypto)), expected);
  });

  test("the objects that a key answers are the program's", async () => {
    const test = lily.run(`async (c) => {
      const key = await c.subtle.importKey("raw", new Uint8Array(16), "AES-CBC", true, ["encrypt"]);
      key.algorithm.name = "AES-GCM";
      key.usages.push("decrypt");
      const sealed = await c.subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, new Uint8Array(3));
      const decrypt = c.subtle.decrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, key, sealed);
      return [sealed.byteLength, key.algorithm === key.algorithm, await decrypt.catch((e) => e.name)];
    }`);
    assert.deepEqual(plain(await test(lily.crypto)), [16, true, "InvalidAccessError"]);
  });
});

test("HMAC signs Node's bytes, verifies, and masks the bits of odd lengths", async () => {
  for (let i = 0; i < 60; i++) {
    const hash = pick(hashes);
    const data = randomBytes(randomInt(200));
    const length = pick([undefined, 8 * randomInt(1, 200)]);
    const nodeKey = await nodes.generateKey({ name: "HMAC", hash, length }, true, [
      "sign",
      "verify",
    ]);
    const key = await toOurs(nodeKey, pick(["raw", "jwk"]));
    const signature = await ours.sign("HMAC", key, inward(data));
    assert.equal(hex(signature), hex(await nodes.sign("HMAC", nodeKey, data)));
    assert.equal(await ours.verify("HMAC", key, signature, inward(data)), true);
    const broken = new Uint8Array(Buffer.from(signature));
    broken[randomInt(broken.length)] ^= 1;
    assert.equal(await ours.verify("HMAC", key, inward(broken), inward(data)), false);
    assert.equal(await ours.verify("HMAC", key, inward(broken.subarray(1)), inward(data)), false);
  }
  const { algorithm } = await ours.generateKey(
    { name: "HMAC", hash: "SHA-384" },
    true,
    lily.inward(["sign"]),
  );
  assert.equal(algorithm.length, 1024);
});

test("HKDF and PBKDF2 derive Node's bits and keys", async () => {
  for (let i = 0; i < 40; i++) {
    const name = pick(["HKDF", "PBKDF2"]);
    const hash = pick(hashes);
    const secret = randomBytes(randomInt(1, 60));
    const rest =
      name === "HKDF" ? { info: randomBytes(randomInt(40)) } : { iterations: randomInt(1, 50) };
    const algorithm = { name, hash, salt: randomBytes(randomInt(40)), ...rest };
    const inwards = { ...algorithm, salt: inward(algorithm.salt) };
    if (name === "HKDF") inwards.info = inward(algorithm.info);
    const bits = 8 * randomInt(1, 100);
    const nodeKey = await nodes.importKey("raw", secret, name, false, ["deriveBits", "deriveKey"]);
    const key = await ours.importKey(
      "raw",
      inward(secret),
      name,
      false,
      lily.inward(["deriveBits", "deriveKey"]),
    );
    assert.equal(
      hex(await ours.deriveBits(inwards, key, bits)),
      hex(await nodes.deriveBits(algorithm, nodeKey, bits)),
    );
    const type = pick([
      { name: "AES-GCM", length: 256 },
      { name: "HMAC", hash: "SHA-512" },
    ]);
    const usages = type.name === "HMAC" ? ["sign"] : ["encrypt"];
    const derived = await ours.deriveKey(inwards, key, type, true, lily.inward(usages));
    const nodeDerived = await nodes.deriveKey(algorithm, nodeKey, type, true, usages);
    assert.equal(
      hex(await ours.exportKey("raw", derived)),
      hex(await nodes.exportKey("raw", nodeDerived)),
    );
  }
});

describe("wrapKey and unwrapKey", () => {
  test("AES-KW wraps Node's bytes and unwraps them", async () => {
    for (let i = 0; i < 20; i++) {
      const usages = ["wrapKey", "unwrapKey"];
      const nodeWrapping = await nodes.generateKey(
        { name: "AES-KW", length: pick([128, 256]) },
        true,
        usages,
      );
      const nodeKey = await nodes.generateKey(
        { name: "AES-CBC", length: pick([128, 192, 256]) },
        true,
        ["encrypt"],
      );
      const wrapping = await toOurs(nodeWrapping, "jwk");
      const wrapped = await ours.wrapKey("raw", await toOurs(nodeKey, "raw"), wrapping, "AES-KW");
      assert.equal(hex(wrapped), hex(await nodes.wrapKey("raw", nodeKey, nodeWrapping, "AES-KW")));
      const key = await ours.unwrapKey(
        "raw",
        wrapped,
        wrapping,
        "AES-KW",
        "AES-CBC",
        true,
        lily.inward(["encrypt"]),
      );
      assert.equal(
        hex(await ours.exportKey("raw", key)),
        hex(await nodes.exportKey("raw", nodeKey)),
      );
    }
  });

  test("a JWK goes through an encryption and back; what cannot be is refused", async () => {
    const steps = lily.run(`async (c) => {
      const s = c.subtle, iv = new Uint8Array(12), gcm = { name: "AES-GCM", iv };
      const wrapping = await s.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey", "decrypt"]);
      const { privateKey } = await s.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, ["sign"]);
      const wrapped = await s.wrapKey("jwk", privateKey, wrapping, gcm);
      const back = await s.unwrapKey("jwk", wrapped, wrapping, gcm, { name: "ECDSA", namedCurve: "P-384" }, false, ["sign"]);
      const text = new Uint8Array(await s.decrypt(gcm, wrapping, wrapped));
      const say = (promise) => promise.then(() => "fine", (e) => e.name);
      return [
        back.type, back.extractable, text[0],
        await say(s.wrapKey("jwk", back, wrapping, gcm)),
        await say(s.unwrapKey("jwk", wrapped, wrapping, gcm, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"])),
        await say(s.unwrapKey("jwk", wrapped, wrapping, gcm, "HMAC", false, ["sign"])),
        await say(s.unwrapKey("raw", wrapped.slice(1), wrapping, gcm, "AES-CBC", false, ["encrypt"])),
        await say(s.wrapKey("raw", wrapping, wrapping, gcm)),
        await say(s.encrypt(gcm, wrapping, iv)),
      ];
    }`);
    assert.deepEqual(plain(await steps(lily.crypto)), [
      "private",
      false,
      123,
      "InvalidAccessError",
      "DataError",
      "TypeError",
      "OperationError",
      "InvalidAccessError",
      "InvalidAccessError",
    ]);
  });
});

describe("RSA", () => {
  const exponent = new Uint8Array([1, 0, 1]);
  const kinds = [
    ["RSASSA-PKCS1-v1_5", () => ({})],
    ["RSA-PSS", () => ({ saltLength: pick([0, 20, 32]) })],
  ];
  for (const [name, extra] of kinds) {
    test(`${name}: keys and signatures go both ways`, async () => {
      for (const hash of hashes) {
        const algorithm = { name, modulusLength: 1024, publicExponent: exponent, hash };
        const pair = await nodes.generateKey(algorithm, true, ["sign", "verify"]);
        const privateKey = await toOurs(pair.privateKey, pick(["pkcs8", "jwk"]));
        const publicKey = await toOurs(pair.publicKey, pick(["spki", "jwk"]));
        for (const [key, theirs] of [
          [privateKey, pair.privateKey],
          [publicKey, pair.publicKey],
        ]) {
          assert.deepEqual(plain(key), plain(theirs));
          const format = key.type === "private" ? "pkcs8" : "spki";
          assert.equal(
            hex(await ours.exportKey(format, key)),
            hex(await nodes.exportKey(format, theirs)),
          );
          assert.deepEqual(
            plain(await ours.exportKey("jwk", key)),
            plain(await nodes.exportKey("jwk", theirs)),
          );
        }
        const data = randomBytes(50);
        const parameters = { name, ...extra() };
        if (name === "RSA-PSS" && hash === "SHA-512") parameters.saltLength = 62;
        const signature = await ours.sign(parameters, privateKey, inward(data));
        assert.equal(
          await nodes.verify(parameters, pair.publicKey, Buffer.from(signature), data),
          true,
        );
        const theirs = await nodes.sign(parameters, pair.privateKey, data);
        assert.equal(await ours.verify(parameters, publicKey, inward(theirs), inward(data)), true);
        assert.equal(await ours.verify(parameters, publicKey, inward(theirs), inward([1])), false);
        await assert.rejects(ours.sign(parameters, publicKey, inward(data)), {
          name: "InvalidAccessError",
        });
      }
    });
  }

  test("generated keys are Node's to use", async () => {
    const algorithm = {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1024,
      publicExponent: inward(exponent),
      hash: "SHA-256",
    };
    const pair = await ours.generateKey(algorithm, true, lily.inward(["verify", "sign"]));
    assert.deepEqual(plain(pair.publicKey).algorithm.modulusLength, 1024);
    const privateKey = await toNode(pair.privateKey, "pkcs8");
    const publicKey = await toNode(pair.publicKey, "jwk");
    const signature = await nodes.sign(algorithm.name, privateKey, Buffer.from("x"));
    assert.equal(await nodes.verify(algorithm.name, publicKey, signature, Buffer.from("x")), true);
  });

  test("RSA-OAEP goes both ways, with labels", async () => {
    for (const hash of ["SHA-1", "SHA-256"]) {
      const algorithm = { name: "RSA-OAEP", modulusLength: 1024, publicExponent: exponent, hash };
      const pair = await nodes.generateKey(algorithm, true, ["encrypt", "decrypt"]);
      const privateKey = await toOurs(pair.privateKey, "jwk");
      const publicKey = await toOurs(pair.publicKey, "spki");
      const label = randomBytes(5);
      const data = randomBytes(30);
      const sealed = await ours.encrypt(
        { name: "RSA-OAEP", label: inward(label) },
        publicKey,
        inward(data),
      );
      assert.equal(
        hex(await nodes.decrypt({ name: "RSA-OAEP", label }, pair.privateKey, Buffer.from(sealed))),
        hex(data),
      );
      const theirs = await nodes.encrypt({ name: "RSA-OAEP", label }, pair.publicKey, data);
      assert.equal(
        hex(
          await ours.decrypt(
            { name: "RSA-OAEP", label: inward(label) },
            privateKey,
            inward(theirs),
          ),
        ),
        hex(data),
      );
      const without = ours.decrypt({ name: "RSA-OAEP" }, privateKey, inward(theirs));
      await assert.rejects(without, { name: "OperationError" });
      const long = ours.encrypt({ name: "RSA-OAEP" }, publicKey, inward(randomBytes(128)));
      await assert.rejects(long, { name: "OperationError" });
    }
  });
});

describe("elliptic curves", () => {
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    test(`ECDSA ${namedCurve}: keys and signatures go both ways`, async () => {
      for (const hash of hashes) {
        const pair = await nodes.generateKey({ name: "ECDSA", namedCurve }, true, [
          "sign",
          "verify",
        ]);
        const privateKey = await toOurs(pair.privateKey, pick(["pkcs8", "jwk"]));
        const publicKey = await toOurs(pair.publicKey, pick(["spki", "jwk", "raw"]));
        const algorithm = { name: "ECDSA", hash };
        const data = randomBytes(70);
        for (const [key, theirs] of [
          [privateKey, pair.privateKey],
          [publicKey, pair.publicKey],
        ]) {
          assert.deepEqual(plain(key), plain(theirs));
          const format = key.type === "private" ? "pkcs8" : "spki";
          assert.equal(
            hex(await ours.exportKey(format, key)),
            hex(await nodes.exportKey(format, theirs)),
          );
          assert.deepEqual(
            plain(await ours.exportKey("jwk", key)),
            plain(await nodes.exportKey("jwk", theirs)),
          );
        }
        const signature = await ours.sign(algorithm, privateKey, inward(data));
        assert.equal(
          await nodes.verify(algorithm, pair.publicKey, Buffer.from(signature), data),
          true,
        );
        const theirs = await nodes.sign(algorithm, pair.privateKey, data);
        assert.equal(await ours.verify(algorithm, publicKey, inward(theirs), inward(data)), true);
        assert.equal(await ours.verify(algorithm, publicKey, inward(theirs), inward([1])), false);
        assert.equal(
          await ours.verify(algorithm, publicKey, inward(theirs.slice(1)), inward(data)),
          false,
        );
      }
    });

    test(`ECDH ${namedCurve}: both sides derive the same`, async () => {
      for (let i = 0; i < 8; i++) {
        const algorithm = { name: "ECDH", namedCurve };
        const mine = await ours.generateKey(
          algorithm,
          true,
          lily.inward(["deriveBits", "deriveKey"]),
        );
        const theirs = await nodes.generateKey(algorithm, true, ["deriveBits"]);
        const bits = pick([8, 128, 250, 256]);
        const theirPublic = await toOurs(theirs.publicKey, "spki");
        const secret = await ours.deriveBits(
          { name: "ECDH", public: theirPublic },
          mine.privateKey,
          bits,
        );
        const myPublic = await toNode(mine.publicKey, "raw");
        const whole = await nodes.deriveBits(
          { name: "ECDH", public: myPublic },
          theirs.privateKey,
          null,
        );
        const expected = new Uint8Array(whole).slice(0, Math.ceil(bits / 8));
        if (bits % 8 !== 0) expected[expected.length - 1] &= 0xff00 >> (bits % 8);
        assert.equal(hex(secret), hex(expected));
        const all = await ours.deriveBits({ name: "ECDH", public: theirPublic }, mine.privateKey);
        assert.equal(hex(all), hex(whole));
      }
    });
  }

  test("points and scalars are checked", async () => {
    await agree(async (c) => {
      const { publicKey } = await c.subtle.generateKey(
        { name: "ECDSA", namedCurve: "P-256" },
        true,
        ["sign"],
      );
      const point = new Uint8Array(await c.subtle.exportKey("raw", publicKey));
      point[64] ^= 1;
      return c.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, true, [
        "verify",
      ]);
    });
    const work = lily.run(`async (c) => {
      const algorithm = { name: "ECDSA", namedCurve: "P-256" };
      const [a, b] = [await c.subtle.generateKey(algorithm, true, ["sign"]), await c.subtle.generateKey(algorithm, true, ["sign"])];
      const [one, two] = [await c.subtle.exportKey("jwk", a.privateKey), await c.subtle.exportKey("jwk", b.privateKey)];
      const bad = [
        { ...one, d: two.d }, { ...one, crv: "P-384" }, { ...one, key_ops: ["verify"] }, { ...one, key_ops: ["sign", "sign"] },
        { ...one, ext: false }, { ...one, use: "enc" }, { ...one, x: one.x + "==" }, { ...one, alg: "ES384" }, { ...one, kty: "OKP" },
      ];
      const names = [];
      for (const jwk of bad) names.push(await c.subtle.importKey("jwk", jwk, algorithm, true, ["sign"]).then(() => "fine", (e) => e.name));
      names.push(await c.subtle.importKey("jwk", { ...one, alg: "ES256", use: "sig" }, algorithm, true, ["sign"]).then((k) => k.type));
      return names;
    }`);
    assert.deepEqual(plain(await work(lily.crypto)), [...Array(9).fill("DataError"), "private"]);
  });

  test("Ed25519 goes both ways and is deterministic", async () => {
    for (let i = 0; i < 20; i++) {
      const pair = await nodes.generateKey("Ed25519", true, ["sign", "verify"]);
      const privateKey = await toOurs(pair.privateKey, pick(["pkcs8", "jwk"]));
      const publicKey = await toOurs(pair.publicKey, pick(["spki", "jwk", "raw"]));
      const data = randomBytes(randomInt(100));
      const signature = await ours.sign("Ed25519", privateKey, inward(data));
      assert.equal(hex(signature), hex(await nodes.sign("Ed25519", pair.privateKey, data)));
      assert.equal(await ours.verify("Ed25519", publicKey, signature, inward(data)), true);
      assert.equal(await ours.verify("Ed25519", publicKey, signature, inward([3])), false);
      assert.equal(
        hex(await ours.exportKey("pkcs8", privateKey)),
        hex(await nodes.exportKey("pkcs8", pair.privateKey)),
      );
      assert.deepEqual(
        plain(await ours.exportKey("jwk", privateKey)),
        plain(await nodes.exportKey("jwk", pair.privateKey)),
      );
    }
  });

  test("X25519 derives what Node derives, and refuses points of small order", async () => {
    for (let i = 0; i < 10; i++) {
      const mine = await ours.generateKey("X25519", true, lily.inward(["deriveBits"]));
      const theirs = await nodes.generateKey("X25519", true, ["deriveBits"]);
      const theirPublic = await toOurs(theirs.publicKey, "raw");
      const myPublic = await toNode(mine.publicKey, "spki");
      const secret = await ours.deriveBits(
        { name: "X25519", public: theirPublic },
        mine.privateKey,
        256,
      );
      const expected = await nodes.deriveBits(
        { name: "X25519", public: myPublic },
        theirs.privateKey,
        256,
      );
      assert.equal(hex(secret), hex(expected));
      const zero = await ours.importKey(
        "raw",
        inward(new Uint8Array(32)),
        "X25519",
        true,
        lily.inward([]),
      );
      const refused = ours.deriveBits({ name: "X25519", public: zero }, mine.privateKey, 256);
      await assert.rejects(refused, { name: "OperationError" });
    }
  });
});

test("DER that is cut or changed is a DataError, never another error", async () => {
  const pair = await nodes.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const der = new Uint8Array(await nodes.exportKey("pkcs8", pair.privateKey));
  for (let i = 0; i < 400; i++) {
    const broken = i < der.length ? der.slice(0, i) : new Uint8Array(der);
    if (i >= der.length) broken[randomInt(der.length)] ^= 1 << randomInt(8);
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const promise = ours.importKey("pkcs8", inward(broken), algorithm, true, lily.inward(["sign"]));
    const found = await promise.then(
      () => "fine",
      (error) => error.name,
    );
    assert.ok(
      found === "DataError" || (found === "fine" && i >= der.length),
      `${found} for ${hex(broken)}`,
    );
  }
});
