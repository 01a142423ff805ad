// setTimeout, setInterval, queueMicrotask. https://html.spec.whatwg.org/#timers
// A handler that is a string is refused: the engine compiles no code at run time.

import { capture } from "./async_context.js";
import { newTimer, now, startTimer, stopTimer } from "./loop.js";
import { apply, promiseThen, SafeMap } from "./primordials.js";
import { report } from "./report.js";
import { callbackFunction, long, needs } from "./webidl.js";

const running = new SafeMap();
let lastId = 0;

function start(handler, timeout, parameters, repeat, where) {
  if (typeof handler !== "function")
    throw new TypeError(`${where}: the handler must be a function`);
  const callback = capture(handler);
  const ms = long(timeout, `${where}: argument 2`);
  const id = ++lastId;
  const timer = newTimer(() => {
    if (!repeat) running.delete(id);
    const begun = repeat ? now() : 0;
    try {
      if (parameters === null) apply(callback, globalThis, []);
      else apply(callback, globalThis, parameters);
    } finally {
      if (repeat && running.has(id)) startTimer(timer, ms, begun);
    }
  });
  running.set(id, timer);
  startTimer(timer, ms);
  return id;
}

export function setTimeout(handler, timeout = 0, ...parameters) {
  needs(1, arguments.length, "setTimeout");
  return start(handler, timeout, parameters.length === 0 ? null : parameters, false, "setTimeout");
}

export function setInterval(handler, timeout = 0, ...parameters) {
  needs(1, arguments.length, "setInterval");
  return start(handler, timeout, parameters.length === 0 ? null : parameters, true, "setInterval");
}

function stop(id, where) {
  if (id === undefined || id === null) return;
  const key = long(id, `${where}: argument 1`);
  const timer = running.get(key);
  if (timer === undefined) return;
  running.delete(key);
  stopTimer(timer);
}

export function clearTimeout(id = 0) {
  stop(id, "clearTimeout");
}

export function clearInterval(id = 0) {
  stop(id, "clearInterval");
}

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
