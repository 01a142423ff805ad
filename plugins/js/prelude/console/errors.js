// Errors as the console shows them: the stack with the class's name put right, the frames that it
// shares with its cause left out, then the cause and other members. After Node's
// lib/internal/util/inspect.js (MIT, © Node.js contributors), whose output this equals.

import { host } from "lily:host";
import { isObject } from "../webidl.js";
import { prefixOf } from "./names.js";

const errorText = Function.prototype.call.bind(Error.prototype.toString);

// QuickJS keeps the frames alone in `stack`, V8 and what is written for it begin with name and
// message.
const stackHasHeader = `${new Error("header").stack}`.startsWith("Error: header");

export function isError(value, kind) {
  if (kind === "Error") return true;
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** Name, message and frames. */
export function stackText(error) {
  const { stack } = error;
  if (!stack) return errorText(error);
  const text = String(stack);
  if (stackHasHeader || !/^\s*at /.test(text)) return text;
  return `${errorText(error)}\n${text.replace(/\n$/, "")}`;
}

/**
 * The error's text without members; takes from `keys` what the text shows, adds what must be shown.
 */
export function formatError(error, constructor, tag, context, keys) {
  const name = error.name != null ? String(error.name) : "Error";
  const whole = stackText(error);
  if (!context.showHidden && keys.length !== 0) {
    for (const key of ["name", "message", "stack"]) {
      const at = keys.indexOf(key);
      if (at !== -1 && whole.includes(error[key])) keys.splice(at, 1);
    }
  }
  if ("cause" in error && !keys.includes("cause")) keys.push("cause");
  if (Array.isArray(error.errors) && !keys.includes("errors")) keys.push("errors");

  let stack = improve(whole, constructor, name, tag);
  // The frames begin after the message, which may itself look like a frame.
  let from = (error.message && stack.indexOf(error.message)) || -1;
  if (from !== -1) from += error.message.length;
  const framesAt = stack.indexOf("\n    at", from);
  if (framesAt === -1) {
    stack = `[${stack}]`;
  } else {
    const lines = withoutCauseFrames(context, error, stack.slice(framesAt + 1));
    stack = `${stack.slice(0, framesAt)}\n${lines.join("\n")}`;
  }
  if (context.indentation !== 0)
    stack = stack.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
  return stack;
}

// The first word of the stack is the `name`; the class may have another.
function improve(stack, constructor, name, tag) {
  let { length } = name;
  const begins =
    name.endsWith("Error") &&
    stack.startsWith(name) &&
    (stack.length === length || stack[length] === ":" || stack[length] === "\n");
  if (constructor !== null && !begins) return stack;
  let fallback = "Error";
  if (constructor === null) {
    const start =
      /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n {4}at)/.exec(stack) ||
      /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    fallback = (start && start[1]) || "";
    ({ length } = fallback);
    fallback = fallback || "Error";
  }
  const prefix = prefixOf(constructor, tag, fallback).slice(0, -1);
  if (name === prefix) return stack;
  if (!prefix.includes(name)) return `${prefix} [${name}]${stack.slice(length)}`;
  return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
}

function withoutCauseFrames(context, error, text) {
  const frames = text.split("\n");
  let cause;
  try {
    ({ cause } = error);
  } catch {
    // A getter that throws hides the cause.
  }
  if (cause == null || !isError(cause, isObject(cause) ? host.kind(cause) : "")) return frames;
  const causeText = stackText(cause);
  const start = causeText.indexOf("\n    at");
  if (start === -1) return frames;
  const { length, offset } = commonRun(frames, causeText.slice(start + 1).split("\n"));
  if (length > 0) {
    const skipped = length - 2;
    const line = `    ... ${skipped} lines matching cause stack trace ...`;
    frames.splice(offset + 1, skipped, context.stylize(line, "undefined"));
  }
  return frames;
}

/** The first run of more than three lines that both have. */
function commonRun(a, b) {
  for (let i = 0; i < a.length - 3; i++) {
    const at = b.indexOf(a[i]);
    if (at === -1) continue;
    const rest = b.length - at;
    if (rest <= 3) continue;
    let length = 1;
    const max = Math.min(a.length - i, rest);
    while (max > length && a[i + length] === b[at + length]) length++;
    if (length > 3) return { length, offset: i };
  }
  return { length: 0, offset: 0 };
}
