// node:vm where there is one realm: scripts of the global scope. What needs another context is refused (refused.js).
// Follows https://nodejs.org/api/vm.html; a Script is compiled when it runs, not when it is made.

import { host } from "lily:host";
import refused from "./refused.js";
import { validateString } from "./validate.js";

function nameOf(options) {
  const name = typeof options === "string" ? options : (options?.filename ?? "evalmachine.<anonymous>");
  validateString(name, "options.filename");
  return name;
}

class Script {
  #text;
  #name;

  constructor(code, options) {
    this.#text = `${code}`;
    this.#name = nameOf(options);
  }

  runInThisContext() {
    return host.runScript(this.#text, this.#name);
  }

  runInContext() {
    return refused.vm.runInContext();
  }

  runInNewContext() {
    return refused.vm.runInNewContext();
  }
}

function runInThisContext(code, options) {
  return host.runScript(`${code}`, nameOf(options));
}

export default { ...refused.vm, Script, runInThisContext };
