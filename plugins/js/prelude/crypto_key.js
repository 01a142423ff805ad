// CryptoKey and usages. https://w3c.github.io/webcrypto/#cryptokey-interface
// What operations use is the record, which no program can reach: the objects that `algorithm` and
// `usages` answer are copies for the program, changed or not.

import { DOMException } from "./dom_exception.js";
import { inspectAs } from "./inspect_custom.js";
import { arraySlice } from "./primordials.js";
import { serializable } from "./structured_clone.js";
import {
  enumeration,
  illegalConstructor,
  INTERNAL,
  interfaceType,
  isObject,
  sequence,
  shape,
} from "./webidl.js";

const USAGES = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "deriveKey",
  "deriveBits",
  "wrapKey",
  "unwrapKey",
];

export const toUsages = sequence(enumeration("KeyUsage", USAGES));

/**
 * The record of a CryptoKey: `{ type, extractable, usages, algorithm, … }` and what the algorithm
 * keeps in it (`secret`, `point`, `scalar`, `der`); undefined for other values.
 */
export let recordOf;

export class CryptoKey {
  #record;
  #algorithm = null;
  #usages = null;

  constructor(token = undefined, record = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    this.#record = record;
  }

  get type() {
    return this.#record.type;
  }

  get extractable() {
    return this.#record.extractable;
  }

  get algorithm() {
    return (this.#algorithm ??= copyOfAlgorithm(this.#record.algorithm));
  }

  get usages() {
    return (this.#usages ??= arraySlice(this.#record.usages));
  }

  static {
    recordOf = (value) => (isObject(value) && #record in value ? value.#record : undefined);
  }
}

shape(CryptoKey);
inspectAs(CryptoKey, ({ type, extractable, algorithm, usages }) => ({
  type,
  extractable,
  algorithm,
  usages,
}));

// A record never changes after its key is made.
serializable({
  is: (value) => recordOf(value) !== undefined,
  serialize: (key) => recordOf(key),
  deserialize: (record) => newKey(record),
});

export const toKey = interfaceType("CryptoKey", (value) => recordOf(value) !== undefined);

export const newKey = (record) => new CryptoKey(INTERNAL, record);

function copyOfAlgorithm(algorithm) {
  const copy = {};
  for (const name of Object.keys(algorithm)) {
    const value = algorithm[name];
    if (value instanceof Uint8Array) copy[name] = new Uint8Array(value);
    else copy[name] = typeof value === "object" ? copyOfAlgorithm(value) : value;
  }
  return copy;
}

/** Usages in the standard's order, each once; others than the allowed are a SyntaxError. */
export function checkUsages(usages, allowed) {
  for (let i = 0; i < usages.length; i++) {
    if (isAmong(usages[i], allowed)) continue;
    throw new DOMException(`the key cannot be used for "${usages[i]}"`, "SyntaxError");
  }
  return usagesAmong(USAGES, usages);
}

/** Those of the usages that are among `some`. */
export function usagesAmong(usages, some) {
  const result = [];
  for (let i = 0; i < usages.length; i++) {
    if (isAmong(usages[i], some)) result[result.length] = usages[i];
  }
  return result;
}

export function isAmong(usage, usages) {
  for (let i = 0; i < usages.length; i++) if (usages[i] === usage) return true;
  return false;
}
