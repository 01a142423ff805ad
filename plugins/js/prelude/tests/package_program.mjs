// A program with npm packages under the prelude: finds modules as the frontend does (plugins/js/src/resolve.rs: the
// conditions lily, workerd, worker, then import or require; the fields module and main), makes the table of rows that
// `lower` writes, and runs it by prelude/commonjs.js and the realm's ES modules.
//   const program = new PackageProgram(lily, "/tmp/folder-with-node_modules");
//   await program.run("main.mjs", "import x from 'x'; …");      // or "main.cjs", with require

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const conditions = ["lily", "workerd", "worker"];
const parameters = ["exports", "require", "module", "__filename", "__dirname"];
const isFile = (path) => existsSync(path) && statSync(path).isFile();
const isFolder = (path) => existsSync(path) && statSync(path).isDirectory();
const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** What `exports` or `imports` says: the first condition that holds. */
function pick(value, manner) {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object") return null;
  if (Array.isArray(value)) return value.map((one) => pick(one, manner)).find((one) => one !== null) ?? null;
  for (const [name, inner] of Object.entries(value)) {
    if (name !== "default" && name !== manner && !conditions.includes(name)) continue;
    const found = pick(inner, manner);
    if (found !== null) return found;
  }
  return null;
}

function byPattern(table, key, manner) {
  if (key in table) return pick(table[key], manner);
  for (const pattern of Object.keys(table).filter((one) => one.includes("*")).sort((a, b) => b.length - a.length)) {
    const [start, end] = pattern.split("*");
    if (!key.startsWith(start) || !key.endsWith(end) || key.length < pattern.length) continue;
    const target = pick(table[pattern], manner);
    return target === null ? null : target.replaceAll("*", key.slice(start.length, key.length - end.length));
  }
  return null;
}

function fileAt(path) {
  const found = [path, `${path}.js`, `${path}.mjs`, `${path}.cjs`, `${path}.json`].find(isFile);
  if (found !== undefined) return found;
  if (!isFolder(path)) return null;
  if (isFile(join(path, "package.json"))) {
    const { module, main } = json(join(path, "package.json"));
    for (const field of [module, main]) if (typeof field === "string") {
      const target = fileAt(join(path, field));
      if (target !== null) return target;
    }
  }
  return fileAt(join(path, "index"));
}

function scopeOf(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (isFile(join(folder, "package.json"))) return [folder, json(join(folder, "package.json"))];
    if (folder === "/") return [folder, {}];
  }
}

export function resolveAs(specifier, from, manner) {
  if (isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, "")}`;
  if (/^\.{0,2}\//.test(specifier) || specifier === "." || specifier === "..") return fileAt(join(dirname(from), specifier));
  if (specifier.startsWith("#")) {
    const [folder, scope] = scopeOf(from);
    const target = byPattern(scope.imports ?? {}, specifier, manner);
    return target === null ? null : target.startsWith(".") ? fileAt(join(folder, target)) : resolveAs(target, from, manner);
  }
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const rest = specifier.slice(name.length);
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name);
    if (isFolder(home)) {
      const { exports } = isFile(join(home, "package.json")) ? json(join(home, "package.json")) : {};
      if (exports === undefined || exports === null) return fileAt(join(home, rest));
      const isBare = typeof exports === "string" || Array.isArray(exports) || !Object.keys(exports)[0]?.startsWith(".");
      const target = isBare ? (rest === "" ? pick(exports, manner) : null) : byPattern(exports, `.${rest}`, manner);
      return target === null ? null : fileAt(join(home, target));
    }
    if (folder === "/") return null;
  }
}

function kindOf(path) {
  if (path.endsWith(".json")) return "json";
  if (path.endsWith(".mjs")) return "module";
  if (path.endsWith(".cjs")) return "commonjs";
  const [, scope] = scopeOf(path);
  if (scope.type === "module") return "module";
  // `module` in package.json names ES modules whatever the type says.
  return /^\s*(?:import|export)\b/m.test(readFileSync(path, "utf8").replace(/\/\*[^]*?\*\//g, "")) && !/\bmodule\.exports\b/.test(readFileSync(path, "utf8")) ? "module" : "commonjs";
}

export class PackageProgram {
  #rows = new Map();
  #modules = new Map();
  #commonjs;

  constructor(lily, folder) {
    this.lily = lily;
    this.folder = folder;
  }

  async run(name, text) {
    const path = join(this.folder, name);
    this.#add(path, text);
    const { programModules } = await this.lily.import("node/builtins.js");
    this.#commonjs = programModules([...this.#rows.values()], this.folder);
    // One after the other: a graph is linked from its first module.
    for (const module of [...this.#modules.values()]) if (module.status === "unlinked") await this.#link(module);
    if (name.endsWith(".cjs")) this.#commonjs.require(name);
    else await this.#modules.get(path).evaluate();
  }

  #add(path, text = readFileSync(path, "utf8")) {
    if (this.#rows.has(path)) return;
    const kind = kindOfEntry(path);
    const row = { path: relative(this.folder, path), kind, code: text, links: [] };
    this.#rows.set(path, row);
    if (kind === "json") return;
    let specifiers;
    if (kind === "module") {
      const module = new vm.SourceTextModule(text, {
        context: this.lily.context,
        identifier: path,
        initializeImportMeta: (meta) => {
          meta.url = pathToFileURL(path).href;
        },
        importModuleDynamically: async (specifier) => {
          const found = await this.#target(specifier, path);
          if (found.status === "unlinked") await this.#link(found);
          await found.evaluate();
          return found;
        },
      });
      this.#modules.set(path, module);
      row.load = () => {
        void module.evaluate();
        return module.namespace;
      };
      const later = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map(([, specifier]) => specifier);
      specifiers = [...module.dependencySpecifiers, ...later];
    } else {
      row.run = vm.compileFunction(text, parameters, { parsingContext: this.lily.context, filename: path });
      specifiers = [...text.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)].map(([, specifier]) => specifier);
    }
    for (const specifier of new Set(specifiers)) {
      const target = resolveAs(specifier, path, kind === "module" ? "import" : "require");
      const isPlatform = target?.startsWith("node:");
      row.links.push({ specifier, is_required: kind === "commonjs", target: target === null ? null : isPlatform ? target : relative(this.folder, target) });
      if (target !== null && !isPlatform) this.#add(target);
    }
  }

  #link(module) {
    return module.link((specifier, from) => this.#target(specifier, from.identifier));
  }

  #target(specifier, from) {
    const target = resolveAs(specifier, from, "import");
    if (target === null) throw new Error(`cannot find ${specifier} from ${from}`);
    if (target.startsWith("node:")) return this.lily.platform(target);
    const module = this.#modules.get(target);
    if (module !== undefined) return module;
    const { default: value, names } = this.#commonjs.interop(relative(this.folder, target));
    const made = new vm.SyntheticModule([...names, "default"], function () {
      for (const name of names) this.setExport(name, value[name]);
      this.setExport("default", value);
    }, { context: this.lily.context });
    this.#modules.set(target, made);
    return made;
  }
}

function kindOfEntry(path) {
  return existsSync(path) || path.endsWith(".json") ? kindOf(path) : path.endsWith(".cjs") ? "commonjs" : "module";
}
