// `node:async_hooks`: AsyncLocalStorage and AsyncResource over the engine's async context
// (../async_context.js). Follows https://nodejs.org/api/async_context.html. `createHook` is refused:
// the engine tells nobody of its promises, and a hook that hears of nothing would mislead.

import { Snapshot, Variable } from "../async_context.js";
import { emitterResource, EventEmitter } from "./events.js";
import { codes } from "./errors.js";
import { validateFunction, validateString } from "./validate.js";

export class AsyncLocalStorage {
  #variable;

  constructor(options = {}) {
    this.#variable = new Variable(options);
  }

  static bind(callback) {
    return AsyncResource.bind(callback);
  }

  static snapshot() {
    const snapshot = new Snapshot();
    return (callback, ...values) => snapshot.run(callback, ...values);
  }

  get name() {
    return this.#variable.name;
  }

  getStore() {
    return this.#variable.get();
  }

  run(store, callback, ...values) {
    return this.#variable.run(store, callback, ...values);
  }

  exit(callback, ...values) {
    return this.#variable.exit(callback, ...values);
  }

  enterWith(store) {
    this.#variable.enter(store);
  }

  disable() {
    this.#variable.leave();
  }
}

let lastId = 1;

export class AsyncResource {
  #id = (lastId += 1);
  #snapshot = new Snapshot();

  constructor(type) {
    validateString(type, "type");
  }

  static bind(callback, type, thisArg) {
    return new AsyncResource(type || callback.name || "bound-anonymous-fn").bind(callback, thisArg);
  }

  bind(callback, thisArg) {
    validateFunction(callback, "fn");
    const resource = this;
    const bound = function (...values) {
      return resource.runInAsyncScope(callback, thisArg ?? this, ...values);
    };
    return Object.defineProperty(bound, "length", { value: callback.length, configurable: true });
  }

  runInAsyncScope(callback, thisArg, ...values) {
    return this.#snapshot.run(() => Reflect.apply(callback, thisArg, values));
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return this.#id;
  }

  triggerAsyncId() {
    return 1;
  }
}

EventEmitter.EventEmitterAsyncResource = emitterResource(AsyncResource);

function createHook() {
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED("async_hooks.createHook()");
}

export default {
  AsyncLocalStorage,
  AsyncResource,
  createHook,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: Object.freeze({ __proto__: null, NONE: 0 }),
};
