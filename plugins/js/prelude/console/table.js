// console.table. https://console.spec.whatwg.org/#table; after Node's lib/internal/cli_table.js and
// lib/internal/console/constructor.js (MIT, © Node.js contributors), whose output this equals.

import { host } from "lily:host";
import { isView } from "../primordials.js";
import { isObject } from "../webidl.js";
import { inspect } from "./inspect.js";
import { stringWidth } from "./width.js";

const INDEX = "(index)";
const ITERATION = "(iteration index)";
const KEY = "Key";
const VALUES = "Values";

/** The table's text; null: not tabular, to be logged as it is. */
export function table(data, properties) {
  if (data === null || typeof data !== "object") return null;
  const kind = host.kind(data);
  let items = data;
  let pairs = kind === "Map";
  if (kind === "MapIterator") {
    const [rest, keyed] = host.iteratorRest(data);
    items = keyed ? pairUp(rest) : rest;
    pairs = keyed;
  } else if (kind === "SetIterator") {
    [items] = host.iteratorRest(data);
  }
  if (pairs) {
    const keys = [];
    const values = [];
    for (const { 0: key, 1: value } of items) {
      keys.push(cell(key));
      values.push(cell(value));
    }
    return render([ITERATION, KEY, VALUES], [indices(keys.length), keys, values]);
  }
  if (kind === "Set" || kind === "MapIterator" || kind === "SetIterator") {
    const values = [];
    for (const value of items) values.push(cell(value));
    return render([ITERATION, VALUES], [indices(values.length), values]);
  }
  return ofRows(data, properties);
}

function pairUp(flat) {
  const pairs = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i], flat[i + 1]]);
  return pairs;
}

function ofRows(data, properties) {
  const columns = { __proto__: null };
  const values = [];
  let hasPrimitives = false;
  const rows = Object.keys(data);
  for (let i = 0; i < rows.length; i++) {
    const row = data[rows[i]];
    const isPrimitive = !isObject(row);
    if (properties === undefined && isPrimitive) {
      hasPrimitives = true;
      values[i] = cell(row);
      continue;
    }
    for (const key of properties ?? Object.keys(row)) {
      columns[key] ??= [];
      const isEmpty = (isPrimitive && properties) || !Object.hasOwn(row, key);
      columns[key][i] = isEmpty ? "" : cell(row[key]);
    }
  }
  const head = [INDEX, ...Object.keys(columns)];
  const body = [rows, ...Object.values(columns)];
  if (hasPrimitives) {
    head.push(VALUES);
    body.push(values);
  }
  return render(head, body);
}

function cell(value) {
  const isLarge =
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    !isView(value) &&
    Object.keys(value).length > 2;
  return inspect(value, { depth: isLarge ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });
}

function indices(length) {
  return Array.from({ length }, (_, i) => cell(i));
}

function render(head, columns) {
  const widths = head.map((title) => stringWidth(title));
  const height = Math.max(...columns.map((column) => column.length));
  const rows = Array.from({ length: height }, () => []);
  for (let i = 0; i < head.length; i++) {
    for (let j = 0; j < height; j++) {
      const text = Object.hasOwn(columns[i], j) ? columns[i][j] : "";
      rows[j][i] = text;
      widths[i] = Math.max(widths[i], stringWidth(text));
    }
  }
  const rules = widths.map((width) => "─".repeat(width + 2));
  const line = (row) => {
    const cells = row.map((text, i) => text + " ".repeat(widths[i] - stringWidth(text)));
    return `│ ${cells.join(" │ ")} │\n`;
  };
  let text = `┌${rules.join("┬")}┐\n${line(head)}├${rules.join("┼")}┤\n`;
  for (const row of rows) text += line(row);
  return `${text}└${rules.join("┴")}┘`;
}
