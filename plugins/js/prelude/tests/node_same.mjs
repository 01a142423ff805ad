// Runs one and the same program under the prelude and under Node, and compares what comes out, call by call.
//   const side = await sides();
//   await same(side, "node:path", ["path.join('a', '..')", …], "const path = require('path');");
// A case is an expression, or statements with `return`; both see `require`. What is compared is the result as that
// side's own util.inspect shows it, or the name, code and message of what was thrown. The oracle is the Node that runs
// the tests: 22, whose modules these are.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { load } from "./host.mjs";
import { cryptoHost } from "./host_crypto.mjs";
import { nodeHost } from "./host_node.mjs";

if (!process.version.startsWith("v22.")) throw new Error(`the oracle of these tests is Node 22, not ${process.version}: npm install node@22`);

const nodeRequire = createRequire(import.meta.url);

/** The prelude with all of the double's parts, and `require` for Node's modules in it. */
export async function sides(options = {}) {
  const lily = await load({ ...options, parts: [nodeHost, cryptoHost, ...(options.parts ?? [])] });
  const { builtin } = await lily.import("node/builtins.js");
  lily.context.require = builtin;
  return lily;
}

const told = `(async (work) => {
  const { inspect } = require("util");
  const describe = (error) => error === null || typeof error !== "object" && typeof error !== "function" || error.message === undefined
    ? "thrown: " + inspect(error)
    : "thrown: " + error.name + " " + error.code + " " + error.message;
  try {
    return inspect(await work(), { depth: 12, maxArrayLength: 500 });
  } catch (error) {
    return describe(error);
  }
})`;

function source(setup, text) {
  const body = /\breturn\b|;/.test(text) ? text : `return (${text});`;
  return `${told}(async () => { ${setup}; ${body} })`;
}

/** The texts of both sides for a case. */
export async function both(lily, setup, text) {
  const code = source(setup, text);
  const ours = await lily.run(code);
  const nodes = await new Function("require", `return ${code}`)(nodeRequire);
  return [ours, nodes];
}

/** One test for each group of cases; a failure names the case. */
export async function same(name, setup, cases, options = undefined) {
  const { test } = await import("node:test");
  test(name, async () => {
    const lily = await sides(options);
    const failures = [];
    for (const text of cases) {
      const [ours, nodes] = await both(lily, setup, text);
      if (ours !== nodes) failures.push(`${text}\n  lily: ${ours}\n  node: ${nodes}`);
    }
    assert.equal(failures.length, 0, `${failures.length} of ${cases.length} differ:\n${failures.join("\n")}`);
  });
}
