// `node:timers`, `node:timers/promises` and the global timers: Timeout and Immediate objects over the event loop
// (../loop.js). Follows https://nodejs.org/api/timers.html. The web's `setTimeout` gives a number; here it gives Node's
// Timeout everywhere, in servers too: packages call `unref` on it, and what wants a number gets one, for a Timeout turns
// into its id, `clearTimeout` takes both, and it is a key of a Map as well.

import { capture } from "../async_context.js";
import { dropTask, newTimer, queueTask, setWeak, startTimer, stopTimer } from "../loop.js";
import { apply, SafeMap } from "../primordials.js";
import { AbortError, codes } from "./errors.js";
import { promisify } from "./promisify.js";
import {
  validateAbortSignal,
  validateBoolean,
  validateFunction,
  validateNumber,
  validateObject,
} from "./validate.js";

/** What fits in 31 bits; a longer or senseless wait is one millisecond, as in Node. */
const waitMax = 2 ** 31 - 1;
const { trunc } = Math;
const running = new SafeMap();
let lastId = 0;

const waitOf = (ms) => (ms >= 1 && ms <= waitMax ? trunc(ms) : 1);

export class Timeout {
  #timer;
  #id = (lastId += 1);
  #ms;
  #repeats;

  constructor(callback, ms, values, repeats, isRef = true) {
    this.#ms = waitOf(+ms);
    this.#repeats = repeats;
    const call = capture(callback);
    this.#timer = newTimer(() => {
      if (!this.#repeats) this.close();
      try {
        apply(call, this, values);
      } finally {
        if (this.#repeats && running.has(this.#id) && this.#timer.at === -1)
          startTimer(this.#timer, this.#ms);
      }
    }, !isRef);
    this.refresh();
  }

  refresh() {
    running.set(this.#id, this);
    startTimer(this.#timer, this.#ms);
    return this;
  }

  close() {
    running.delete(this.#id);
    stopTimer(this.#timer);
    return this;
  }

  ref() {
    setWeak(this.#timer, false);
    return this;
  }

  unref() {
    setWeak(this.#timer, true);
    return this;
  }

  hasRef() {
    return !this.#timer.weak;
  }

  [Symbol.toPrimitive]() {
    return this.#id;
  }

  [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
    this.close();
  }

  static isTimeout(value) {
    return typeof value === "object" && value !== null && #timer in value;
  }
}

export class Immediate {
  #task;
  #isRef = true;

  constructor(callback, values) {
    const call = capture(callback);
    this.#task = queueTask(() => {
      this.#task = null;
      apply(call, this, values);
    });
  }

  ref() {
    this.#isRef = true;
    return this;
  }

  unref() {
    this.#isRef = false;
    return this;
  }

  hasRef() {
    return this.#isRef && this.#task !== null;
  }

  [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
    Immediate.clear(this);
  }

  static clear(immediate) {
    if (
      typeof immediate !== "object" ||
      immediate === null ||
      !(#task in immediate) ||
      immediate.#task === null
    )
      return;
    dropTask(immediate.#task);
    immediate.#task = null;
  }
}

export function setTimeout(callback, ms = 0, ...values) {
  validateFunction(callback, "callback");
  return new Timeout(callback, ms, values, false);
}

export function setInterval(callback, ms = 0, ...values) {
  validateFunction(callback, "callback");
  return new Timeout(callback, ms, values, true);
}

export function setImmediate(callback, ...values) {
  validateFunction(callback, "callback");
  return new Immediate(callback, values);
}

export function clearTimeout(timeout = undefined) {
  if (Timeout.isTimeout(timeout)) timeout.close();
  else if (typeof timeout === "number" || typeof timeout === "string") running.get(+timeout)?.close();
}

export function clearInterval(timeout = undefined) {
  clearTimeout(timeout);
}
export const clearImmediate = (immediate) => Immediate.clear(immediate);

// ---- timers/promises ----

function checkOptions(options) {
  validateObject(options, "options");
  validateAbortSignal(options.signal, "options.signal");
  if (options.ref !== undefined) validateBoolean(options.ref, "options.ref");
}

/** A promise that `start` settles, unless the signal comes first and `stop` is called. */
function awaited(options, start, stop) {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }));
  return new Promise((resolve, reject) => {
    const aborted = () => {
      stop(running);
      reject(new AbortError(undefined, { cause: signal.reason }));
    };
    const running = start(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    });
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

const timeoutPromise = async function setTimeout(delay, value, options = {}) {
  if (delay !== undefined) validateNumber(delay, "delay");
  checkOptions(options);
  await awaited(options, (done) => new Timeout(done, delay, [], false, options.ref ?? true), clearTimeout);
  return value;
};

const immediatePromise = async function setImmediate(value, options = {}) {
  checkOptions(options);
  await awaited(options, (done) => new Immediate(done, []), clearImmediate);
  return value;
};

const intervalPromise = async function* setInterval(delay, value, options = {}) {
  if (delay !== undefined) validateNumber(delay, "delay");
  checkOptions(options);
  const { signal } = options;
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  let unread = 0;
  let wake = () => {};
  const interval = new Timeout(
    () => {
      unread += 1;
      wake();
    },
    delay,
    [],
    true,
    options.ref ?? true,
  );
  const aborted = () => wake();
  signal?.addEventListener("abort", aborted, { once: true });
  try {
    while (!signal?.aborted) {
      if (unread === 0)
        await new Promise((resolve) => {
          wake = resolve;
        });
      for (; unread > 0; unread -= 1) yield value;
    }
    throw new AbortError(undefined, { cause: signal.reason });
  } finally {
    interval.close();
    signal?.removeEventListener("abort", aborted);
  }
};

class Scheduler {
  #isOwn = false;

  constructor(key) {
    if (key !== schedulerKey)
      throw Object.assign(new TypeError("Illegal constructor"), { code: "ERR_ILLEGAL_CONSTRUCTOR" });
    this.#isOwn = true;
  }

  yield() {
    if (!this.#isOwn) throw new codes.ERR_INVALID_THIS("Scheduler");
    return immediatePromise();
  }

  wait(delay, options) {
    if (!this.#isOwn) throw new codes.ERR_INVALID_THIS("Scheduler");
    return timeoutPromise(delay, undefined, options);
  }
}
const schedulerKey = Symbol("scheduler");

export const promises = {
  setTimeout: timeoutPromise,
  setImmediate: immediatePromise,
  setInterval: intervalPromise,
  scheduler: new Scheduler(schedulerKey),
};

for (const [work, promised] of [
  [setTimeout, timeoutPromise],
  [setImmediate, immediatePromise],
]) {
  Object.defineProperty(work, promisify.custom, {
    enumerable: true,
    configurable: true,
    get: () => promised,
  });
}

export default {
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
  setInterval,
  clearInterval,
  promises,
};
