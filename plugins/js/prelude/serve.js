// Serving: from the host's hook `request` to the program's handler and back.
//   export default { fetch(request, env, ctx) { return new Response("hello"); } };
//   addEventListener("fetch", (event) => event.respondWith(new Response("hello")));
//
// Each request is a turn of its own; several are under way in one instance while handlers await. A
// turn that answers at once with text or bytes makes a Request, a context and a Turn, and calls the
// host once. The host forgets a request when its answer is complete, unless `hold(id)` was called
// before; then with `release(id)`.

import { host } from "lily:host";
import { Channel } from "./channel.js";
import { contentOfChannel, discard, isUnusable, send } from "./content.js";
import { DOMException } from "./dom_exception.js";
import { askListeners, hasFetchListener } from "./fetch_event.js";
import { hooks } from "./hooks.js";
import { apply, define, SafeMap } from "./primordials.js";
import { late, runAsScript } from "./report.js";
import { abortRequest, requestOver } from "./request.js";
import { partsOfResponse } from "./response.js";
import { INTERNAL, illegalConstructor, isObject, shape } from "./webidl.js";

/** The turns that did not answer at once, until their answers are complete; `gone` finds them. */
const turns = new SafeMap();

/** The handler of the program: its default export and that one's `fetch`. */
let program = null;
let handle = null;
let environment = null;

function env() {
  if (environment !== null) return environment;
  environment = {};
  const flat = host.environment();
  for (let i = 0; i < flat.length; i += 2) {
    define(environment, flat[i], flat[i + 1]);
  }
  return environment;
}

/**
 * What the console shows of an error, with its stack; whatever the program threw, this does not
 * throw.
 */
function describe(error) {
  try {
    return late.inspect(error);
  } catch {
    return "[an error that cannot be shown]";
  }
}

function complain(title, error) {
  host.print(2, `${title}: ${describe(error)}\n`);
}

class Turn {
  constructor(id, method, url, headers, hasBody) {
    this.id = id;
    this.method = method;
    this.url = url;
    this.channel = hasBody ? new Channel(id) : null;
    this.request = requestOver(
      method,
      url,
      headers,
      hasBody ? contentOfChannel(this.channel) : null,
    );
    this.left = null; // Or why nobody waits for the answer any more.
    this.isAnswered = false;
    this.isHeld = false;
    this.waits = 0;
  }

  get name() {
    return `${this.method} ${this.url}`;
  }

  /** What the handler will give. */
  async settle(promised) {
    turns.set(this.id, this);
    let value;
    try {
      value = await promised;
    } catch (error) {
      this.fail(error);
      return;
    }
    this.answer(value);
  }

  fail(error) {
    // A handler that passes on why its client has left has done all it can.
    if (this.left === null || error !== this.left) this.refuse(describe(error));
  }

  /** The one line about what went wrong, and a plain answer. */
  refuse(problem) {
    host.print(2, `${this.name} failed: ${problem}\n`);
    if (this.left !== null) return;
    this.close();
    const headers = ["content-type", "text/plain;charset=UTF-8"];
    host.respond(this.id, 500, "", headers, "Internal Server Error", false);
  }

  answer(value, parts = partsOf(value)) {
    const problem = problemWith(value, parts);
    if (problem !== null) {
      this.refuse(problem);
      return;
    }
    const { status, statusText, flat, content } = parts;
    if (this.left !== null) {
      if (content !== null) discard(content, this.left);
      return;
    }
    const isWhole = content === null || content.source !== null;
    const body = content === null ? null : content.source;
    if (isWhole) {
      if (content !== null) content.used = true;
      this.close();
    }
    host.respond(this.id, status, statusText, flat, body, !isWhole);
    if (!isWhole) this.stream(content);
  }

  async stream(content) {
    turns.set(this.id, this);
    if (this.method === "HEAD") {
      discard(content, undefined);
      host.finish(this.id);
    } else {
      content.used = true;
      this.channel ??= new Channel(this.id);
      await send(content, this.channel, (error) =>
        complain(`${this.name}: the body broke off`, error),
      );
    }
    this.close();
  }

  close() {
    this.isAnswered = true;
    turns.delete(this.id);
  }

  /** The client has left: nobody will see the answer. */
  leave() {
    this.left = new DOMException("the client has left", "AbortError");
    this.close();
    this.channel?.fail(this.left);
    abortRequest(this.request, this.left);
  }

  async wait(promise) {
    // After the answer, with nothing that waits, the request is over and cannot be kept.
    if (!this.isHeld && !this.isAnswered) {
      this.isHeld = true;
      host.hold(this.id);
    }
    this.waits++;
    try {
      await promise;
    } catch (error) {
      complain(`${this.name}: what was given to waitUntil failed`, error);
    }
    this.waits--;
    if (this.waits > 0 || !this.isHeld) return;
    this.isHeld = false;
    host.release(this.id);
  }
}

function partsOf(value) {
  return isObject(value) ? partsOfResponse(value) : undefined;
}

/** Why what the handler gave cannot be sent, or null. */
function problemWith(value, parts) {
  if (parts === undefined) return `the handler gave ${nameOf(value)}, not a Response`;
  if (parts.status === 0) return "the handler gave Response.error()";
  if (!isUnusable(parts.content)) return null;
  return "the body of the handler's Response has already been read, or is locked";
}

function nameOf(value) {
  if (value === undefined || value === null) return `${value}`;
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}

/** The third argument of a handler. */
export class ExecutionContext {
  #turn;

  constructor(token = undefined, turn = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    this.#turn = turn;
  }

  /** Keeps the instance for the promise's sake, also after the answer is complete. */
  waitUntil(promise) {
    this.#turn.wait(promise);
  }

  /** Does nothing: there is no origin behind this program that could answer in its place. */
  passThroughOnException() {
    this.#turn;
  }
}

shape(ExecutionContext);

hooks.request = (id, method, url, headers, hasBody) => {
  const turn = new Turn(id, method, url, headers, hasBody);
  const context = new ExecutionContext(INTERNAL, turn);
  let value;
  try {
    if (handle !== null) {
      value = apply(handle, program, [turn.request, env(), context]);
    } else {
      const answer = askListeners(turn.request, context);
      if (answer === null) {
        turn.refuse('no listener of "fetch" called respondWith');
        return;
      }
      ({ value } = answer);
    }
  } catch (error) {
    turn.fail(error);
    return;
  }
  // A Response that is there already goes out without a promise.
  const parts = partsOf(value);
  if (parts !== undefined) turn.answer(value, parts);
  else turn.settle(value);
};

hooks.gone = (id) => turns.get(id)?.leave();

hooks.loaded = (exported) => {
  const found = exported?.default;
  if (isObject(found) && typeof found.fetch === "function") {
    program = found;
    handle = found.fetch;
  }
  if (handle !== null || hasFetchListener()) return true;
  runAsScript();
  return false;
};
