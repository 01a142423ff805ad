// The inner parts of an object, one string each: members, elements, entries, bytes, a promise's
// state. After Node's lib/internal/util/inspect.js (MIT, © Node.js contributors), whose output this
// equals.

import { host } from "lily:host";
import { formatValue } from "./inspect.js";
import { ARRAY, ELEMENTS, layOut, MEMBERS } from "./layout.js";
import { getter, isArrayBuffer, isSharedArrayBuffer, lengthOf, uncurry } from "../primordials.js";
import {
  escapeText,
  formatBigInt,
  formatNumber,
  formatPrimitive,
  moreItems,
  quote,
  symbolText,
} from "./text.js";
import { stringWidth } from "./width.js";

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const INDEX = /^(0|[1-9][0-9]*)$/;

/** "key: value"; for ELEMENTS the value alone. */
export function formatMember(
  context,
  value,
  depth,
  key,
  kind,
  descriptor = undefined,
  original = value,
) {
  descriptor ||= Object.getOwnPropertyDescriptor(value, key) || {
    value: value[key],
    enumerable: true,
  };
  let text;
  let gap = " ";
  if (descriptor.value !== undefined) {
    const step = context.compact !== true || kind !== MEMBERS ? 2 : 3;
    context.indentation += step;
    text = formatValue(context, descriptor.value, depth);
    if (step === 3 && context.breakLength < stringWidth(text, context.colors)) {
      gap = `\n${" ".repeat(context.indentation)}`;
    }
    context.indentation -= step;
  } else if (descriptor.get !== undefined) {
    text = formatGetter(context, descriptor, depth, original);
  } else if (descriptor.set !== undefined) {
    text = context.stylize("[Setter]", "special");
  } else {
    text = context.stylize("undefined", "undefined");
  }
  return kind === ELEMENTS ? text : `${formatKey(context, key, descriptor)}:${gap}${text}`;
}

function formatKey(context, key, descriptor) {
  if (typeof key === "symbol") return `[${context.stylize(escapeText(symbolText(key)), "symbol")}]`;
  if (key === "__proto__") return "['__proto__']";
  if (descriptor.enumerable === false) return `[${escapeText(key)}]`;
  if (IDENTIFIER.test(key)) return context.stylize(key, "name");
  return context.stylize(quote(key), "string");
}

function formatGetter(context, { get, set }, depth, original) {
  const label = set !== undefined ? "Getter/Setter" : "Getter";
  const style = context.stylize;
  const wanted = context.getters;
  const calls =
    wanted === true ||
    (wanted === "get" && set === undefined) ||
    (wanted === "set" && set !== undefined);
  if (!calls) return style(`[${label}]`, "special");
  const around = (text) => `${style(`[${label}:`, "special")} ${text}${style("]", "special")}`;
  try {
    const result = Reflect.apply(get, original, []);
    context.indentation += 2;
    let text;
    if (result === null) text = around(style("null", "null"));
    else if (typeof result === "object")
      text = `${style(`[${label}]`, "special")} ${formatValue(context, result, depth)}`;
    else text = around(formatPrimitive(style, result, context));
    context.indentation -= 2;
    return text;
  } catch (error) {
    return around(`<Inspection threw (${error.message})>`);
  }
}

function limit(context, length) {
  return Math.min(Math.max(0, context.maxArrayLength), length);
}

export function formatArray(context, value, depth) {
  const shown = limit(context, value.length);
  const output = [];
  for (let i = 0; i < shown; i++) {
    if (!Object.hasOwn(value, i)) return formatSparse(context, value, depth, shown, output, i);
    output.push(formatMember(context, value, depth, i, ELEMENTS));
  }
  if (value.length > shown) output.push(moreItems(value.length - shown));
  return output;
}

// From the first hole on; each run of holes counts as one item.
function formatSparse(context, value, depth, shown, output, i) {
  const keys = Object.keys(value);
  let index = i;
  const holes = (count) =>
    context.stylize(`<${count} empty item${count > 1 ? "s" : ""}>`, "undefined");
  for (; i < keys.length && output.length < shown; i++) {
    const key = keys[i];
    const position = +key;
    if (position > 2 ** 32 - 2) break;
    if (`${index}` !== key) {
      if (!INDEX.test(key)) break;
      output.push(holes(position - index));
      index = position;
      if (output.length === shown) break;
    }
    output.push(formatMember(context, value, depth, key, ELEMENTS));
    index++;
  }
  const remaining = value.length - index;
  if (remaining > 0) output.push(output.length !== shown ? holes(remaining) : moreItems(remaining));
  return output;
}

export function formatTypedArray(context, value) {
  const length = lengthOf(value);
  const shown = limit(context, length);
  const output = [];
  const format = length > 0 && typeof value[0] === "bigint" ? formatBigInt : formatNumber;
  for (let i = 0; i < shown; i++)
    output.push(format(context.stylize, value[i], context.numericSeparator));
  if (length > shown) output.push(moreItems(length - shown));
  return output;
}

/** "[key]: value" of an accessor, as of a view's length. */
export function formatExtra(context, value, depth, key, isTypedBuffer) {
  context.indentation += 2;
  let inner;
  try {
    inner = value[key];
  } catch {
    inner = value.buffer[key]; // of a view whose buffer is detached
  }
  const text = formatValue(context, inner, depth, isTypedBuffer);
  context.indentation -= 2;
  return `${context.stylize(`[${key}]`, "string")}: ${text}`;
}

const setForEach = uncurry(Set.prototype.forEach);
const mapForEach = uncurry(Map.prototype.forEach);
export const setSize = getter(Set.prototype, "size");
export const mapSize = getter(Map.prototype, "size");

export function formatSet(context, value, depth) {
  const size = setSize(value);
  const shown = limit(context, size);
  const output = [];
  context.indentation += 2;
  setForEach(value, (item) => {
    if (output.length < shown) output.push(formatValue(context, item, depth));
  });
  context.indentation -= 2;
  if (size > shown) output.push(moreItems(size - shown));
  return output;
}

export function formatMap(context, value, depth) {
  const size = mapSize(value);
  const shown = limit(context, size);
  const output = [];
  context.indentation += 2;
  mapForEach(value, (item, key) => {
    if (output.length < shown)
      output.push(`${formatValue(context, key, depth)} => ${formatValue(context, item, depth)}`);
  });
  context.indentation -= 2;
  if (size > shown) output.push(moreItems(size - shown));
  return output;
}

/** What an iterator has left; `braces` learn whether it gives entries. */
export function formatIterator(context, value, depth, braces) {
  const [rest, pairs] = host.iteratorRest(value);
  if (!pairs) return formatItems(context, depth, rest);
  braces[0] = braces[0].replace(/ Iterator] {$/, " Entries] {");
  const length = rest.length / 2;
  const shown = limit(context, length);
  const output = [];
  context.indentation += 2;
  for (let i = 0; i < shown; i++) {
    const pair = [
      formatValue(context, rest[2 * i], depth),
      formatValue(context, rest[2 * i + 1], depth),
    ];
    output.push(layOut(context, pair, "", ["[", "]"], ARRAY, depth));
  }
  context.indentation -= 2;
  if (length > shown) output.push(moreItems(length - shown));
  return output;
}

function formatItems(context, depth, items) {
  const shown = limit(context, items.length);
  const output = [];
  context.indentation += 2;
  for (let i = 0; i < shown; i++) output.push(formatValue(context, items[i], depth));
  context.indentation -= 2;
  if (items.length > shown) output.push(moreItems(items.length - shown));
  return output;
}

export function formatWeak(context) {
  return [context.stylize("<items unknown>", "special")];
}

export function formatPromise(context, value, depth) {
  const [state, result] = host.promiseState(value);
  if (state === "pending") return [context.stylize("<pending>", "special")];
  context.indentation += 2;
  const text = formatValue(context, result, depth);
  context.indentation -= 2;
  return [state === "rejected" ? `${context.stylize("<rejected>", "special")} ${text}` : text];
}

export function formatArrayBuffer(context, value) {
  let bytes;
  try {
    bytes = new Uint8Array(value);
  } catch {
    return [context.stylize("(detached)", "special")];
  }
  const shown = Math.min(context.maxArrayLength, bytes.length);
  const hex = [];
  for (let i = 0; i < shown; i++) hex.push((bytes[i] < 16 ? "0" : "") + bytes[i].toString(16));
  let text = hex.join(" ");
  const remaining = bytes.length - context.maxArrayLength;
  if (remaining > 0) text += ` ... ${remaining} more byte${remaining > 1 ? "s" : ""}`;
  return [`${context.stylize("[Uint8Contents]", "special")}: <${text}>`];
}

export function bufferName(value) {
  return isArrayBuffer(value) || !isSharedArrayBuffer(value) ? "ArrayBuffer" : "SharedArrayBuffer";
}

/** A module's namespace: bindings that have no value yet show as such. Takes all of `keys`. */
export function formatNamespace(context, value, depth, keys) {
  const output = [];
  for (const key of keys) {
    try {
      output.push(formatMember(context, value, depth, key, MEMBERS));
    } catch {
      const text = formatMember(context, { [key]: "" }, depth, key, MEMBERS);
      output.push(
        text.slice(0, text.lastIndexOf(" ") + 1) + context.stylize("<uninitialized>", "special"),
      );
    }
  }
  keys.length = 0;
  return output;
}
