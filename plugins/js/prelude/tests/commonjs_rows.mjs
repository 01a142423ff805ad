// CommonJS for tests, as the build does it: the table of a library's modules (what `lower` writes), and the module
// that stands for the library in the bundle.

import { readFileSync, existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import vm from "node:vm";

const parameters = ["exports", "require", "module", "__filename", "__dirname"];

const isFile = (path) => existsSync(path) && statSync(path).isFile();

function fileAt(path) {
  return [path, `${path}.js`, `${path}.cjs`, `${path}.json`, join(path, "index.js")].find(isFile) ?? null;
}

/** Rows of all modules that `entry` reaches by relative paths; `main` is its path from the package's folder. */
export function rowsOf(entry, main, context) {
  const root = entry.slice(0, -main.length);
  const rows = new Map();
  const add = (path) => {
    if (rows.has(path)) return;
    const text = readFileSync(path, "utf8");
    const row = { path: relative(root, path), kind: path.endsWith(".json") ? "json" : "commonjs", code: text, links: [] };
    rows.set(path, row);
    if (row.kind === "json") return;
    row.run = vm.compileFunction(text, parameters, { parsingContext: context, filename: path });
    for (const [, specifier] of text.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)) {
      if (!specifier.startsWith(".")) continue;
      const target = fileAt(resolve(dirname(path), specifier));
      if (target === null) continue;
      row.links.push({ specifier, is_required: true, target: relative(root, target) });
      add(target);
    }
  };
  add(entry);
  return [...rows.values()];
}

/** The text of the module that runs the table; what the library asks of Node it gets from the prelude. */
export function libraryModule({ name, files, aliases = {} }) {
  const lines = [`import { Modules } from "./commonjs.js";`, `import { rows } from "rows:${name}";`];
  const entries = Object.entries(aliases).map(([specifier, path], at) => {
    lines.push(`import * as alias${at} from "./${path}";`);
    return `${JSON.stringify(specifier)}: alias${at}.default ?? alias${at}`;
  });
  lines.push(`const aliases = { __proto__: null, ${entries.join(", ")} };`);
  lines.push(`export default new Modules(rows, (name) => aliases[name], "/${name}").require(${JSON.stringify(files[0])});`);
  return lines.join("\n");
}
