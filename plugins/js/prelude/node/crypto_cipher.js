// `createCipheriv` and `createDecipheriv`: AES in CBC, CTR, GCM and ECB, over the whole-message calls
// of the host. Follows https://nodejs.org/api/crypto.html#class-cipheriv. Bytes come out of `update`
// as Node gives them.

import { host } from "lily:host";
import { Buffer } from "./buffer.js";
import { timingSafeEqual } from "./crypto_derive.js";
import { dataBytes, output } from "./crypto_hash.js";
import { keyBytes } from "./crypto_keys.js";
import { codes } from "./errors.js";
import { StringDecoder } from "./string_decoder.js";
import { Transform } from "./stream.js";
import { validateString } from "./validate.js";

const {
  ERR_CRYPTO_INVALID_IV,
  ERR_CRYPTO_INVALID_KEYLEN,
  ERR_CRYPTO_INVALID_STATE,
  ERR_CRYPTO_UNKNOWN_CIPHER,
} = codes;
const blockBytes = 16;
const none = new Uint8Array(0);

function openssl(text, code) {
  return Object.assign(new Error(text), { code, reason: text.split("::")[1], library: "Provider routines" });
}

const badDecrypt = () => openssl("error:1C800064:Provider routines::bad decrypt", "ERR_OSSL_BAD_DECRYPT");
const wrongLength = () =>
  openssl("error:1C80006B:Provider routines::wrong final block length", "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH");

/** CBC and ECB: whole blocks at a time, the last one padded. */
class Blocks {
  #key;
  #iv;
  #encrypts;
  #chained;
  #rest = none;
  isPadded = true;

  constructor(key, iv, encrypts, chained) {
    this.#key = key;
    this.#iv = chained ? Uint8Array.from(iv) : new Uint8Array(blockBytes);
    this.#encrypts = encrypts;
    this.#chained = chained;
  }

  // The host pads and checks the padding. Encrypting, its last block is dropped; decrypting, a block
  // that decrypts to nothing but padding is put behind.
  #whole(blocks) {
    if (blocks.length === 0) return none;
    if (!this.#chained && blocks.length > blockBytes) {
      const parts = [];
      for (let at = 0; at < blocks.length; at += blockBytes)
        parts.push(this.#whole(blocks.subarray(at, at + blockBytes)));
      return Buffer.concat(parts);
    }
    const iv = this.#iv;
    if (this.#encrypts) {
      const made = host.crypto("aes-cbc-encrypt", this.#key, iv, blocks).subarray(0, blocks.length);
      if (this.#chained) this.#iv = made.slice(-blockBytes);
      return made;
    }
    const last = blocks.slice(-blockBytes);
    const padding = host.crypto("aes-cbc-encrypt", this.#key, last, none);
    const made = host.crypto("aes-cbc-decrypt", this.#key, iv, Buffer.concat([blocks, padding]));
    if (this.#chained) this.#iv = last;
    return made;
  }

  update(data) {
    const all = Buffer.concat([this.#rest, data]);
    // The last whole block may be the one with the padding: it waits.
    const holds =
      !this.#encrypts && this.isPadded && all.length > 0 && all.length % blockBytes === 0
        ? blockBytes
        : all.length % blockBytes;
    this.#rest = all.subarray(all.length - holds);
    return this.#whole(all.subarray(0, all.length - holds));
  }

  final() {
    const rest = this.#rest;
    if (!this.isPadded) {
      if (rest.length > 0) throw wrongLength();
      return none;
    }
    if (this.#encrypts) {
      const padded = Buffer.alloc(blockBytes, blockBytes - rest.length);
      padded.set(rest);
      return this.#whole(padded);
    }
    if (rest.length !== blockBytes) throw wrongLength();
    const made = host.crypto("aes-cbc-decrypt", this.#key, this.#iv, rest);
    if (made === null) throw badDecrypt();
    return made;
  }
}

/** A stream of key bytes: CTR, and the text of GCM. */
class Counter {
  #key;
  #counter;
  #bits;
  #passed = 0;

  constructor(key, counter, bits) {
    this.#key = key;
    this.#counter = Uint8Array.from(counter);
    this.#bits = bits;
  }

  update(data) {
    if (data.length === 0) return none;
    // The part of a block that was used up before is filled with zeros again.
    const made = host.crypto(
      "aes-ctr",
      this.#key,
      this.#counter,
      this.#bits,
      Buffer.concat([new Uint8Array(this.#passed), data]),
    );
    const answer = made.subarray(this.#passed);
    const blocks = Math.floor((this.#passed + data.length) / blockBytes);
    this.#passed = (this.#passed + data.length) % blockBytes;
    let carry = blocks;
    const low = blockBytes - this.#bits / 8;
    for (let at = blockBytes - 1; at >= low && carry > 0; at -= 1) {
      carry += this.#counter[at];
      this.#counter[at] = carry & 255;
      carry = Math.floor(carry / 256);
    }
    return answer;
  }

  final() {
    return none;
  }
}

/** GCM: the text by counter, the tag by one call for the whole message at the end. */
class Galois {
  #key;
  #iv;
  #encrypts;
  #counter;
  #plain = [];
  #data = [];
  tag;
  tagBytes;

  constructor(key, iv, encrypts, tagBytes = 16) {
    if (iv.length !== 12)
      throw new codes.ERR_METHOD_REFUSED(
        `crypto: AES-GCM is available with an initialization vector of 12 bytes, not ${iv.length}`,
      );
    this.#key = key;
    this.#iv = Uint8Array.from(iv);
    this.#encrypts = encrypts;
    this.tagBytes = tagBytes;
    this.#counter = new Counter(key, Buffer.concat([iv, Uint8Array.of(0, 0, 0, 2)]), 32);
  }

  authenticate(data) {
    this.#data.push(data.slice());
  }

  update(data) {
    const made = this.#counter.update(data);
    this.#plain.push(this.#encrypts ? data.slice() : made);
    return made;
  }

  final() {
    const plain = Buffer.concat(this.#plain);
    const sealed = host.crypto("aes-gcm-encrypt", this.#key, this.#iv, Buffer.concat(this.#data), 16, plain);
    const tag = sealed.slice(plain.length);
    if (this.#encrypts) this.tag = tag.slice(0, this.tagBytes);
    else if (this.tag === undefined || !timingSafeEqual(tag.slice(0, this.tag.length), this.tag))
      throw new Error("Unsupported state or unable to authenticate data");
    return none;
  }
}

const ciphers = {};
for (const bits of [128, 192, 256]) {
  for (const mode of ["cbc", "ctr", "gcm", "ecb"]) ciphers[`aes-${bits}-${mode}`] = { bits, mode };
  ciphers[`aes${bits}`] = { bits, mode: "cbc" };
  ciphers[`id-aes${bits}-GCM`.toLowerCase()] = { bits, mode: "gcm" };
}
export const getCiphers = () => Object.keys(ciphers).filter((name) => name.startsWith("aes"));

export function getCipherInfo(name) {
  const info = ciphers[String(name).toLowerCase()];
  if (info === undefined) return undefined;
  const { mode, bits } = info;
  return {
    mode,
    name: String(name).toLowerCase(),
    nid: 0,
    ...(mode === "cbc" || mode === "ecb" ? { blockSize: blockBytes } : {}),
    ...(mode === "ecb" ? {} : { ivLength: mode === "gcm" ? 12 : blockBytes }),
    keyLength: bits / 8,
  };
}

function engine(name, key, iv, encrypts, options) {
  validateString(name, "cipher");
  const cipher = ciphers[name.toLowerCase()];
  if (cipher === undefined) throw new ERR_CRYPTO_UNKNOWN_CIPHER();
  const secret = keyBytes(key, options?.encoding);
  const vector = iv === null ? none : dataBytes(iv, "utf8", "iv");
  if (secret.length !== cipher.bits / 8) throw new ERR_CRYPTO_INVALID_KEYLEN();
  if (cipher.mode === "gcm") return new Galois(secret, vector, encrypts, options?.authTagLength);
  if (vector.length !== (cipher.mode === "ecb" ? 0 : blockBytes)) throw new ERR_CRYPTO_INVALID_IV();
  return cipher.mode === "ctr"
    ? new Counter(secret, vector, 128)
    : new Blocks(secret, vector, encrypts, cipher.mode === "cbc");
}

class Cipherlike extends Transform {
  #engine;
  #decoder;
  #isFinal = false;

  constructor(name, key, iv, encrypts, options) {
    super(options);
    this.#engine = engine(name, key, iv, encrypts, options);
  }

  #text(bytes, encoding, isLast) {
    if (!encoding || encoding === "buffer") return output(bytes);
    this.#decoder ??= new StringDecoder(encoding);
    return isLast ? this.#decoder.end(output(bytes)) : this.#decoder.write(output(bytes));
  }

  update(data, inputEncoding, outputEncoding) {
    if (this.#isFinal) throw new Error("Trying to add data in unsupported state");
    return this.#text(this.#engine.update(dataBytes(data, inputEncoding)), outputEncoding, false);
  }

  final(outputEncoding) {
    if (this.#isFinal) throw new ERR_CRYPTO_INVALID_STATE("final");
    this.#isFinal = true;
    return this.#text(this.#engine.final(), outputEncoding, true);
  }

  setAutoPadding(isPadded = true) {
    this.#engine.isPadded = Boolean(isPadded);
    return this;
  }

  setAAD(data, options) {
    if (!(this.#engine instanceof Galois)) throw new ERR_CRYPTO_INVALID_STATE("setAAD");
    this.#engine.authenticate(dataBytes(data, options?.encoding, "buffer"));
    return this;
  }

  getAuthTag() {
    if (this.#engine.tag === undefined) throw new ERR_CRYPTO_INVALID_STATE("getAuthTag");
    return Buffer.from(this.#engine.tag);
  }

  setAuthTag(tag, encoding) {
    const bytes = dataBytes(tag, encoding, "buffer");
    if (![4, 8, 12, 13, 14, 15, 16].includes(bytes.length))
      throw new codes.ERR_CRYPTO_INVALID_AUTH_TAG(`Invalid authentication tag length: ${bytes.length}`);
    this.#engine.tag = bytes.slice();
    return this;
  }

  _transform(chunk, encoding, callback) {
    this.push(this.update(chunk, encoding));
    callback();
  }

  _flush(callback) {
    try {
      this.push(this.final());
      callback();
    } catch (error) {
      callback(error);
    }
  }
}

export class Cipheriv extends Cipherlike {
  constructor(name, key, iv, options) {
    super(name, key, iv, true, options);
  }
}

export class Decipheriv extends Cipherlike {
  constructor(name, key, iv, options) {
    super(name, key, iv, false, options);
  }
}

export const createCipheriv = (name, key, iv, options) => new Cipheriv(name, key, iv, options);
export const createDecipheriv = (name, key, iv, options) => new Decipheriv(name, key, iv, options);
