// Programs that patch the language's prototypes: the platform goes on working.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

const POLLUTIONS = {
  "descriptors' fields on Object.prototype": "for (const key of ['get', 'set', 'value', 'writable']) Object.prototype[key] = function () { throw new Error('polluted ' + key) }",
  "methods of Array.prototype": "for (const key of ['push', 'map', 'filter', 'slice', 'splice', 'forEach', 'join', 'shift', 'indexOf', 'includes', 'find', 'findIndex']) Array.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "methods of Map and Set": "for (const C of [Map, Set]) for (const key of ['get', 'set', 'has', 'add', 'delete', 'forEach']) if (C.prototype[key]) C.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "methods of String.prototype": "for (const key of ['slice', 'charCodeAt', 'toLowerCase', 'includes', 'replace', 'split', 'indexOf', 'startsWith']) String.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "promises' then": "Promise.prototype.then = () => { throw new Error('polluted then') }",
  "Object's functions": "for (const key of ['keys', 'create', 'assign', 'getPrototypeOf', 'defineProperty', 'getOwnPropertyDescriptor']) Object[key] = () => { throw new Error('polluted ' + key) }",
  "Reflect's functions": "for (const key of ['apply', 'ownKeys', 'getOwnPropertyDescriptor', 'construct']) Reflect[key] = () => { throw new Error('polluted ' + key) }",
};

// What a request cannot do without: each answers true.
const USES = {
  events: "const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++); t.addEventListener('x', () => n++, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new CustomEvent('x')); return n === 3",
  abort: "const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; const any = AbortSignal.any([c.signal]); c.abort(); return n === 1 && any.aborted && c.signal.reason instanceof DOMException",
  clone: "const o = structuredClone({ a: [1, { b: 2 }], m: new Date(0) }); return o.a[1].b === 2",
  base64: "return atob(btoa('abc')) === 'abc'",
  coding: "return new TextDecoder().decode(new TextEncoder().encode('é')) === 'é'",
  timers: "clearTimeout(setTimeout(() => {}, 1000)); queueMicrotask(() => {}); return true",
};

for (const [name, pollution] of Object.entries(POLLUTIONS)) {
  test(name, async () => {
    const lily = await load();
    lily.run(`var uses = [${Object.values(USES).map((use) => `() => { ${use} }`).join(", ")}]`);
    const runs = lily.run(`(() => { ${pollution} })(); uses`);
    const failed = [];
    for (const [index, use] of Object.keys(USES).entries()) {
      try {
        if (runs[index]() !== true) failed.push(`${use}: wrong`);
      } catch (error) {
        failed.push(`${use}: ${error.message} ${String(error.stack).split("\n")[2]}`);
      }
    }
    assert.deepEqual(failed, []);
  });
}
