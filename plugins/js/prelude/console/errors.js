// Errors as the console shows them: the stack with the class's name put right, the frames that it
// shares with its cause left out, then the cause and other members. After Node's
// lib/internal/util/inspect.js (MIT, © Node.js contributors), whose output this equals.

import { host } from "lily:host";
import { isObject } from "../webidl.js";
import { withoutRepeated, withoutShared } from "./frames.js";
import { formatValue } from "./inspect.js";
import { prefixOf } from "./names.js";

const errorText = Function.prototype.call.bind(Error.prototype.toString);
const objectText = Function.prototype.call.bind(Object.prototype.toString);

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
export function stackText(error, context = undefined) {
  let stack;
  try {
    ({ stack } = error);
  } catch {
    // A getter that throws hides the stack.
  }
  if (!stack) return errorText(error);
  if (typeof stack !== "string") return objectStack(error, stack, context);
  if (stackHasHeader || !/^\s*at /.test(stack)) return stack;
  return `${errorText(error)}\n${stack.replace(/\n$/, "")}`;
}

// A program's own prepareStackTrace may answer anything.
function objectStack(error, stack, context) {
  if (context === undefined) return errorText(error);
  context.seen.push(error);
  context.indentation += 4;
  const text = formatValue(context, stack);
  context.indentation -= 4;
  context.seen.pop();
  return `${errorText(error)}\n    ${text}`;
}

const THROWS = Symbol("a getter that throws");

function read(error, key) {
  try {
    return error[key];
  } catch {
    return THROWS;
  }
}

/**
 * The error's text without members; takes from `keys` what the text shows, adds what must be shown.
 */
export function formatError(error, constructor, tag, context, keys) {
  let whole;
  try {
    whole = stackText(error, context);
  } catch {
    return objectText(error);
  }
  const message = read(error, "message");
  const name = read(error, "name");
  if (!context.showHidden && keys.length !== 0) {
    drop(keys, "stack", true);
    drop(keys, "message", message !== THROWS && isShown(message, whole));
    drop(keys, "name", name !== THROWS && isShown(name, whole));
  }
  if (Object.hasOwn(error, "cause") && !keys.includes("cause")) keys.push("cause");
  const errors = read(error, "errors");
  if (Array.isArray(errors) && Object.hasOwn(error, "errors") && !keys.includes("errors")) {
    keys.push("errors");
  }

  let stack = improve(whole, constructor, name === THROWS ? "Error" : (name ?? "Error"), tag);
  // The frames begin after the message, which may itself look like a frame.
  const hasMessage = message !== THROWS && message;
  let from = (hasMessage && stack.indexOf(message)) || -1;
  if (from !== -1) from += message.length;
  const framesAt = stack.indexOf("\n    at", from);
  if (framesAt === -1) {
    stack = `[${stack}]`;
  } else {
    const lines = shownFrames(context, error, stack.slice(framesAt + 1));
    stack = `${stack.slice(0, framesAt)}\n${lines.join("\n")}`;
  }
  if (context.indentation === 0) return stack;
  return stack.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
}

function isShown(value, text) {
  return typeof value !== "string" || text.includes(value);
}

function drop(keys, key, wanted) {
  const at = keys.indexOf(key);
  if (wanted && at !== -1) keys.splice(at, 1);
}

// The first word of the stack is the `name`; the class may have another.
function improve(stack, constructor, name, tag) {
  if (typeof name !== "string") {
    stack = stack.replace(
      `${name}`,
      `${name} [${prefixOf(constructor, tag, "Error").slice(0, -1)}]`,
    );
  }
  const text = String(name);
  let { length } = name;
  const begins =
    text.endsWith("Error") &&
    stack.startsWith(text) &&
    (stack.length === length || stack[length] === ":" || stack[length] === "\n");
  if (constructor !== null && !begins) return stack;
  let fallback = "Error";
  if (constructor === null) {
    const start =
      /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n {4}at)/.exec(stack) ||
      /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
    fallback = start?.[1] || "";
    ({ length } = fallback);
    fallback ||= "Error";
  }
  const prefix = prefixOf(constructor, tag, fallback).slice(0, -1);
  if (text === prefix) return stack;
  if (!prefix.includes(text)) return `${prefix} [${text}]${stack.slice(length)}`;
  return length === 0 ? `${prefix}: ${stack}` : `${prefix}${stack.slice(length)}`;
}

function shownFrames(context, error, text) {
  const style = (line) => context.stylize(line, "undefined");
  let frames = text.split("\n");
  const cause = read(error, "cause");
  if (isObject(cause) && isError(cause, host.kind(cause))) {
    const causeText = stackText(cause, context);
    const start = causeText.indexOf("\n    at");
    if (start !== -1) {
      frames = withoutShared(frames, causeText.slice(start + 1).split("\n"), style);
    }
  }
  return withoutRepeated(frames, style);
}
