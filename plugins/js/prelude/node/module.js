// `node:module`. Follows https://nodejs.org/api/module.html. All modules of a program are known when
// it is built: hooks that load others are refused.

import { fileURLToPath } from "./url.js";
import { codes } from "./errors.js";
import { isAbsolute } from "./path.js";

/** What builtins.js and the program give: names, a finder, the program's `Modules`. */
const given = { names: [], builtin: () => undefined, modules: null };

/** Called by builtins.js once, with all names and their finder. */
export function builtinsFrom(names, builtin) {
  given.names.push(...names);
  given.builtin = builtin;
}

/** Called when a program starts: `createRequire` looks in its table. */
export function programFrom(modules) {
  given.modules = modules;
}

function createRequire(filename) {
  const path =
    filename instanceof URL || (typeof filename === "string" && filename.startsWith("file:"))
      ? fileURLToPath(filename)
      : filename;
  if (typeof path !== "string" || !isAbsolute(path)) {
    throw new codes.ERR_INVALID_ARG_VALUE(
      "filename",
      filename,
      "must be a file URL object, file URL string, or absolute path string",
    );
  }
  if (given.modules !== null) return given.modules.requireFor(path);
  const require = (name) => {
    const found = given.builtin(name);
    if (found === undefined)
      throw new codes.MODULE_NOT_FOUND(`Cannot find module '${name}'\nRequire stack:\n- ${path}`);
    return found;
  };
  require.resolve = (name) => name;
  return require;
}

const isBuiltin = (name) => given.builtin(String(name)) !== undefined;

function refused(name) {
  return () => {
    throw new codes.ERR_METHOD_REFUSED(
      `module.${name}() is not available: all modules of a program are known when it is built`,
    );
  };
}

function Module(id = "", parent = undefined) {
  this.id = id;
  this.exports = {};
  this.filename = null;
  this.loaded = false;
  this.children = [];
  this.parent = parent;
}

Object.assign(Module, {
  Module,
  builtinModules: given.names,
  createRequire,
  isBuiltin,
  findPackageJSON: refused("findPackageJSON"),
  register: refused("register"),
  registerHooks: refused("registerHooks"),
  stripTypeScriptTypes: refused("stripTypeScriptTypes"),
  syncBuiltinESMExports: () => {},
  enableCompileCache: () => ({ status: 3 }),
  flushCompileCache: () => {},
  getCompileCacheDir: () => undefined,
  findSourceMap: () => undefined,
  globalPaths: [],
  _extensions: Object.create(null),
  _nodeModulePaths: () => [],
  _load: refused("_load"),
  _resolveFilename: refused("_resolveFilename"),
  constants: Object.freeze({
    compileCacheStatus: Object.freeze({
      __proto__: null,
      FAILED: 0,
      ENABLED: 1,
      ALREADY_ENABLED: 2,
      DISABLED: 3,
    }),
  }),
});
Object.defineProperty(Module, "_cache", { get: () => given.modules?.cache ?? Object.create(null) });

export default Module;
