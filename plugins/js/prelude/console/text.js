// Primitive values as the console shows them: quoted and escaped strings, numbers, symbols. After
// Node's lib/internal/util/inspect.js (MIT, © Node.js contributors), whose output this equals.

const ESCAPED =
  /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ESCAPED_BUT_QUOTE =
  /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const PLAIN = /^[ -&(-[\]-~]*$/; // printable ASCII but the single quote and the backslash
const NAMED = {
  __proto__: null,
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
  39: "\\'",
  92: "\\\\",
};

// Shorter strings stay on one line however narrow it is.
const MIN_LINE_LENGTH = 16;

function escapeCharacter(character) {
  const code = character.charCodeAt(0);
  if (code in NAMED) return NAMED[code];
  if (code > 255) return `\\u${code.toString(16)}`;
  return `\\x${code < 16 ? "0" : ""}${code.toString(16).toUpperCase()}`;
}

/** Escapes what a quoted string cannot hold, single quotes included. */
export function escapeText(text) {
  return text.replace(ESCAPED, escapeCharacter);
}

/** In single quotes; in double quotes or backticks where that saves escaping. */
export function quote(text) {
  if (PLAIN.test(text)) return `'${text}'`;
  if (!text.includes("'")) return `'${text.replace(ESCAPED, escapeCharacter)}'`;
  if (!text.includes('"')) return `"${text.replace(ESCAPED_BUT_QUOTE, escapeCharacter)}"`;
  if (!text.includes("`") && !text.includes("${"))
    return `\`${text.replace(ESCAPED_BUT_QUOTE, escapeCharacter)}\``;
  return `'${text.replace(ESCAPED, escapeCharacter)}'`;
}

function groupInteger(digits) {
  let result = "";
  let i = digits.length;
  const start = digits[0] === "-" ? 1 : 0;
  for (; i >= start + 4; i -= 3) result = `_${digits.slice(i - 3, i)}${result}`;
  return i === digits.length ? digits : `${digits.slice(0, i)}${result}`;
}

function groupFraction(digits) {
  let result = "";
  let i = 0;
  for (; i < digits.length - 3; i += 3) result += `${digits.slice(i, i + 3)}_`;
  return i === 0 ? digits : `${result}${digits.slice(i)}`;
}

export function formatNumber(style, number, grouped) {
  const text = Object.is(number, -0) ? "-0" : `${number}`;
  if (!grouped || !Number.isFinite(number)) return style(text, "number");
  if (Math.trunc(number) === number) {
    return style(text.includes("e") ? text : groupInteger(`${number}`), "number");
  }
  const point = text.indexOf(".");
  return style(
    `${groupInteger(text.slice(0, point))}.${groupFraction(text.slice(point + 1))}`,
    "number",
  );
}

export function formatBigInt(style, value, grouped) {
  const text = `${value}`;
  return style(`${grouped ? groupInteger(text) : text}n`, "bigint");
}

export function moreItems(count) {
  return `... ${count} more item${count > 1 ? "s" : ""}`;
}

export function plain(text) {
  return text;
}

const symbolText = Function.prototype.call.bind(Symbol.prototype.toString);

export { symbolText };

/** A value that is not an object. Long strings break after their line feeds. */
export function formatPrimitive(style, value, context) {
  switch (typeof value) {
    case "string":
      return formatString(style, value, context);
    case "number":
      return formatNumber(style, value, context.numericSeparator);
    case "bigint":
      return formatBigInt(style, value, context.numericSeparator);
    case "symbol":
      return style(symbolText(value), "symbol");
    case "undefined":
      return style("undefined", "undefined");
    default:
      return style(`${value}`, "boolean");
  }
}

function formatString(style, value, context) {
  let trailer = "";
  if (value.length > context.maxStringLength) {
    const remaining = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    trailer = `... ${remaining} more character${remaining > 1 ? "s" : ""}`;
  }
  const isLong =
    value.length > MIN_LINE_LENGTH && value.length > context.breakLength - context.indentation - 4;
  if (context.compact !== true && isLong) {
    const lines = value.split(/(?<=\n)/);
    for (let i = 0; i < lines.length; i++) lines[i] = style(quote(lines[i]), "string");
    return lines.join(` +\n${" ".repeat(context.indentation + 2)}`) + trailer;
  }
  return style(quote(value), "string") + trailer;
}
