// MIME types: parsing, writing, and finding the one that a list of headers means.
// https://mimesniff.spec.whatwg.org/#parsing-a-mime-type
// https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
// Strings here are isomorphic: one code unit for each byte.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const quotable = /^[\t\x20-\x7e\x80-\xff]*$/;
const outerSpace = /^[\t\n\r ]+|[\t\n\r ]+$/g;
const trailingSpace = /[\t\n\r ]+$/;

/**
 * Reads the quoted string that begins at `at` (on its first quote): its value without the quotes
 * and backslashes, and where it ends. An unclosed string ends with the text.
 */
function quotedString(text, at) {
  let value = "";
  at += 1;
  while (at < text.length) {
    const unit = text[at++];
    if (unit === '"') break;
    if (unit !== "\\") value += unit;
    else if (at < text.length) value += text[at++];
    else value += "\\";
  }
  return [value, at];
}

/** The type that `text` names, `{ essence, parameters: [[name, value]…] }`, or null. */
export function parseMimeType(text) {
  text = text.replace(outerSpace, "");
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const type = text.slice(0, slash);
  if (!token.test(type)) return null;
  let at = text.indexOf(";", slash);
  if (at < 0) at = text.length;
  const subtype = text.slice(slash + 1, at).replace(trailingSpace, "");
  if (!token.test(subtype)) return null;
  const parameters = [];
  while (at < text.length) {
    at += 1; // The semicolon.
    while (at < text.length && "\t\n\r ".includes(text[at])) at += 1;
    const start = at;
    while (at < text.length && text[at] !== ";" && text[at] !== "=") at += 1;
    const name = text.slice(start, at).toLowerCase();
    if (at >= text.length) break;
    if (text[at] === ";") continue;
    at += 1; // The equals sign.
    let value;
    if (text[at] === '"') {
      [value, at] = quotedString(text, at);
      while (at < text.length && text[at] !== ";") at += 1;
    } else {
      const end = text.indexOf(";", at);
      value = text.slice(at, end < 0 ? text.length : end).replace(trailingSpace, "");
      at = end < 0 ? text.length : end;
      if (value === "") continue;
    }
    const known = parameters.some((parameter) => parameter[0] === name);
    if (token.test(name) && quotable.test(value) && !known) parameters.push([name, value]);
  }
  return { essence: `${type}/${subtype}`.toLowerCase(), parameters };
}

export function serializeMimeType(mime) {
  let text = mime.essence;
  for (const [name, value] of mime.parameters) {
    const plain = token.test(value);
    text += `;${name}=${plain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`;
  }
  return text;
}

export function parameterOf(mime, name) {
  for (const parameter of mime.parameters) if (parameter[0] === name) return parameter[1];
  return null;
}

/**
 * The parts of a combined header value: split at commas that stand outside of quotes.
 * https://fetch.spec.whatwg.org/#header-value-get-decode-and-split
 */
export function splitHeaderValue(text) {
  const values = [];
  let value = "";
  let at = 0;
  for (;;) {
    const start = at;
    while (at < text.length && text[at] !== '"' && text[at] !== ",") at += 1;
    value += text.slice(start, at);
    if (text[at] === '"') {
      const end = quotedString(text, at)[1];
      value += text.slice(at, end);
      at = end;
      if (at < text.length) continue;
    }
    values.push(value.replace(/^[\t ]+|[\t ]+$/g, ""));
    value = "";
    if (at >= text.length) return values;
    at += 1; // The comma.
  }
}

/** The type that the combined value of `content-type` means, or null for none. */
export function extractMimeType(combined) {
  if (combined === null) return null;
  let charset = null;
  let found = null;
  for (const value of splitHeaderValue(combined)) {
    const mime = parseMimeType(value);
    if (mime === null || mime.essence === "*/*") continue;
    if (found === null || mime.essence !== found.essence) {
      charset = parameterOf(mime, "charset");
    } else if (charset !== null && parameterOf(mime, "charset") === null) {
      mime.parameters.push(["charset", charset]);
    }
    found = mime;
  }
  return found;
}
