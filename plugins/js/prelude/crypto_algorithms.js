// Which algorithm supports which operation, and the normalising of what programs name it by.
// https://w3c.github.io/webcrypto/#algorithm-normalization
//
// To add an algorithm: write a file that calls `define` with its operations, and import it in
// subtle.js.

import { copyOf } from "./bytes.js";
import { DOMException } from "./dom_exception.js";
import { toLowerCase } from "./primordials.js";
import { BufferSource, dictionary, DOMString, isObject, REQUIRED } from "./webidl.js";

/** registry[operation][name in lower case] = { name, parameters, run } */
const registry = { __proto__: null };

const initial = dictionary([["name", DOMString, REQUIRED]]);

/**
 * Defines an algorithm: `operations[operation] = { parameters, run }`, where `parameters` are the
 * members of its dictionary beside the name, in WebIDL's order, and `run` takes what the operation
 * gives it (subtle.js), the normalised algorithm first.
 */
export function define(name, operations) {
  for (const operation of Object.keys(operations)) {
    const { parameters = [], run } = operations[operation];
    const table = (registry[operation] ??= { __proto__: null });
    table[name.toLowerCase()] = { name, toDictionary: dictionary(parameters), run };
  }
}

/** The normalised algorithm with `run` of the operation, or null where it has none. */
function find(algorithm, operation, where) {
  const given = isObject(algorithm) ? algorithm : { name: DOMString(algorithm, where) };
  const { name } = initial(given, where);
  const definition = registry[operation]?.[toLowerCase(name)];
  if (definition === undefined) return [name, null];
  const normalized = definition.toDictionary(given, where);
  normalized.name = definition.name;
  normalized.run = definition.run;
  return [name, normalized];
}

export function normalize(algorithm, operation, where) {
  const { 0: name, 1: normalized } = find(algorithm, operation, where);
  if (normalized !== null) return normalized;
  throw new DOMException(
    `${where}: ${JSON.stringify(name)} is not supported for ${operation}`,
    "NotSupportedError",
  );
}

/** The first of two operations, if the algorithm has it; else the second. */
export function normalizeFor(algorithm, operations, where) {
  const normalized = find(algorithm, operations[0], where)[1];
  return normalized ?? normalize(algorithm, operations[1], where);
}

/** The operation of a key's own algorithm, or a NotSupportedError. */
export function operationOf(record, operation) {
  const definition = registry[operation]?.[toLowerCase(record.algorithm.name)];
  if (definition !== undefined) return definition.run;
  throw new DOMException(
    `${record.algorithm.name} is not supported for ${operation}`,
    "NotSupportedError",
  );
}

// ---- types of parameters ----

/** BufferSource, copied: the program may change it meanwhile. */
export const toBytes = (value, where) => copyOf(BufferSource(value, where));

/** HashAlgorithmIdentifier, as the name of the hash. */
export const toHash = (value, where) => normalize(value, "digest", where).name;

export const HASHES = {
  "SHA-1": { bits: 160, blockBits: 512 },
  "SHA-256": { bits: 256, blockBits: 512 },
  "SHA-384": { bits: 384, blockBits: 1024 },
  "SHA-512": { bits: 512, blockBits: 1024 },
};

export const operationError = (message) => new DOMException(message, "OperationError");
export const invalidAccess = (message) => new DOMException(message, "InvalidAccessError");
export const notSupported = (message) => new DOMException(message, "NotSupportedError");

export const formatNotSupported = (name, format) =>
  notSupported(`${name} has no keys of the format "${format}"`);
