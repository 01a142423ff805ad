// Async context: values that follow the program's own flow of control through promises, timers and
// callbacks, so that concurrent requests in one instance can each have their own (AsyncLocalStorage
// stands on this). The shape is that of https://tc39.es/proposal-async-context/.
//
// The whole state is one value, the mapping: an immutable list of variables and values, or undefined.
// The engine keeps it and knows nothing of what is in it:
//
//   host.asyncContext(): unknown           the current mapping (undefined at the start of every hook)
//   host.setAsyncContext(mapping): void    replaces it
//
// What the engine must do in C (quickjs.c of QuickJS-ng 0.16; JS_SetPromiseHook is of no use, as its
// BEFORE and AFTER surround only jobs of thenables):
//   1. struct JSRuntime, JSJobEntry and JSPromiseReactionData each get `JSValue async_context`,
//      JS_UNDEFINED at first; freed with its owner (JS_FreeRuntime before the last collection, the
//      job in JS_ExecutePendingJob, promise_reaction_data_free), marked in js_promise_mark as the
//      reaction's other values are. Jobs and the runtime are roots: they hold references, unmarked.
//   2. perform_promise_then, where it fills a reaction: rd->async_context = js_dup(rt->async_context).
//      `await`, for await and then() all pass here: what goes on later has the context of here.
//   3. JS_EnqueueJob: entry->async_context = js_dup(rt->async_context). That is right as it stands for
//      queueMicrotask and for thenable jobs.
//   4. fulfill_or_reject_promise, around its JS_EnqueueJob of a reaction: put rd->async_context in
//      rt->async_context and the old value back afterwards, so that a reaction runs in the context of
//      then() and not in that of resolve().
//   5. JS_ExecutePendingJob, around the call of the job: rt->async_context = the entry's; after it
//      JS_UNDEFINED (no hook and no other job runs inside of a job).
//   6. The glue sets JS_UNDEFINED before it calls a hook.
// Generators need nothing: each resumption runs in the context of who resumes it. Callbacks that the
// host calls back through hooks (timers, events of sockets) are captured here, with `capture`.

import { host } from "lily:host";
import { apply } from "./primordials.js";

/** One variable's value, before the rest of the mapping. */
class Entry {
  constructor(variable, value, rest) {
    this.variable = variable;
    this.value = value;
    this.rest = rest;
  }
}

function find(mapping, variable) {
  while (mapping !== undefined && mapping.variable !== variable) mapping = mapping.rest;
  return mapping;
}

/** The mapping without the variable: an entry is never in it twice, so it stays as long as it has variables. */
function without(mapping, variable) {
  if (find(mapping, variable) === undefined) return mapping;
  if (mapping.variable === variable) return mapping.rest;
  return new Entry(mapping.variable, mapping.value, without(mapping.rest, variable));
}

function runIn(mapping, callback, receiver, parameters) {
  const outer = host.asyncContext();
  host.setAsyncContext(mapping);
  try {
    return apply(callback, receiver, parameters);
  } finally {
    host.setAsyncContext(outer);
  }
}

export class Variable {
  #name;
  #fallback;

  constructor({ name = "", defaultValue = undefined } = {}) {
    this.#name = `${name}`;
    this.#fallback = defaultValue;
  }

  get name() {
    return this.#name;
  }

  get() {
    const entry = find(host.asyncContext(), this);
    return entry === undefined ? this.#fallback : entry.value;
  }

  run(value, callback, ...parameters) {
    const mapping = without(host.asyncContext(), this);
    return runIn(new Entry(this, value, mapping), callback, undefined, parameters);
  }

  /** For the rest of the current job and what follows from it (AsyncLocalStorage.enterWith). */
  enter(value) {
    host.setAsyncContext(new Entry(this, value, without(host.asyncContext(), this)));
  }

  /** As `enter`, back to the default value (AsyncLocalStorage.disable). */
  leave() {
    host.setAsyncContext(without(host.asyncContext(), this));
  }

  /** Runs without a value of this variable (AsyncLocalStorage.exit). */
  exit(callback, ...parameters) {
    return runIn(without(host.asyncContext(), this), callback, undefined, parameters);
  }
}

/** All variables as they are now. */
export class Snapshot {
  #mapping = host.asyncContext();

  run(callback, ...parameters) {
    return runIn(this.#mapping, callback, undefined, parameters);
  }

  static wrap(callback) {
    return capture(callback);
  }
}

/** The callback bound to the context of now: for whoever gives callbacks to the host. */
export function capture(callback) {
  const mapping = host.asyncContext();
  if (mapping === undefined) return callback; // Hooks begin without one.
  return function captured(...parameters) {
    return runIn(mapping, callback, this, parameters);
  };
}
