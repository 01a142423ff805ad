// What test262 asks of a host: `$262`, `print`, and `$DONE`, by which an async test says that it has ended.

import vm from "node:vm";
import { told } from "./input.mjs";

const { transfer } = ArrayBuffer.prototype;
const run = vm.runInThisContext;

/** Runs text as a script of the global scope. */
export function runScript(text, name) {
  return run(text, { filename: name });
}

/** Puts the host's functions there; `done(message)` is what `$DONE` calls, without a message if the test passed. */
export function install(done) {
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  define("print", () => undefined);
  define("$DONE", (failure) => done(failure === undefined || failure === null ? undefined : told(failure)));
  // Mozilla's copy ends each test with it.
  define("reportCompare", () => undefined);
  define("$262", {
    global: globalThis,
    detachArrayBuffer(buffer) {
      transfer.call(buffer);
      return null;
    },
    evalScript: (text) => runScript(text, "evalScript"),
    gc() {
      if (typeof globalThis.gc === "function") return globalThis.gc();
      throw new Error("no gc");
    },
    agent: undefined,
  });
}

/** Compares how a test ended with how it should end; the answer is empty if they agree. */
export function verdict(negative, threw, thrown) {
  if (!negative) return threw ? told(thrown) : "";
  if (!threw) return `no ${negative} was thrown`;
  let name;
  try {
    name = thrown.constructor.name;
  } catch {
    // Something without a constructor: it is not what was expected.
  }
  return name === negative ? "" : `${told(thrown)}, not a ${negative}`;
}
