// The global names that Node has and the web has not. https://nodejs.org/api/globals.html
// They are not enumerable, except `global`'s own habit of being so in Node; all may be replaced.

import { setTimeout } from "../timers.js";
import { Buffer } from "./buffer.js";
import "./builtins.js";
import process from "./process.js";
import { promisify } from "./promisify.js";
import { clearImmediate, promises, setImmediate } from "./timers.js";

const names = { global: globalThis, process, Buffer, setImmediate, clearImmediate };
for (const name of Object.keys(names)) {
  Object.defineProperty(globalThis, name, {
    value: names[name],
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

// The web's own `setTimeout` is a promise's too: `util.promisify(setTimeout)` is old habit.
Object.defineProperty(setTimeout, promisify.custom, { value: promises.setTimeout, configurable: true });
