// DER, as much of it as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), PKCS#8 (RFC 5958), PKCS#1 (RFC
// 8017) and SEC 1 keys use: definite lengths, tags of one byte. What is not so is a DataError.

import { concatenate } from "./bytes.js";
import { DOMException } from "./dom_exception.js";

export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OBJECT_ID = 0x06;
export const SEQUENCE = 0x30;

/** Encoded object identifiers, whole with tag and length. */
export const OID = {
  RSA: [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
  EC: [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1],
  "P-256": [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
  "P-384": [0x06, 5, 0x2b, 0x81, 4, 0, 34],
  "P-521": [0x06, 5, 0x2b, 0x81, 4, 0, 35],
  X25519: [0x06, 3, 0x2b, 0x65, 110],
  Ed25519: [0x06, 3, 0x2b, 0x65, 112],
};

export function dataError(message) {
  return new DOMException(message, "DataError");
}

/** One value with its tag and length. */
export function encode(tag, ...contents) {
  const content = concatenate(contents.length === 0 ? [new Uint8Array(0)] : contents);
  const size = content.length;
  let head = [tag, size];
  if (size > 0xffff) head = [tag, 0x83, size >> 16, (size >> 8) & 0xff, size & 0xff];
  else if (size > 0xff) head = [tag, 0x82, size >> 8, size & 0xff];
  else if (size > 0x7f) head = [tag, 0x81, size];
  return concatenate([new Uint8Array(head), content]);
}

/** A non-negative integer of big-endian bytes. */
export function encodeInteger(bytes) {
  const trimmed = trimZeros(bytes);
  const padded = trimmed.length === 0 || trimmed[0] > 0x7f;
  return encode(INTEGER, padded ? concatenate([new Uint8Array(1), trimmed]) : trimmed);
}

export function encodeBits(bytes) {
  return encode(BIT_STRING, new Uint8Array(1), bytes);
}

/** Without zeros at the front. */
export function trimZeros(bytes) {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
}

/** Reads the values of one level, in order. */
export class DerReader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** The tag of the next value, or 0 at the end. */
  get tag() {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at] : 0;
  }

  /** The content of the next value, which must have that tag. */
  read(tag) {
    const bytes = this.#bytes;
    if (this.tag !== tag)
      throw dataError("the key's DER has another structure than its format wants");
    let at = this.#at + 2;
    let length = bytes[this.#at + 1];
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count === 0 || count > 3)
        throw dataError("the key's DER has a length that is not definite and short");
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++];
    }
    if (!(at + length <= bytes.length)) throw dataError("the key's DER breaks off");
    this.#at = at + length;
    return bytes.subarray(at, at + length);
  }

  /** A reader of the next value's content. */
  enter(tag) {
    return new DerReader(this.read(tag));
  }

  /** A non-negative integer, without zeros at the front. */
  integer() {
    const content = this.read(INTEGER);
    if (content.length === 0 || content[0] > 0x7f)
      throw dataError("the key's DER has an integer that is negative or empty");
    return trimZeros(content);
  }

  small() {
    const content = this.integer();
    return content.length === 0 ? 0 : content.length === 1 ? content[0] : NaN;
  }

  bits() {
    const content = this.read(BIT_STRING);
    if (content[0] !== 0) throw dataError("the key's DER has a bit string of a broken byte");
    return content.subarray(1);
  }

  /** True and past it when the next value is that object identifier. */
  skip(oid) {
    for (let i = 0; i < oid.length; i++) if (this.#bytes[this.#at + i] !== oid[i]) return false;
    this.#at += oid.length;
    return true;
  }

  get isAtEnd() {
    return this.#at === this.#bytes.length;
  }

  end() {
    if (!this.isAtEnd) throw dataError("the key's DER has more than its format wants");
  }
}

// ---- SubjectPublicKeyInfo and PrivateKeyInfo around a key ----

/** `parameters` is the DER after the algorithm's identifier (a curve, NULL), or null. */
export function encodeSpki(oid, parameters, key) {
  return encode(SEQUENCE, algorithm(oid, parameters), encodeBits(key));
}

export function encodePkcs8(oid, parameters, key) {
  return encode(
    SEQUENCE,
    encodeInteger(new Uint8Array(1)),
    algorithm(oid, parameters),
    encode(OCTET_STRING, key),
  );
}

function algorithm(oid, parameters) {
  const identifier = new Uint8Array(oid);
  return parameters === null
    ? encode(SEQUENCE, identifier)
    : encode(SEQUENCE, identifier, new Uint8Array(parameters));
}

/** The key inside; `checkParameters` reads what is after the algorithm's identifier. */
export function decodeSpki(bytes, oid, checkParameters) {
  const outer = new DerReader(bytes);
  const spki = outer.enter(SEQUENCE);
  outer.end();
  readAlgorithm(spki, oid, checkParameters);
  const key = spki.bits();
  spki.end();
  return key;
}

export function decodePkcs8(bytes, oid, checkParameters) {
  const outer = new DerReader(bytes);
  const info = outer.enter(SEQUENCE);
  outer.end();
  if (!(info.small() <= 1)) throw dataError("the PKCS#8 key has an unknown version");
  readAlgorithm(info, oid, checkParameters);
  return info.read(OCTET_STRING); // Attributes and a public key may follow; nobody needs them.
}

function readAlgorithm(reader, oid, checkParameters) {
  const identifier = reader.enter(SEQUENCE);
  if (!identifier.skip(oid)) throw dataError("the key is of another algorithm");
  checkParameters(identifier);
  identifier.end();
}

export function noParameters() {}

export function nullParameters(reader) {
  if (!reader.isAtEnd) reader.read(NULL);
}
