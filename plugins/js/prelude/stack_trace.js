// Stacks as V8 writes them: "Name: message", then a line "    at function (file:line:column)" for
// each frame. Programs print `error.stack` and take it apart by these lines; QuickJS alone writes
// the frames without the first line. https://v8.dev/docs/stack-trace-api (both engines have this
// interface)
//
// A program's own Error.prepareStackTrace replaces this, as in Node; there it reads undefined
// before.

import { uncurry } from "./primordials.js";

const errorText = uncurry(Error.prototype.toString);

/** The text of `error.stack`. */
export function formatStack(error, sites) {
  let text;
  try {
    text = errorText(error);
  } catch {
    text = "<error>"; // its name or message throws
  }
  for (let i = 0; i < sites.length; i++) text += `\n    at ${formatSite(sites[i])}`;
  return text;
}

function formatSite(site) {
  const name = site.getFunctionName();
  const file = site.getFileName();
  // A function of the engine's own has no file.
  const place = file ? `${file}:${site.getLineNumber()}:${site.getColumnNumber()}` : "<anonymous>";
  if (!name || name === "<eval>" || name === "<anonymous>") return place;
  return `${site.isConstructor() ? "new " : ""}${name} (${place})`;
}

/** What a site of V8 says beyond what the engine knows. Programs with code of their own for stacks (`depd`) call all of it. */
const unknown = {
  getThis: () => undefined,
  getTypeName: () => null,
  getMethodName: () => null,
  getEvalOrigin: () => undefined,
  getPromiseIndex: () => null,
  getScriptNameOrSourceURL() {
    return this.getFileName();
  },
  isAsync: () => false,
  isEval: () => false,
  isPromiseAll: () => false,
  isToplevel() {
    return !this.isConstructor();
  },
  toString() {
    return formatSite(this);
  },
};

function completeSites() {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (_error, sites) => sites;
  const [site] = new Error("a site").stack;
  Error.prepareStackTrace = before;
  const prototype = Object.getPrototypeOf(site);
  for (const [name, value] of Object.entries(unknown)) {
    if (!Object.hasOwn(prototype, name))
      Object.defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

completeSites();

// Where the engine writes the first line itself there is nothing to do.
if (!`${new Error("first line").stack}`.startsWith("Error: first line"))
  Error.prepareStackTrace = formatStack;
