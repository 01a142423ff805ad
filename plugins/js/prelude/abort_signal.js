// AbortController and AbortSignal with abort, timeout and any.
// https://dom.spec.whatwg.org/#aborting-ongoing-activities
//
// A signal made by `any` is held weakly by its sources until somebody listens to it: a signal that
// lives as long as the program may be a source of one in each request.

import { DOMException } from "./dom_exception.js";
import { Event } from "./event.js";
import { EventTarget, fire, handlerAttributes, isHeard, signals } from "./event_target.js";
import { inspectAs } from "./inspect_custom.js";
import { newTimer, startTimer } from "./loop.js";
import { SafeSet, uncurry } from "./primordials.js";
import {
  illegalConstructor,
  interfaceType,
  INTERNAL,
  needs,
  sequence,
  shape,
  unsignedLongLongEnforce,
} from "./webidl.js";

const deref = uncurry(WeakRef.prototype.deref);

export let isAbortSignal;
/** Runs `algorithm` when the signal aborts; answers nothing. An aborted signal never runs it. */
export let onAbort;
/** Takes an algorithm of `onAbort` back. */
export let offAbort;
/** Aborts a signal of `newSignal`. */
export let signalAbort;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  #algorithms = null;
  #sources = null; // of a dependent signal: what it depends on
  #weakDependents = null; // Set of WeakRef
  #dependents = null; // Set of those that somebody listens to
  #pruneAt = 16;

  static {
    isAbortSignal = (value) => #aborted in value;
    onAbort = (signal, algorithm) => {
      if (signal.#aborted) return;
      signal.#algorithms ??= new SafeSet();
      signal.#algorithms.add(algorithm);
      signal.#keep();
    };
    offAbort = (signal, algorithm) => {
      signal.#algorithms?.delete(algorithm);
    };
    signalAbort = (signal, reason) => signal.#abort(reason);
    signals.is = isAbortSignal;
    signals.isAborted = (signal) => signal.#aborted;
    signals.onAbort = onAbort;
    signals.onListen = (target) => {
      if (target !== undefined && target !== null && #aborted in target) target.#keep();
    };
  }

  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    super();
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(INTERNAL);
    signal.#aborted = true;
    signal.#reason = reason === undefined ? abortError() : reason;
    return signal;
  }

  static timeout(milliseconds) {
    needs(1, arguments.length, "AbortSignal.timeout");
    const ms = unsignedLongLongEnforce(milliseconds, "AbortSignal.timeout: argument 1");
    const signal = new AbortSignal(INTERNAL);
    const expire = () =>
      signal.#abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    startTimer(newTimer(expire, true), Math.min(ms, 2 ** 31 - 1));
    return signal;
  }

  static any(signals) {
    needs(1, arguments.length, "AbortSignal.any");
    const sources = convertSignals(signals, "AbortSignal.any: argument 1");
    const result = new AbortSignal(INTERNAL);
    for (let i = 0; i < sources.length; i++) {
      if (!sources[i].#aborted) continue;
      result.#aborted = true;
      result.#reason = sources[i].#reason;
      return result;
    }
    result.#sources = new SafeSet();
    for (let i = 0; i < sources.length; i++) {
      // A dependent signal is replaced by what it depends on: there is one level only.
      const add = (root) => {
        if (result.#sources.has(root)) return;
        result.#sources.add(root);
        root.#addWeakly(result);
      };
      if (sources[i].#sources === null) add(sources[i]);
      else sources[i].#sources.forEach(add);
    }
    return result;
  }

  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  #addWeakly(dependent) {
    this.#weakDependents ??= new SafeSet();
    if (this.#weakDependents.size >= this.#pruneAt) {
      this.#weakDependents.forEach((reference) => {
        if (deref(reference) === undefined) this.#weakDependents.delete(reference);
      });
      this.#pruneAt = Math.max(16, 2 * this.#weakDependents.size);
    }
    this.#weakDependents.add(new WeakRef(dependent));
  }

  // Somebody waits for this signal: its sources must not lose it.
  #keep() {
    if (this.#sources === null || this.#aborted) return;
    this.#sources.forEach((source) => {
      source.#dependents ??= new SafeSet();
      source.#dependents.add(this);
    });
  }

  #abort(reason) {
    if (this.#aborted) return;
    this.#set(reason === undefined ? abortError() : reason);
    const following = [];
    this.#weakDependents?.forEach((reference) => {
      const dependent = deref(reference);
      if (dependent === undefined || dependent.#aborted) return;
      dependent.#set(this.#reason);
      following[following.length] = dependent;
    });
    this.#weakDependents = this.#dependents = null;
    this.#run();
    for (let i = 0; i < following.length; i++) following[i].#run();
  }

  #set(reason) {
    this.#aborted = true;
    this.#reason = reason;
    this.#sources?.forEach((source) => source.#dependents?.delete(this));
    this.#sources = null;
  }

  #run() {
    const algorithms = this.#algorithms;
    this.#algorithms = null;
    algorithms?.forEach((algorithm) => algorithm(this.#reason));
    if (isHeard(this, "abort")) fire(this, new Event("abort"));
  }
}
shape(AbortSignal);
handlerAttributes(AbortSignal, ["abort"], (target) => signals.onListen(target));
inspectAs(AbortSignal, (signal) => ({ aborted: signal.aborted }));

const convertSignals = sequence(interfaceType("AbortSignal", (value) => isAbortSignal(value)));

function abortError() {
  return new DOMException("This operation was aborted", "AbortError");
}

/** A signal that the prelude aborts itself, by `signalAbort`. */
export function newSignal() {
  return new AbortSignal(INTERNAL);
}

/** The [SameObject] signal of a dictionary member: undefined or null stay, others are checked. */
export const convertSignal = interfaceType("AbortSignal", (value) => isAbortSignal(value));

export class AbortController {
  #signal = new AbortSignal(INTERNAL);
  get signal() {
    return this.#signal;
  }
  abort(reason = undefined) {
    signalAbort(this.#signal, reason);
  }
}
shape(AbortController);
inspectAs(AbortController, (controller) => ({ signal: controller.signal }));
