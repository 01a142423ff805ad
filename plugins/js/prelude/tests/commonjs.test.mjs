// The module system for CommonJS, over tables as the frontend writes them.

import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { sides } from "./node_same.mjs";

/** `{ "a.js": "text", … }` → rows; what a module requires by a literal is linked as the frontend does. */
function table(lily, files, namespaces = {}) {
  return Object.entries(files).map(([path, code]) => {
    const kind = path.endsWith(".json") ? "json" : path.endsWith(".txt") ? "text" : path.endsWith(".mjs") ? "module" : "commonjs";
    const links = [...code.matchAll(/require\("([^"]+)"\)/g)].map(([, specifier]) => {
      const near = specifier.startsWith("./") ? specifier.slice(2) : specifier;
      const target = [near, `${near}.js`, `node_modules/${near}/index.js`].find((name) => name in files) ?? (/^(node:)?(fs|path)$/.test(specifier) ? `node:${specifier.replace("node:", "")}` : null);
      return { specifier, is_required: true, target };
    });
    const run = kind === "commonjs" ? vm.compileFunction(code, ["exports", "require", "module", "__filename", "__dirname"], { parsingContext: lily.context, filename: path }) : undefined;
    return { path, kind, code, run, load: namespaces[path], links };
  });
}

async function program(files, namespaces) {
  const lily = await sides();
  return { lily, modules: lily.hooks.program(table(lily, files, namespaces), "/app") };
}

const plain = (value) => JSON.parse(JSON.stringify(value));

test("exports, module.exports, __filename, __dirname, this, JSON, text", async () => {
  const { modules } = await program({
    "index.js": `exports.a = 1; this.b = 2; exports.names = [__filename, __dirname, module.id, module.filename, module.path, module.loaded, require.main === module];
      exports.c = require("./c"); exports.json = require("./data.json"); exports.text = require("./note.txt"); exports.same = require("./c") === exports.c;`,
    "c.js": "module.exports = function c() { return 3; }; module.exports.x = 1;",
    "data.json": '\ufeff{"j": [1]}',
    "note.txt": "hello",
  });
  const found = modules.require("index.js");
  assert.deepEqual(plain(found.names), ["/app/index.js", "/app", "/app/index.js", "/app/index.js", "/app", false, true]);
  assert.deepEqual([found.a, found.b, found.c(), found.c.x, plain(found.json), found.text, found.same], [1, 2, 3, 1, { j: [1] }, "hello", true]);
});

test("a cycle sees what is there so far", async () => {
  const { modules } = await program({
    "a.js": `exports.done = false; const b = require("./b"); exports.seen = b.done; exports.done = true;`,
    "b.js": `exports.done = false; const a = require("./a"); exports.seen = a.done; exports.done = true;`,
  });
  const a = modules.require("a.js");
  assert.deepEqual(plain([a, modules.require("b.js")]), [{ done: true, seen: true }, { done: true, seen: false }]);
});

test("a module that throws is tried anew; the cache can be emptied", async () => {
  const { lily, modules } = await program({
    "bad.js": "globalThis.tries = (globalThis.tries ?? 0) + 1; if (globalThis.tries === 1) throw new Error('first'); module.exports = globalThis.tries;",
    "index.js": `let first; try { require("./bad"); } catch (error) { first = error.message; } const second = require("./bad"); delete require.cache[require.resolve("./bad")]; module.exports = [first, second, require("./bad"), Object.keys(require.cache)];`,
  });
  assert.deepEqual(plain(modules.require("index.js")), ["first", 2, 3, ["/app/index.js", "/app/bad.js"]]);
  assert.equal(lily.run("tries"), 3);
});

test("Node's modules, packages, what the program puts together, what is not there", async () => {
  const { modules } = await program({
    "index.js": `const name = "./lib/" + "x"; const fail = (work) => { try { return work(); } catch (error) { return [error.code, error.message, error.requireStack]; } };
      module.exports = [require("node:path") === require("path"), require("p").name, require(name).x, require.resolve("p"), require.resolve("fs"), require.resolve.paths("q"),
        fail(() => require("./nope")), fail(() => require("nope")), fail(() => require("")), fail(() => require(5)), fail(() => require("node:nope")), module.children.length];`,
    "node_modules/p/index.js": "exports.name = 'p'; exports.parent = module.parent.id;",
    "lib/x.js": "exports.x = require('./y').y;",
    "lib/y.js": "exports.y = 'y';",
  });
  assert.deepEqual(plain(modules.require("index.js")), [
    true, "p", "y", "/app/node_modules/p/index.js", "fs", ["/app/node_modules", "/node_modules"],
    ["MODULE_NOT_FOUND", "Cannot find module './nope'\nRequire stack:\n- /app/index.js", ["/app/index.js"]],
    ["MODULE_NOT_FOUND", "Cannot find module 'nope'\nRequire stack:\n- /app/index.js", ["/app/index.js"]],
    ["ERR_INVALID_ARG_VALUE", "The argument 'id' must be a non-empty string. Received ''", null],
    ["ERR_INVALID_ARG_TYPE", 'The "id" argument must be of type string. Received type number (5)', null],
    ["ERR_UNKNOWN_BUILTIN_MODULE", "No such built-in module: node:nope", null], 2,
  ].map((value) => (Array.isArray(value) && value[2] === null ? value.slice(0, 2).concat(null) : value)));
});

test("an ES module required gives its namespace, with __esModule where it has a default", async () => {
  const namespace = await import("data:text/javascript,export default 1; export const named = 2;");
  const bare = await import("data:text/javascript,export const only = 3;");
  const own = await import("data:text/javascript,const made = { own: 1 }; export { made as 'module.exports' };");
  const { modules } = await program({
    "index.js": `const m = require("./m.mjs"); module.exports = [m.default, m.named, m.__esModule, require("./bare.mjs").only, "__esModule" in require("./bare.mjs"), require("./own.mjs").own, require("./m.mjs") === m];`,
    "m.mjs": "", "bare.mjs": "", "own.mjs": "",
  }, { "m.mjs": () => namespace, "bare.mjs": () => bare, "own.mjs": () => own });
  assert.deepEqual(plain(modules.require("index.js")), [1, 2, true, 3, false, 1, true]);
});

test("an ES module that imports CommonJS sees default and names", async () => {
  const { modules } = await program({
    "f.js": "module.exports = function f() {}; module.exports.a = 1; module.exports.default = 2;",
    "n.js": "module.exports = 5;",
    "d.json": '{"k": 1}',
    "t.js": "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 1; exports.x = 2;",
  });
  assert.deepEqual([...modules.interop("f.js").names], ["a"]);
  assert.equal(modules.interop("f.js").default, modules.require("f.js"));
  assert.deepEqual([modules.interop("n.js").default, [...modules.interop("n.js").names]], [5, []]);
  assert.deepEqual([plain(modules.interop("d.json").default), [...modules.interop("d.json").names]], [{ k: 1 }, []]);
  assert.deepEqual([...modules.interop("t.js").names], ["x"]);
});

test("createRequire finds the program's modules and Node's", async () => {
  const { lily } = await program({ "a.js": "exports.a = 7;", "node_modules/q/index.js": "exports.q = 8;" });
  lily.context.builtin = lily.hooks.builtin;
  assert.deepEqual(plain(lily.run(`const r = builtin("module").createRequire("/app/index.js"); [r("./a").a, r("q").q, r("fs") === builtin("fs"), builtin("module").isBuiltin("node:fs"), builtin("module").createRequire("file:///app/x/y.js")("../a.js").a]`)), [7, 8, true, true, 7]);
});
