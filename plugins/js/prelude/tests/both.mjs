// Runs one and the same function under the prelude and under Node and compares what comes out: a
// plain value, or the name of the error. Functions must not use anything from outside but their
// parameters: their text is evaluated in the prelude's realm.

import assert from "node:assert/strict";

/** A value of any realm as plain data: bytes as hex, errors as their names. */
export function plain(value) {
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object ArrayBuffer]") return { buffer: Buffer.from(value).toString("hex") };
  if (ArrayBuffer.isView(value)) {
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex") };
  }
  if (typeof value === "object" && value !== null && "stack" in value && "name" in value)
    return { error: value.name };
  if (Array.isArray(value) || kind === "[object Array]") return Array.from(value, plain);
  if (kind === "[object CryptoKey]") {
    const { type, extractable, algorithm, usages } = value;
    return { key: type, extractable, algorithm: plain(algorithm), usages: [...usages].sort() };
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, plain(value[key])]),
    );
  }
  return value;
}

export async function outcome(work, parameters) {
  try {
    return plain(await work(...parameters));
  } catch (error) {
    return { error: error.name };
  }
}

/** The function in the prelude's realm. */
export const there = (lily, work) => lily.run(`(${work})`);

/** `parameters(side)` gives the parameters for "lily" and for "node". */
export async function same(lily, work, parameters, message) {
  const ours = await outcome(there(lily, work), parameters("lily"));
  const nodes = await outcome(work, parameters("node"));
  assert.deepEqual(ours, nodes, message ?? String(work));
  return ours;
}
