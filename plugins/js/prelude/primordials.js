// The few built-ins that correctness and safety stand on, taken when the prelude loads, before any
// program runs. A program may replace `Array.prototype.push` or `Map.prototype.get`; what goes
// through these names does not notice. Use them where a patched built-in would break an invariant
// or hand out an object of the prelude's own; plain method calls are fine elsewhere.

const { bind, call } = Function.prototype;

/** Turns a method into a function whose first argument is its `this`. */
export const uncurry = bind.bind(call);

/** The getter of the accessor `key` of `prototype`, as a function of the object. */
export function getter(prototype, key) {
  return uncurry(Object.getOwnPropertyDescriptor(prototype, key).get);
}

export const { apply, ownKeys } = Reflect;
export const {
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  setPrototypeOf,
  keys: objectKeys,
} = Object;

/**
 * Gives an object a data property of its own, whatever setters or fields a program put on
 * prototypes.
 */
export function define(target, key, value, enumerable = true) {
  defineProperty(target, key, {
    __proto__: null,
    value,
    writable: true,
    enumerable,
    configurable: true,
  });
}

// The methods copied to a prototype of their own, out of the program's reach. Go through them by
// `forEach`: for-of would ask the iterator's prototype.
function outOfReach(Class, Safe) {
  for (const key of Reflect.ownKeys(Class.prototype)) {
    if (key === "constructor") continue;
    Object.defineProperty(
      Safe.prototype,
      key,
      Object.getOwnPropertyDescriptor(Class.prototype, key),
    );
  }
  Object.setPrototypeOf(Safe.prototype, null);
  Object.freeze(Safe.prototype);
  return Safe;
}

export const SafeMap = outOfReach(Map, class extends Map {});
export const SafeSet = outOfReach(Set, class extends Set {});
export const SafeWeakSet = outOfReach(WeakSet, class extends WeakSet {});
export const TypedArray = Object.getPrototypeOf(Uint8Array);
export const IteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf([][Symbol.iterator]()),
);
export const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}.prototype),
);

export const arrayPush = uncurry(Array.prototype.push);
export const arraySlice = uncurry(Array.prototype.slice);
export const arraySplice = uncurry(Array.prototype.splice);
export const arrayJoin = uncurry(Array.prototype.join);
export const arraySort = uncurry(Array.prototype.sort);
export const hasOwn = Object.hasOwn;
export const isPrototypeOf = uncurry(Object.prototype.isPrototypeOf);
export const promiseThen = uncurry(Promise.prototype.then);
export const toWellFormed = uncurry(String.prototype.toWellFormed ?? replaceLoneSurrogates);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const stringSlice = uncurry(String.prototype.slice);
export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const toUpperCase = uncurry(String.prototype.toUpperCase);
export const stringIndexOf = uncurry(String.prototype.indexOf);
const regExpExec = uncurry(RegExp.prototype.exec);

/** `RegExp.prototype.test` calls the `exec` that a program may have put there; this does not. */
export const matches = (pattern, text) => regExpExec(pattern, text) !== null;

export const byteLengthOf = getter(TypedArray.prototype, "byteLength");
export const byteOffsetOf = getter(TypedArray.prototype, "byteOffset");
export const bufferOf = getter(TypedArray.prototype, "buffer");
export const lengthOf = getter(TypedArray.prototype, "length");
/** The name of a typed array's class, or undefined for everything else: the brand check. */
export const typedArrayName = getter(TypedArray.prototype, Symbol.toStringTag);
/** The classes of typed arrays by name. */
export const typedArrays = { __proto__: null };
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value = /Array$/.test(name) ? globalThis[name] : undefined;
  if (typeof value === "function" && Object.getPrototypeOf(value) === TypedArray)
    typedArrays[name] = value;
}
export const dataViewBufferOf = getter(DataView.prototype, "buffer");
export const dataViewByteLengthOf = getter(DataView.prototype, "byteLength");
export const dataViewByteOffsetOf = getter(DataView.prototype, "byteOffset");
export const arrayBufferLengthOf = getter(ArrayBuffer.prototype, "byteLength");
export const arrayBufferSlice = uncurry(ArrayBuffer.prototype.slice);
export const typedArraySet = uncurry(TypedArray.prototype.set);
export const isView = ArrayBuffer.isView;

/** True for an ArrayBuffer of any realm, whatever its prototype says. */
export function isArrayBuffer(value) {
  return succeeds(arrayBufferLengthOf, value);
}

const sharedLengthOf =
  typeof SharedArrayBuffer === "function"
    ? getter(SharedArrayBuffer.prototype, "byteLength")
    : null;

export function isSharedArrayBuffer(value) {
  return sharedLengthOf !== null && succeeds(sharedLengthOf, value);
}

/** The bytes of a view or buffer, without a copy. The caller has checked what it is. */
export function bytesOf(source) {
  if (!isView(source)) return new Uint8Array(source);
  if (typedArrayName(source) !== undefined) {
    return new Uint8Array(bufferOf(source), byteOffsetOf(source), byteLengthOf(source));
  }
  return new Uint8Array(
    dataViewBufferOf(source),
    dataViewByteOffsetOf(source),
    dataViewByteLengthOf(source),
  );
}

/** A brand check by a captured method that throws on every other kind of object. */
export function succeeds(method, value) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    method(value);
    return true;
  } catch {
    return false;
  }
}

// For an engine without String.prototype.toWellFormed; QuickJS-ng has it.
function replaceLoneSurrogates() {
  return this.replace(
    /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    "\uFFFD",
  );
}
