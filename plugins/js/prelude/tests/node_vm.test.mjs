// node:vm as far as it goes: scripts of the global scope, compared with Node's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { same, sides } from "./node_same.mjs";

await same("node:vm", "const vm = require('vm')", [
  "vm.runInThisContext('1 + 1')",
  "vm.runInThisContext('var fromScript = 5; fromScript'); return globalThis.fromScript",
  "vm.runInThisContext('let lexical = 6;'); return vm.runInThisContext('lexical')",
  "vm.runInThisContext('throw new TypeError(`x`)')",
  "try { vm.runInThisContext('var') } catch (error) { return error.name }",
  "vm.runInThisContext(5)",
  "vm.runInThisContext('1', { filename: 5 })",
  "new vm.Script('this === globalThis').runInThisContext()",
  "vm.isContext({})",
]);

test("other contexts are refused in a sentence", async () => {
  const lily = await sides();
  const { builtin } = await lily.import("node/builtins.js");
  for (const name of ["runInNewContext", "createContext"]) {
    assert.throws(() => builtin("vm")[name](), /node:vm: .* is not available under LILY: an instance has one context/);
  }
});
