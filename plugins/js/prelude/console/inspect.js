// util.inspect: any value as text, byte for byte what Node prints. Ported from Node 22's
// lib/internal/util/inspect.js (MIT, © Node.js contributors;
// https://nodejs.org/api/util.html#utilinspect), cut into: names.js (what an object is called),
// bases.js and errors.js (what stands for functions, boxed values and errors), members.js (the
// parts), layout.js (the lines), text.js (primitives).
//
// What the language does not tell about a value (is it a proxy, a promise's state) comes from the
// host: `host.kind` runs no code of the program.

import { host } from "lily:host";
import { CUSTOM } from "../inspect_custom.js";
import { lengthOf, typedArrayName, typedArrays, uncurry } from "../primordials.js";
import { isURL } from "../url.js";
import { boxedBase, functionBase, isBoxed } from "./bases.js";
import { withColor, colors, styles } from "./colors.js";
import { formatError, isError } from "./errors.js";
import { ARRAY, layOut, MEMBERS } from "./layout.js";
import * as members from "./members.js";
import { constructorName, extraKeysOf, keysOf, objectPrefix, prefixOf } from "./names.js";
import { formatNumber, formatPrimitive, plain } from "./text.js";

export const defaultOptions = Object.seal({
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
});

// Beyond so much text only the outermost level is shown: a bound on what one call can take.
const TEXT_MAX = 2 ** 27;

/** Also as (value, showHidden, depth, colors), the old form. */
export function inspect(value, options, depth, colored) {
  const context = {
    budget: {},
    indentation: 0,
    seen: [],
    currentDepth: 0,
    circular: undefined,
    stylize: plain,
    userOptions: undefined,
    ...defaultOptions,
  };
  if (depth !== undefined) context.depth = depth;
  if (colored !== undefined) context.colors = colored;
  if (typeof options === "boolean") {
    context.showHidden = options;
  } else if (options) {
    for (const key of Object.keys(options)) {
      if (Object.hasOwn(defaultOptions, key) || key === "stylize") context[key] = options[key];
      else context.userOptions ??= options;
    }
  }
  if (context.colors) context.stylize = withColor;
  if (context.maxArrayLength === null) context.maxArrayLength = Infinity;
  if (context.maxStringLength === null) context.maxStringLength = Infinity;
  return formatValue(context, value, 0);
}
inspect.custom = CUSTOM;
inspect.colors = colors;
inspect.styles = styles;
Object.defineProperty(inspect, "defaultOptions", {
  get: () => defaultOptions,
  set(options) {
    if (options === null || typeof options !== "object")
      throw new TypeError('The "options" argument must be of type object.');
    return Object.assign(defaultOptions, options);
  },
});

// The options as a custom inspection function gets them; for a proxy's without objects of ours.
function optionsFor(context, isForeign) {
  const options = { stylize: context.stylize };
  for (const key of Object.keys(defaultOptions)) options[key] = context[key];
  Object.assign(options, context.userOptions);
  if (!isForeign) return options;
  Object.setPrototypeOf(options, null);
  for (const key of Object.keys(options)) {
    const value = options[key];
    if ((typeof value === "object" || typeof value === "function") && value !== null)
      delete options[key];
  }
  const { stylize } = context;
  options.stylize = Object.setPrototypeOf((text, style) => `${stylize(text, style)}`, null);
  return options;
}

export function formatValue(context, value, depth, isTypedBuffer = false) {
  if (value === null) return context.stylize("null", "null");
  if (typeof value !== "object" && typeof value !== "function")
    return formatPrimitive(context.stylize, value, context);

  const original = value;
  let kind = host.kind(value);
  const isProxy = kind === "Proxy";
  if (isProxy) {
    const [target, handler] = host.proxyParts(value);
    if (target === null) return context.stylize("<Revoked Proxy>", "special");
    if (context.showProxy) return formatProxy(context, target, handler, depth);
    value = innermost(target);
    if (value === null) return context.stylize("<Revoked Proxy>", "special");
    kind = host.kind(value);
  }

  if (context.customInspect) {
    const custom = value[CUSTOM];
    // The prototype of a class that has the method is shown as any object.
    const isOwn = typeof custom === "function" && custom !== inspect;
    if (
      isOwn &&
      Object.getOwnPropertyDescriptor(value, "constructor")?.value?.prototype !== value
    ) {
      const left = context.depth === null ? null : context.depth - depth;
      const isForeign = isProxy || !hasInstance(Object, original);
      const result = Reflect.apply(custom, original, [
        left,
        optionsFor(context, isForeign),
        inspect,
      ]);
      if (result !== original) {
        if (typeof result !== "string") return formatValue(context, result, depth);
        return result.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
      }
    }
  }

  if (context.seen.includes(value)) {
    context.circular ??= new Map();
    let index = context.circular.get(value);
    if (index === undefined) {
      index = context.circular.size + 1;
      context.circular.set(value, index);
    }
    return context.stylize(`[Circular *${index}]`, "special");
  }
  return formatObject(context, value, kind, depth, isTypedBuffer);
}

// A proxy of a proxy shows what is behind the last.
function innermost(value) {
  while (value !== null && host.kind(value) === "Proxy") [value] = host.proxyParts(value);
  return value;
}

function formatProxy(context, target, handler, depth) {
  if (depth > context.depth && context.depth !== null)
    return context.stylize("Proxy [Array]", "special");
  depth += 1;
  context.indentation += 2;
  const parts = [formatValue(context, target, depth), formatValue(context, handler, depth)];
  context.indentation -= 2;
  return layOut(context, parts, "", ["Proxy [", "]"], ARRAY, depth);
}

const regExpText = uncurry(RegExp.prototype.toString);
const dateTime = uncurry(Date.prototype.getTime);
const dateText = uncurry(Date.prototype.toString);
const isoText = uncurry(Date.prototype.toISOString);
const hasInstance = uncurry(Function.prototype[Symbol.hasInstance]);
const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);

const noParts = () => [];

/**
 * How an object of a kind is shown: `done` is the whole text when there is nothing more to it, `base`
 * stands before the braces, `format` answers the parts that are no members, `extra` names accessors of
 * the prototype that are shown like members.
 */
function plan({
  done,
  base = "",
  braces = ["{", "}"],
  keys,
  format = noParts,
  extra = [],
  layout = MEMBERS,
}) {
  return { done, base, braces, keys, format, extra, layout };
}

function formatObject(context, value, kind, depth, isTypedBuffer) {
  const inherited =
    context.showHidden && (depth <= context.depth || context.depth === null) ? [] : undefined;
  const constructor = constructorName(value, context, depth, inherited);
  const hasInherited = inherited !== undefined && inherited.length > 0;

  let tag = value[Symbol.toStringTag];
  // An own tag is shown among the members.
  const isListed = context.showHidden ? Object.hasOwn : isEnumerable;
  if (typeof tag !== "string" || (tag !== "" && isListed(value, Symbol.toStringTag))) tag = "";

  const isIterable = Symbol.iterator in value || constructor === null;
  let shown;
  if (kind === "Object" && constructor === "Object" && tag === "" && !isIterable) {
    const keys = keysOf(value, context.showHidden); // by far the most frequent
    shown = plan({ keys, done: keys.length === 0 && !hasInherited ? "{}" : undefined });
  } else {
    const about = { context, value, kind, depth, constructor, tag, hasInherited, isTypedBuffer };
    shown = (isIterable ? planIterable(about) : undefined) ?? planOther(about);
  }
  if (shown.done !== undefined) return shown.done;

  let { base } = shown;
  const { braces, keys, format, extra, layout } = shown;
  if (depth > context.depth && context.depth !== null) {
    const name = objectPrefix(value, constructor, tag).slice(0, -1);
    return context.stylize(constructor !== null ? `[${name}]` : name, "special");
  }
  depth += 1;
  context.seen.push(value);
  context.currentDepth = depth;
  const { indentation } = context;
  let output;
  try {
    output = format(context, value, depth, keys);
    const isTyped = layout === ARRAY || isTypedBuffer;
    for (let i = 0; i < extra.length; i++) {
      output.push(members.formatExtra(context, value, depth, extra[i], isTyped));
    }
    for (let i = 0; i < keys.length; i++)
      output.push(members.formatMember(context, value, depth, keys[i], layout));
    if (hasInherited) output.push(...inherited);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    context.seen.pop();
    context.indentation = indentation;
    const name = objectPrefix(value, constructor, tag).slice(0, -1);
    return context.stylize(
      `[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`,
      "special",
    );
  }
  const index = context.circular?.get(value);
  if (index !== undefined) {
    const reference = context.stylize(`<ref *${index}>`, "special");
    if (context.compact !== true) base = base === "" ? reference : `${reference} ${base}`;
    else braces[0] = `${reference} ${braces[0]}`;
  }
  context.seen.pop();
  if (context.sorted) sortOutput(context, output, keys, layout);

  const result = layOut(context, output, base, braces, layout, depth, value);
  const total = (context.budget[context.indentation] || 0) + result.length;
  context.budget[context.indentation] = total;
  if (total > TEXT_MAX) context.depth = -1;
  return result;
}

function sortOutput(context, output, keys, layout) {
  const order = context.sorted === true ? undefined : context.sorted;
  if (layout === MEMBERS) {
    output.sort(order);
  } else if (keys.length > 1) {
    const sorted = output.slice(output.length - keys.length).sort(order);
    output.splice(output.length - keys.length, keys.length, ...sorted);
  }
}

function isStackOverflow(error) {
  return (
    (error instanceof RangeError || error?.name === "InternalError") &&
    /call stack|stack overflow/i.test(error.message)
  );
}

/** Arrays, collections, iterators; undefined for what is none of them. */
function planIterable({ context, value, kind, constructor, tag, hasInherited }) {
  const isBare = (keys) => keys.length === 0 && !hasInherited;
  if (kind === "Array") {
    const isPlain = constructor === "Array" && tag === "";
    const prefix = isPlain ? "" : prefixOf(constructor, tag, "Array", `(${value.length})`);
    const keys = extraKeysOf(value, context.showHidden);
    if (value.length === 0 && isBare(keys)) return plan({ done: `${prefix}[]` });
    return plan({ braces: [`${prefix}[`, "]"], keys, format: members.formatArray, layout: ARRAY });
  }
  if (kind === "Set" || kind === "Map") {
    const size = kind === "Set" ? members.setSize(value) : members.mapSize(value);
    const prefix = prefixOf(constructor, tag, kind, `(${size})`);
    const keys = keysOf(value, context.showHidden);
    if (size === 0 && isBare(keys)) return plan({ done: `${prefix}{}` });
    const format = kind === "Set" ? members.formatSet : members.formatMap;
    return plan({ braces: [`${prefix}{`, "}"], keys, format });
  }
  const name = typedArrayName(value);
  if (name !== undefined) {
    const keys = extraKeysOf(value, context.showHidden);
    const length = lengthOf(value);
    const prefix = prefixOf(constructor, tag, constructor === null ? name : "", `(${length})`);
    if (length === 0 && keys.length === 0 && !context.showHidden)
      return plan({ done: `${prefix}[]` });
    // Without its prototype the array cannot tell its length: a copy is shown.
    const shown = constructor === null ? new typedArrays[name](value) : value;
    const format = (inner) => members.formatTypedArray(inner, shown);
    const extra = context.showHidden ? TYPED_ARRAY_ACCESSORS : [];
    return plan({ braces: [`${prefix}[`, "]"], keys, format, extra, layout: ARRAY });
  }
  if (kind === "MapIterator" || kind === "SetIterator") {
    const type = `${kind.slice(0, 3)} Iterator`;
    let title = tag;
    if (tag !== type) title = tag === "" ? type : `${tag}] [${type}`;
    const braces = [`[${title}] {`, "}"];
    const format = (inner, object, depth) => members.formatIterator(inner, object, depth, braces);
    return plan({ braces, keys: keysOf(value, context.showHidden), format });
  }
  return undefined;
}

const TYPED_ARRAY_ACCESSORS = ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"];
const DATA_VIEW_ACCESSORS = ["byteLength", "byteOffset", "buffer"];

function planOther(about) {
  const { context, value, kind, depth, constructor, tag, hasInherited, isTypedBuffer } = about;
  const keys = keysOf(value, context.showHidden);
  const isBare = () => keys.length === 0 && !hasInherited;
  const isDeep = depth > context.depth && context.depth !== null;
  const ofKind = (name, format, extra) =>
    plan({ braces: [`${prefixOf(constructor, tag, name)}{`, "}"], keys, format, extra });
  const withBase = (base, style = undefined, isAlone = isBare()) => {
    if (!isAlone) return plan({ base, keys });
    return plan({ done: style === undefined ? base : context.stylize(base, style) });
  };
  const named = (name, text) => {
    const prefix = prefixOf(constructor, tag, name);
    return prefix === `${name} ` ? text : `${prefix}${text}`;
  };

  if (typeof value === "function") {
    return withBase(functionBase(context, value, kind, constructor, tag), "special");
  }
  if (constructor === "Object") {
    let start = "{";
    if (kind === "Arguments") start = "[Arguments] {";
    else if (tag !== "") start = `${prefixOf(constructor, tag, "Object")}{`;
    return isBare() ? plan({ done: `${start}}` }) : plan({ braces: [start, "}"], keys });
  }
  if (kind === "RegExp") {
    const text = regExpText(constructor !== null ? value : new RegExp(value));
    return withBase(named("RegExp", text), "regexp", isBare() || isDeep);
  }
  if (kind === "Date") {
    const text = Number.isNaN(dateTime(value)) ? dateText(value) : isoText(value);
    return withBase(named("Date", text), "date");
  }
  if (isError(value, kind)) return withBase(formatError(value, constructor, tag, context, keys));
  if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") {
    const name = members.bufferName(value);
    // Within a typed array its contents are shown already.
    if (!isTypedBuffer) return ofKind(name, members.formatArrayBuffer, ["byteLength"]);
    if (!isBare()) return ofKind(name, noParts, ["byteLength"]);
    const length = formatNumber(context.stylize, value.byteLength, false);
    return plan({ done: `${prefixOf(constructor, tag, name)}{ [byteLength]: ${length} }` });
  }
  if (kind === "DataView") return ofKind("DataView", noParts, DATA_VIEW_ACCESSORS);
  if (kind === "Promise") return ofKind("Promise", members.formatPromise);
  if (kind === "WeakSet" || kind === "WeakMap") return ofKind(kind, members.formatWeak);
  if (kind === "Module") return ofKind("Module", members.formatNamespace);
  if (isBoxed(kind)) return withBase(boxedBase(value, kind, context, keys, constructor, tag));
  if (!isDeep && isURL(value)) return withBase(value.href);
  const prefix = objectPrefix(value, constructor, tag);
  return isBare() ? plan({ done: `${prefix}{}` }) : plan({ braces: [`${prefix}{`, "}"], keys });
}
