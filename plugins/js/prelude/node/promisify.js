// `util.promisify`. Follows https://nodejs.org/api/util.html#utilpromisifyoriginal.

import { isPromise } from "./types.js";
import { validateFunction } from "./validate.js";
import { emitWarning } from "./warning.js";

const custom = Symbol.for("nodejs.util.promisify.custom");
/** Names of a callback's results, for functions such as `fs.read` whose promise answers an object. */
export const promisifiedNames = Symbol("customPromisifyArgs");

export function promisify(original) {
  validateFunction(original, "original");
  const hidden = (value) => ({ value, enumerable: false, writable: false, configurable: true });
  if (original[custom]) {
    validateFunction(original[custom], "util.promisify.custom");
    return Object.defineProperty(original[custom], custom, hidden(original[custom]));
  }
  const names = original[promisifiedNames];
  function promisified(...values) {
    return new Promise((resolve, reject) => {
      const answer = Reflect.apply(original, this, [
        ...values,
        (error, ...results) => {
          if (error) reject(error);
          else if (names !== undefined && results.length > 1)
            resolve(Object.fromEntries(names.map((name, at) => [name, results[at]])));
          else resolve(results[0]);
        },
      ]);
      if (isPromise(answer)) {
        emitWarning(
          "Calling promisify on a function that returns a Promise is likely a mistake.",
          "DeprecationWarning",
          "DEP0174",
        );
      }
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  Object.defineProperty(promisified, custom, hidden(promisified));
  return Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = custom;
