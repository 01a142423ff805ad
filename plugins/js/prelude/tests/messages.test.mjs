// structuredClone and message ports. https://html.spec.whatwg.org/#safe-passing-of-structured-data, #message-channels

import assert from "node:assert/strict";
import { test } from "node:test";
import util from "node:util";
import vm from "node:vm";
import { load } from "./host.mjs";

const lily = await load();
const { inspect } = await lily.import("console/inspect.js");
const run = (source) => lily.run(`(() => { ${source} })()`);

const CLONED = [
  "1",
  "-0",
  "'text'",
  "true",
  "null",
  "undefined",
  "10n",
  "NaN",
  "{}",
  "[]",
  "{ a: { b: [1, , 3] } }",
  "Object.assign([1, 2], { extra: 3 })",
  "new Array(4)",
  "new Date(5)",
  "new Date(NaN)",
  "/a+/giu",
  "Object(1)",
  "Object('s')",
  "Object(false)",
  "Object(3n)",
  "new Map([[{ a: 1 }, new Set([1, 2])]])",
  "new Map",
  "new Set([new Date(1)])",
  "new Uint8Array([1, 2, 3])",
  "new Float64Array([1.5])",
  "new BigInt64Array(2)",
  "new DataView(new ArrayBuffer(8), 2, 3)",
  "new Uint8Array(new ArrayBuffer(8), 2, 3)",
  "new ArrayBuffer(3)",
  "(() => { const o = {}; o.self = o; return o })()",
  "(() => { const x = { y: 1 }; return [x, x] })()",
  "(() => { const m = new Map; m.set('m', m); return m })()",
  "(() => { const b = new ArrayBuffer(4); return { a: new Uint8Array(b), c: new Uint8Array(b, 2) } })()",
  "new (class A { x = 1; get y() { return 2 } })",
  "Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true }, hidden: { value: 3 } })",
  "{ get computed() { return 7 } }",
  "{ [Symbol('s')]: 1, plain: 2 }",
  "Object.create(null)",
  "{ ['__proto__']: 1 }",
];

const isOld = Number(process.versions.node.split(".")[0]) < 22;
const skip = isOld ? "not Node 22, as which the console prints" : false;

test("structuredClone equals Node's", { skip }, () => {
  for (const source of CLONED) {
    const expected = util.inspect(structuredClone(vm.runInThisContext(`(${source})`)), {
      depth: 9,
      showHidden: false,
    });
    assert.equal(inspect(lily.run(`structuredClone((${source}))`), { depth: 9 }), expected, source);
  }
});

test("structuredClone: identity, shared buffers, order of reading", () => {
  assert.equal(
    run("const x = {}; const [a, b] = structuredClone([x, x]); return a === b && a !== x"),
    true,
  );
  assert.equal(
    run(
      "const b = new ArrayBuffer(8); const r = structuredClone([new Uint8Array(b), new Uint16Array(b, 2), b]); return r[0].buffer === r[1].buffer && r[1].buffer === r[2] && r[1].byteOffset",
    ),
    2,
  );
  assert.equal(
    run(
      "const log = []; structuredClone({ get a() { log.push('a'); return { get b() { log.push('b') } } }, get c() { log.push('c') } }); return log.join()",
    ),
    "a,b,c",
  );
  assert.equal(
    run(
      "const o = { a: 1, get b() { delete o.c; return 2 }, c: 3 }; return Object.keys(structuredClone(o)).join()",
    ),
    "a,b",
  );
  assert.throws(() => run("structuredClone({ get a() { throw new RangeError('getter') } })"), {
    name: "RangeError",
  });
  assert.equal(run("const r = /x/g; r.lastIndex = 3; return structuredClone(r).lastIndex"), 0);
});

test("structuredClone: errors", () => {
  assert.deepEqual(
    JSON.parse(
      run(`const e = new RangeError("m", { cause: { deep: 1 } }); e.extra = 1; const c = structuredClone(e);
    return JSON.stringify([c instanceof RangeError, c.name, c.message, c.cause, c.extra ?? null, c.stack === e.stack, Object.keys(c)])`),
    ),
    [true, "RangeError", "m", { deep: 1 }, null, true, []],
  );
  assert.equal(
    run("const e = new Error('m'); e.name = 'Custom'; return structuredClone(e).name"),
    "Error",
  );
  assert.equal(
    run(
      "class Mine extends TypeError {} return Object.getPrototypeOf(structuredClone(new Mine('m'))) === TypeError.prototype",
    ),
    true,
  );
  assert.equal(
    run(
      "return 'message' in structuredClone(new Error()) && Object.hasOwn(structuredClone(new Error()), 'message')",
    ),
    false,
  );
  assert.equal(
    run(
      "const e = structuredClone(new DOMException('m', 'AbortError')); return e instanceof DOMException && e.name + e.message + e.code",
    ),
    "AbortErrorm20",
  );
  assert.equal(
    run(
      "const e = new Error('m'); e.cause = e; const c = structuredClone(e); return c.cause === c",
    ),
    true,
  );
});

test("structuredClone: what cannot be cloned", () => {
  for (const source of [
    "() => {}",
    "Symbol()",
    "{ f() {} }",
    "new WeakMap",
    "new WeakRef({})",
    "Promise.resolve()",
    "new Proxy({}, {})",
    "(function* () {})()",
    "new Map().entries()",
    "new Event('x')",
    "new EventTarget()",
    "new (class extends EventTarget {})",
    "new AbortController()",
    "new MessageChannel().port1",
    "new URL('a:b')",
    "new TextEncoder()",
    "[new Set([() => 1])]",
    "performance",
    "globalThis.Symbol",
    "(function () { return arguments })()",
  ]) {
    const found = run(
      `try { structuredClone((${source})); return "cloned" } catch (e) { return e instanceof DOMException && e.name + e.code }`,
    );
    assert.equal(found, "DataCloneError25", source);
  }
  assert.throws(() => run("structuredClone()"), { name: "TypeError" });
  assert.throws(() => run("structuredClone(1, 1)"), { name: "TypeError" });
  assert.throws(() => run("structuredClone(1, { transfer: 1 })"), { name: "TypeError" });
});

test("structuredClone: transfer", () => {
  assert.equal(
    run(
      "const b = new Uint8Array([1, 2]).buffer; const c = structuredClone({ b }, { transfer: [b] }).b; return b.byteLength === 0 && b.detached && c.byteLength === 2 && new Uint8Array(c)[1] === 2",
    ),
    true,
  );
  assert.equal(
    run(
      "const v = new Uint8Array([1, 2, 3]); const c = structuredClone(v.subarray(1), { transfer: [v.buffer] }); return v.length + '|' + c.join() + '|' + c.byteOffset",
    ),
    "0|2,3|1",
  );
  assert.equal(
    run("const b = new ArrayBuffer(1); structuredClone(1, { transfer: [b] }); return b.detached"),
    true,
  );
  const name = (source) => run(`try { ${source}; return "fine" } catch (e) { return e.name }`);
  assert.equal(
    name("const b = new ArrayBuffer(1); structuredClone(b, { transfer: [b, b] })"),
    "DataCloneError",
  );
  assert.equal(
    name(
      "const b = new ArrayBuffer(1); structuredClone(b, { transfer: [b] }); structuredClone(b, { transfer: [b] })",
    ),
    "DataCloneError",
  );
  assert.equal(
    name("const b = new ArrayBuffer(1); structuredClone(b, { transfer: [b] }); structuredClone(b)"),
    "DataCloneError",
  );
  assert.equal(name("structuredClone(1, { transfer: [{}] })"), "DataCloneError");
  assert.equal(
    run(
      "const b = new ArrayBuffer(1); try { structuredClone([b, () => 1], { transfer: [b] }) } catch {} return b.byteLength",
    ),
    1,
    "nothing is detached when cloning fails",
  );
});

test("MessageChannel", async () => {
  lily.run(`var seen = []; var { port1, port2 } = new MessageChannel();
    port1.onmessage = (e) => { seen.push([e.data, e.isTrusted, e.target === port1, e.constructor.name]) };
    port2.postMessage({ a: [1] }); port2.postMessage("second"); seen.push("sync"); queueMicrotask(() => seen.push("micro"))`);
  await lily.idle();
  assert.deepEqual(JSON.parse(lily.run("JSON.stringify(seen)")), [
    "sync",
    "micro",
    [{ a: [1] }, true, true, "MessageEvent"],
    ["second", true, true, "MessageEvent"],
  ]);
  lily.run(
    "seen = []; port2.addEventListener('message', (e) => seen.push(e.data)); port1.postMessage(1)",
  );
  await lily.idle();
  assert.equal(lily.run("seen.length"), 0, "a port that was not started keeps its messages");
  lily.run("port2.start(); port1.postMessage(2)");
  await lily.idle();
  assert.equal(lily.run("seen.join()"), "1,2");
  lily.run(
    "seen = []; port2.addEventListener('close', (e) => seen.push(e.type)); port1.close(); port1.postMessage(3); port2.postMessage(4)",
  );
  await lily.idle();
  assert.equal(lily.run("seen.join()"), "close");
});

test("MessagePort: transfer", async () => {
  lily.run(`seen = []; var a = new MessageChannel(), b = new MessageChannel();
    b.port2.postMessage("waiting"); a.port1.onmessage = (e) => { const [port] = e.ports; seen.push(port === e.data.port, port !== b.port1); port.onmessage = (m) => seen.push(m.data) };
    a.port2.postMessage({ port: b.port1 }, [b.port1]); b.port2.postMessage("after")`);
  await lily.idle();
  assert.equal(lily.run("seen.join()"), "true,true,waiting,after");
  const name = (source) => run(`try { ${source}; return "fine" } catch (e) { return e.name }`);
  assert.equal(name("b.port2.postMessage(1, [b.port2])"), "DataCloneError");
  assert.equal(
    name("b.port2.postMessage(1, [b.port1])"),
    "DataCloneError",
    "a port that was sent away",
  );
  assert.equal(name("b.port2.postMessage(() => {})"), "DataCloneError");
  assert.equal(name("b.port2.postMessage(1, { transfer: [new ArrayBuffer(1)] })"), "fine");
  assert.equal(name("new MessagePort()"), "TypeError");
});
