// console and util.inspect against Node's own, which must be Node 22 (or later): each case runs here and in the prelude's realm, the
// text must be equal. The generated cases come from a seed, which a failure prints.

import assert from "node:assert/strict";
import { test } from "node:test";
import util from "node:util";
import vm from "node:vm";
import { load } from "./host.mjs";

// What Node prints differs a little from version to version; the prelude prints what Node 22 does.
const skip = Number(process.versions.node.split(".")[0]) < 22 ? "not Node 22" : false;

const lily = await load();
const { inspect } = await lily.import("console/inspect.js");
const { format } = await lily.import("console/format.js");

// What Node prints for a program's value: evaluated in Node's own realm.
const here = (source) => vm.runInThisContext(`(${source})`, { filename: "case.js" });
const there = (source) => lily.run(`(${source})`, "case.js");

// node:test marks promises with the ids of its hooks.
const withoutIds = (text) => text.replace(/(async_id_symbol\)\S*: (?:\x1b\[\d+m)?)[\d_]+/g, "$1");

function equal(found, expected, message) {
  assert.equal(withoutIds(found), withoutIds(expected), message);
}

function same(source, options = undefined) {
  const expected = util.inspect(here(source), options);
  const found = inspect(there(source), options);
  equal(found, expected, source);
}

const CASES = {
  primitives: [
    "undefined",
    "null",
    "true",
    "0",
    "-0",
    "1.5",
    "NaN",
    "Infinity",
    "1e21",
    "10n",
    "-3n",
    "Symbol()",
    "Symbol('a b')",
    "''",
    "'a'",
    "`it's`",
    '`it\'s "x"`',
    '`it\'s "x" \\`y\\``',
    "'\\n\\t\\0\\x7f\\x9b\\\\'",
    "'\\ud800 \\udc00 😀'",
    "'x'.repeat(200)",
    "'line\\n'.repeat(30)",
    "['line\\n'.repeat(10)]",
    "'x'.repeat(10050)",
  ],
  objects: [
    "{}",
    "{ a: 1 }",
    "{ a: { b: { c: { d: 1 } } } }",
    "{ a: { b: { c: {} } } }",
    "{ a: { b: { c: [] } } }",
    "{ a: { b: { c: [1] } } }",
    "{ 'a-b': 1, 2: 3, [Symbol('s')]: 4, __proto__: null }",
    "Object.create(null)",
    "Object.create({ constructor: 5 })",
    "Object.create(Object.create(null))",
    "{ ['__proto__']: 1 }",
    "{ get a() { return 1 }, set b(x) {}, get c() { return 1 }, set c(x) {} }",
    "{ [Symbol.toStringTag]: 'T', a: 1 }",
    "Object.create({ get [Symbol.toStringTag]() { return 'T' } })",
    "Object.create(class A {}.prototype)",
    "new (class Foo { a = 1; #b = 2; get c() { return 1 } })",
    "new (class extends Array {})(3)",
    "new (class Foo extends Map {})([[1, 2]])",
    "(() => { const a = {}; a.a = a; a.b = [a, { c: a }]; return a })()",
    "(() => { const a = {}, b = { a }; a.b = b; return { a, b } })()",
    "(function () { return arguments })(1, 'a')",
    "Object.assign(Object.create({ inherited: 1 }), { own: 1 })",
    "new Proxy({ a: 1 }, {})",
    "new Proxy([1, 2], {})",
    "new Proxy(function f() {}, {})",
    "new Proxy(new Proxy({ a: 1 }, {}), {})",
    "new (class { constructor() { this.x = 1 } })",
    "{ a: undefined, b: null, c: () => {}, d: class {}, e: Symbol.iterator }",
    "Object.defineProperty({}, 'hidden', { value: 1 })",
    "{ a: 'x'.repeat(60), b: 'y'.repeat(20) }",
    "{ a: 1, b: 'line\\nbreak' }",
    "{ aaaaaaaaaaaaaaaaaaaaaaa: 1, bbbbbbbbbbbbbbbbbbbbbbbbb: 2, ccccccccccccccc: 3 }",
    "globalThis.Math",
    "globalThis.JSON",
    "globalThis.Reflect",
    "new WeakMap",
    "new WeakSet([{}])",
    "new WeakRef({ a: 1 })",
    "Atomics",
  ],
  arrays: [
    "[]",
    "[1, 2, 3]",
    "[1, 'a', null]",
    "[,]",
    "[, 1, , , 2, ,]",
    "new Array(5)",
    "Array.from({ length: 7 }, (_, i) => i)",
    "Array.from({ length: 101 }, (_, i) => i)",
    "Array.from({ length: 120 }, (_, i) => 'item' + i)",
    "Array.from({ length: 30 }, (_, i) => 'x'.repeat(i))",
    "Object.assign([1, 2], { extra: 1, '-1': 2 })",
    "Array.from({ length: 27 }, (_, i) => 2 ** i)",
    "Array.from({ length: 10 }, (_, i) => ({ i }))",
    "Array.from({ length: 10 }, (_, i) => [i, [i]])",
    "['中文', '日本語', '한국어', 'a', 'é', '😀', 'xyz']",
    "[[[[[]]]]]",
    "[[[[[1]]]]]",
    "Object.assign([], { length: 3 })",
    "Array.from({ length: 8 }, () => undefined)",
    "Array.from({ length: 150 }, (_, i) => i % 3 ? i : undefined)",
    "[1.5, -2.25, 100, 1e10, 3, 4, 5]",
    "[1n, 2n, 3n, 40n, 5n, 6n, 700n]",
    "Object.setPrototypeOf([1, 2], null)",
    "(() => { const a = [1]; a[200] = 2; return a })()",
    "[undefined, , null]",
  ],
  collections: [
    "new Map",
    "new Set",
    "new Map([[1, { a: 1 }], ['k', [1, 2]]])",
    "new Set([1, 'a', { b: [1] }])",
    "new Map([[{ a: 1 }, new Map([[1, new Map([[2, new Map]])]])]])",
    "new Set(Array.from({ length: 150 }, (_, i) => i))",
    "Object.assign(new Map([[1, 2]]), { x: 1 })",
    "new Map([[1, 2], [3, 4]]).entries()",
    "new Map([[1, 2]]).keys()",
    "new Map([[1, 2]]).values()",
    "new Set([1, 2]).values()",
    "new Set([5]).entries()",
    "[1, 2][Symbol.iterator]()",
    "'abc'[Symbol.iterator]()",
    "'abc'.matchAll(/b/g)",
    "Object.setPrototypeOf(new Map([[1, 2]]), null)",
    "Object.setPrototypeOf(new Set([1]), null)",
    "(() => { const m = new Map; m.set('m', m); return m })()",
    "new Map(Array.from({ length: 105 }, (_, i) => [i, i])).entries()",
  ],
  bytes: [
    "new Uint8Array(3)",
    "new Uint8Array(300)",
    "new Float64Array([1.5, -0, NaN])",
    "new BigInt64Array(2)",
    "new ArrayBuffer(4)",
    "new ArrayBuffer(80)",
    "new DataView(new ArrayBuffer(3), 1)",
    "new SharedArrayBuffer(2)",
    "new Uint8Array(0)",
    "Object.assign(new Uint8Array(2), { x: 1 })",
    "{ a: { b: { c: new Uint8Array(2) } } }",
    "Object.setPrototypeOf(new Uint8Array(2), null)",
  ],
  functions: [
    "function f() {}",
    "() => {}",
    "async () => {}",
    "function* g() {}",
    "async function* ag() {}",
    "class A {}",
    "class extends Array {}",
    "class B extends (class A {}) { static x = 1 }",
    "Object.assign(function f() {}, { a: 1 })",
    "Math.max",
    "Function.prototype",
    "Array",
    "Map",
    "class { constructor() {} }",
    "Object.setPrototypeOf(function f() {}, null)",
    "Object.setPrototypeOf(class Q {}, null)",
    "(function* () {})()",
    "(async function* () {})()",
    "{ m() {} }",
    "{ async *m() {} }",
    "{ f: function () {} }",
    "Object.defineProperty(() => {}, 'name', { value: '' })",
    "(() => { class A {} ; A.prototype.x = 1; return A.prototype })()",
    "(class A { static get [Symbol.toStringTag]() { return 'X' } })",
  ],
  others: [
    "new Date(0)",
    "new Date(NaN)",
    "Object.assign(new Date(0), { a: 1 })",
    "/a/gi",
    "Object.assign(/x/, { a: 1 })",
    "new Number(1)",
    "new String('abc')",
    "Object.assign(new String('ab'), { x: 1 })",
    "new Boolean(false)",
    "Object(1n)",
    "Object(Symbol('s'))",
    "new (class N extends Number {})(3)",
    "Promise.resolve(4)",
    "new Promise(() => {})",
    "(() => { const p = Promise.reject(new Date(0)); p.catch(() => {}); return p })()",
    "Promise.resolve({ a: { b: { c: {} } } })",
    "new (class P extends Promise {})(() => {})",
    "new (class D extends Date {})(0)",
    "Object.setPrototypeOf(new Date(0), null)",
    "Object.setPrototypeOf(/x/g, null)",
    "Object.setPrototypeOf(new Number(3), null)",
  ],
  errors: [
    "(() => { const e = new Error('m'); e.stack = 'Error: m\\n    at f (x.js:1:2)\\n    at g (x.js:3:4)'; return e })()",
    "(() => { const e = new TypeError('m', { cause: 'why' }); e.stack = 'TypeError: m\\n    at f (x.js:1:2)'; return e })()",
    "(() => { const e = new Error('m'); e.stack = undefined; return e })()",
    "(() => { const e = new Error('m'); e.stack = 'Error: m'; return [e] })()",
    "(() => { const e = new Error(''); e.stack = 'Error\\n    at f (x.js:1:2)'; e.code = 'E1'; return { a: { e } } })()",
    "(() => { class MyError extends Error {} const e = new MyError('m'); e.stack = 'Error: m\\n    at f (x.js:1:2)'; return e })()",
    "(() => { const e = new Error('m'); e.name = 'Custom'; e.stack = 'Error: m\\n    at f (x.js:1:2)'; return e })()",
    "(() => { const e = new Error('multi\\nline'); e.stack = 'Error: multi\\nline\\n    at f (x.js:1:2)'; return [[e]] })()",
    "(() => { const e = new AggregateError([1, new Date(0)], 'm'); e.stack = 'AggregateError: m\\n    at f (x.js:1:2)'; return e })()",
    `(() => { const frames = '\\n    at a (x:1:1)\\n    at b (x:1:1)\\n    at c (x:1:1)\\n    at d (x:1:1)\\n    at e (x:1:1)'; const c = new Error('c');
      c.stack = 'Error: c\\n    at z (x:1:1)' + frames; const e = new Error('e', { cause: c }); e.stack = 'Error: e' + frames; return e })()`,
    "(() => { const e = Object.setPrototypeOf(new Error('m'), null); e.stack = 'Error: m\\n    at f (x.js:1:2)'; return e })()",
    "(() => { const e = new Error('m'); e.cause = e; e.stack = 'Error: m\\n    at f (x.js:1:2)'; return e })()",
    "Object.create(Error.prototype)",
    "Error.prototype",
    "{ name: 'Error', message: 'no', stack: 'x' }",
  ],
};

for (const [name, sources] of Object.entries(CASES)) {
  test(`util.inspect: ${name}`, { skip }, () => {
    for (const source of sources) same(source);
  });
}

test("util.inspect: options", { skip }, () => {
  const all = Object.values(CASES).flat();
  const sets = [
    { depth: 0 },
    { depth: null },
    { compact: false },
    { compact: true },
    { compact: 1 },
    { breakLength: 40 },
    { breakLength: Infinity },
    { sorted: true },
    { colors: true },
    { maxArrayLength: 2 },
    { maxArrayLength: 0 },
    { maxStringLength: 5 },
    { getters: true },
    { numericSeparator: true },
    { showProxy: true },
    { showHidden: true, showProxy: true, depth: 4 },
  ];
  for (const options of sets) {
    for (const source of all) {
      if (
        options.showHidden &&
        /Math|JSON|Reflect|Atomics|Array$|Map$|Weak|Math.max|Error|Shared/.test(source)
      )
        continue; // as many members as the engine has; SharedArrayBuffer comes late in Node
      if (options.maxArrayLength === 0 && /setPrototypeOf\(new (Map|Set)/.test(source)) continue; // Node forgets the limit there
      const expected = util.inspect(here(source), options);
      equal(inspect(there(source), options), expected, `${JSON.stringify(options)} ${source}`);
    }
  }
});

test("util.inspect: module namespaces", { skip }, async () => {
  const source =
    "export const a = 1; export default class A {}; export function f() {}; export let u; export const deep = { x: { y: { z: {} } } }";
  const theirs = await import(`data:text/javascript,${source}`);
  const ours = await lily.module(source);
  for (const options of [undefined, { depth: 0 }, { compact: false }])
    assert.equal(inspect(ours, options), util.inspect(theirs, options));
  assert.equal(inspect([ours]), util.inspect([theirs]));
});

test("util.inspect: classes of an engine that keeps no source", { skip }, async () => {
  const bare = await load({ entry: "primordials.js" });
  bare.run(
    "Function.prototype.toString = function () { return `function ${this.name}() {\\n    [native code]\\n}` }",
  );
  const { inspect: show } = await bare.import("console/inspect.js");
  assert.equal(
    show(
      bare.run(
        "[class A {}, class B extends Map {}, function f() {}, () => {}, Map, async () => {}]",
      ),
    ),
    "[\n  [class A],\n  [class B extends Map],\n  [Function: f],\n  [Function (anonymous)],\n  [Function: Map],\n  [AsyncFunction (anonymous)]\n]",
  );
});

test("util.inspect: custom inspection", { skip }, () => {
  const custom = "[Symbol.for('nodejs.util.inspect.custom')]";
  same(`{ ${custom}() { return 'mine' } }`);
  same(`[{ ${custom}() { return 'two\\nlines' } }]`);
  same(
    `{ a: { ${custom}(depth, options, inspect) { return { depth, o: Object.keys(options).length, i: typeof inspect } } } }`,
  );
  same(
    `new (class A { ${custom}(d, o, inspect) { return 'A' + inspect({ x: [1, { y: { z: {} } }] }, o) } })`,
  );
  same(`new (class A { ${custom}() { return this } a = 1 })`);
  same(`new Proxy({ ${custom}() { return 'p' } }, {})`);
});

test("util.format", { skip }, () => {
  const lists = [
    "['%s is %d', 'x', 4]",
    "['%s', null]",
    "['%s', { a: { b: 1 } }]",
    "['%s', -0, 'more', { a: 1 }]",
    "['%i %i', '42.9', 5n]",
    "['%f', '1.5x']",
    "['%j', { a: [1] }]",
    "['%o', { a: [1, 2] }]",
    "['%O', { a: { b: { c: { d: 1 } } } }]",
    "['%c styled', 'color: red']",
    "['100%']",
    "['100%', 1]",
    "['%%']",
    "['%% %s', 1]",
    "['%s %s', 1]",
    "['%x', 1]",
    "['%', 1]",
    "['a', 'b', { c: 'd' }]",
    "[]",
    "[1, '%s', 2]",
    "['%s', Symbol('q')]",
    "['%d', Symbol('q')]",
    "['%s', () => 1]",
    "['%s', class A {}]",
    "['%s', new (class { toString() { return 'own' } })]",
    "['%s', new Date(0)]",
    "['%s', [1, [2, [3]]]]",
    "['%s', Object.create(null)]",
    "['%d', '0x10']",
    "['%d', {}]",
    "['%s%s', 'a', 'b', 'c']",
    "['%s', 12345678901234567890n]",
    "['%s', new Error('e').message]",
    "['', 'x']",
    "['%j', (() => { const a = {}; a.a = a; return a })()]",
    "['%s', undefined]",
    "['%o', function f() {}]",
    "['%o', [1, { a: new Map([[1, 2]]) }]]",
    "['%s', 'a%sb', 'c']",
    "[null, undefined, true]",
    "['a\\nb', ['a\\nb']]",
  ];
  for (const list of lists) assert.equal(format(...there(list)), util.format(...here(list)), list);
});

// ---- generated values: source text, so that each realm makes its own ----

function generator(seed) {
  let state = seed;
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pick = (list) => list[random(list.length)];
  const words = [
    "a",
    "name",
    "x-y",
    "longer key",
    "$",
    "_id",
    "日本",
    "é",
    "123",
    "",
    "it's",
    "value",
    "anotherRatherLongName",
  ];
  const text = () =>
    JSON.stringify(
      Array.from({ length: random(6) }, () => pick(words)).join(pick([" ", "\n", "", "'", '"'])),
    );
  const leaf = () =>
    pick([
      () => String(random(1000)),
      () => String(random(1e9) / 1000 - 500),
      text,
      text,
      () => "null",
      () => "undefined",
      () => "true",
      () => `${random(1e6)}n`,
      () => `Symbol(${text()})`,
      () => "-0",
      () => "() => {}",
      () => `function ${pick(["f", "g", "longFunctionName"])}() {}`,
      () => `class K${random(9)} {}`,
      () => `new Date(${random(1e9)}000)`,
      () => "/re/g",
      () => `new Uint8Array(${random(12)})`,
      () => "new Set",
      () => "[]",
      () => "{}",
      () => "[,]",
      () => `"${"long text ".repeat(random(12))}"`,
      () => "new Date(NaN)",
      () => `Object(${random(9)})`,
      () => `new String(${text()})`,
      () => "Object(Symbol('q'))",
      () => "Object.create(null)",
      () => "new WeakMap",
      () => "new Map([[1, 2]]).entries()",
      () => "new Set([1]).values()",
      () => `new ArrayBuffer(${random(9)})`,
      () => `Array(${random(5)})`,
      () => `new Float64Array([${random(99)}.5, -0, 1e21])`,
      () => "class A extends Map { static s = 1 }",
      () => "async () => {}",
      () => "function* gen() {}",
      () => "Math.max",
      () => "(function () { return arguments })(1)",
      () => "NaN",
      () => "1e-7",
    ])();
  // A recursion repeats its frames: with a period, now and then with another line between.
  const frames = () => {
    const n = random(4) === 0 ? random(40) : random(7);
    const period = pick([100, 100, 1, 2, 3, 4, 7]);
    const odd = random(60);
    const line = (i) => (i === odd ? 99 : i % period);
    return Array.from({ length: n }, (_, i) => `\\n    at f${line(i)} (x.js:${line(i)}:1)`).join(
      "",
    );
  };
  const error = (inner) => {
    const name = pick(["Error", "TypeError", "RangeError", "AggregateError"]);
    const given =
      name === "AggregateError"
        ? `[${inner()}], 'm'`
        : `${pick(["'m'", "''", "'two\\nlines'"])}${pick(["", `, { cause: ${inner()} }`])}`;
    const extra = pick([
      "",
      "e.code = 'E';",
      "e.name = 'Named';",
      `e.extra = ${inner()};`,
      "e.message = 'changed';",
      "e.name = 'MyError';",
    ]);
    return `((e) => { e.stack = e.name + (e.message && ': ' + e.message) + '${frames()}'; ${extra} return e })(new (${pick([name, name, `class ${pick(["MyError", "Odd", "Error2"])} extends ${name} {}`])})(${given}))`;
  };
  const value = (depth) => {
    if (depth <= 0 || random(4) === 0) return leaf();
    const items = (n, make) => Array.from({ length: n }, make).join(", ");
    const inner = () => value(depth - 1 - random(2));
    return pick([
      () => `[${items(random(5), inner)}]`,
      () => {
        const one = leaf();
        return `[${items(random(130), () => pick([one, String(random(100000)), text()]))}]`;
      },
      () => `[${items(7 + random(40), () => String(random(10 ** (1 + random(6)))))}]`,
      () => `[${items(7 + random(20), () => text())}]`,
      () =>
        `{ ${items(random(6), () => `${JSON.stringify(pick(words) + random(20))}: ${inner()}`)} }`,
      () => `{ ${items(random(6), () => `${JSON.stringify(pick(words))}: ${inner()}`)} }`,
      () => `new Map([${items(random(5), () => `[${inner()}, ${inner()}]`)}])`,
      () => `new Set([${items(random(12), inner)}])`,
      () => `Promise.resolve(${inner()})`,
      () => `new (class C${random(5)} { constructor() { this.v = ${inner()} } })`,
      () => `Object.assign([${items(random(4), inner)}], { extra: ${inner()} })`,
      () => `((o) => (o.self = o, o))({ v: ${inner()} })`,
      () => `Object.create(null, { p: { value: ${inner()}, enumerable: ${pick([true, false])} } })`,
      () => `new Proxy({ v: ${inner()} }, {})`,
      () => `[${items(random(4), inner)},,${inner()}]`,
      () => error(inner),
      () =>
        `{ get a() { return 1 }, set b(v) {}, get c() { return 1 }, set c(v) {}, [Symbol(${text()})]: ${inner()} }`,
      () =>
        `Object.assign(${pick(["() => {}", "class Q {}", "/re/", "new Date(0)", "new Number(3)", "new String('str')", "new Uint8Array(2)", "Promise.resolve(1)", "Object.create(null)"])}, { p: ${inner()} })`,
      () =>
        `new (class T extends ${pick(["Map", "Set", "Array", "Object", "Promise", "RegExp", "Uint8Array"])} { get [Symbol.toStringTag]() { return ${pick(["'T'", "'Tag'", "''"])} } })(${pick(["", "", "undefined"])})`.replace(
          "extends Promise",
          "extends Object",
        ),
      () => `{ [Symbol.toStringTag]: 'Own', v: ${inner()} }`,
      () =>
        `Object.setPrototypeOf(${pick(["{ a: 1 }", "[1]", "new Map([[1, 2]])", "() => {}", "/r/", "new Date(0)"])}, ${pick(["null", "{}", "Object.create(null)", "(class Z {}).prototype"])})`,
    ])();
  };
  return () => value(5);
}

test("util.inspect: generated values", { skip }, () => {
  const seeds = Number(process.env.SEEDS ?? 1500);
  const first = Number(process.env.SEED ?? Date.now() % 1e9);
  for (let i = 0; i < seeds; i++) {
    const source = generator(first + i)();
    let options;
    if (i % 5 === 4)
      options = {
        breakLength: 20 + (i % 90),
        depth: i % 6,
        compact: [3, 1, false, true, 2][((i / 5) % 5) | 0],
      };
    if (i % 5 === 3)
      options = {
        sorted: i % 2 === 0,
        getters: i % 3 === 0,
        colors: i % 4 === 0,
        maxArrayLength: i % 7 || null,
        maxStringLength: i % 11,
        numericSeparator: i % 2 === 1,
      };
    const expected = util.inspect(here(source), options);
    equal(inspect(there(source), options), expected, `SEED=${first + i} SEEDS=1 ${source}`);
  }
});

// ---- the console's methods: the same script under both ----

const SCRIPTS = [
  "console.log('a %s', 1); console.error('e'); console.info({ a: 1 }); console.debug([1]); console.warn('w', 2)",
  "console.group('G'); console.log('in\\nside'); console.group(); console.log({ a: 1 }); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('out')",
  "console.count(); console.count('x'); console.count(); console.countReset(); console.count()",
  "console.assert(true, 'no'); console.assert(false); console.assert(false, 'm %s', 1); console.assert(0, { a: 1 })",
  "console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir({ [Symbol.for('nodejs.util.inspect.custom')]: () => 'x' })",
  "console.table([[1, 2], [3, 4]]); console.table([{ a: 1, b: 'x' }, { a: 2, c: true }]); console.table([{ a: 1, b: 2 }], ['b'])",
  "console.table(new Map([['k', 1], ['l', { a: 1 }]])); console.table(new Set([1, 'a'])); console.table(5); console.table([1, 'b', [3]])",
  "console.table({ r: { x: 1 }, s: { x: '日本' } }); console.table(new Map([[1, 2]]).entries()); console.table(new Set([7]).values()); console.table([])",
  "console.log(); console.log(''); console.log('%o', 1)",
  "console.log = (x) => console.error('patched ' + x); console.count('p')",
];

test("console", { skip }, async () => {
  const { makeConsole } = await lily.import("console.js");
  const { Console } = await import("node:console");
  const { Writable } = await import("node:stream");
  for (const script of SCRIPTS) {
    const expected = { 1: "", 2: "" };
    const sink = (n) =>
      new Writable({
        decodeStrings: false,
        write: (chunk, _, done) => ((expected[n] += chunk), done()),
      });
    const theirs = new Console({ stdout: sink(1), stderr: sink(2) });
    vm.runInThisContext(`(console) => { ${script} }`)(theirs);
    const found = { 1: "", 2: "" };
    const ours = makeConsole((stream, text) => void (found[stream] += text));
    lily.run(`(console) => { ${script} }`)(ours);
    assert.deepEqual(found, expected, script);
  }
});

test("console: the namespace object, timing and traces", { skip }, () => {
  const found = lily.run(`
    console.time("t"); console.timeLog("t", 1); console.timeEnd("t"); console.timeEnd("t"); console.trace("here %s", 1);
    [Object.prototype.toString.call(console), Object.getPrototypeOf(Object.getPrototypeOf(console)) === Object.prototype, Object.keys(globalThis).includes("console")]
  `);
  assert.deepEqual([...found], ["[object console]", true, false]);
  assert.match(lily.stdout, /^t: [\d.]+ms 1\nt: [\d.]+ms\n$/);
  assert.match(
    lily.stderr,
    /^Warning: No such label 't' for console.timeEnd\(\)\nTrace: here 1\n    at /,
  );
});
