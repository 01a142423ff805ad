// The module system for CommonJS: `require` with its cache and cycles, over the table of modules that
// the frontend writes (plugins/js/src/lower.rs, `Payload`), and the meeting of CommonJS and ES
// modules. Follows https://nodejs.org/api/modules.html and
// https://nodejs.org/api/esm.html#interoperability-with-commonjs.
//
// The engine makes one `Modules` of the rows, runs the entry by `require(path)` when it is CommonJS, and asks
// `interop(path)` for what an ES module that imports a CommonJS, JSON or text module sees.

import { codes } from "./node/errors.js";
import { dirname, resolve as resolvePath } from "./node/path.js";
import { validateString } from "./node/validate.js";

/**
 * A row of the table.
 * @typedef {object} Row
 * @property {string} path relative to the project's root
 * @property {"module" | "commonjs" | "json" | "text"} kind
 * @property {string} [code] the text of `json` and `text`
 * @property {Function} [run] of `commonjs`: (exports, require, module, __filename, __dirname)
 * @property {() => object} [load] of `module`: evaluates it and answers its namespace; throws when it awaits
 * @property {{specifier: string, is_required: boolean, target: string | null}[]} links
 */

/** What Node adds to a path that leads nowhere as it stands, in this order. */
const endings = ["", ".js", ".cjs", ".json", ".mjs", "/index.js", "/index.cjs", "/index.json"];

/** `module` in a CommonJS module. */
class Module {
  constructor(filename, parent) {
    this.id = filename;
    this.path = dirname(filename);
    this.exports = {};
    this.filename = filename;
    this.loaded = false;
    this.children = [];
    Object.defineProperty(this, "parent", { value: parent, enumerable: false, configurable: true });
    parent?.children.push(this);
  }
}

function notFound(specifier, filename) {
  const error = new codes.MODULE_NOT_FOUND(
    `Cannot find module '${specifier}'${filename ? `\nRequire stack:\n- ${filename}` : ""}`,
  );
  error.requireStack = filename ? [filename] : [];
  return error;
}

export class Modules {
  #rows = new Map();
  #builtin;
  #root;
  #cache = Object.create(null);
  #namespaces = new Map();
  #main;

  /**
   * @param {Row[]} rows
   * @param {(name: string) => object | undefined} builtin the exports of `node:fs`, given `node:fs` or `fs`
   * @param {string} root the absolute folder that paths are relative to
   */
  constructor(rows, builtin, root = "/") {
    this.#root = root.endsWith("/") ? root : `${root}/`;
    this.#builtin = builtin;
    for (const row of rows) {
      const links = { required: new Map(), imported: new Map() };
      for (const { specifier, is_required, target } of row.links)
        (is_required ? links.required : links.imported).set(specifier, target);
      this.#rows.set(this.#root + row.path, { row, links });
    }
  }

  /** The exports of the module at a path of the table: how a program begins, and how its parts go on. */
  require(path, parent = undefined) {
    return this.#load(resolvePath(this.#root, path), parent);
  }

  /** What an ES module sees of a module that is none: `default`, and its keys as names. */
  interop(path) {
    const exports = this.require(path);
    const isBag = (typeof exports === "object" && exports !== null) || typeof exports === "function";
    const kind = this.#rows.get(resolvePath(this.#root, path)).row.kind;
    const names =
      isBag && kind === "commonjs" ? Object.keys(exports).filter((name) => name !== "default") : [];
    return { default: exports, names };
  }

  /** `require` for the module at an absolute file name (`createRequire`). */
  requireFor(filename) {
    return this.#requireOf(new Module(filename, undefined));
  }

  /** A CommonJS module by its text, at the side of the table: what `module._compile` does. */
  get cache() {
    return this.#cache;
  }

  #load(filename, parent) {
    const cached = this.#cache[filename];
    if (cached !== undefined) {
      if (parent !== undefined && !parent.children.includes(cached)) parent.children.push(cached);
      return cached.exports;
    }
    const entry = this.#rows.get(filename);
    if (entry === undefined) throw notFound(filename, parent?.filename);
    if (entry.row.kind === "module") return this.#namespace(entry.row, filename);
    const module = new Module(filename, parent);
    this.#main ??= module;
    this.#cache[filename] = module;
    try {
      this.#run(entry.row, module);
    } catch (error) {
      // A module that failed is tried anew by the next `require`.
      delete this.#cache[filename];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  #run(row, module) {
    if (row.kind === "text") module.exports = row.code;
    else if (row.kind === "json") {
      try {
        module.exports = JSON.parse(row.code.replace(/^\ufeff/, ""));
      } catch (error) {
        error.message = `${module.filename}: ${error.message}`;
        throw error;
      }
    } else
      row.run.call(
        module.exports,
        module.exports,
        this.#requireOf(module),
        module,
        module.filename,
        module.path,
      );
  }

  // A namespace with a default export also says `__esModule`, so that transpiled code finds `default`
  // where it looks.
  #namespace(row, filename) {
    const known = this.#namespaces.get(filename);
    if (known !== undefined) return known;
    const namespace = row.load();
    let seen = namespace;
    if (Object.hasOwn(namespace, "module.exports")) seen = namespace["module.exports"];
    else if (Object.hasOwn(namespace, "default") && !Object.hasOwn(namespace, "__esModule")) {
      seen = Object.create(null, { __esModule: { value: true, enumerable: true } });
      for (const name of Object.keys(namespace))
        Object.defineProperty(seen, name, { enumerable: true, get: () => namespace[name] });
      Object.defineProperty(seen, Symbol.toStringTag, { value: "Module" });
    }
    this.#namespaces.set(filename, seen);
    return seen;
  }

  #requireOf(module) {
    const { filename } = module;
    const find = (specifier) => this.#find(specifier, filename);
    const require = (specifier) => {
      validateString(specifier, "id");
      if (specifier === "")
        throw new codes.ERR_INVALID_ARG_VALUE("id", specifier, "must be a non-empty string");
      const { builtin, target } = find(specifier);
      return builtin ?? this.#load(target, module);
    };
    require.resolve = (specifier) => {
      validateString(specifier, "request");
      const { builtin, target } = find(specifier);
      return builtin === undefined ? target : specifier;
    };
    require.resolve.paths = (specifier) => (this.#builtin(specifier) ? null : this.#folders(filename));
    require.main = this.#main;
    require.cache = this.#cache;
    require.extensions = Object.assign(Object.create(null), {
      ".js": undefined,
      ".json": undefined,
      ".node": undefined,
    });
    module.require = require;
    Object.defineProperty(module, "require", { enumerable: false });
    return require;
  }

  #folders(filename) {
    const folders = [];
    for (let folder = dirname(filename); ; folder = dirname(folder)) {
      folders.push(folder === "/" ? "/node_modules" : `${folder}/node_modules`);
      if (folder === "/") return folders;
    }
  }

  // The frontend has followed every `require("…")` that it could read; what a program puts together
  // itself is looked for among the modules that are there.
  #find(specifier, filename) {
    const links = this.#rows.get(filename)?.links;
    const link = links?.required.get(specifier) ?? links?.imported.get(specifier);
    const wanted = link ?? specifier;
    const builtin = link === undefined || link.startsWith("node:") ? this.#builtin(wanted) : undefined;
    if (builtin !== undefined) return { builtin };
    if (link !== undefined && link !== null) return { target: resolvePath(this.#root, link) };
    const starts =
      /^\.{0,2}\//.test(specifier) || specifier === "." || specifier === ".."
        ? [resolvePath(dirname(filename), specifier)]
        : this.#folders(filename).map((folder) => `${folder}/${specifier}`);
    for (const start of starts) {
      const ending = endings.find((one) => this.#rows.has(start + one));
      if (ending !== undefined) return { target: start + ending };
    }
    if (specifier.startsWith("node:")) throw new codes.ERR_UNKNOWN_BUILTIN_MODULE(specifier);
    throw notFound(specifier, filename);
  }
}
