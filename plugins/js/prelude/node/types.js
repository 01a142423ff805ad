// `util.types`: what a value is, whatever its prototype says. Follows
// https://nodejs.org/api/util.html#utiltypes. Where the language has a getter or a method that only
// the true thing passes, that is the test; the few kinds that no program can tell are asked of the
// engine (`host.kind`).

import { host } from "lily:host";

const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const typedArrayTag = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const call = Function.prototype.call;

/** A test that holds when the brand-checking `method` does not throw. */
function branded(method, ...values) {
  const apply = call.bind(method);
  return (value) => {
    if (value === null || typeof value !== "object") return false;
    try {
      apply(value, ...values);
      return true;
    } catch {
      return false;
    }
  };
}

const tagOf = call.bind(typedArrayTag);
const kind =
  (...names) =>
  (value) =>
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    names.includes(host.kind(value));

export const isTypedArray = (value) => tagOf(value) !== undefined;
export const isUint8Array = (value) => tagOf(value) === "Uint8Array";
export const isArrayBufferView = ArrayBuffer.isView;
export const isArrayBuffer = branded(getter(ArrayBuffer.prototype, "byteLength"));
export const isSharedArrayBuffer =
  typeof SharedArrayBuffer === "function"
    ? branded(getter(SharedArrayBuffer.prototype, "byteLength"))
    : () => false;
export const isAnyArrayBuffer = (value) => isArrayBuffer(value) || isSharedArrayBuffer(value);
export const isDataView = (value) => isArrayBufferView(value) && !isTypedArray(value);
export const isDate = branded(Date.prototype.getTime);
export const isMap = branded(getter(Map.prototype, "size"));
export const isSet = branded(getter(Set.prototype, "size"));
export const isWeakMap = branded(WeakMap.prototype.has, {});
export const isWeakSet = branded(WeakSet.prototype.has, {});
export const isNumberObject = branded(Number.prototype.valueOf);
export const isStringObject = branded(String.prototype.valueOf);
export const isBooleanObject = branded(Boolean.prototype.valueOf);
export const isBigIntObject = branded(BigInt.prototype.valueOf);
export const isSymbolObject = branded(Symbol.prototype.valueOf);
export const isBoxedPrimitive = (value) =>
  isNumberObject(value) ||
  isStringObject(value) ||
  isBooleanObject(value) ||
  isBigIntObject(value) ||
  isSymbolObject(value);
export const isRegExp = kind("RegExp");
export const isNativeError = kind("Error");
export const isProxy = kind("Proxy");
export const isPromise = kind("Promise");
export const isMapIterator = kind("MapIterator");
export const isSetIterator = kind("SetIterator");
export const isArgumentsObject = kind("Arguments");
export const isGeneratorObject = kind("Generator", "AsyncGenerator");
export const isModuleNamespaceObject = kind("Module");
export const isAsyncFunction = kind("AsyncFunction", "AsyncGeneratorFunction");
export const isGeneratorFunction = kind("GeneratorFunction", "AsyncGeneratorFunction");
export const isExternal = () => false;

const ofTag = (tag) => (value) => tagOf(value) === tag;

export default {
  isExternal,
  isDate,
  isArgumentsObject,
  isBigIntObject,
  isBooleanObject,
  isNumberObject,
  isStringObject,
  isSymbolObject,
  isBoxedPrimitive,
  isNativeError,
  isRegExp,
  isAsyncFunction,
  isGeneratorFunction,
  isGeneratorObject,
  isPromise,
  isMap,
  isSet,
  isMapIterator,
  isSetIterator,
  isWeakMap,
  isWeakSet,
  isArrayBuffer,
  isDataView,
  isSharedArrayBuffer,
  isProxy,
  isModuleNamespaceObject,
  isAnyArrayBuffer,
  isCryptoKey: (value) => typeof CryptoKey === "function" && value instanceof CryptoKey,
  isKeyObject: (value) => value?.[Symbol.toStringTag] === "KeyObject",
  isArrayBufferView,
  isTypedArray,
  isUint8Array,
  isUint8ClampedArray: ofTag("Uint8ClampedArray"),
  isUint16Array: ofTag("Uint16Array"),
  isUint32Array: ofTag("Uint32Array"),
  isInt8Array: ofTag("Int8Array"),
  isInt16Array: ofTag("Int16Array"),
  isInt32Array: ofTag("Int32Array"),
  isFloat16Array: ofTag("Float16Array"),
  isFloat32Array: ofTag("Float32Array"),
  isFloat64Array: ofTag("Float64Array"),
  isBigInt64Array: ofTag("BigInt64Array"),
  isBigUint64Array: ofTag("BigUint64Array"),
};
