// `node:util`. Follows https://nodejs.org/api/util.html. `inspect` and `format` are the console's;
// `types` is types.js, deep equality comparisons.js, styles style_text.js.

import { format, formatWithOptions } from "../console/format.js";
import { inspect } from "../console/inspect.js";
import { Buffer } from "./buffer.js";
import { isDeepStrictEqual } from "./comparisons.js";
import { debuglog } from "./debuglog.js";
import { diff } from "./diff.js";
import { codes, systemErrors } from "./errors.js";
import { parseArgs } from "./parse_args.js";
import { parseEnv } from "./parse_env.js";
import { promisify } from "./promisify.js";
import { styleText } from "./style_text.js";
import { nextTick } from "./ticks.js";
import types, { isDate, isRegExp } from "./types.js";
import {
  validateAbortSignal,
  validateFunction,
  validateNumber,
  validateObject,
  validateString,
} from "./validate.js";
import { emitWarning } from "./warning.js";

const { ERR_FALSY_VALUE_REJECTION, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } = codes;
export function callbackify(original) {
  validateFunction(original, "original");
  function callbackified(...values) {
    const last = values.pop();
    validateFunction(last, "last argument");
    const callback = last.bind(this);
    const failed = (reason) => {
      if (reason) return callback(reason);
      // `null` would say that there is no error.
      return callback(Object.assign(new ERR_FALSY_VALUE_REJECTION(), { reason }));
    };
    Reflect.apply(original, this, values).then(
      (result) => nextTick(callback, null, result),
      (reason) => nextTick(failed, reason),
    );
  }
  const descriptors = Object.getOwnPropertyDescriptors(original);
  if (typeof descriptors.length?.value === "number") descriptors.length.value += 1;
  if (typeof descriptors.name?.value === "string") descriptors.name.value += "Callbackified";
  return Object.defineProperties(callbackified, descriptors);
}

const warned = new Set();

export function deprecate(work, message, code) {
  if (code !== undefined) validateString(code, "code");
  let isWarned = false;
  function deprecated(...values) {
    if (!isWarned) {
      isWarned = true;
      if (code === undefined || !warned.has(code))
        emitWarning(message, "DeprecationWarning", code, deprecated);
      if (code !== undefined) warned.add(code);
    }
    return new.target ? Reflect.construct(work, values, new.target) : Reflect.apply(work, this, values);
  }
  Object.setPrototypeOf(deprecated, work);
  if (work.prototype) deprecated.prototype = work.prototype;
  return Object.defineProperty(deprecated, "length", { ...Object.getOwnPropertyDescriptor(work, "length") });
}

export function inherits(ctor, superCtor) {
  if (ctor === undefined || ctor === null) throw new ERR_INVALID_ARG_TYPE("ctor", "Function", ctor);
  if (superCtor === undefined || superCtor === null)
    throw new ERR_INVALID_ARG_TYPE("superCtor", "Function", superCtor);
  if (superCtor.prototype === undefined)
    throw new ERR_INVALID_ARG_TYPE("superCtor.prototype", "Object", superCtor.prototype);
  Object.defineProperty(ctor, "super_", { value: superCtor, writable: true, configurable: true });
  Object.setPrototypeOf(ctor.prototype, superCtor.prototype);
}

function systemErrorEntry(errno) {
  validateNumber(errno, "err");
  if (errno >= 0 || !Number.isSafeInteger(errno))
    throw new ERR_OUT_OF_RANGE("err", "a negative integer", errno);
  return Object.entries(systemErrors).find(([, [number]]) => number === errno);
}

async function aborted(signal, resource) {
  if (signal === undefined) throw new ERR_INVALID_ARG_TYPE("signal", "AbortSignal", signal);
  validateAbortSignal(signal, "signal");
  validateObject(resource, "resource", { nullable: false, allowFunction: true });
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
  });
}

// The control sequences of terminals. Follows npm `ansi-regex` (MIT), as Node does.
// eslint-disable-next-line no-control-regex
const controlSequences =
  /[\u001B\u009B][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d\/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d\/#&.:=?%@~_]*)*)?(?:\u0007|\u001B\u005C|\u009C))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-ntqry=><~]))/g;

function stripVTControlCharacters(text) {
  validateString(text, "str");
  return text.replace(controlSequences, "");
}

function log(...values) {
  const now = new Date();
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  console.log("%s - %s", `${now.getDate()} ${months[now.getMonth()]} ${time}`, format(...values));
}

function old(name, work, instead, code) {
  return deprecate(work, `The \`util.${name}\` API is deprecated. Please use ${instead} instead.`, code);
}

const isPrimitive = (value) => value === null || (typeof value !== "object" && typeof value !== "function");

const util = {
  _extend: old(
    "_extend",
    (target, source) =>
      source === null || typeof source !== "object" ? target : Object.assign(target, source),
    "Object.assign()",
    "DEP0060",
  ),
  callbackify,
  debug: debuglog,
  debuglog,
  deprecate,
  format,
  styleText,
  formatWithOptions,
  getSystemErrorMap: () =>
    new Map(Object.entries(systemErrors).map(([name, [errno, words]]) => [errno, [name, words]])),
  getSystemErrorName: (errno) => systemErrorEntry(errno)?.[0] ?? `Unknown system error ${errno}`,
  getSystemErrorMessage: (errno) => systemErrorEntry(errno)?.[1][1] ?? `Unknown system error ${errno}`,
  inherits,
  inspect,
  isArray: old("isArray", Array.isArray, "`Array.isArray()`", "DEP0044"),
  isBoolean: old("isBoolean", (value) => typeof value === "boolean", '`typeof arg === "boolean"`', "DEP0045"),
  isBuffer: old("isBuffer", Buffer.isBuffer, "`Buffer.isBuffer()`", "DEP0046"),
  isDeepStrictEqual,
  isNull: old("isNull", (value) => value === null, "`arg === null`", "DEP0050"),
  isNullOrUndefined: old(
    "isNullOrUndefined",
    (value) => value === null || value === undefined,
    "`arg === null || arg === undefined`",
    "DEP0051",
  ),
  isNumber: old("isNumber", (value) => typeof value === "number", '`typeof arg === "number"`', "DEP0052"),
  isString: old("isString", (value) => typeof value === "string", '`typeof arg === "string"`', "DEP0056"),
  isSymbol: old("isSymbol", (value) => typeof value === "symbol", '`arg === "symbol"`', "DEP0057"),
  isUndefined: old("isUndefined", (value) => value === undefined, "`arg === undefined`", "DEP0058"),
  isRegExp: old("isRegExp", isRegExp, "`arg instanceof RegExp`", "DEP0055"),
  isObject: old(
    "isObject",
    (value) => value !== null && typeof value === "object",
    '`arg !== null && typeof arg === "object"`',
    "DEP0053",
  ),
  isDate: old("isDate", isDate, "`arg instanceof Date`", "DEP0047"),
  isError: old(
    "isError",
    (value) => Object.prototype.toString.call(value) === "[object Error]" || value instanceof Error,
    "`arg instanceof Error`",
    "DEP0048",
  ),
  isFunction: old(
    "isFunction",
    (value) => typeof value === "function",
    '`typeof arg === "function"`',
    "DEP0049",
  ),
  isPrimitive: old(
    "isPrimitive",
    isPrimitive,
    '`arg === null || (typeof arg !== "object" && typeof arg !== "function")`',
    "DEP0054",
  ),
  log: old("log", log, "console.log()", "DEP0059"),
  promisify,
  stripVTControlCharacters,
  toUSVString: (value) => `${value}`.toWellFormed(),
  transferableAbortSignal: (signal) => signal,
  transferableAbortController: () => new AbortController(),
  aborted,
  types,
  parseEnv,
  parseArgs,
  diff,
};

// Taken when asked for: the platform's own, which main.js sets after this file has loaded.
for (const name of ["TextDecoder", "TextEncoder"]) {
  Object.defineProperty(util, name, { enumerable: true, configurable: true, get: () => globalThis[name] });
}

export { debuglog, format, inspect, isDeepStrictEqual, types };
export default util;
