import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load, PRELUDE } from "./host.mjs";
import { nodeHost } from "./host_node.mjs";

test("the realm has what the prelude installs and none of Node's own", async () => {
  const lily = await load();
  assert.equal(lily.run("typeof WebAssembly"), "undefined");
  assert.ok(lily.run("Intl") !== Intl);
  assert.ok(lily.run("process") !== process && lily.run("Buffer") !== Buffer);
  assert.equal(lily.run("self === globalThis"), true);
});

test("interfaces are not enumerable, writable and configurable", async () => {
  const lily = await load();
  const { value, ...rest } = lily.run(
    "Object.getOwnPropertyDescriptor(globalThis, 'DOMException')",
  );
  assert.equal(typeof value, "function");
  assert.deepEqual({ ...rest }, { writable: true, enumerable: false, configurable: true });
});

test("DOMException is an Error with its members on the prototype", async () => {
  const lily = await load();
  assert.deepEqual(
    [
      ...lily.run(`
      const e = new DOMException("m", "AbortError");
      [e instanceof Error, e.name, e.message, e.code, String(e), Object.keys(e).length,
       Object.getPrototypeOf(DOMException) === Function.prototype, DOMException.ABORT_ERR, e.ABORT_ERR,
       Object.prototype.toString.call(e), typeof e.stack, new DOMException().name, DOMException.length]
    `),
    ],
    [
      true,
      "AbortError",
      "m",
      20,
      "AbortError: m",
      0,
      true,
      20,
      20,
      "[object DOMException]",
      "string",
      "Error",
      0,
    ],
  );
  assert.throws(() => lily.run("DOMException.prototype.name"), { name: "TypeError" });
});

test("loading reads no clock, no randomness and nothing of the outside", async () => {
  const called = [];
  let loading = true;
  const watch = () => {
    const names = [
      "now",
      "monotonic",
      "random",
      "startTimer",
      "id",
      "environment",
      "arguments",
      "readFile",
      "print",
      "utf8Encode",
      "decode",
      "parseUrl",
      "setUrl",
      "encodingName",
      "newDecoder",
      "zip",
      "digest",
      "hmac",
      "crypto",
      "fetch",
      "connect",
      "respond",
      "pull",
      "kind",
      "base64",
      "exit",
      "exitCode",
    ];
    return Object.fromEntries(
      names.map((name) => [
        name,
        () => {
          if (loading) called.push(name);
          return null;
        },
      ]),
    );
  };
  await load({ parts: [watch] });
  loading = false;
  assert.deepEqual(called, []);
});

test("operations and attributes of the global object", async () => {
  const lily = await load();
  assert.deepEqual(
    JSON.parse(
      lily.run(
        "JSON.stringify(Object.keys(globalThis).filter((name) => !/^on/.test(name)).sort())",
      ),
    ),
    [
      "addEventListener",
      "atob",
      "btoa",
      "clearInterval",
      "clearTimeout",
      "crypto",
      "dispatchEvent",
      "fetch",
      "navigator",
      "performance",
      "queueMicrotask",
      "removeEventListener",
      "reportError",
      "self",
      "setInterval",
      "setTimeout",
      "structuredClone",
    ],
  );
  assert.equal(lily.run("performance = 5; performance"), 5);
  assert.equal(
    lily.run("class Mine extends EventTarget {}; Object.prototype.toString.call(new Mine())"),
    "[object EventTarget]",
  );
});

test("every host function that the prelude calls is in host.d.ts and in the double", async () => {
  const lily = await load({ parts: [nodeHost] });
  const types = readFileSync(join(PRELUDE, "host.d.ts"), "utf8");
  const missing = [];
  for (const file of readdirSync(PRELUDE, { recursive: true })) {
    if (!file.endsWith(".js") || /^(tests|node_modules)/.test(file)) continue;
    // Comments may speak of functions that are to come.
    const code = readFileSync(join(PRELUDE, file), "utf8").replace(/^ *(\/\/|\*|\/\*).*$/gm, "");
    for (const [, name] of code.matchAll(/\bhost\.(\w+)\(/g)) {
      if (name in String.prototype) continue; // of a variable that is the host of a URL
      if (!new RegExp(`^    ${name}[<(]`, "m").test(types))
        missing.push(`${file}: ${name} in host.d.ts`);
      if (!(name in lily.host)) missing.push(`${file}: ${name} in the double`);
    }
  }
  assert.deepEqual(missing, []);
});
