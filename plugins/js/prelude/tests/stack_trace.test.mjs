import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

test("a stack is what V8 writes, but for the names of methods", async () => {
  const lily = await load();
  const { formatStack } = await lily.import("stack_trace.js");
  const expected = lily.run(
    "function outer() { return inner() } function inner() { return new TypeError('m') } outer().stack",
    "file.js",
  );
  lily.global.formatStack = formatStack;
  const found = lily.run("Error.prepareStackTrace = formatStack; outer().stack", "file.js");
  lily.run("delete Error.prepareStackTrace");
  assert.deepEqual(found.split("\n").slice(0, 3), expected.split("\n").slice(0, 3));
  const site = (fields) => ({
    isConstructor: () => false,
    getFunctionName: () => null,
    getFileName: () => "f.js",
    getLineNumber: () => 1,
    getColumnNumber: () => 2,
    ...fields,
  });
  const one = (fields) => formatStack(new Error("e"), [site(fields)]).split("\n")[1];
  assert.equal(one({}), "    at f.js:1:2");
  assert.equal(one({ getFunctionName: () => "<eval>" }), "    at f.js:1:2");
  assert.equal(
    one({ getFunctionName: () => "A", isConstructor: () => true }),
    "    at new A (f.js:1:2)",
  );
  assert.equal(
    one({ getFunctionName: () => "map", getFileName: () => null }),
    "    at map (<anonymous>)",
  );
  assert.equal(
    formatStack(lily.run("Object.create(Error.prototype, { name: { get() { throw 1 } } })"), []),
    "<error>",
  );
});
