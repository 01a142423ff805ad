// Async context: values that follow the program's own flow of control through promises, timers and
// callbacks, so that concurrent requests in one instance can each have their own (AsyncLocalStorage
// stands on this). The shape is that of https://tc39.es/proposal-async-context/.
//
// The whole state is one value, the mapping: an immutable list of variables and values, or
// undefined. The engine keeps it and knows nothing of what is in it:
//
//   host.asyncContext(): unknown           the current mapping (undefined at the start of every hook)
//   host.setAsyncContext(mapping): void    replaces it
//
// What the engine does in C is async_context.patch, for QuickJS-ng 0.16.2: the runtime has the
// current context; a job keeps the one in which it was made (queueMicrotask, thenables, reactions
// to what is settled) and runs in it; a reaction to a pending promise keeps the one of then(),
// await and for await, not that of resolve(); after every job it is undefined again. The glue adds
// the two host functions over JS_GetAsyncContext and JS_SetAsyncContext, and sets undefined before
// it calls a hook and after the program's start. (JS_SetPromiseHook cannot do this: it does not
// surround reactions.) Generators need nothing: each resumption runs in the context of who resumes
// it. What the host calls back through hooks (timers, a socket's events) is captured here, with
// `capture`.

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

/**
 * The mapping without the variable: an entry is never in it twice, so it stays as long as it has
 * variables.
 */
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
