// A double of `lily:host` and a loader of the prelude, for tests under Node 22 (npm package `node`),
// whose text the console and the node: modules equal:
//   node --experimental-vm-modules --expose-internals --test plugins/js/prelude/tests/
//
//   import { load } from "./host.mjs";
//   const lily = await load();                       // or load({ entry: "url.js", parts: [cryptoHost] })
//   lily.run("new URL('x:y').href");                 // a script in the prelude's realm, its value
//   const { URL } = await lily.import("url.js");     // a module of the prelude, its namespace
//   await lily.module("export default await 1;");    // a program as a module: its namespace
//   lily.output                                      // what went to stdout and stderr
//   lily.hooks.request(1, "GET", …)                  // call a hook; arrays and bytes are carried over
//   await lily.idle()                                // until no timer (but weak ones) and no microtask is left
//
// The realm is a fresh vm context with what QuickJS-ng has: none of Node's or V8's extras. A part
// (`parts: [(lily) => ({ digest(name, bytes) { … } })]`) adds host functions, or replaces those here.
// Host functions get and give plain values of Node's realm; bytes, arrays and errors are carried
// over the border both ways, so that `instanceof` is right on both sides.

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { codingHost } from "./host_coding.mjs";
import { contextHost } from "./host_context.mjs";
import { cryptoHost } from "./host_crypto.mjs";
import { httpHost } from "./host_http.mjs";
import { zonesHost } from "./host_zones.mjs";
import { reflectionHost } from "./host_reflection.mjs";
import { libraryModule, rowsOf } from "./commonjs_rows.mjs";
import { library, libraryEntry } from "./libraries.mjs";

export const PRELUDE = resolve(dirname(fileURLToPath(import.meta.url)), "..");

// What V8 puts into a fresh context and QuickJS-ng does not have.
const NOT_IN_THE_ENGINE = ["console", "WebAssembly", "Intl"];

export async function load({ entry = "main.js", parts = [], environment = {}, args = [], files = {} } = {}) {
  if (vm.SourceTextModule === undefined) throw new Error("run node with --experimental-vm-modules");
  const context = vm.createContext({});
  const lily = new Realm(context);
  const table = { ...coreHost(lily, { environment, args, files }) };
  for (const part of [codingHost, reflectionHost, contextHost, cryptoHost, httpHost, zonesHost]) Object.assign(table, part(lily));
  for (const part of parts) Object.assign(table, part(lily));
  lily.host = lily.functions(table);
  await lily.import(entry);
  return lily;
}

class Realm {
  output = [];
  hooks = null;
  timers = new Map();
  exitCode = 0;
  #modules = new Map();
  #intrinsics;

  constructor(context) {
    this.context = context;
    for (const name of NOT_IN_THE_ENGINE) this.run(`delete globalThis.${name}`);
    if (!this.run("'transfer' in ArrayBuffer.prototype")) this.run("(install) => install(ArrayBuffer)")(addTransfer);
    this.global = this.run("globalThis");
    this.#intrinsics = this.run("({ Uint8Array, Array, Error, TypeError, RangeError, Promise, Object })");
    realms.add(this);
  }

  get stdout() {
    return this.output.filter(([stream]) => stream === 1).map(([, text]) => text).join("");
  }

  get stderr() {
    return this.output.filter(([stream]) => stream === 2).map(([, text]) => text).join("");
  }

  /** Evaluates a script and answers its value. */
  run(source, filename = "script.js") {
    return vm.runInContext(source, this.context, { filename });
  }

  /** Evaluates a program that is a module; answers its namespace. */
  async module(source, name = "program.mjs") {
    const module = new vm.SourceTextModule(source, this.#options(pathToFileURL(join(PRELUDE, name)).href));
    await module.link((specifier, from) => this.#resolve(specifier, from));
    await module.evaluate();
    return module.namespace;
  }

  /** Evaluates a module of the prelude (a path from prelude/); answers its namespace. */
  async import(path) {
    const module = this.#load(path.startsWith("/") ? path : join(PRELUDE, path));
    if (module.status === "unlinked") await module.link((specifier, from) => this.#resolve(specifier, from));
    await module.evaluate();
    return module.namespace;
  }

  /** Resolves when no timer is running and what was under way has settled. */
  async idle() {
    const isBusy = () => [...this.timers.values()].some(({ weak }) => !weak);
    do {
      await new Promise((done) => setImmediate(done));
      if (isBusy()) await new Promise((done) => setTimeout(done, 1));
    } while (isBusy());
    await new Promise((done) => setImmediate(done));
  }

  /** A value of Node's realm as one of the prelude's. */
  inward(value) {
    const { Uint8Array: Bytes, Array: List, Error: Failure } = this.#intrinsics;
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return new Bytes(value);
    if (Array.isArray(value) && value instanceof Array) return List.from(value, (item) => this.inward(item));
    if (value instanceof Error) return Object.assign(new (this.#intrinsics[value.name] ?? Failure)(value.message));
    return value;
  }

  /** Host functions as the prelude sees them. */
  functions(table) {
    const wrapped = this.run("({})");
    for (const [name, work] of Object.entries(table)) {
      const call = (...parameters) => {
        try {
          return this.inward(work(...parameters.map((value) => this.outward(value))));
        } catch (error) {
          throw this.inward(error);
        }
      };
      wrapped[name] = this.run("(call) => (...parameters) => call(...parameters)")(call);
    }
    return wrapped;
  }

  /** A view of the prelude's realm as Node's, over the same memory; everything else as it is. */
  outward(value) {
    if (value instanceof this.#intrinsics.Uint8Array) {
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return value;
  }

  /** Calls a hook as the engine does; unknown hooks are an error. */
  listen(hooks) {
    this.hooks = new Proxy(hooks, {
      get: (target, name) => {
        const hook = target[name];
        if (typeof hook !== "function") return hook;
        return (...parameters) => hook(...parameters.map((value) => this.inward(value)));
      },
    });
  }

  isPromiseOfThis(value) {
    return value instanceof this.#intrinsics.Promise;
  }

  #options(identifier) {
    return {
      context: this.context,
      identifier,
      initializeImportMeta: (meta) => {
        meta.url = identifier;
      },
      importModuleDynamically: async (specifier, from) => {
        const module = this.#resolve(specifier, from);
        if (module.status === "unlinked") await module.link((name, parent) => this.#resolve(name, parent));
        await module.evaluate();
        return module;
      },
    };
  }

  #resolve(specifier, from) {
    if (specifier === "lily:host") return this.#hostModule();
    if (specifier.startsWith("rows:")) return this.#modules.get(specifier);
    if (specifier.startsWith("node:")) return this.platform(specifier);
    if (/^\.{0,2}\//.test(specifier)) {
      return this.#load(fileURLToPath(new URL(specifier, from.identifier)));
    }
    const entry = libraryEntry(specifier);
    return entry.kind === "commonjs" ? this.#commonjs(entry) : this.#load(library(specifier));
  }

  /** A module of Node's as the engine gives it: its keys as names, and the whole as `default`. */
  platform(specifier) {
    const exports = this.#modules.get(join(PRELUDE, "node/builtins.js")).namespace.builtin(specifier);
    const names = Object.keys(exports).filter((name) => name !== "default");
    return new vm.SyntheticModule([...names, "default"], function () {
      for (const name of names) this.setExport(name, exports[name]);
      this.setExport("default", exports);
    }, { context: this.context });
  }

  /** A library in CommonJS as the bundle has it: its modules in a table, run by prelude/commonjs.js. */
  #commonjs(entry) {
    const key = `commonjs:${entry.name}`;
    let module = this.#modules.get(key);
    if (module !== undefined) return module;
    const rows = rowsOf(library(entry.name), entry.files[0], this.context);
    this.#modules.set(`rows:${entry.name}`, new vm.SyntheticModule(["rows"], function () { this.setExport("rows", rows); }, { context: this.context }));
    const identifier = pathToFileURL(join(PRELUDE, `${entry.name.replace(/\W+/g, "-")}.library.js`)).href;
    module = new vm.SourceTextModule(libraryModule(entry), this.#options(identifier));
    this.#modules.set(key, module);
    return module;
  }

  #load(path) {
    let module = this.#modules.get(path);
    if (module === undefined) {
      module = new vm.SourceTextModule(readFileSync(path, "utf8"), this.#options(pathToFileURL(path).href));
      this.#modules.set(path, module);
    }
    return module;
  }

  #hostModule() {
    let module = this.#modules.get("lily:host");
    if (module === undefined) {
      const { host } = this;
      module = new vm.SyntheticModule(["host"], function () { this.setExport("host", host); }, { context: this.context });
      this.#modules.set("lily:host", module);
    }
    return module;
  }
}

// QuickJS-ng has ArrayBuffer.prototype.transfer, Node 20 has not.
function addTransfer(Buffer) {
  const read = Object.getOwnPropertyDescriptor(Buffer.prototype, "byteLength").get;
  const detached = new WeakSet();
  const methods = {
    transfer(length = Reflect.apply(read, this, [])) {
      if (detached.has(this)) throw new TypeError("the buffer is detached");
      const result = new Buffer(length);
      const target = new Uint8Array(result);
      target.set(new Uint8Array(this).subarray(0, length));
      structuredClone(this, { transfer: [this] });
      detached.add(this);
      return result;
    },
    get detached() {
      return detached.has(this);
    },
  };
  for (const name of ["transfer", "detached"]) {
    const property = Object.getOwnPropertyDescriptor(methods, name);
    Object.defineProperty(Buffer.prototype, name, { ...property, enumerable: false });
  }
}

/** Output, clock, timers, the program's surroundings. */
function coreHost(lily, { environment, args, files }) {
  let lastId = 0;
  return {
    id: () => ++lastId,
    listen: (hooks) => lily.listen(hooks),
    print: (stream, text) => void lily.output.push([stream, text]),
    now: () => performance.timeOrigin + performance.now(),
    monotonic: () => performance.now(),
    random: (bytes) => void crypto.getRandomValues(bytes),
    startTimer(id, ms, weak = false) {
      const fire = () => {
        lily.timers.delete(id);
        lily.hooks.timer(id);
      };
      const handle = ms === 0 ? setImmediate(fire) : setTimeout(fire, ms);
      lily.timers.set(id, { handle, weak });
      if (weak) handle.unref();
    },
    stopTimer(id) {
      const { handle } = lily.timers.get(id) ?? {};
      clearTimeout(handle);
      clearImmediate(handle);
      lily.timers.delete(id);
    },
    environment: () => Object.entries(environment).flat(),
    arguments: () => args,
    runScript: (text, name) => lily.run(text, name),
    exit(code) {
      lily.exitCode = code;
      throw new Error(`exit ${code}`);
    },
    exitCode: (code) => void (lily.exitCode = code),
    readFile: (path) => (path in files ? Buffer.from(files[path]) : null),
  };
}

// Node tells of an unhandled rejection after the microtasks have run, the engine at once: here both
// hooks follow one another. Rejections of Node's own realm go to whoever listens there.
const realms = new Set();
const { emit } = process;
process.emit = function (name, ...values) {
  if (name !== "unhandledRejection" && name !== "rejectionHandled") return emit.call(this, name, ...values);
  const promise = name === "unhandledRejection" ? values[1] : values[0];
  for (const lily of realms) {
    if (!lily.isPromiseOfThis(promise)) continue;
    if (name === "rejectionHandled") {
      lily.hooks?.handled?.(promise);
    } else {
      lily.hooks?.rejected?.(promise, values[0]);
      lily.hooks?.checkpoint?.();
    }
    return true;
  }
  return emit.call(this, name, ...values);
};
