// util.format: text with %s %d %i %f %j %o %O %c, and what follows it. After Node's
// lib/internal/util/inspect.js (MIT, © Node.js contributors), whose output this equals;
// https://console.spec.whatwg.org/#formatter

import { host } from "lily:host";
import { defaultOptions, inspect } from "./inspect.js";
import { builtIns } from "./names.js";
import { formatBigInt, formatNumber, plain } from "./text.js";

export function format(...parameters) {
  return formatAll(undefined, parameters);
}

export function formatWithOptions(options, ...parameters) {
  if (options === null || typeof options !== "object") {
    throw new TypeError('The "inspectOptions" argument must be of type object.');
  }
  return formatAll(options, parameters);
}

/** The parameters of a console method as one text. */
export function formatAll(options, parameters) {
  const first = parameters[0];
  if (parameters.length === 1) return typeof first === "string" ? first : inspect(first, options);
  let used = 0;
  let text = "";
  let join = "";
  if (typeof first === "string") {
    const filled = fill(first, options, parameters);
    if (filled !== null) {
      ({ text, used } = filled);
      join = " ";
    }
  }
  for (; used < parameters.length; used++) {
    const value = parameters[used];
    text += join + (typeof value === "string" ? value : inspect(value, options));
    join = " ";
  }
  return text;
}

// Null when there is nothing to fill in: the text is then printed like any other parameter.
function fill(pattern, options, parameters) {
  let text = "";
  let copied = 0;
  let last = 0; // the parameter used last
  for (let i = 0; i < pattern.length - 1; i++) {
    if (pattern[i] !== "%") continue;
    const letter = pattern[++i];
    if (letter === "%") {
      text += pattern.slice(copied, i);
      copied = i + 1;
      continue;
    }
    if (last + 1 === parameters.length) continue;
    const convert = CONVERSIONS[letter];
    if (convert === undefined) continue;
    const converted = convert(parameters[++last], options);
    text += pattern.slice(copied, i - 1) + converted;
    copied = i + 1;
  }
  if (copied === 0) return null;
  return { text: text + pattern.slice(copied), used: last + 1 };
}

function number(value, options) {
  return formatNumber(plain, value, options?.numericSeparator ?? defaultOptions.numericSeparator);
}

function bigint(value, options) {
  return formatBigInt(plain, value, options?.numericSeparator ?? defaultOptions.numericSeparator);
}

const CONVERSIONS = {
  __proto__: null,
  s(value, options) {
    if (typeof value === "number") return number(value, options);
    if (typeof value === "bigint") return bigint(value, options);
    if (typeof value !== "object" || value === null || !hasBuiltInToString(value))
      return String(value);
    return inspect(value, { ...options, compact: 3, colors: false, depth: 0 });
  },
  d(value, options) {
    if (typeof value === "bigint") return bigint(value, options);
    return typeof value === "symbol" ? "NaN" : number(Number(value), options);
  },
  i(value, options) {
    if (typeof value === "bigint") return bigint(value, options);
    return typeof value === "symbol" ? "NaN" : number(Number.parseInt(value), options);
  },
  f(value, options) {
    return typeof value === "symbol" ? "NaN" : number(Number.parseFloat(value), options);
  },
  j: (value) => json(value),
  o: (value, options) =>
    inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
  O: (value, options) => inspect(value, options),
  c: () => "",
};

const { stringify } = JSON;

function json(value) {
  try {
    return stringify(value);
  } catch (error) {
    if (error?.name === "TypeError" && /circular/i.test(error.message)) return "[Circular]";
    throw error;
  }
}

// True when String(value) would say nothing of the program's own.
function hasBuiltInToString(value) {
  while (host.kind(value) === "Proxy") {
    const [target] = host.proxyParts(value);
    if (target === null) return true;
    value = target;
  }
  let hasText = Object.hasOwn;
  let hasPrimitive = Object.hasOwn;
  const nothing = () => false;
  if (typeof value.toString !== "function") {
    if (typeof value[Symbol.toPrimitive] !== "function") return true;
    if (Object.hasOwn(value, Symbol.toPrimitive)) return false;
    hasText = nothing;
  } else if (Object.hasOwn(value, "toString")) {
    return false;
  } else if (typeof value[Symbol.toPrimitive] !== "function") {
    hasPrimitive = nothing;
  } else if (Object.hasOwn(value, Symbol.toPrimitive)) {
    return false;
  }
  let at = value;
  do {
    at = Object.getPrototypeOf(at);
  } while (!hasText(at, "toString") && !hasPrimitive(at, Symbol.toPrimitive));
  const constructor = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
  return typeof constructor === "function" && builtIns.has(constructor.name);
}
