// SubtleCrypto: the procedures that all algorithms share, and the rules of usages, extractability
// and formats. https://w3c.github.io/webcrypto/#subtlecrypto-interface
// The mathematics is the host's and does not wait; the promises are the interface's.

import { host } from "lily:host";
import { copyOf, decodeUtf8 } from "./bytes.js";
import {
  invalidAccess,
  normalize,
  normalizeFor,
  operationOf,
  toBytes,
} from "./crypto_algorithms.js";
import { isAmong, newKey, recordOf, toKey, toUsages } from "./crypto_key.js";
import { dataError } from "./der.js";
import { DOMException } from "./dom_exception.js";
import { JsonWebKey } from "./jwk.js";
import { isArrayBuffer, isView } from "./primordials.js";
import {
  BufferSource,
  enumeration,
  illegalConstructor,
  INTERNAL,
  isObject,
  needs,
  shape,
  unsignedLongEnforce,
} from "./webidl.js";
import "./crypto_symmetric.js";
import "./crypto_rsa.js";
import "./crypto_curves.js";

const toFormat = enumeration("KeyFormat", ["raw", "pkcs8", "spki", "jwk"]);
const { parse, stringify } = JSON;

/** The key's record, when it is of the algorithm and may be used so. */
function usable(key, algorithm, usage, where) {
  const record = recordOf(key);
  if (record.algorithm.name !== algorithm.name) {
    throw invalidAccess(
      `${where}: the key is of ${record.algorithm.name}, not of ${algorithm.name}`,
    );
  }
  if (!isAmong(usage, record.usages))
    throw invalidAccess(`${where}: the key may not be used for "${usage}"`);
  return record;
}

/** A secret or private key that nothing can be done with is a mistake of the program. */
function checked(record, where) {
  if (record.type !== "public" && record.usages.length === 0) {
    throw new DOMException(`${where}: the key would have no usages`, "SyntaxError");
  }
  return newKey(record);
}

function exported(record, format, where) {
  const run = operationOf(record, "exportKey");
  if (!record.extractable) throw invalidAccess(`${where}: the key is not extractable`);
  return run(record, format);
}

/** BufferSource or JsonWebKey, as the format wants it. */
function toKeyData(format, value, where) {
  const isBytes = isView(value) || isArrayBuffer(value);
  if (format !== "jwk") return copyOf(BufferSource(value, where));
  if (isBytes || !isObject(value)) throw new TypeError(`${where}: not a JsonWebKey`);
  return JsonWebKey(value, where);
}

/** https://w3c.github.io/webcrypto/#concept-parse-a-jwk */
function parseJwk(bytes, where) {
  let value;
  try {
    value = parse(decodeUtf8(bytes));
  } catch {
    throw dataError(`${where}: what was unwrapped is not JSON`);
  }
  if (!isObject(value)) throw dataError(`${where}: what was unwrapped is not a JWK`);
  const jwk = JsonWebKey(value, where);
  if (jwk.kty === undefined) throw dataError(`${where}: the JWK has no kty`);
  return jwk;
}

export class SubtleCrypto {
  #brand;

  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
  }

  async encrypt(algorithm, key, data) {
    return this.#cipher("encrypt", arguments.length, algorithm, key, data);
  }

  async decrypt(algorithm, key, data) {
    return this.#cipher("decrypt", arguments.length, algorithm, key, data);
  }

  #cipher(operation, given, algorithm, key, data) {
    const where = `SubtleCrypto.${operation}`;
    needs(3, given, where);
    toKey(key, `${where}: argument 2`);
    const bytes = toBytes(data, `${where}: argument 3`);
    const normalized = normalize(algorithm, operation, where);
    const record = usable(key, normalized, operation, where);
    return normalized.run(normalized, record, bytes).buffer;
  }

  async sign(algorithm, key, data) {
    this.#brand;
    const where = "SubtleCrypto.sign";
    needs(3, arguments.length, where);
    toKey(key, `${where}: argument 2`);
    const bytes = toBytes(data, `${where}: argument 3`);
    const normalized = normalize(algorithm, "sign", where);
    const record = usable(key, normalized, "sign", where);
    return normalized.run(normalized, record, bytes).buffer;
  }

  async verify(algorithm, key, signature, data) {
    this.#brand;
    const where = "SubtleCrypto.verify";
    needs(4, arguments.length, where);
    toKey(key, `${where}: argument 2`);
    const claimed = toBytes(signature, `${where}: argument 3`);
    const bytes = toBytes(data, `${where}: argument 4`);
    const normalized = normalize(algorithm, "verify", where);
    const record = usable(key, normalized, "verify", where);
    return normalized.run(normalized, record, claimed, bytes);
  }

  async digest(algorithm, data) {
    this.#brand;
    const where = "SubtleCrypto.digest";
    needs(2, arguments.length, where);
    const bytes = toBytes(data, `${where}: argument 2`);
    const normalized = normalize(algorithm, "digest", where);
    return normalized.run(normalized, bytes).buffer;
  }

  async generateKey(algorithm, extractable, keyUsages) {
    this.#brand;
    const where = "SubtleCrypto.generateKey";
    needs(3, arguments.length, where);
    const usages = toUsages(keyUsages, `${where}: argument 3`);
    const normalized = normalize(algorithm, "generateKey", where);
    const result = normalized.run(normalized, !!extractable, usages);
    if (result.privateKey === undefined) return checked(result, where);
    return { publicKey: newKey(result.publicKey), privateKey: checked(result.privateKey, where) };
  }

  async deriveBits(algorithm, baseKey, length = null) {
    this.#brand;
    const where = "SubtleCrypto.deriveBits";
    needs(2, arguments.length, where);
    toKey(baseKey, `${where}: argument 2`);
    const bits = length === null ? null : unsignedLongEnforce(length, `${where}: argument 3`);
    const normalized = normalize(algorithm, "deriveBits", where);
    const record = usable(baseKey, normalized, "deriveBits", where);
    return normalized.run(normalized, record, bits).buffer;
  }

  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    this.#brand;
    const where = "SubtleCrypto.deriveKey";
    needs(5, arguments.length, where);
    toKey(baseKey, `${where}: argument 2`);
    const usages = toUsages(keyUsages, `${where}: argument 5`);
    const normalized = normalize(algorithm, "deriveBits", where);
    const importing = normalize(derivedKeyType, "importKey", where);
    const measuring = normalize(derivedKeyType, "get key length", where);
    const record = usable(baseKey, normalized, "deriveKey", where);
    const secret = normalized.run(normalized, record, measuring.run(measuring));
    return checked(importing.run(importing, "raw", secret, !!extractable, usages), where);
  }

  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    this.#brand;
    const where = "SubtleCrypto.importKey";
    needs(5, arguments.length, where);
    const kind = toFormat(format, `${where}: argument 1`);
    const data = toKeyData(kind, keyData, `${where}: argument 2`);
    const usages = toUsages(keyUsages, `${where}: argument 5`);
    const normalized = normalize(algorithm, "importKey", where);
    return checked(normalized.run(normalized, kind, data, !!extractable, usages), where);
  }

  async exportKey(format, key) {
    this.#brand;
    const where = "SubtleCrypto.exportKey";
    needs(2, arguments.length, where);
    const kind = toFormat(format, `${where}: argument 1`);
    const record = recordOf(toKey(key, `${where}: argument 2`));
    const result = exported(record, kind, where);
    return kind === "jwk" ? result : result.buffer;
  }

  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    this.#brand;
    const where = "SubtleCrypto.wrapKey";
    needs(4, arguments.length, where);
    const kind = toFormat(format, `${where}: argument 1`);
    const record = recordOf(toKey(key, `${where}: argument 2`));
    toKey(wrappingKey, `${where}: argument 3`);
    const normalized = normalizeFor(wrapAlgorithm, ["wrapKey", "encrypt"], where);
    const wrapping = usable(wrappingKey, normalized, "wrapKey", where);
    const plain = exported(record, kind, where);
    const bytes = kind === "jwk" ? host.utf8Encode(stringify(plain)) : plain;
    return normalized.run(normalized, wrapping, bytes).buffer;
  }

  async unwrapKey(
    format,
    wrappedKey,
    unwrappingKey,
    unwrapAlgorithm,
    unwrappedKeyAlgorithm,
    extractable,
    keyUsages,
  ) {
    this.#brand;
    const where = "SubtleCrypto.unwrapKey";
    needs(7, arguments.length, where);
    const kind = toFormat(format, `${where}: argument 1`);
    const wrapped = toBytes(wrappedKey, `${where}: argument 2`);
    toKey(unwrappingKey, `${where}: argument 3`);
    const usages = toUsages(keyUsages, `${where}: argument 7`);
    const normalized = normalizeFor(unwrapAlgorithm, ["unwrapKey", "decrypt"], where);
    const importing = normalize(unwrappedKeyAlgorithm, "importKey", where);
    const unwrapping = usable(unwrappingKey, normalized, "unwrapKey", where);
    const bytes = normalized.run(normalized, unwrapping, wrapped);
    const data = kind === "jwk" ? parseJwk(bytes, where) : bytes;
    return checked(importing.run(importing, kind, data, !!extractable, usages), where);
  }
}

shape(SubtleCrypto);
