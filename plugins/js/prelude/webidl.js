// WebIDL's JavaScript binding, as much of it as the prelude's classes use: conversions of
// arguments, the shape of interfaces, and pair iterators.
// https://webidl.spec.whatwg.org/#javascript-binding
//
// A conversion is a function `(value, where)`; `where` names the argument in the TypeError, as in
// "Headers.append: argument 1". Conversions that take options are made once at load, never per
// call:
//   const EventInit = dictionary([["bubbles", boolean, false], ["cancelable", boolean, false]]);

import {
  apply,
  bytesOf,
  charCodeAt,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArrayBuffer,
  isSharedArrayBuffer,
  isView,
  IteratorPrototype,
  ownKeys,
  SafeMap,
  SafeWeakSet,
  toWellFormed,
} from "./primordials.js";

export { DOMException } from "./dom_exception.js";

/** Throws unless the call has the arguments that the operation requires. */
export function needs(count, given, where) {
  if (given >= count) return;
  const plural = count === 1 ? "argument" : "arguments";
  throw new TypeError(`${where}: ${count} ${plural} required, but only ${given} present`);
}

export function illegalConstructor() {
  throw new TypeError("Illegal constructor");
}

/** What a method says when `this` is not of its interface. */
export function illegalInvocation(name) {
  throw new TypeError(
    `Illegal invocation: this is not ${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`,
  );
}

/**
 * The token that lets the prelude, and nobody else, call a constructor that is illegal for
 * programs.
 */
export const INTERNAL = Symbol("internal");

// ---- conversions of values ----

export const any = (value) => value;

export function boolean(value) {
  return !!value;
}

export function DOMString(value, where) {
  if (typeof value === "string") return value;
  if (typeof value === "symbol")
    throw new TypeError(`${where}: a Symbol cannot be converted to a string`);
  return `${value}`;
}

export function USVString(value, where) {
  return toWellFormed(DOMString(value, where));
}

export function ByteString(value, where) {
  const text = DOMString(value, where);
  for (let i = 0; i < text.length; i++) {
    const code = charCodeAt(text, i);
    if (code > 255)
      throw new TypeError(`${where}: the character at index ${i} has the value ${code}, over 255`);
  }
  return text;
}

function toNumber(value, where) {
  if (typeof value === "number") return value;
  if (typeof value === "bigint" || typeof value === "symbol") {
    throw new TypeError(`${where}: a ${typeof value} cannot be converted to a number`);
  }
  return +value;
}

/**
 * https://webidl.spec.whatwg.org/#abstract-opdef-converttoint; mode: "wrap", "enforce" or "clamp".
 */
function integer(bits, signed, mode) {
  const limit = bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** (signed ? bits - 1 : bits) - 1;
  const low = !signed ? 0 : bits === 64 ? Number.MIN_SAFE_INTEGER : -(2 ** (bits - 1));
  const modulus = 2 ** bits;
  return (value, where) => {
    let x = toNumber(value, where);
    if (mode === "enforce") {
      if (!Number.isFinite(x)) throw new TypeError(`${where}: ${x} is not a finite number`);
      x = Math.trunc(x);
      if (x < low || x > limit)
        throw new TypeError(`${where}: ${x} is outside of ${low} to ${limit}`);
      return x + 0;
    }
    if (Number.isNaN(x)) return 0;
    if (mode === "clamp") {
      x = Math.min(Math.max(x, low), limit);
      const down = Math.floor(x);
      if (x - down === 0.5) return down % 2 === 0 ? down + 0 : down + 1;
      return Math.round(x) + 0;
    }
    if (!Number.isFinite(x)) return 0;
    x = Math.trunc(x);
    if (x >= low && x <= limit) return x + 0;
    x %= modulus;
    if (x < 0) x += modulus;
    return (signed && x >= modulus / 2 ? x - modulus : x) + 0;
  };
}

export const octet = integer(8, false, "wrap");
export const unsignedShort = integer(16, false, "wrap");
export const unsignedShortClamp = integer(16, false, "clamp");
export const long = integer(32, true, "wrap");
export const unsignedLong = integer(32, false, "wrap");
export const unsignedLongEnforce = integer(32, false, "enforce");
export const unsignedShortEnforce = integer(16, false, "enforce");
export const octetEnforce = integer(8, false, "enforce");
export const longLong = integer(64, true, "wrap");
export const longLongClamp = integer(64, true, "clamp");
export const unsignedLongLongEnforce = integer(64, false, "enforce");

export function double(value, where) {
  const x = toNumber(value, where);
  if (!Number.isFinite(x)) throw new TypeError(`${where}: ${x} is not a finite number`);
  return x;
}

export function object(value, where) {
  if (isObject(value)) return value;
  throw new TypeError(`${where}: not an object`);
}

export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** BufferSource as it is; `bytes` is for those who only read it. Shared memory is refused. */
export function BufferSource(value, where) {
  if (isView(value)) {
    if (isSharedArrayBuffer(bytesOf(value).buffer))
      throw new TypeError(`${where}: shared memory is not allowed`);
    return value;
  }
  if (isArrayBuffer(value)) return value;
  throw new TypeError(`${where}: not an ArrayBuffer or a view of one`);
}

/** The bytes behind a BufferSource, not copied: read them before any of the program's code runs. */
export function bytes(value, where) {
  return bytesOf(BufferSource(value, where));
}

/** As `bytes`, with shared memory allowed ([AllowShared]). */
export function sharedBytes(value, where) {
  if (isView(value) || isArrayBuffer(value) || isSharedArrayBuffer(value)) return bytesOf(value);
  throw new TypeError(`${where}: not a buffer or a view of one`);
}

// ---- conversions made of conversions ----

export function nullable(convert) {
  return (value, where) => (value === null || value === undefined ? null : convert(value, where));
}

export function optional(convert) {
  return (value, where) => (value === undefined ? undefined : convert(value, where));
}

export function sequence(convert) {
  return (value, where) => {
    if (!isObject(value)) throw new TypeError(`${where}: not iterable`);
    const method = value[Symbol.iterator];
    if (typeof method !== "function") throw new TypeError(`${where}: not iterable`);
    return sequenceFrom(value, method, convert, where);
  };
}

/** The sequence of an object whose iterator method the caller has read already (for unions). */
export function sequenceFrom(value, method, convert, where) {
  const iterator = apply(method, value, []);
  if (!isObject(iterator)) throw new TypeError(`${where}: its iterator is not an object`);
  const next = iterator.next;
  const list = [];
  for (;;) {
    const step = apply(next, iterator, []);
    if (!isObject(step)) throw new TypeError(`${where}: its iterator's result is not an object`);
    if (step.done) return list;
    list[list.length] = convert(step.value, where);
  }
}

/** record<K, V> as an array of [key, value]. */
export function record(key, convert) {
  return (value, where) => {
    if (!isObject(value)) throw new TypeError(`${where}: not an object`);
    const pairs = [];
    // Two keys may convert to one: the later value wins in the earlier place.
    const index = new SafeMap();
    const names = ownKeys(value);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (!getOwnPropertyDescriptor(value, name)?.enumerable) continue;
      const typedKey = key(name, where);
      const typedValue = convert(value[name], where);
      const at = index.get(typedKey);
      if (at === undefined) {
        index.set(typedKey, pairs.length);
        pairs[pairs.length] = [typedKey, typedValue];
      } else {
        pairs[at][1] = typedValue;
      }
    }
    return pairs;
  };
}

export const REQUIRED = Symbol("required");

/**
 * A dictionary of `[name, convert, default]`, in the order that WebIDL reads members: inherited
 * dictionaries first, then by name. A default of REQUIRED throws when the member is missing; no
 * default leaves it undefined. The result is a new plain object with every member.
 */
export function dictionary(members) {
  return (value, where) => {
    if (value !== undefined && value !== null && !isObject(value))
      throw new TypeError(`${where}: not an object`);
    const result = { __proto__: null };
    for (let i = 0; i < members.length; i++) {
      const { 0: name, 1: convert, 2: fallback } = members[i];
      const member = value === undefined || value === null ? undefined : value[name];
      if (member !== undefined) result[name] = convert(member, `${where}: ${name}`);
      else if (fallback === REQUIRED)
        throw new TypeError(`${where}: the member ${name} is required`);
      else result[name] = typeof fallback === "function" ? fallback() : fallback;
    }
    return result;
  };
}

/** An enumeration as the type of an argument: other strings throw. */
export function enumeration(name, values) {
  return (value, where) => {
    const text = DOMString(value, where);
    for (let i = 0; i < values.length; i++) if (values[i] === text) return text;
    throw new TypeError(`${where}: "${text}" is not a valid ${name}`);
  };
}

/** An interface type: `is` is the interface's own brand check, as in `(v) => #brand in v`. */
export function interfaceType(name, is) {
  return (value, where) => {
    if (isObject(value) && is(value)) return value;
    throw new TypeError(`${where}: not of type ${name}`);
  };
}

export function callbackFunction(value, where) {
  if (typeof value === "function") return value;
  throw new TypeError(`${where}: not a function`);
}

// ---- the shape of interfaces ----

/**
 * Gives a class the shape of a WebIDL interface: enumerable members, `Symbol.toStringTag` and
 * constants on both sides. What the prelude alone uses of a class does not belong on its prototype:
 * export it from a static block, as event.js does.
 */
export function shape(Class, { constants, name = Class.name } = {}) {
  platformPrototypes.add(Class.prototype);
  enumerable(Class.prototype, "constructor");
  enumerable(Class, "length", "name", "prototype");
  if (constants !== undefined) {
    for (const key of Object.keys(constants)) {
      const constant = {
        value: constants[key],
        writable: false,
        enumerable: true,
        configurable: false,
      };
      Object.defineProperty(Class, key, constant);
      Object.defineProperty(Class.prototype, key, constant);
    }
  }
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { value: name, configurable: true });
  return Class;
}

const platformPrototypes = new SafeWeakSet();

/** Counts a library's class among the platform's; `shape` does so for ours. */
export function platformClass(Class) {
  platformPrototypes.add(Class.prototype);
}

/**
 * True for an object of a platform class, or of a class that extends one: it cannot be cloned as
 * plain.
 */
export function platformObject(value) {
  let prototype = getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return false;
  for (; prototype !== null; prototype = getPrototypeOf(prototype)) {
    if (platformPrototypes.has(prototype)) return true;
  }
  return false;
}

function enumerable(target, ...except) {
  for (const key of Object.getOwnPropertyNames(target)) {
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    if (except.includes(key) || !descriptor.configurable) continue;
    Object.defineProperty(target, key, { ...descriptor, enumerable: true });
  }
}

/**
 * Adds entries, keys, values, forEach and @@iterator to an interface that is iterable over pairs.
 * `pairAt(object, index)` answers `[key, value]` or undefined at the end, so that what changes
 * during the iteration is seen, as the standard wants. It also does the brand check (it throws for
 * others).
 */
export function pairIterable(Class, pairAt, name = Class.name) {
  class PairIterator {
    #target;
    #kind;
    #index = 0;
    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }
    next() {
      if (!(#target in this)) illegalInvocation(`${name} Iterator`);
      const pair = this.#target === null ? undefined : pairAt(this.#target, this.#index);
      if (pair === undefined) {
        this.#target = null;
        return { value: undefined, done: true };
      }
      this.#index++;
      const value =
        this.#kind === "key" ? pair[0] : this.#kind === "value" ? pair[1] : [pair[0], pair[1]];
      return { value, done: false };
    }
  }
  const prototype = PairIterator.prototype;
  delete prototype.constructor;
  Object.setPrototypeOf(prototype, IteratorPrototype);
  enumerable(prototype);
  Object.defineProperty(prototype, Symbol.toStringTag, {
    value: `${name} Iterator`,
    configurable: true,
  });

  // The brand check: reading a pair of anything else throws, whatever the index.
  const iterate = (target, kind) => {
    pairAt(target, 0);
    return new PairIterator(target, kind);
  };
  const members = {
    entries() {
      return iterate(this, "entry");
    },
    keys() {
      return iterate(this, "key");
    },
    values() {
      return iterate(this, "value");
    },
    forEach(callback, thisArg = undefined) {
      pairAt(this, 0);
      needs(1, arguments.length, `${name}.forEach`);
      callbackFunction(callback, `${name}.forEach: argument 1`);
      for (let i = 0; ; i++) {
        const pair = pairAt(this, i);
        if (pair === undefined) return;
        apply(callback, thisArg, [pair[1], pair[0], this]);
      }
    },
  };
  for (const key of Object.keys(members)) {
    const property = { value: members[key], writable: true, enumerable: true, configurable: true };
    Object.defineProperty(Class.prototype, key, property);
  }
  const iterator = {
    value: members.entries,
    writable: true,
    enumerable: false,
    configurable: true,
  };
  Object.defineProperty(Class.prototype, Symbol.iterator, iterator);
}
