// `node:vm` over the one global object that a program has: scripts run in it. What wants another one is refused, with one
// sentence that says so. Follows https://nodejs.org/api/vm.html.

import { host } from "lily:host";
import { codes } from "./errors.js";
import { validateArray, validateObject, validateString } from "./validate.js";

const refusal = (what) =>
  new codes.ERR_METHOD_REFUSED(
    `node:vm: ${what} is not available under LILY: a program has one global object`,
  );

function nameOf(options, fallback) {
  if (typeof options === "string") return options;
  if (options === undefined) return fallback;
  validateObject(options, "options");
  const { filename = fallback } = options;
  validateString(filename, "options.filename");
  return filename;
}

export class Script {
  #text;
  #name;

  constructor(code, options = undefined) {
    this.#text = `${code}`;
    this.#name = nameOf(options, "evalmachine.<anonymous>");
    check(this.#text);
    this.cachedDataRejected = options?.cachedData === undefined ? undefined : true;
    this.sourceMapURL = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(this.#text)?.[1];
  }

  runInThisContext(options = undefined) {
    if (options !== undefined) validateObject(options, "options");
    return host.runScript(this.#text, this.#name);
  }

  runInContext() {
    throw refusal("Script.runInContext()");
  }

  runInNewContext() {
    throw refusal("Script.runInNewContext()");
  }

  createCachedData() {
    return globalThis.Buffer.alloc(0);
  }
}

/** A script's mistakes show when it is made, not when it runs: what is wrong in a function's body is wrong in a script. */
function check(text) {
  try {
    new Function(text);
  } catch (error) {
    if (error instanceof SyntaxError && !isScriptOnly(text)) throw error;
  }
}

/** What a script may have and a function's body may not: a first line with "#!", and HTML's comments. */
const isScriptOnly = (text) => text.startsWith("#!") || text.includes("<!--") || text.includes("-->");

export function runInThisContext(code, options = undefined) {
  return host.runScript(`${code}`, nameOf(options, "evalmachine.<anonymous>"));
}

export function compileFunction(code, parameters = [], options = {}) {
  validateString(code, "code");
  validateArray(parameters, "params");
  parameters.forEach((one, at) => validateString(one, `params[${at}]`));
  if (options.parsingContext !== undefined || (options.contextExtensions ?? []).length > 0)
    throw refusal("compileFunction() in another context");
  const made = new Function(...parameters, code);
  Object.defineProperty(made, "name", { value: "", configurable: true });
  return made;
}

export function isContext(object) {
  validateObject(object, "object");
  return false;
}

const refused = {};
for (const name of ["createContext", "runInContext", "runInNewContext", "measureMemory"]) {
  refused[name] = {
    [name]() {
      throw refusal(`${name}()`);
    },
  }[name];
}

export const createScript = (code, options) => new Script(code, options);

export default {
  Script,
  createContext: refused.createContext,
  createScript,
  runInContext: refused.runInContext,
  runInNewContext: refused.runInNewContext,
  runInThisContext,
  isContext,
  compileFunction,
  measureMemory: refused.measureMemory,
  constants: {
    __proto__: null,
    USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"),
    DONT_CONTEXTIFY: Symbol("vm_context_no_contextify"),
  },
};
