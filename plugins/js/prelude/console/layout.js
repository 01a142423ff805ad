// How the parts of an object become lines: on one line when they are short, arrays of more than six
// entries in columns, otherwise a line for each. After Node's lib/internal/util/inspect.js (MIT, ©
// Node.js contributors), whose output this equals.

import { stringWidth, stripControls } from "./width.js";

/** What kind of output is laid out: members, array elements, or an array's further members. */
export const MEMBERS = 0;
export const ELEMENTS = 1;
export const ARRAY = 2;

/**
 * `base` stands before the braces; `depth` is the depth of the parts; `value` the array, for its
 * types.
 */
export function layOut(context, output, base, braces, kind, depth, value) {
  const prefix = base === "" ? "" : `${base} `;
  if (context.compact === true) {
    if (isShort(context, output, 0, base)) {
      return `${braces[0]}${base === "" ? "" : ` ${base}`} ${output.join(", ")} ${braces[1]}`;
    }
    const indentation = " ".repeat(context.indentation);
    const start =
      base === "" && braces[0].length === 1
        ? " "
        : `${base === "" ? "" : ` ${base}`}\n${indentation}  `;
    return `${braces[0]}${start}${output.join(`,\n${indentation}  `)} ${braces[1]}`;
  }
  if (typeof context.compact === "number" && context.compact >= 1) {
    const entries = output.length;
    if (kind === ARRAY && entries > 6) output = inColumns(context, output, value);
    // The innermost `compact` levels share a line; what was put in columns does not.
    if (context.currentDepth - depth < context.compact && entries === output.length) {
      const start = output.length + context.indentation + braces[0].length + base.length + 10;
      if (isShort(context, output, start, base)) {
        const joined = output.join(", ");
        if (!joined.includes("\n")) return `${prefix}${braces[0]} ${joined} ${braces[1]}`;
      }
    }
  }
  const line = `\n${" ".repeat(context.indentation)}`;
  return `${prefix}${braces[0]}${line}  ${output.join(`,${line}  `)}${line}${braces[1]}`;
}

function isShort(context, output, start, base) {
  let total = output.length + start;
  if (total + output.length > context.breakLength) return false;
  for (let i = 0; i < output.length; i++) {
    total += context.colors ? stripControls(output[i]).length : output[i].length;
    if (total > context.breakLength) return false;
  }
  return base === "" || !base.includes("\n");
}

const SEPARATOR = 2; // a comma and a space
const COLUMNS_MAX = 15;
const HEIGHT_TO_WIDTH = 2.5; // of a character: the block of columns shall look square

function inColumns(context, output, value) {
  let total = 0;
  let widest = 0;
  let { length } = output;
  if (context.maxArrayLength < output.length) length--; // "... n more items" takes no part
  const widths = [];
  for (let i = 0; i < length; i++) {
    const width = stringWidth(output[i], context.colors);
    widths.push(width);
    total += width + SEPARATOR;
    if (width > widest) widest = width;
  }
  const cell = widest + SEPARATOR;
  const fitsThree = cell * 3 + context.indentation < context.breakLength;
  if (!fitsThree || !(total / cell > 5 || widest <= 6)) return output;
  const bias = Math.sqrt(cell - total / output.length);
  const biased = Math.max(cell - 3 - bias, 1);
  const columns = Math.min(
    Math.round(Math.sqrt(HEIGHT_TO_WIDTH * biased * length) / biased),
    Math.floor((context.breakLength - context.indentation) / cell),
    context.compact * 4,
    COLUMNS_MAX,
  );
  if (columns <= 1) return output;

  const columnWidths = [];
  for (let i = 0; i < columns; i++) {
    let width = 0;
    for (let j = i; j < output.length; j += columns) if (widths[j] > width) width = widths[j];
    columnWidths.push(width + SEPARATOR);
  }
  const toRight = value === undefined || isNumeric(value, output.length);
  const lines = [];
  for (let i = 0; i < length; i += columns) {
    const end = Math.min(i + columns, length);
    let line = "";
    let j = i;
    for (; j < end - 1; j++) {
      const padding = columnWidths[j - i] + output[j].length - widths[j];
      line += toRight ? `${output[j]}, `.padStart(padding) : `${output[j]}, `.padEnd(padding);
    }
    if (toRight)
      line += output[j].padStart(columnWidths[j - i] + output[j].length - widths[j] - SEPARATOR);
    else line += output[j];
    lines.push(line);
  }
  if (context.maxArrayLength < output.length) lines.push(output[length]);
  return lines;
}

function isNumeric(value, length) {
  for (let i = 0; i < length; i++) {
    if (typeof value[i] !== "number" && typeof value[i] !== "bigint") return false;
  }
  return true;
}
