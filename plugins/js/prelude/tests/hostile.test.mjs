// Programs that patch the language's prototypes: the platform goes on working.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

const POLLUTIONS = {
  "descriptors' fields on Object.prototype":
    "for (const key of ['get', 'set', 'value', 'writable']) Object.prototype[key] = function () { throw new Error('polluted ' + key) }",
  "methods of Array.prototype":
    "for (const key of ['push', 'map', 'filter', 'slice', 'splice', 'forEach', 'join', 'shift', 'indexOf', 'includes', 'find', 'findIndex']) Array.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "methods of Map and Set":
    "for (const C of [Map, Set]) for (const key of ['get', 'set', 'has', 'add', 'delete', 'forEach']) if (C.prototype[key]) C.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "methods of String.prototype":
    "for (const key of ['slice', 'charCodeAt', 'toLowerCase', 'includes', 'replace', 'split', 'indexOf', 'startsWith']) String.prototype[key] = () => { throw new Error('polluted ' + key) }",
  "promises' then": "Promise.prototype.then = () => { throw new Error('polluted then') }",
  "Object's functions":
    "for (const key of ['keys', 'create', 'assign', 'getPrototypeOf', 'defineProperty', 'getOwnPropertyDescriptor']) Object[key] = () => { throw new Error('polluted ' + key) }",
  "Reflect's functions":
    "for (const key of ['apply', 'ownKeys', 'getOwnPropertyDescriptor', 'construct']) Reflect[key] = () => { throw new Error('polluted ' + key) }",
};

// What a request cannot do without: each answers true.
const USES = {
  events:
    "const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++); t.addEventListener('x', () => n++, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new CustomEvent('x')); return n === 3",
  abort:
    "const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; const any = AbortSignal.any([c.signal]); c.abort(); return n === 1 && any.aborted && c.signal.reason instanceof DOMException",
  clone: "const o = structuredClone({ a: [1, { b: 2 }], m: new Date(0) }); return o.a[1].b === 2",
  base64: "return atob(btoa('abc')) === 'abc'",
  coding: "return new TextDecoder().decode(new TextEncoder().encode('é')) === 'é'",
  headers: "const h = new Headers([['b', '1'], ['A', ' 2 ']]); h.append('a', '3'); h.set('c', 'd'); h.delete('b'); let n = 0; h.forEach(() => n++); return h.get('a') === '2, 3' && n === 2 && !h.has('b') && new Headers({ x: 'y' }).get('x') === 'y'",
  forms: "const f = new FormData(); f.append('a', '1'); f.append('a', '2'); f.set('a', '3'); f.append('b', new File(['x'], 'n')); f.delete('c'); return f.get('a') === '3' && f.getAll('a').length === 1 && f.has('b')",
  responses: "const r = new Response('x', { status: 201, headers: { a: 'b' } }); const c = r.clone(); return c.status === 201 && c.headers.get('a') === 'b' && Response.json({}).ok",
  requests: "const r = new Request('http://a/', { method: 'post', body: 'x', headers: { a: 'b' } }); const c = new Request(r); return c.method === 'POST' && c.headers.get('a') === 'b' && r.bodyUsed && c.clone().url === 'http://a/'",
  crypto: "crypto.subtle.digest('sha-1', new Uint8Array(1)); return crypto.randomUUID() !== crypto.randomUUID() && crypto.getRandomValues(new Uint8Array(2)).length === 2",
  timers: "clearTimeout(setTimeout(() => {}, 1000)); queueMicrotask(() => {}); return true",
};

for (const [name, pollution] of Object.entries(POLLUTIONS)) {
  test(name, async () => {
    const lily = await load();
    lily.run(
      `var uses = [${Object.values(USES)
        .map((use) => `() => { ${use} }`)
        .join(", ")}]`,
    );
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

// A turn of serving and a fetch, from the hook to the host's answer: hooks are called from outside.
for (const [name, pollution] of Object.entries(POLLUTIONS)) {
  test(`serving and fetching: ${name}`, async () => {
    const lily = await load();
    lily.answer = () => ({ headers: ["x", "y"], body: ["from ", "outside"] });
    await lily.program(`export default { async fetch(request, env) {
      if (request.url === "http://void/proxy") return await fetch("http://h/", { headers: { a: "b" } });
      const text = await request.text();
      return new Response(text + env.NAME + request.headers.get("h"), { status: 202, headers: { b: "c" } });
    } }`);
    lily.run(`(() => { ${pollution} })()`);
    const plain = lily.serve("POST", "http://void/", { headers: ["h", "i"], body: ["text", " "] });
    const proxy = lily.serve("GET", "http://void/proxy");
    const seen = [await plain.done, await proxy.done].map(({ status, text }) => [status, text]);
    assert.deepEqual(seen, [[202, "text undefinedi"], [200, "from outside"]], lily.stderr);
  });
}
