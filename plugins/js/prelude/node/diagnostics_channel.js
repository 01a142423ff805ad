// `node:diagnostics_channel`: named channels that libraries publish on. Follows
// https://nodejs.org/api/diagnostics_channel.html.

import { report } from "../report.js";
import { codes } from "./errors.js";
import { nextTick } from "./ticks.js";
import { validateFunction } from "./validate.js";

const channels = new Map();

export class Channel {
  #subscribers = [];
  #stores = new Map();

  constructor(name) {
    this.name = name;
  }

  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }

  subscribe(listener) {
    validateFunction(listener, "subscription");
    this.#subscribers = [...this.#subscribers, listener];
  }

  unsubscribe(listener) {
    const at = this.#subscribers.indexOf(listener);
    if (at < 0) return false;
    this.#subscribers = this.#subscribers.toSpliced(at, 1);
    return true;
  }

  bindStore(store, transform) {
    this.#stores.set(store, transform);
  }

  unbindStore(store) {
    return this.#stores.delete(store);
  }

  publish(message) {
    for (const listener of this.#subscribers) {
      try {
        listener(message, this.name);
      } catch (error) {
        // A listener's error is nobody's but its own.
        nextTick(() => report(error));
      }
    }
  }

  runStores(context, callback, thisArg, ...values) {
    let run = () => {
      this.publish(context);
      return Reflect.apply(callback, thisArg, values);
    };
    for (const [store, transform] of this.#stores) {
      const inner = run;
      run = () => store.run(transform ? transform(context) : context, inner);
    }
    return run();
  }
}

function channel(name) {
  if (typeof name !== "string" && typeof name !== "symbol")
    throw new codes.ERR_INVALID_ARG_TYPE("channel", ["string", "symbol"], name);
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const events = ["start", "end", "asyncStart", "asyncEnd", "error"];

class TracingChannel {
  constructor(names) {
    for (const event of events)
      this[event] = typeof names === "string" ? channel(`tracing:${names}:${event}`) : names[event];
  }

  get hasSubscribers() {
    return events.some((event) => this[event].hasSubscribers);
  }

  subscribe(handlers) {
    for (const event of events) if (handlers[event]) this[event].subscribe(handlers[event]);
  }

  unsubscribe(handlers) {
    return events.map((event) => !handlers[event] || this[event].unsubscribe(handlers[event])).every(Boolean);
  }

  traceSync(work, context = {}, thisArg = undefined, ...values) {
    return this.start.runStores(context, () => {
      try {
        context.result = Reflect.apply(work, thisArg, values);
        return context.result;
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  tracePromise(work, context = {}, thisArg = undefined, ...values) {
    const settled = (name) => (value) => {
      context[name] = value;
      if (name === "error") this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
      if (name === "error") throw value;
      return value;
    };
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(Reflect.apply(work, thisArg, values)).then(
          settled("result"),
          settled("error"),
        );
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  traceCallback(work, position = -1, context = {}, thisArg = undefined, ...values) {
    const at = position < 0 ? values.length + position : position;
    const callback = values[at];
    validateFunction(callback, "callback");
    values[at] = (...results) => {
      if (results[0]) {
        context.error = results[0];
        this.error.publish(context);
      } else context.result = results[1];
      return this.asyncStart.runStores(context, () => {
        try {
          return callback(...results);
        } finally {
          this.asyncEnd.publish(context);
        }
      });
    };
    return this.traceSync(work, context, thisArg, ...values);
  }
}

export default {
  channel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, listener) => channel(name).subscribe(listener),
  unsubscribe: (name, listener) => channel(name).unsubscribe(listener),
  tracingChannel: (names) => new TracingChannel(names),
  Channel,
};
