// `assert.AssertionError` and its messages. Follows
// https://nodejs.org/api/assert.html#class-assertassertionerror and
// `lib/internal/assert/assertion_error.js` of Node (MIT); without colours, since stderr is no
// terminal.

import { inspect } from "../console/inspect.js";
import { printed, steps } from "./diff.js";
import { dressed } from "./errors.js";
import { validateObject } from "./validate.js";

const sentences = {
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  partialDeepStrictEqual: "Expected values to be partially and strictly deep-equal:",
  strictEqual: "Expected values to be strictly equal:",
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: "Expected values to be loosely deep-equal:",
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: "Values have same structure but are not reference-equal:",
  notDeepEqualUnequal: "Expected values not to be loosely deep-equal:",
};
const withDifference = ["deepStrictEqual", "strictEqual", "partialDeepStrictEqual"];
/** Two values this short stand on one line; longer texts are cut. */
const shortMax = 12;
const longMax = 512;

const isObject = (value) => typeof value === "object" && value !== null;

function shown(value) {
  return inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    showHidden: false,
    showProxy: false,
    sorted: true,
    getters: true,
  });
}

function simpleDifference(actual, expected, actualText, expectedText) {
  const quotes = (typeof actual === "string" ? 2 : 0) + (typeof expected === "string" ? 2 : 0);
  if (actualText.length + expectedText.length - quotes <= shortMax && (actual !== 0 || expected !== 0)) {
    return { text: `${actualText} !== ${expectedText}`, header: "" };
  }
  let text = `\n+ ${actualText}\n- ${expectedText}`;
  if (actualText.length + expectedText.length <= 80) {
    const at = [...actualText].findIndex((_, index) => actualText[index] !== expectedText[index]);
    if (at >= 3) text += `\n${" ".repeat(at + 2)}^`;
  }
  return { text };
}

function differenceMessage(actual, expected, operator, message, diff) {
  const areReferences =
    (isObject(actual) && isObject(expected)) ||
    (typeof actual === "function" && typeof expected === "function");
  let name = operator === "strictEqual" && areReferences ? "strictEqualObject" : operator;
  const actualText = shown(actual);
  const expectedText = shown(expected);
  const actualLines = actualText.split("\n");
  const expectedLines = expectedText.split("\n");
  let header = "+ actual - expected";
  let text;
  let isShortened = false;
  if (actualLines.length === 1 && expectedLines.length === 1 && !(isObject(actual) && isObject(expected))) {
    const simple = simpleDifference(actual, expected, actualText, expectedText);
    text = simple.text;
    header = simple.header ?? header;
  } else if (actualText === expectedText) {
    name = "notIdentical";
    isShortened = actualLines.length > 50 && diff !== "full";
    text = isShortened ? `${actualLines.slice(0, 50).join("\n")}\n...}` : actualText;
    header = "";
  } else {
    ({ text, isShortened } = printed(steps(actualLines, expectedLines, isObject(actual))));
  }
  return `${message || sentences[name]}\n${header}${isShortened ? "\n... Skipped lines" : ""}\n${text}\n`;
}

function unequalMessage(actual, operator, diff) {
  const isReference = isObject(actual) || typeof actual === "function";
  const sentence =
    sentences[operator === "notStrictEqual" && isReference ? "notStrictEqualObject" : operator];
  const lines = shown(actual).split("\n");
  if (lines.length > 50 && diff !== "full") lines.splice(46, lines.length, "...");
  if (lines.length === 1) return `${sentence}${lines[0].length > 5 ? "\n\n" : " "}${lines[0]}`;
  return `${sentence}\n\n${lines.join("\n")}\n`;
}

function looseMessage(actual, expected, operator, diff) {
  const cut = (text, most, at) => (text.length > most && diff !== "full" ? `${text.slice(0, at)}...` : text);
  const actualText = shown(actual);
  const expectedText = shown(expected);
  if (operator === "notDeepEqual" && actualText === expectedText) {
    return cut(`${sentences.notDeepEqual}\n\n${actualText}`, 1024, 1021);
  }
  const one = cut(actualText, longMax, 509);
  const other = cut(expectedText, longMax, 509);
  if (operator === "deepEqual")
    return `${sentences.deepEqual}\n\n${one}\n\nshould loosely deep-equal\n\n${other}`;
  const unequal = sentences[`${operator}Unequal`];
  return unequal
    ? `${unequal}\n\n${one}\n\nshould not loosely deep-equal\n\n${other}`
    : `${one} ${operator} ${other}`;
}

/** An error without its stack, for comparison in print. */
function withoutStack(error) {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(error)), error);
  Object.defineProperty(copy, "message", { value: error.message });
  if (Object.hasOwn(error, "cause")) {
    const cause = error.cause instanceof Error ? withoutStack(error.cause) : error.cause;
    Object.defineProperty(copy, "cause", { value: cause });
  }
  return copy;
}

function messageOf({ message, operator, actual, expected, diff = "simple" }) {
  if (withDifference.includes(operator)) return differenceMessage(actual, expected, operator, message, diff);
  if (message !== undefined && message !== null) return String(message);
  if (operator === "notDeepStrictEqual" || operator === "notStrictEqual")
    return unequalMessage(actual, operator, diff);
  return looseMessage(actual, expected, operator, diff);
}

const shortened = (value) => {
  if (typeof value !== "string") return value;
  const lines = value.split("\n", 11);
  if (lines.length > 10) return `${lines.slice(0, 10).join("\n")}\n...`;
  return value.length > longMax ? `${value.slice(0, longMax)}...` : value;
};

export class AssertionError extends Error {
  constructor(options) {
    validateObject(options, "options");
    const { message, operator, details, diff = "simple" } = options;
    let { actual, expected } = options;
    const areErrors = actual instanceof Error && expected instanceof Error;
    if (
      (message === undefined || message === null) &&
      areErrors &&
      "stack" in actual &&
      "stack" in expected
    ) {
      actual = withoutStack(actual);
      expected = withoutStack(expected);
    }
    super(messageOf({ ...options, actual, expected }));
    this.generatedMessage = !message;
    Object.defineProperty(this, "name", {
      value: "AssertionError",
      enumerable: false,
      writable: true,
      configurable: true,
    });
    this.code = "ERR_ASSERTION";
    this.actual = details ? undefined : actual;
    this.expected = details ? undefined : expected;
    this.operator = details ? undefined : operator;
    details?.forEach((one, at) => {
      this[`message ${at}`] = one.message;
      this[`actual ${at}`] = one.actual;
      this[`expected ${at}`] = one.expected;
      this[`operator ${at}`] = one.operator;
      this[`stack trace ${at}`] = one.stack;
    });
    dressed(this, this.toString(), options.stackStartFn || options.stackStartFunction);
    this.diff = diff;
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](_depth, options) {
    const { actual, expected } = this;
    this.actual = shortened(actual);
    this.expected = shortened(expected);
    const text = inspect(this, { ...options, customInspect: false, depth: 0 });
    this.actual = actual;
    this.expected = expected;
    return text;
  }
}
