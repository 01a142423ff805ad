import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

test("the realm has what the prelude installs and none of Node's own", async () => {
  const lily = await load();
  assert.equal(lily.run("typeof WebAssembly + typeof Intl"), "undefined".repeat(2));
  assert.ok(lily.run("process") !== process && lily.run("Buffer") !== Buffer);
  assert.equal(lily.run("self === globalThis"), true);
});

test("interfaces are not enumerable, writable and configurable", async () => {
  const lily = await load();
  const { value, ...rest } = lily.run("Object.getOwnPropertyDescriptor(globalThis, 'DOMException')");
  assert.equal(typeof value, "function");
  assert.deepEqual({ ...rest }, { writable: true, enumerable: false, configurable: true });
});

test("DOMException is an Error with its members on the prototype", async () => {
  const lily = await load();
  assert.deepEqual(
    [...lily.run(`
      const e = new DOMException("m", "AbortError");
      [e instanceof Error, e.name, e.message, e.code, String(e), Object.keys(e).length,
       Object.getPrototypeOf(DOMException) === Function.prototype, DOMException.ABORT_ERR, e.ABORT_ERR,
       Object.prototype.toString.call(e), typeof e.stack, new DOMException().name, DOMException.length]
    `)],
    [true, "AbortError", "m", 20, "AbortError: m", 0, true, 20, 20, "[object DOMException]", "string", "Error", 0],
  );
  assert.throws(() => lily.run("DOMException.prototype.name"), { name: "TypeError" });
});
