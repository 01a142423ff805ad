// queueMicrotask. https://html.spec.whatwg.org/#microtask-queuing
// The timers of the global object are Node's (node/timers.js).

import { apply, promiseThen } from "./primordials.js";
import { report } from "./report.js";
import { callbackFunction, needs } from "./webidl.js";

const settled = Promise.resolve();

export function queueMicrotask(callback) {
  needs(1, arguments.length, "queueMicrotask");
  callbackFunction(callback, "queueMicrotask: argument 1");
  promiseThen(settled, () => {
    try {
      apply(callback, undefined, []);
    } catch (error) {
      report(error);
    }
  });
}
