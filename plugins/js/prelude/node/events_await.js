// `events.once`, `events.on`, `getEventListeners`, `addAbortListener`: an emitter or an EventTarget, awaited.
// Follows https://nodejs.org/api/events.html#eventsonceemitter-name-options.

import { AbortError, codes } from "./errors.js";
import { EventEmitter } from "./events.js";
import { validateAbortSignal, validateFunction, validateInteger, validateObject } from "./validate.js";

const { ERR_INVALID_ARG_TYPE } = codes;

function add(emitter, name, listener, options) {
  if (typeof emitter?.on === "function") emitter[options?.once ? "once" : "on"](name, listener);
  else if (typeof emitter?.addEventListener === "function") emitter.addEventListener(name, listener, options);
  else throw new ERR_INVALID_ARG_TYPE("emitter", "EventEmitter", emitter);
}

function remove(emitter, name, listener) {
  if (typeof emitter.removeListener === "function") emitter.removeListener(name, listener);
  else emitter.removeEventListener(name, listener);
}

function checkSignal(signal) {
  validateAbortSignal(signal, "options.signal");
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
}

export async function once(emitter, name, options = {}) {
  validateObject(options, "options");
  const { signal } = options;
  checkSignal(signal);
  return new Promise((resolve, reject) => {
    const clear = () => {
      remove(emitter, name, arrived);
      if (typeof emitter.removeListener === "function") emitter.removeListener("error", failed);
      signal?.removeEventListener("abort", aborted);
    };
    function arrived(...values) {
      clear();
      resolve(values);
    }
    function failed(error) {
      clear();
      reject(error);
    }
    function aborted() {
      failed(new AbortError(undefined, { cause: signal.reason }));
    }
    add(emitter, name, arrived, { once: true });
    if (name !== "error" && typeof emitter.once === "function") emitter.once("error", failed);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));

export function on(emitter, name, options = {}) {
  validateObject(options, "options");
  const { signal } = options;
  checkSignal(signal);
  const high = options.highWaterMark ?? options.highWatermark ?? Number.MAX_SAFE_INTEGER;
  const low = options.lowWaterMark ?? options.lowWatermark ?? 1;
  validateInteger(high, "options.highWaterMark", 1);
  validateInteger(low, "options.lowWaterMark", 1);
  const unread = [];
  const waiting = [];
  const added = [];
  let paused = false;
  let failure = null;
  let finished = false;
  const listen = (to, event, listener) => {
    add(to, event, listener);
    added.push([to, event, listener]);
  };

  function close() {
    signal?.removeEventListener("abort", aborted);
    for (const [from, event, listener] of added.splice(0)) remove(from, event, listener);
    finished = true;
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }
  function fail(error) {
    if (waiting.length === 0) failure = { error };
    else waiting.shift().reject(error);
    close();
  }
  function aborted() {
    fail(new AbortError(undefined, { cause: signal.reason }));
  }

  listen(emitter, name, (...values) => {
    if (waiting.length > 0) {
      waiting.shift().resolve({ value: values, done: false });
      return;
    }
    unread.push(values);
    if (!paused && unread.length > high) {
      paused = true;
      emitter.pause();
    }
  });
  if (name !== "error" && typeof emitter.on === "function") listen(emitter, "error", fail);
  for (const event of options.close ?? []) listen(emitter, event, close);
  signal?.addEventListener("abort", aborted, { once: true });

  return Object.setPrototypeOf(
    {
      next() {
        if (unread.length > 0) {
          const value = unread.shift();
          if (paused && unread.length < low) {
            emitter.resume();
            paused = false;
          }
          return Promise.resolve({ value, done: false });
        }
        if (failure !== null) {
          const { error } = failure;
          failure = null;
          return Promise.reject(error);
        }
        if (finished) return close();
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return: close,
      throw(error) {
        if (!(error instanceof Error))
          throw new ERR_INVALID_ARG_TYPE("EventEmitter.AsyncIterator", "Error", error);
        fail(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    AsyncIteratorPrototype,
  );
}

function getEventListeners(target, type) {
  if (typeof target?.listeners === "function") return target.listeners(type);
  const listeners = target?.[Symbol.for("lily.listeners")];
  if (typeof listeners === "function") return listeners.call(target, type);
  throw new ERR_INVALID_ARG_TYPE("emitter", ["EventEmitter", "EventTarget"], target);
}

export function addAbortListener(signal, listener) {
  if (signal === undefined) throw new ERR_INVALID_ARG_TYPE("signal", "AbortSignal", signal);
  validateAbortSignal(signal, "signal");
  validateFunction(listener, "listener");
  let stop = () => {};
  if (signal.aborted) queueMicrotask(() => listener());
  else {
    signal.addEventListener("abort", listener, { once: true });
    stop = () => signal.removeEventListener("abort", listener);
  }
  return { [Symbol.dispose ?? Symbol.for("nodejs.dispose")]: stop };
}

EventEmitter.once = once;
EventEmitter.on = on;
EventEmitter.getEventListeners = getEventListeners;
EventEmitter.addAbortListener = addAbortListener;

export { EventEmitter };
export default EventEmitter;
