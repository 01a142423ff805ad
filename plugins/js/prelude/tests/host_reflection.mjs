// The double's look behind values, by what Node gives its own util.inspect.

import { createRequire } from "node:module";
import { types } from "node:util";

function binding(name) {
  if (!process.execArgv.includes("--expose-internals"))
    throw new Error("run node with --expose-internals");
  return createRequire(import.meta.url)("internal/test/binding").internalBinding("util")[name];
}
const getPromiseDetails = (promise) => binding("getPromiseDetails")(promise);
const getProxyDetails = (proxy) => binding("getProxyDetails")(proxy, true);
const previewEntries = (iterator) => binding("previewEntries")(iterator, true);
const STATES = ["pending", "fulfilled", "rejected"];

const KINDS = [
  ["isProxy", "Proxy"],
  ["isNativeError", "Error"],
  ["isNumberObject", "Number"],
  ["isStringObject", "String"],
  ["isBooleanObject", "Boolean"],
  ["isSymbolObject", "Symbol"],
  ["isBigIntObject", "BigInt"],
  ["isArgumentsObject", "Arguments"],
  ["isDate", "Date"],
  ["isModuleNamespaceObject", "Module"],
  ["isRegExp", "RegExp"],
  ["isArrayBuffer", "ArrayBuffer"],
  ["isSharedArrayBuffer", "SharedArrayBuffer"],
  ["isDataView", "DataView"],
  ["isMap", "Map"],
  ["isSet", "Set"],
  ["isWeakMap", "WeakMap"],
  ["isWeakSet", "WeakSet"],
  ["isMapIterator", "MapIterator"],
  ["isSetIterator", "SetIterator"],
  ["isPromise", "Promise"],
];

export function reflectionHost(lily) {
  const generator = lily.run("Object.getPrototypeOf(Object.getPrototypeOf((function* () {})()))");
  return {
    kind(value) {
      for (const [test, name] of KINDS) if (types[test](value)) return name;
      if (typeof value === "function") {
        if (types.isGeneratorFunction(value))
          return types.isAsyncFunction(value) ? "AsyncGeneratorFunction" : "GeneratorFunction";
        return types.isAsyncFunction(value) ? "AsyncFunction" : "Function";
      }
      if (Array.isArray(value)) return "Array";
      if (types.isTypedArray(value))
        return Object.getOwnPropertyDescriptor(TYPED, Symbol.toStringTag).get.call(value);
      if (isBranded(WeakRef.prototype.deref, value)) return "WeakRef";
      if (isBranded(FinalizationRegistry.prototype.unregister, value, {}))
        return "FinalizationRegistry";
      if (types.isGeneratorObject(value))
        return generator.isPrototypeOf(value) ? "Generator" : "AsyncGenerator";
      return "Object";
    },
    proxyParts: getProxyDetails,
    promiseState(promise) {
      const [state, result] = getPromiseDetails(promise);
      return [STATES[state], result];
    },
    iteratorRest: previewEntries,
  };
}

function isBranded(method, value, ...parameters) {
  try {
    method.call(value, ...parameters);
    return true;
  } catch {
    return false;
  }
}

const TYPED = Object.getPrototypeOf(Uint8Array.prototype);
