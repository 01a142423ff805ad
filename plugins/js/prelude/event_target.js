// EventTarget, event handler attributes, and the global object as an event target.
// https://dom.spec.whatwg.org/#interface-eventtarget, https://html.spec.whatwg.org/#event-handlers
//
// There is no tree here: an event has one target, and dispatch is one walk over its listeners.

import {
  beginDispatch,
  endDispatch,
  isDispatching,
  isEvent,
  isStopped,
  setPassive,
  trust,
} from "./event.js";
import { DOMException } from "./dom_exception.js";
import { inspectAs } from "./inspect_custom.js";
import { apply, define, SafeMap } from "./primordials.js";
import { report } from "./report.js";
import {
  boolean,
  DOMString,
  illegalInvocation,
  interfaceType,
  isObject,
  needs,
  shape,
} from "./webidl.js";

/** AbortSignal's part (abort_signal.js fills it in, which imports this file). */
export const signals = { is: () => false, isAborted: () => false, onAbort() {}, onListen() {} };

const convertEvent = interfaceType("Event", (value) => isEvent(value));
const convertSignal = interfaceType("AbortSignal", (value) => signals.is(value));

// The listeners and handlers of the global object, which no constructor of ours has made.
const globalState = { listeners: null, handlers: null };

let stateOf;

export class EventTarget {
  // Null until the first listener: most targets (an AbortSignal in each request) never have one.
  #state = { listeners: null, handlers: null };

  static {
    stateOf = (target) => {
      if (target === undefined || target === null || target === globalThis) return globalState;
      if (isObject(target) && #state in target) return target.#state;
      return illegalInvocation("EventTarget");
    };
  }

  addEventListener(type, callback, options = undefined) {
    const state = stateOf(this);
    needs(2, arguments.length, "EventTarget.addEventListener");
    const name = DOMString(type, "EventTarget.addEventListener: argument 1");
    convertCallback(callback, "EventTarget.addEventListener: argument 2");
    const given = isObject(options);
    const capture = given ? boolean(options.capture) : boolean(options);
    const once = given && boolean(options.once);
    const passive = given && boolean(options.passive);
    let signal = given ? options.signal : undefined;
    if (signal !== undefined)
      signal = convertSignal(signal, "EventTarget.addEventListener: signal");
    if (signal !== undefined && signals.isAborted(signal)) return;
    if (callback === null || callback === undefined) return;
    state.listeners ??= [];
    if (find(state.listeners, name, callback, capture) !== -1) return;
    const listener = { type: name, callback, capture, once, passive, removed: false };
    append(state.listeners, listener);
    if (name === "abort") signals.onListen(this);
    if (signal !== undefined) signals.onAbort(signal, () => remove(state, listener));
  }

  removeEventListener(type, callback, options = undefined) {
    const state = stateOf(this);
    needs(2, arguments.length, "EventTarget.removeEventListener");
    const name = DOMString(type, "EventTarget.removeEventListener: argument 1");
    convertCallback(callback, "EventTarget.removeEventListener: argument 2");
    const capture = isObject(options) ? boolean(options.capture) : boolean(options);
    if (state.listeners === null) return;
    const at = find(state.listeners, name, callback, capture);
    if (at !== -1) remove(state, state.listeners[at]);
  }

  dispatchEvent(event) {
    stateOf(this);
    needs(1, arguments.length, "EventTarget.dispatchEvent");
    convertEvent(event, "EventTarget.dispatchEvent: argument 1");
    if (isDispatching(event))
      throw new DOMException("the event is being dispatched already", "InvalidStateError");
    return dispatch(this ?? globalThis, event);
  }
}
shape(EventTarget);
inspectAs(EventTarget, () => ({}), { deep: "name" });

function convertCallback(callback, where) {
  if (callback === null || callback === undefined || isObject(callback)) return;
  throw new TypeError(`${where}: not a function or object`);
}

// Indexed writes would meet setters that a program put on Array.prototype.
function append(list, value) {
  define(list, list.length, value);
}

function find(listeners, type, callback, capture) {
  for (let i = 0; i < listeners.length; i++) {
    const listener = listeners[i];
    if (listener.type === type && listener.callback === callback && listener.capture === capture)
      return i;
  }
  return -1;
}

// The list is replaced, never changed in place: a dispatch under way goes on over the list it began
// with.
function remove(state, listener) {
  if (listener.removed) return;
  listener.removed = true;
  const kept = [];
  for (let i = 0; i < state.listeners.length; i++) {
    if (state.listeners[i] !== listener) append(kept, state.listeners[i]);
  }
  state.listeners = kept.length === 0 ? null : kept;
}

/** Dispatches an event that the program made; answers false when it was cancelled. */
export function dispatch(target, event) {
  const state = stateOf(target);
  beginDispatch(event, target);
  const { type } = event;
  // Capturing listeners first, as at a target in a tree.
  if (state.listeners !== null) {
    invoke(state, target, event, type, true);
    if (state.listeners !== null && !isStopped(event, false))
      invoke(state, target, event, type, false);
  }
  return endDispatch(event);
}

function invoke(state, target, event, type, capture) {
  const { listeners } = state;
  const { length } = listeners; // what is added meanwhile waits for the next event
  for (let i = 0; i < length; i++) {
    const listener = listeners[i];
    if (listener.removed || listener.capture !== capture || listener.type !== type) continue;
    if (listener.once) remove(state, listener);
    setPassive(event, listener.passive);
    try {
      const { callback } = listener;
      if (typeof callback === "function") {
        apply(callback, target, [event]);
      } else {
        const { handleEvent } = callback;
        if (typeof handleEvent !== "function")
          throw new TypeError("the listener's handleEvent is not a function");
        apply(handleEvent, callback, [event]);
      }
    } catch (error) {
      report(error);
    }
    setPassive(event, false);
    if (isStopped(event, true)) return;
  }
}

/** Dispatches an event of the platform's own (isTrusted). */
export function fire(target, event) {
  return dispatch(target, trust(event));
}

/** True when somebody listens to events of the type: events that nobody hears need not be made. */
export function isHeard(target, type) {
  const { listeners } = stateOf(target);
  if (listeners === null) return false;
  for (let i = 0; i < listeners.length; i++) if (listeners[i].type === type) return true;
  return false;
}

// ---- event handler attributes: target.onabort = … ----

function getHandler(target, type) {
  return stateOf(target).handlers?.get(type)?.value ?? null;
}

function setHandler(target, type, value) {
  const state = stateOf(target);
  state.handlers ??= new SafeMap();
  const handler = state.handlers.get(type);
  const usable = isObject(value) ? value : null; // [LegacyTreatNonObjectAsNull]
  if (handler !== undefined) {
    if (usable === null) {
      remove(state, handler.listener);
      state.handlers.delete(type);
    } else {
      handler.value = usable; // keeps its place among the listeners
    }
    return;
  }
  if (usable === null) return;
  const fresh = { value: usable, listener: null };
  const callback = (event) => callHandler(target, fresh.value, event);
  fresh.listener = { type, callback, capture: false, once: false, passive: false, removed: false };
  state.listeners ??= [];
  append(state.listeners, fresh.listener);
  state.handlers.set(type, fresh);
}

// https://html.spec.whatwg.org/#the-event-handler-processing-algorithm
function callHandler(target, handler, event) {
  if (typeof handler !== "function") return;
  if (event.type === "error" && target === globalThis && "lineno" in event) {
    const { message, filename, lineno, colno, error } = event;
    if (apply(handler, globalThis, [message, filename, lineno, colno, error]) === true)
      event.preventDefault();
    return;
  }
  if (apply(handler, target, [event]) === false) event.preventDefault();
}

/** Accessors `on…` on the class's prototype; `whenSet(target)` runs after an assignment. */
export function handlerAttributes(Class, types, whenSet = undefined) {
  for (const type of types) {
    const accessor = handlerAccessor(type, whenSet);
    Object.defineProperty(Class.prototype, `on${type}`, accessor);
  }
}

/** The property descriptor of one handler attribute; of `target` alone when that is given. */
export function handlerAccessor(type, whenSet = undefined, target = undefined) {
  const accessor = {
    get [`on${type}`]() {
      return getHandler(target ?? this, type);
    },
    set [`on${type}`](value) {
      setHandler(target ?? this, type, value);
      if (whenSet !== undefined) whenSet(this);
    },
  };
  return Object.getOwnPropertyDescriptor(accessor, `on${type}`);
}
