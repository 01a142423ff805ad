// `node:readline`: the lines of a stream. Follows https://nodejs.org/api/readline.html.
// There is no terminal under LILY: nothing is edited, completed or moved, and lines come as they were sent.

import { AbortError, codes } from "./errors.js";
import { EventEmitter } from "./events.js";
import { promisify } from "./promisify.js";
import { StringDecoder } from "./string_decoder.js";

const { ERR_USE_AFTER_CLOSE } = codes;

export class Interface extends EventEmitter {
  #decoder = new StringDecoder("utf8");
  #rest = "";
  #endedInCr = false;
  #asked = null;
  #prompt;
  closed = false;
  terminal = false;
  line = "";

  constructor(input, output) {
    super();
    const options = typeof input?.on === "function" ? { input, output } : input;
    this.input = options.input;
    this.output = options.output;
    this.#prompt = options.prompt ?? "> ";
    this.input.on("data", (chunk) =>
      this.#take(typeof chunk === "string" ? chunk : this.#decoder.write(chunk)),
    );
    this.input.on("end", () => {
      this.#take(this.#decoder.end());
      if (this.#rest !== "") this.#emit(this.#rest);
      this.#rest = "";
      this.close();
    });
    this.input.on("error", (error) => this.emit("error", error));
    options.signal?.addEventListener("abort", () => this.close(), { once: true });
    this.input.resume?.();
  }

  // `\r\n` may be cut between two chunks.
  #take(text) {
    if (text === "") return;
    const fresh = this.#endedInCr && text[0] === "\n" ? text.slice(1) : text;
    this.#endedInCr = text.endsWith("\r");
    const lines = (this.#rest + fresh).split(/\r\n|\n|\r|\u2028|\u2029/);
    this.#rest = lines.pop();
    for (const line of lines) this.#emit(line);
  }

  #emit(line) {
    const asked = this.#asked;
    this.#asked = null;
    if (asked !== null) asked(line);
    else this.emit("line", line);
  }

  setPrompt(prompt) {
    this.#prompt = String(prompt);
  }

  getPrompt() {
    return this.#prompt;
  }

  prompt() {
    if (this.closed) throw new ERR_USE_AFTER_CLOSE("readline");
    this.output?.write(this.#prompt);
  }

  question(query, options, callback = options) {
    if (this.closed) throw new ERR_USE_AFTER_CLOSE("readline");
    this.output?.write(query);
    this.#asked = callback;
    options?.signal?.addEventListener?.(
      "abort",
      () => {
        this.#asked = null;
      },
      { once: true },
    );
  }

  write() {}

  pause() {
    this.input.pause();
    this.emit("pause");
    return this;
  }

  resume() {
    this.input.resume();
    this.emit("resume");
    return this;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.input.pause?.();
    this.emit("close");
  }

  [Symbol.asyncIterator]() {
    return lines(this);
  }
}

async function* lines(readline) {
  for await (const [line] of EventEmitter.on(readline, "line", { close: ["close"], highWaterMark: 1024 }))
    yield line;
}

Object.defineProperty(Interface.prototype.question, promisify.custom, {
  value(query, options) {
    return new Promise((resolve, reject) => {
      options?.signal?.addEventListener(
        "abort",
        () => reject(new AbortError(undefined, { cause: options.signal.reason })),
        { once: true },
      );
      this.question(query, options ?? {}, resolve);
    });
  },
});

class PromisesInterface extends Interface {
  question(query, options = {}) {
    return Reflect.apply(
      Interface.prototype.question[promisify.custom],
      { question: super.question.bind(this) },
      [query, options],
    );
  }
}

const nothing = (_stream, ...rest) => {
  const callback = rest.findLast((value) => typeof value === "function");
  callback?.();
  return true;
};

export const promises = {
  Interface: PromisesInterface,
  createInterface: (input, output) => new PromisesInterface(input, output),
};

export default {
  Interface,
  createInterface: (input, output) => new Interface(input, output),
  clearLine: nothing,
  clearScreenDown: nothing,
  cursorTo: nothing,
  moveCursor: nothing,
  emitKeypressEvents: () => {},
  promises,
};
