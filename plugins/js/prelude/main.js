// The entry of the prelude: puts the web platform's names on the global object, as WebIDL shapes
// them, and gives the engine its hooks. Evaluated once, when the engine's snapshot is built: nothing
// here or in what it imports may read a clock, randomness or the outside while it loads.
//
// To add a global: import it here and name it in one of the three tables.

import { host } from "lily:host";
import { hooks } from "./hooks.js";
import { DOMException } from "./dom_exception.js";

// Interfaces and namespaces: writable, not enumerable, configurable.
const interfaces = {
  DOMException,
};

// Operations of the global scope: enumerable, as WebIDL makes them.
const operations = {};

// Attributes of the global scope, which a program may replace: `[name]: getter`.
const attributes = {
  self: () => globalThis,
};

for (const name of Object.keys(interfaces)) {
  const property = { value: interfaces[name], writable: true, enumerable: false, configurable: true };
  Object.defineProperty(globalThis, name, property);
}
for (const name of Object.keys(operations)) {
  const property = { value: operations[name], writable: true, enumerable: true, configurable: true };
  Object.defineProperty(globalThis, name, property);
}
for (const name of Object.keys(attributes)) {
  const read = attributes[name];
  const accessor = {
    get [name]() {
      return read();
    },
    // [Replaceable]: an assignment makes it a plain property.
    set [name](value) {
      Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
    },
  };
  Object.defineProperty(globalThis, name, Object.getOwnPropertyDescriptor(accessor, name));
}

host.listen(hooks);
