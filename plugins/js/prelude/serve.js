// Serving: from the host's hook `request` to the program's handler and back.
//   export default { fetch(request, env, ctx) { return new Response("hello"); } };
//   addEventListener("fetch", (event) => event.respondWith(new Response("hello")));
//
// Each request is a turn of its own; several are under way in one instance while handlers await.
// A turn that answers at once with text or bytes makes a Request, a context and a Turn, and calls the
// host once. The host forgets a request when its answer is complete, unless `hold(id)` was called
// before; then with `release(id)`.

import { host } from "lily:host";
import { Channel } from "./channel.js";
import { contentOfChannel, discard, isUnusable, send } from "./content.js";
import { DOMException } from "./dom_exception.js";
import { askListeners, hasFetchListener } from "./fetch_event.js";
import { hooks } from "./hooks.js";
import { apply } from "./primordials.js";
import { late, runAsScript } from "./report.js";
import { abortRequest, requestOver } from "./request.js";
import { partsOfResponse } from "./response.js";
import { INTERNAL, illegalConstructor, isObject, shape } from "./webidl.js";

/** The turns whose answers are not complete; `gone` finds them. */
const turns = new Map();

/** The handler of the program: its default export and that one's `fetch`. */
let program = null;
let handle = null;
let environment = null;

function env() {
  if (environment !== null) return environment;
  environment = {};
  const flat = host.environment();
  for (let i = 0; i < flat.length; i += 2) {
    const property = { value: flat[i + 1], writable: true, enumerable: true, configurable: true };
    Object.defineProperty(environment, flat[i], property);
  }
  return environment;
}

/** One line and a stack on stderr; whatever the program threw, this does not throw. */
function complain(title, error) {
  let text;
  try {
    text = late.inspect(error);
  } catch {
    text = "[an error that cannot be shown]";
  }
  host.print(2, `${title}: ${text}\n`);
}

class Turn {
  constructor(id, method, url, headers, hasBody) {
    this.id = id;
    this.isHead = method === "HEAD";
    this.name = `${method} ${url}`;
    this.channel = hasBody ? new Channel(id) : null;
    this.request = requestOver(method, url, headers, hasBody ? contentOfChannel(this.channel) : null);
    this.isGone = false;
    this.isAnswered = false;
    this.waits = 0;
  }

  /** What the handler gave, now or later. */
  async settle(promised) {
    let value;
    try {
      value = await promised;
    } catch (error) {
      return this.fail(error);
    }
    return this.answer(value);
  }

  fail(error) {
    complain(`${this.name} failed`, error);
    this.refuse();
  }

  refuse() {
    if (this.isGone) return;
    this.close();
    const headers = ["content-type", "text/plain;charset=UTF-8"];
    host.respond(this.id, 500, "", headers, "Internal Server Error", false);
  }

  answer(value) {
    const parts = isObject(value) ? partsOfResponse(value) : undefined;
    if (parts === undefined) {
      host.print(2, `${this.name} failed: the handler gave ${nameOf(value)}, not a Response\n`);
      return this.refuse();
    }
    const { status, statusText, flat, content } = parts;
    if (this.isGone) {
      if (content !== null) discard(content, this.reason());
      return undefined;
    }
    if (status === 0) {
      host.print(2, `${this.name} failed: the handler gave Response.error()\n`);
      return this.refuse();
    }
    if (isUnusable(content)) {
      host.print(2, `${this.name} failed: the body of the handler's Response has already been read, or is locked\n`);
      return this.refuse();
    }
    if (content === null || content.source !== null) {
      if (content !== null) content.used = true;
      this.close();
      host.respond(this.id, status, statusText, flat, content === null ? null : content.source, false);
      return undefined;
    }
    host.respond(this.id, status, statusText, flat, null, true);
    return this.stream(content);
  }

  async stream(content) {
    if (this.isHead) {
      discard(content, undefined);
      host.finish(this.id);
    } else {
      content.used = true;
      this.channel ??= new Channel(this.id);
      await send(content, this.channel, (error) => complain(`${this.name}: the body broke off`, error));
    }
    this.close();
  }

  close() {
    this.isAnswered = true;
    turns.delete(this.id);
  }

  /** The client has left: nobody will see the answer. */
  leave() {
    this.isGone = true;
    this.close();
    const reason = this.reason();
    this.channel?.fail(reason);
    abortRequest(this.request, reason);
  }

  reason() {
    return new DOMException("the client has left", "AbortError");
  }

  async wait(promise) {
    if (this.waits === 0 && !this.isAnswered) host.hold(this.id);
    this.waits++;
    try {
      await promise;
    } catch (error) {
      complain(`${this.name}: what was given to waitUntil failed`, error);
    }
    this.waits--;
    if (this.waits === 0) host.release(this.id);
  }
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
  turns.set(id, turn);
  const context = new ExecutionContext(INTERNAL, turn);
  let value;
  try {
    if (handle !== null) {
      value = apply(handle, program, [turn.request, env(), context]);
    } else {
      const answer = askListeners(turn.request, context);
      if (answer === null) {
        host.print(2, `${turn.name} failed: no listener of "fetch" called respondWith\n`);
        return void turn.refuse();
      }
      ({ value } = answer);
    }
  } catch (error) {
    return void turn.fail(error);
  }
  // A Response that is there already goes out without a promise.
  if (isObject(value) && partsOfResponse(value) !== undefined) turn.answer(value);
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
