// `node:assert` and `node:assert/strict`. Follows https://nodejs.org/api/assert.html and
// `lib/assert.js` of Node (MIT). What it does not do: print the source of a failed
// `assert(expression)`, which the engine no longer has.

import { inspect } from "../console/inspect.js";
import { AssertionError } from "./assertion_error.js";
import { isDeepEqual, isDeepStrictEqual, isPartialStrictEqual } from "./comparisons.js";
import { codes } from "./errors.js";
import { isPromise, isRegExp } from "./types.js";
import { validateFunction, validateOneOf } from "./validate.js";

const {
  ERR_AMBIGUOUS_ARGUMENT,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_INVALID_RETURN_VALUE,
  ERR_MISSING_ARGS,
} = codes;
const options = Symbol("options");

function fail(details) {
  if (details.message instanceof Error) throw details.message;
  throw new AssertionError(details);
}

function checkOk(stackStartFn, count, value, message) {
  if (value) return;
  if (message instanceof Error) throw message;
  const isGenerated = count === 0 || message === undefined || message === null;
  const text = count === 0 ? "No value argument passed to `assert.ok()`" : message;
  const error = new AssertionError({
    actual: value,
    expected: true,
    message: isGenerated && count > 0 ? "The expression evaluated to a falsy value" : text,
    operator: "==",
    stackStartFn,
  });
  error.generatedMessage = isGenerated;
  throw error;
}

/** `new Assert({ diff, strict })`: the same checks with settings of their own. */
export function Assert(settings) {
  if (!new.target) {
    throw Object.assign(new TypeError("Class constructor Assert cannot be invoked without `new`"), {
      code: "ERR_CONSTRUCT_CALL_REQUIRED",
    });
  }
  const own = { strict: true, ...settings };
  if (own.diff !== undefined) validateOneOf(own.diff, "options.diff", ["simple", "full"]);
  this.AssertionError = AssertionError;
  Object.defineProperty(this, options, { value: own });
  if (own.strict) for (const [name, strict] of stricter) this[name] = this[strict];
}

const stricter = [
  ["equal", "strictEqual"],
  ["deepEqual", "deepStrictEqual"],
  ["notEqual", "notStrictEqual"],
  ["notDeepEqual", "notDeepStrictEqual"],
];

const bothNaN = (one, other) => Number.isNaN(one) && Number.isNaN(other);

/** name → [what holds, operator]. */
const checks = {
  equal: [(actual, expected) => actual == expected || bothNaN(actual, expected), "=="],
  notEqual: [(actual, expected) => !(actual == expected || bothNaN(actual, expected)), "!="],
  deepEqual: [isDeepEqual, "deepEqual"],
  notDeepEqual: [(actual, expected) => !isDeepEqual(actual, expected), "notDeepEqual"],
  deepStrictEqual: [isDeepStrictEqual, "deepStrictEqual"],
  notDeepStrictEqual: [(actual, expected) => !isDeepStrictEqual(actual, expected), "notDeepStrictEqual"],
  strictEqual: [Object.is, "strictEqual"],
  notStrictEqual: [(actual, expected) => !Object.is(actual, expected), "notStrictEqual"],
  partialDeepStrictEqual: [isPartialStrictEqual, "partialDeepStrictEqual"],
};

const prototype = Assert.prototype;
for (const [name, [holds, operator]] of Object.entries(checks)) {
  const check = function (actual, expected, message) {
    if (arguments.length < 2) throw new ERR_MISSING_ARGS("actual", "expected");
    if (!holds(actual, expected))
      fail({ actual, expected, message, operator, stackStartFn: check, diff: this?.[options]?.diff });
  };
  Object.defineProperty(check, "name", { value: name });
  prototype[name] = check;
}

prototype.fail = function (actual, expected, message, operator, stackStartFn) {
  let isGenerated = false;
  if ((actual === undefined || actual === null) && arguments.length <= 1) {
    isGenerated = true;
    message = "Failed";
  } else if (arguments.length === 1) {
    message = actual;
    actual = undefined;
  } else if (arguments.length === 2) operator = "!=";
  if (message instanceof Error) throw message;
  const error = new AssertionError({
    actual,
    expected,
    operator: operator ?? "fail",
    stackStartFn: stackStartFn ?? prototype.fail,
    message,
  });
  if (isGenerated) error.generatedMessage = true;
  throw error;
};
Object.defineProperty(prototype.fail, "name", { value: "fail" });

/** The keys of an expected error as an object, for the print of a difference. */
class Comparison {
  constructor(object, keys, actual) {
    for (const key of keys) {
      if (!(key in object)) continue;
      const matches =
        typeof actual?.[key] === "string" && isRegExp(object[key]) && object[key].test(actual[key]);
      this[key] = matches ? actual[key] : object[key];
    }
  }
}

function checkKeys(actual, expected, message, stackStartFn) {
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push("name", "message");
  else if (keys.length === 0)
    throw new ERR_INVALID_ARG_VALUE("error", expected, "may not be an empty object");
  for (const key of keys) {
    if (typeof actual[key] === "string" && isRegExp(expected[key]) && expected[key].test(actual[key]))
      continue;
    if (key in actual && isDeepStrictEqual(actual[key], expected[key])) continue;
    if (message) fail({ actual, expected, message, operator: stackStartFn.name, stackStartFn });
    const error = new AssertionError({
      actual: new Comparison(actual, keys),
      expected: new Comparison(expected, keys, actual),
      operator: "deepStrictEqual",
      stackStartFn,
    });
    throw Object.assign(error, { actual, expected, operator: stackStartFn.name });
  }
}

/** Why the thrown value is not what was expected; undefined when it is. */
function mismatch(actual, expected) {
  if (isRegExp(expected)) {
    const text = String(actual);
    return expected.test(text)
      ? undefined
      : `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
  }
  if (expected.prototype !== undefined && actual instanceof expected) return undefined;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    let text = `The error is expected to be an instance of "${expected.name}". Received `;
    if (!(actual instanceof Error)) return `${text}"${inspect(actual, { depth: -1 })}"`;
    const name = actual.constructor?.name || actual.name;
    text += expected.name === name ? "an error with identical name but a different prototype." : `"${name}"`;
    return actual.message ? `${text}\n\nError message:\n\n${actual.message}` : text;
  }
  const answer = Reflect.apply(expected, {}, [actual]);
  if (answer === true) return undefined;
  const text = `The ${expected.name ? `"${expected.name}" ` : ""}validation function is expected to return "true". Received ${inspect(answer)}`;
  return actual instanceof Error ? `${text}\n\nCaught error:\n\n${actual}` : text;
}

function checkThrown(actual, expected, message, stackStartFn) {
  const operator = stackStartFn.name;
  if (typeof expected !== "function" && !isRegExp(expected)) {
    if (typeof actual === "object" && actual !== null) {
      checkKeys(actual, expected, message, stackStartFn);
      return;
    }
    const error = new AssertionError({
      actual,
      expected,
      message,
      operator: "deepStrictEqual",
      stackStartFn,
    });
    throw Object.assign(error, { operator });
  }
  const why = mismatch(actual, expected);
  if (why === undefined) return;
  if (message instanceof Error) throw message;
  const error = new AssertionError({ actual, expected, message: message || why, operator, stackStartFn });
  error.generatedMessage = !message;
  throw error;
}

const nothing = Symbol("nothing was thrown");

function thrown(work) {
  validateFunction(work, "fn");
  try {
    work();
  } catch (error) {
    return error;
  }
  return nothing;
}

const isThenable = (value) =>
  isPromise(value) ||
  (value !== null &&
    typeof value === "object" &&
    typeof value.then === "function" &&
    typeof value.catch === "function");

async function rejection(work) {
  let promise = work;
  if (typeof work === "function") {
    promise = work();
    if (!isThenable(promise)) throw new ERR_INVALID_RETURN_VALUE("instance of Promise", "promiseFn", promise);
  } else if (!isThenable(work)) throw new ERR_INVALID_ARG_TYPE("promiseFn", ["Function", "Promise"], work);
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return nothing;
}

function expectsError(stackStartFn, actual, ...rest) {
  let [error, message] = rest;
  const kinds = ["Object", "Error", "Function", "RegExp"];
  if (typeof error === "string") {
    if (rest.length === 2) throw new ERR_INVALID_ARG_TYPE("error", kinds, error);
    if (typeof actual === "object" && actual !== null) {
      if (actual.message === error)
        throw new ERR_AMBIGUOUS_ARGUMENT(
          "error/message",
          `The error message "${actual.message}" is identical to the message.`,
        );
    } else if (actual === error)
      throw new ERR_AMBIGUOUS_ARGUMENT("error/message", `The error "${actual}" is identical to the message.`);
    message = error;
    error = undefined;
  } else if (
    error !== undefined &&
    error !== null &&
    typeof error !== "object" &&
    typeof error !== "function"
  ) {
    throw new ERR_INVALID_ARG_TYPE("error", kinds, error);
  }
  if (actual === nothing) {
    const kind = stackStartFn === prototype.rejects ? "rejection" : "exception";
    const details = `${error?.name ? ` (${error.name})` : ""}${message ? `: ${message}` : "."}`;
    fail({
      actual: undefined,
      expected: error,
      operator: stackStartFn.name,
      message: `Missing expected ${kind}${details}`,
      stackStartFn,
    });
  }
  if (error) checkThrown(actual, error, message, stackStartFn);
}

function matches(actual, expected) {
  if (isRegExp(expected)) return expected.test(String(actual));
  if (typeof expected !== "function")
    throw new ERR_INVALID_ARG_TYPE("expected", ["Function", "RegExp"], expected);
  if (expected.prototype !== undefined && actual instanceof expected) return true;
  return (
    !Object.prototype.isPrototypeOf.call(Error, expected) && Reflect.apply(expected, {}, [actual]) === true
  );
}

function expectsNoError(stackStartFn, actual, error, message) {
  if (actual === nothing) return;
  if (typeof error === "string") {
    message = error;
    error = undefined;
  }
  if (error && !matches(actual, error)) throw actual;
  const kind = stackStartFn === prototype.doesNotReject ? "rejection" : "exception";
  fail({
    actual,
    expected: error,
    operator: stackStartFn.name,
    message: `Got unwanted ${kind}${message ? `: ${message}` : "."}\nActual message: "${actual?.message}"`,
    stackStartFn,
  });
}

Object.assign(prototype, {
  ok: function ok(...values) {
    checkOk(ok, values.length, ...values);
  },
  throws: function throws(work, ...rest) {
    expectsError(throws, thrown(work), ...rest);
  },
  rejects: async function rejects(work, ...rest) {
    expectsError(rejects, await rejection(work), ...rest);
  },
  doesNotThrow: function doesNotThrow(work, ...rest) {
    expectsNoError(doesNotThrow, thrown(work), ...rest);
  },
  doesNotReject: async function doesNotReject(work, ...rest) {
    expectsNoError(doesNotReject, await rejection(work), ...rest);
  },
  ifError: function ifError(value) {
    if (value === null || value === undefined) return;
    let text = inspect(value);
    if (typeof value === "object" && typeof value.message === "string") {
      text = value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
    }
    throw new AssertionError({
      actual: value,
      expected: null,
      operator: "ifError",
      message: `ifError got unwanted exception: ${text}`,
      stackStartFn: ifError,
    });
  },
  match: function match(string, regexp, message) {
    checkMatch(string, regexp, message, match, true);
  },
  doesNotMatch: function doesNotMatch(string, regexp, message) {
    checkMatch(string, regexp, message, doesNotMatch, false);
  },
});

function checkMatch(string, regexp, message, stackStartFn, wanted) {
  if (!isRegExp(regexp)) throw new ERR_INVALID_ARG_TYPE("regexp", "RegExp", regexp);
  if (typeof string === "string" && (regexp.exec(string) !== null) === wanted) return;
  if (message instanceof Error) throw message;
  const sentence = wanted
    ? "The input did not match the regular expression"
    : "The input was expected to not match the regular expression";
  const generated =
    typeof string === "string"
      ? `${sentence} ${inspect(regexp)}. Input:\n\n${inspect(string)}\n`
      : `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`;
  const error = new AssertionError({
    actual: string,
    expected: regexp,
    message: message || generated,
    operator: stackStartFn.name,
    stackStartFn,
  });
  error.generatedMessage = !message;
  throw error;
}

function assert(...values) {
  checkOk(assert, values.length, ...values);
}

function strict(...values) {
  checkOk(strict, values.length, ...values);
}

for (const made of [assert, strict]) {
  Object.assign(made, prototype, { ok: made, AssertionError, Assert });
}
for (const [name, strictName] of stricter) strict[name] = prototype[strictName];
strict.strict = strict;
assert.strict = strict;
Object.defineProperty(assert, "name", { value: "ok" });

export { strict };
export default assert;
