// `node:console`: the global console, and Console over a program's own streams (../console.js).
// Follows https://nodejs.org/api/console.html#new-consoleoptions.

import { console, makeConsole } from "../console.js";
import { codes } from "./errors.js";

function writable(stream, name) {
  if (typeof stream?.write === "function") return stream;
  throw new codes.ERR_CONSOLE_WRITABLE_STREAM(name);
}

/** A function, since Node's can be called without `new`. */
export function Console(optionsOrStdout, stderr, ignoreErrors) {
  if (!new.target) return new Console(optionsOrStdout, stderr, ignoreErrors);
  const isStream = typeof optionsOrStdout?.write === "function";
  const options = isStream ? { stdout: optionsOrStdout, stderr, ignoreErrors } : optionsOrStdout;
  const out = writable(options?.stdout, "stdout");
  const err = writable(options.stderr ?? out, "stderr");
  const quiet = () => {};
  const write = (stream, text) => {
    const to = stream === 1 ? out : err;
    // An error of the stream is nobody's, unless the program asked for it.
    if (options.ignoreErrors !== false) to.once?.("error", quiet);
    to.write(text);
    to.removeListener?.("error", quiet);
  };
  const { inspectOptions, groupIndentation } = options;
  makeConsole(write, { target: this, inspectOptions, groupIndentation });
}

console.Console = Console;

export default console;
