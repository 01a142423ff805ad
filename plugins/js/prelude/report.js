// What happens to errors that nobody catches: the events `error`, `unhandledrejection` and
// `rejectionhandled` at the global object, and when nobody cancels them a line on stderr.
// https://html.spec.whatwg.org/#runtime-script-errors, …/#unhandled-promise-rejections
//
// A program without a handler (a script) ends with exit code 1, as under Node; one that serves
// requests goes on. node:process puts its own listeners before that through `policy`.

import { host } from "lily:host";
import { hooks } from "./hooks.js";
import { SafeMap, SafeWeakSet } from "./primordials.js";

/** What this file needs of files that import it; each sets its part when it loads. */
export const late = {
  /** event_target.js and event.js, by main.js. */
  fireError: (_error, _details) => true,
  fireRejection: (_type, _promise, _reason) => true,
  /** console.js: the text of a value as the console shows it. */
  inspect: (value) => String(value),
};

/** Each answers true when it has dealt with the error; node:process replaces them. */
export const policy = {
  uncaughtException: (_error, _origin) => false,
  unhandledRejection: (_reason, _promise) => false,
  rejectionHandled: (_promise) => false,
  /** The program ends because of an error. */
  exiting: () => {},
};

let isScript = false;

/** The program has no request handler: an error that nobody catches ends it. */
export function runAsScript() {
  isScript = true;
}

function endScript() {
  policy.exiting();
  host.exit(1);
}

let reporting = false;

/** https://html.spec.whatwg.org/#report-an-exception */
export function report(error) {
  if (reporting) {
    print("Uncaught", error); // an error of an `error` listener is not reported to it again
    return;
  }
  reporting = true;
  let unhandled;
  try {
    unhandled = late.fireError(error, location(error));
  } finally {
    reporting = false;
  }
  if (!unhandled || policy.uncaughtException(error, "uncaughtException")) return;
  print("Uncaught", error);
  if (isScript) endScript();
}

function print(title, error) {
  let text;
  try {
    text = late.inspect(error);
  } catch {
    text = "[an error that cannot be shown]";
  }
  host.print(2, `${title} ${text}\n`);
}

// Message, file, line and column for the ErrorEvent, from the first frame of the stack.
function location(error) {
  let message = "Uncaught exception";
  let filename = "";
  let lineno = 0;
  let colno = 0;
  try {
    message = `Uncaught ${error}`;
    const frame = /\(?([^\s()]+):(\d+):(\d+)\)?$/m.exec(
      typeof error?.stack === "string" ? error.stack : "",
    );
    if (frame !== null) [filename, lineno, colno] = [frame[1], +frame[2], +frame[3]];
  } catch {
    // A getter or toString of the program threw: what was found so far must do.
  }
  return { message, filename, lineno, colno };
}

// Rejected since the last checkpoint and not handled; then those that were told of.
let pending = new SafeMap();
const told = new SafeWeakSet();

hooks.rejected = (promise, reason) => {
  pending.set(promise, reason);
};

hooks.handled = (promise) => {
  if (pending.delete(promise)) return;
  if (!told.delete(promise)) return;
  if (policy.rejectionHandled(promise)) return;
  late.fireRejection("rejectionhandled", promise, undefined);
};

hooks.checkpoint = () => {
  while (pending.size > 0) {
    const list = pending;
    pending = new SafeMap();
    list.forEach((reason, promise) => tell(promise, reason));
  }
};

function tell(promise, reason) {
  told.add(promise);
  if (!late.fireRejection("unhandledrejection", promise, reason)) return;
  if (policy.unhandledRejection(reason, promise)) return;
  print("Uncaught (in promise)", reason);
  if (isScript) endScript();
}

hooks.uncaught = report;
