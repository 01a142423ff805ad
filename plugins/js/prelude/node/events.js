// `node:events`: EventEmitter, and `once` and `on` that await it (events_await.js).
// Follows https://nodejs.org/api/events.html; state lies in `_events` as in Node, since packages look there.

import { inspect } from "../console/inspect.js";
import { codes } from "./errors.js";
import { nextTick } from "./ticks.js";
import { validateBoolean, validateFunction, validateNumber, validateString } from "./validate.js";
import { emitWarning } from "./warning.js";

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_THIS, ERR_UNHANDLED_ERROR } = codes;
const capture = Symbol("kCapture");
/** Only there so that an emitter is shown as Node shows it. */
const shapeMode = Symbol("shapeMode");
const rejection = Symbol.for("nodejs.rejection");
const errorMonitor = Symbol("events.errorMonitor");
const mostOfTarget = Symbol("events.maxEventTargetListeners");

/** How many listeners of one event an emitter may have before the warning of a leak. */
let mostListeners = 10;

export function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

EventEmitter.init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = Object.create(null);
    this._eventsCount = 0;
  }
  this._maxListeners = this._maxListeners || undefined;
  this[shapeMode] = false;
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, "options.captureRejections");
    this[capture] = true;
  } else this[capture] = EventEmitter.prototype[capture];
};

const prototype = EventEmitter.prototype;
prototype._events = undefined;
prototype._eventsCount = 0;
prototype._maxListeners = undefined;
Object.defineProperty(prototype, capture, { value: false, writable: true });

EventEmitter.EventEmitter = EventEmitter;
EventEmitter.usingDomains = false;
EventEmitter.captureRejectionSymbol = rejection;
EventEmitter.errorMonitor = errorMonitor;
Object.defineProperties(EventEmitter, {
  captureRejections: {
    enumerable: true,
    get: () => prototype[capture],
    set(value) {
      validateBoolean(value, "EventEmitter.captureRejections");
      prototype[capture] = value;
    },
  },
  defaultMaxListeners: {
    enumerable: true,
    get: () => mostListeners,
    set(most) {
      validateNumber(most, "defaultMaxListeners", 0);
      mostListeners = most;
    },
  },
});

EventEmitter.setMaxListeners = function (most = mostListeners, ...targets) {
  validateNumber(most, "setMaxListeners", 0);
  if (targets.length === 0) mostListeners = most;
  for (const target of targets) {
    if (typeof target?.setMaxListeners === "function") target.setMaxListeners(most);
    else if (typeof target?.addEventListener === "function")
      Object.defineProperty(target, mostOfTarget, { value: most, configurable: true });
    else throw new ERR_INVALID_ARG_TYPE("eventTargets", ["EventEmitter", "EventTarget"], target);
  }
};

EventEmitter.getMaxListeners = function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === "function") return target.getMaxListeners();
  if (typeof target?.addEventListener === "function") return target[mostOfTarget] ?? mostListeners;
  throw new ERR_INVALID_ARG_TYPE("emitter", ["EventEmitter", "EventTarget"], target);
};

EventEmitter.listenerCount = function (emitter, type) {
  return typeof emitter.listenerCount === "function"
    ? emitter.listenerCount(type)
    : prototype.listenerCount.call(emitter, type);
};

prototype.setMaxListeners = function setMaxListeners(most) {
  validateNumber(most, "setMaxListeners", 0);
  this._maxListeners = most;
  return this;
};

prototype.getMaxListeners = function getMaxListeners() {
  return this._maxListeners ?? mostListeners;
};

// A listener's promise that is rejected becomes an `error` event, where the emitter asks for it.
function captureRejection(emitter, promise, type, values) {
  if (!emitter[capture]) return;
  try {
    const then = promise.then;
    if (typeof then !== "function") return;
    then.call(promise, undefined, (error) => nextTick(emitRejection, emitter, error, type, values));
  } catch (error) {
    emitter.emit("error", error);
  }
}

function emitRejection(emitter, error, type, values) {
  if (typeof emitter[rejection] === "function") {
    emitter[rejection](error, type, ...values);
    return;
  }
  const before = emitter[capture];
  try {
    emitter[capture] = false;
    emitter.emit("error", error);
  } finally {
    emitter[capture] = before;
  }
}

function throwUnheard(value) {
  if (value instanceof Error) throw value;
  let text = value;
  try {
    text = inspect(value);
  } catch {
    // What cannot be shown is named as it is.
  }
  throw Object.assign(new ERR_UNHANDLED_ERROR(text), { context: value });
}

prototype.emit = function emit(type, ...values) {
  const events = this._events;
  if (type === "error") {
    if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...values);
    if (events?.error === undefined) throwUnheard(values[0]);
  }
  const handler = events?.[type];
  if (handler === undefined) return false;
  if (typeof handler === "function") {
    const result = handler.apply(this, values);
    if (result !== undefined && result !== null) captureRejection(this, result, type, values);
    return true;
  }
  for (const listener of handler.slice()) {
    const result = listener.apply(this, values);
    if (result !== undefined && result !== null) captureRejection(this, result, type, values);
  }
  return true;
};

function warnOfLeak(emitter, type, list) {
  const most = emitter.getMaxListeners?.() ?? mostListeners;
  if (!(most > 0 && list.length > most) || list.warned) return;
  list.warned = true;
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${inspect(
      emitter,
      { depth: -1 },
    )}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`,
  );
  emitWarning(
    Object.assign(warning, { name: "MaxListenersExceededWarning", emitter, type, count: list.length }),
  );
}

function add(emitter, type, listener, first) {
  validateFunction(listener, "listener");
  if (emitter._events === undefined) {
    emitter._events = Object.create(null);
    emitter._eventsCount = 0;
  } else if (emitter._events.newListener !== undefined)
    emitter.emit("newListener", type, listener.listener ?? listener);
  const events = emitter._events;
  const present = events[type];
  if (present === undefined) {
    events[type] = listener;
    emitter._eventsCount += 1;
    return emitter;
  }
  if (typeof present === "function") events[type] = first ? [listener, present] : [present, listener];
  else if (first) present.unshift(listener);
  else present.push(listener);
  warnOfLeak(emitter, type, events[type]);
  return emitter;
}

function onceOnly(emitter, type, listener) {
  validateFunction(listener, "listener");
  let fired = false;
  const wrapped = function (...values) {
    if (fired) return undefined;
    emitter.removeListener(type, wrapped);
    fired = true;
    return listener.apply(emitter, values);
  };
  wrapped.listener = listener;
  return wrapped;
}

prototype.addListener = function addListener(type, listener) {
  return add(this, type, listener, false);
};
prototype.on = prototype.addListener;

prototype.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true);
};

prototype.once = function once(type, listener) {
  return this.on(type, onceOnly(this, type, listener));
};

prototype.prependOnceListener = function prependOnceListener(type, listener) {
  return this.prependListener(type, onceOnly(this, type, listener));
};

function forget(emitter, type) {
  emitter._eventsCount -= 1;
  if (emitter._eventsCount === 0) emitter._events = Object.create(null);
  else delete emitter._events[type];
}

prototype.removeListener = function removeListener(type, listener) {
  validateFunction(listener, "listener");
  const events = this._events;
  const list = events?.[type];
  if (list === undefined) return this;
  const matches = (one) => one === listener || one.listener === listener;
  if (typeof list === "function") {
    if (!matches(list)) return this;
    forget(this, type);
  } else {
    const at = list.findLastIndex(matches);
    if (at < 0) return this;
    list.splice(at, 1);
    if (list.length === 1) events[type] = list[0];
  }
  if (events.removeListener !== undefined) this.emit("removeListener", type, list.listener ?? listener);
  return this;
};
prototype.off = prototype.removeListener;

prototype.removeAllListeners = function removeAllListeners(type) {
  const events = this._events;
  if (events === undefined) return this;
  if (arguments.length === 0) {
    if (events.removeListener !== undefined) {
      for (const name of Reflect.ownKeys(events))
        if (name !== "removeListener") this.removeAllListeners(name);
      this.removeAllListeners("removeListener");
    }
    this._events = Object.create(null);
    this._eventsCount = 0;
    return this;
  }
  const list = events[type];
  if (list === undefined) return this;
  if (events.removeListener === undefined) forget(this, type);
  else for (const listener of [list].flat().reverse()) this.removeListener(type, listener);
  return this;
};

const listed = (emitter, type) => {
  const list = emitter._events?.[type];
  if (list === undefined) return [];
  return typeof list === "function" ? [list] : list.slice();
};

prototype.listeners = function listeners(type) {
  return listed(this, type).map((one) => one.listener ?? one);
};

prototype.rawListeners = function rawListeners(type) {
  return listed(this, type);
};

prototype.listenerCount = function listenerCount(type, listener) {
  const all = listed(this, type);
  if (listener === undefined || listener === null) return all.length;
  return all.filter((one) => one === listener || one.listener === listener).length;
};

prototype.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
};

/** EventEmitterAsyncResource over the AsyncResource of async_hooks.js (which imports this file's users). */
export function emitterResource(AsyncResource) {
  return class EventEmitterAsyncResource extends EventEmitter {
    #resource;

    constructor(options) {
      const given = typeof options === "string" ? { name: options } : options;
      if (new.target === EventEmitterAsyncResource) validateString(given?.name, "options.name");
      super(given);
      this.#resource = new AsyncResource(given?.name || new.target.name, given);
      Object.defineProperty(this.#resource, "eventEmitter", { value: this });
    }

    #own() {
      if (!(#resource in this)) throw new ERR_INVALID_THIS("EventEmitterAsyncResource");
      return this.#resource;
    }

    emit(type, ...values) {
      return this.#own().runInAsyncScope(super.emit, this, type, ...values);
    }

    emitDestroy() {
      this.#own().emitDestroy();
    }

    get asyncId() {
      return this.#own().asyncId();
    }

    get triggerAsyncId() {
      return this.#own().triggerAsyncId();
    }

    get asyncResource() {
      return this.#own();
    }
  };
}

export default EventEmitter;
