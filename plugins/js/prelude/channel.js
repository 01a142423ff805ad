// Channels: where the prelude waits for what the host sends under one id. A request that is served
// (its body comes in, its answer goes out) and a request that is made (its body goes out, its
// answer comes in) each have one, made only when something has to wait.

import { host } from "lily:host";
import { hooks } from "./hooks.js";
import { SafeMap } from "./primordials.js";

/** The channels in which something waits; the hooks below find them by id. */
const waiting = new SafeMap();

export class Channel {
  #id;
  #chunk = null;
  #room = null;
  #head = null;
  #failed = false;
  #reason;
  /** Called once, when nothing more can come: the end, a failure, or nobody reads on. */
  onClose = null;
  /** The stream over this channel learns of a failure also when nobody is pulling. */
  onFail = null;
  /**
   * Whoever sends through this channel learns of a failure also while it waits for its own source.
   */
  onStop = null;

  constructor(id) {
    this.#id = id;
  }

  get id() {
    return this.#id;
  }

  /** The next chunk of the body that comes in, or null at its end. One pull at a time. */
  pull() {
    return new Promise((resolve, reject) => {
      if (this.#failed) return reject(this.#reason);
      this.#chunk = { resolve, reject };
      waiting.set(this.#id, this);
      host.pull(this.#id);
    });
  }

  /** Nobody reads what comes in any more. */
  drop() {
    if (this.#failed) return;
    host.drop(this.#id);
    if (this.#chunk !== null) Channel.deliver(this.#id, null);
    this.#close();
  }

  /**
   * Sends a chunk: true, or a promise when the host has no room for more now. False, then or
   * later, says that nobody will read more.
   */
  write(chunk) {
    if (this.#failed) return false;
    if (host.write(this.#id, chunk)) return true;
    return new Promise((resolve) => {
      this.#room = resolve;
      waiting.set(this.#id, this);
    });
  }

  finish() {
    if (!this.#failed) host.finish(this.#id);
  }

  /** The head of the answer to a request that has been sent: the arguments of the hook. */
  head() {
    return new Promise((resolve, reject) => {
      this.#head = { resolve, reject };
      waiting.set(this.#id, this);
    });
  }

  get failed() {
    return this.#failed;
  }

  /** Ends both directions for the prelude: what waits, and what will, fails for that reason. */
  fail(reason) {
    if (this.#failed) return;
    this.#failed = true;
    this.#reason = reason;
    this.#head?.reject(reason);
    this.#chunk?.reject(reason);
    this.#room?.(false);
    this.#head = this.#chunk = this.#room = null;
    waiting.delete(this.#id);
    this.onFail?.(reason);
    this.onStop?.(reason);
    this.#close();
  }

  #close() {
    this.onClose?.();
    this.onClose = this.onFail = null;
  }

  #rest() {
    if (this.#chunk === null && this.#room === null && this.#head === null)
      waiting.delete(this.#id);
  }

  static deliver(id, chunk) {
    const channel = waiting.get(id);
    if (channel === undefined || channel.#chunk === null) return;
    const { resolve } = channel.#chunk;
    channel.#chunk = null;
    channel.#rest();
    resolve(chunk);
    if (chunk === null) channel.#close();
  }

  static makeRoom(id) {
    const channel = waiting.get(id);
    if (channel === undefined || channel.#room === null) return;
    const resolve = channel.#room;
    channel.#room = null;
    channel.#rest();
    resolve(true);
  }

  static answer(id, head) {
    const channel = waiting.get(id);
    if (channel === undefined || channel.#head === null) return;
    const { resolve } = channel.#head;
    channel.#head = null;
    channel.#rest();
    resolve(head);
  }
}

Object.assign(hooks, {
  body: (id, chunk) => Channel.deliver(id, chunk),
  end: (id) => Channel.deliver(id, null),
  failed: (id, message) => waiting.get(id)?.fail(new TypeError(message)),
  room: (id) => Channel.makeRoom(id),
  response: (id, status, statusText, url, headers, redirected) =>
    Channel.answer(id, { status, statusText, url, headers, redirected }),
});
