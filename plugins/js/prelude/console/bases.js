// What stands for functions, classes and boxed primitives: `[Function: name]`, `[class A extends
// B]`, `[Number: 1]`. After Node's lib/internal/util/inspect.js (MIT, © Node.js contributors),
// whose output this equals.

import { formatValue } from "./inspect.js";
import { formatPrimitive, plain } from "./text.js";

const sourceText = Function.prototype.call.bind(Function.prototype.toString);
const CLASS = /^(\s+[^(]*?)\s*{/;
const COMMENTS = /(\/\/.*?\n)|(\/\*(.|\n)*?\*\/)/g;

// The engine's own constructors, taken before any other code runs.
const engineFunctions = new WeakSet();
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (typeof globalThis[name] === "function") engineFunctions.add(globalThis[name]);
}

// An engine that was told not to keep the source shows each function as native: a class is then
// known by its prototype, which cannot be replaced.
function isClassWithoutSource(value) {
  if (engineFunctions.has(value)) return false;
  return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

function isClass(value) {
  const source = sourceText(value);
  if (source.endsWith("[native code]\n}") || source.endsWith("{ [native code] }"))
    return isClassWithoutSource(value);
  if (!source.startsWith("class") || source[source.length - 1] !== "}") return false;
  const rest = source.slice(5, -1);
  const brace = rest.indexOf("{");
  if (brace === -1) return false;
  return !rest.slice(0, brace).includes("(") || CLASS.test(rest.replace(COMMENTS, ""));
}

function classBase(value, constructor, tag) {
  const name = (Object.hasOwn(value, "name") && value.name) || "(anonymous)";
  let base = `class ${name}`;
  if (constructor !== "Function" && constructor !== null) base += ` [${constructor}]`;
  if (tag !== "" && constructor !== tag) base += ` [${tag}]`;
  if (constructor === null) {
    base += " extends [null prototype]";
  } else {
    const parent = Object.getPrototypeOf(value).name;
    if (parent) base += ` extends ${parent}`;
  }
  return `[${base}]`;
}

const TYPES = {
  __proto__: null,
  Function: "Function",
  GeneratorFunction: "GeneratorFunction",
  AsyncFunction: "AsyncFunction",
  AsyncGeneratorFunction: "AsyncGeneratorFunction",
};

export function functionBase(context, value, kind, constructor, tag) {
  if (isClass(value)) return classBase(value, constructor, tag);
  const type = TYPES[kind] ?? "Function";
  let base = `[${type}`;
  if (constructor === null) base += " (null prototype)";
  const { name } = value;
  if (name === "") base += " (anonymous)";
  else base += `: ${typeof name === "string" ? name : formatValue(context, name)}`;
  base += "]";
  if (constructor !== type && constructor !== null) base += ` ${constructor}`;
  if (tag !== "" && constructor !== tag) base += ` [${tag}]`;
  return base;
}

const UNBOX = {
  __proto__: null,
  Number: Function.prototype.call.bind(Number.prototype.valueOf),
  String: Function.prototype.call.bind(String.prototype.valueOf),
  Boolean: Function.prototype.call.bind(Boolean.prototype.valueOf),
  BigInt: Function.prototype.call.bind(BigInt.prototype.valueOf),
  Symbol: Function.prototype.call.bind(Symbol.prototype.valueOf),
};

export function isBoxed(kind) {
  return kind in UNBOX;
}

/** Takes a string's characters from `keys`. */
export function boxedBase(value, kind, context, keys, constructor, tag) {
  const primitive = UNBOX[kind](value);
  if (kind === "String") keys.splice(0, primitive.length);
  let base = `[${kind}`;
  if (kind !== constructor)
    base += constructor === null ? " (null prototype)" : ` (${constructor})`;
  base += `: ${formatPrimitive(plain, primitive, context)}]`;
  if (tag !== "" && tag !== constructor) base += ` [${tag}]`;
  if (keys.length !== 0 || context.stylize === plain) return base;
  return context.stylize(base, kind.toLowerCase());
}
