// The global names that Node has and the web has not. https://nodejs.org/api/globals.html
// They are not enumerable, except `global`'s own habit of being so in Node; all may be replaced.

import { Buffer } from "./buffer.js";
import "./builtins.js";
import process from "./process.js";
import { clearImmediate, setImmediate } from "./timers.js";

const names = { global: globalThis, process, Buffer, setImmediate, clearImmediate };
for (const name of Object.keys(names)) {
  Object.defineProperty(globalThis, name, {
    value: names[name],
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
