// What an object is called: its constructor's name found along the prototypes, its tag, and the
// prefix made of them; the keys that are shown. After Node's lib/internal/util/inspect.js (MIT, ©
// Node.js contributors), whose output this equals.

import { host } from "lily:host";
import { formatMember } from "./members.js";
import { MEMBERS } from "./layout.js";
import { inspect } from "./inspect.js";
import { SafeMap, TypedArray } from "../primordials.js";

// The language's own classes, taken before the platform's are installed.
export const builtIns = new Set(
  Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z][a-zA-Z0-9]+$/.test(name)),
);

// Prototypes whose class is known even if the program has replaced their `constructor`.
const wellKnown = new SafeMap();
for (const constructor of [
  ...[
    Array,
    ArrayBuffer,
    Function,
    Map,
    Set,
    Object,
    RegExp,
    Date,
    DataView,
    Error,
    AggregateError,
  ],
  ...[RangeError, TypeError, Boolean, Number, String, Promise, WeakMap, WeakSet, TypedArray],
]) {
  wellKnown.set(constructor.prototype, { name: constructor.name, constructor });
}

const hasInstance = Function.prototype.call.bind(Function.prototype[Symbol.hasInstance]);

function isInstance(object, constructor) {
  try {
    return object instanceof constructor;
  } catch {
    return false;
  }
}

/**
 * Null: an object without a prototype. With `inherited`, members of the prototypes are added to it.
 */
export function constructorName(object, context, depth, inherited) {
  let first;
  for (let at = object; at !== null;) {
    const known = wellKnown.get(at);
    if (known !== undefined && hasInstance(known.constructor, object)) {
      if (inherited !== undefined && first !== at) {
        addInherited(context, object, first || object, depth, inherited);
      }
      return known.name;
    }
    const descriptor = Object.getOwnPropertyDescriptor(at, "constructor");
    const constructor = descriptor?.value;
    if (
      typeof constructor === "function" &&
      constructor.name !== "" &&
      isInstance(object, constructor)
    ) {
      if (inherited !== undefined && (first !== at || !builtIns.has(constructor.name))) {
        addInherited(context, object, first || object, depth, inherited);
      }
      return String(constructor.name);
    }
    at = Object.getPrototypeOf(at);
    if (first === undefined) first = at;
  }
  if (first === null) return null;

  const own = engineName(object);
  if (depth > context.depth && context.depth !== null) return `${own} <Complex prototype>`;
  const outer = constructorName(first, context, depth + 1, inherited);
  if (outer === null)
    return `${own} <${inspect(first, { ...optionsOf(context), customInspect: false, depth: -1 })}>`;
  return `${own} <${outer}>`;
}

function optionsOf(context) {
  const { showHidden, colors, showProxy, maxArrayLength, maxStringLength, breakLength, compact } =
    context;
  const { sorted, getters, numericSeparator } = context;
  return {
    showHidden,
    colors,
    showProxy,
    maxArrayLength,
    maxStringLength,
    breakLength,
    compact,
    sorted,
    getters,
    numericSeparator,
  };
}

/** The name of the engine's own class, for objects whose prototypes tell none. */
function engineName(object) {
  const kind = host.kind(object);
  if (kind.endsWith("Function")) return "Function";
  return kind.endsWith("Iterator") ? `${kind.slice(0, -8)} Iterator` : kind;
}

const LAYERS_MAX = 3;

// Members of the user's own prototypes, for `showHidden`.
function addInherited(context, main, object, depth, output) {
  let layer = 0;
  let keys;
  let seen;
  do {
    if (layer !== 0 || main === object) {
      object = Object.getPrototypeOf(object);
      if (object === null) return;
      const descriptor = Object.getOwnPropertyDescriptor(object, "constructor");
      if (typeof descriptor?.value === "function" && builtIns.has(descriptor.value.name)) return;
    }
    if (layer === 0) seen = new Set();
    else for (const key of keys) seen.add(key);
    keys = Reflect.ownKeys(object);
    context.seen.push(main);
    for (const key of keys) {
      if (key === "constructor" || Object.hasOwn(main, key) || (layer !== 0 && seen.has(key)))
        continue;
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      if (typeof descriptor.value === "function") continue;
      const text = formatMember(context, object, depth, key, MEMBERS, descriptor, main);
      output.push(context.colors ? `\u001b[2m${text}\u001b[22m` : text);
    }
    context.seen.pop();
  } while (++layer !== LAYERS_MAX);
}

/** "Name(size) [tag] ", with the engine's name where the object has no prototype. */
export function prefixOf(constructor, tag, fallback, size = "") {
  if (constructor === null) {
    if (tag !== "" && fallback !== tag) return `[${fallback}${size}: null prototype] [${tag}] `;
    return `[${fallback}${size}: null prototype] `;
  }
  const shown = tag === "" || isWordOf(constructor, tag) ? "" : `[${tag}] `;
  return `${constructor}${size} ${shown}`;
}

// A tag that the name says already: at its end, or before the next capital letter.
function isWordOf(name, tag) {
  const at = name.indexOf(tag);
  if (at === -1) return false;
  const next = name[at + tag.length];
  return next === undefined || next !== next.toLowerCase();
}

/** The prefix of an object of no special kind. */
export function objectPrefix(value, constructor, tag) {
  let fallback = "";
  if (constructor === null) {
    fallback = engineName(value);
    if (fallback === tag) fallback = "Object";
  }
  return prefixOf(constructor, tag, fallback);
}

const isEnumerable = Function.prototype.call.bind(Object.prototype.propertyIsEnumerable);

/** Names, then symbols; without `hidden` the enumerable ones. */
export function keysOf(value, hidden) {
  const symbols = Object.getOwnPropertySymbols(value);
  if (hidden) return [...Object.getOwnPropertyNames(value), ...symbols];
  let keys;
  try {
    keys = Object.keys(value);
  } catch {
    keys = Object.getOwnPropertyNames(value); // a module whose bindings have no value yet
  }
  for (const symbol of symbols) if (isEnumerable(value, symbol)) keys.push(symbol);
  return keys;
}

const INDEX = /^(0|[1-9][0-9]*)$/;
const INDEX_MAX = 2 ** 32 - 2;

function isIndex(key) {
  return typeof key === "string" && INDEX.test(key) && +key <= INDEX_MAX;
}

/** As `keysOf`, without an array's elements. */
export function extraKeysOf(value, hidden) {
  if (hidden) return Reflect.ownKeys(value).filter((key) => !isIndex(key));
  const keys = [];
  // Own keys put indices first: most arrays have nothing after their length of them.
  for (const key of Object.keys(value)) if (!isIndex(key)) keys.push(key);
  for (const symbol of Object.getOwnPropertySymbols(value))
    if (isEnumerable(value, symbol)) keys.push(symbol);
  return keys;
}
