// `util.styleText`: a text between the terminal's codes. Follows
// https://nodejs.org/api/util.html#utilstyletextformat-text-options.

import { inspect } from "../console/inspect.js";
import { codes } from "./errors.js";
import { validateBoolean, validateOneOf, validateString } from "./validate.js";

const code = (number) => `\u001b[${number}m`;
const isStream = (value) =>
  typeof value?.on === "function" ||
  typeof value?.getReader === "function" ||
  typeof value?.getWriter === "function";

/** As Node asks it: FORCE_COLOR, then NO_COLOR, then whether the stream is a terminal. */
function hasColours(stream) {
  const env = globalThis.process?.env ?? {};
  if (env.FORCE_COLOR !== undefined) return ["", "1", "true", "2", "3"].includes(env.FORCE_COLOR);
  return Boolean(stream?.isTTY) && env.NO_COLOR === undefined && env.TERM !== "dumb";
}

export function styleText(format, text, { validateStream = true, stream = globalThis.process?.stdout } = {}) {
  validateString(text, "text");
  validateBoolean(validateStream, "options.validateStream");
  if (validateStream && !isStream(stream))
    throw new codes.ERR_INVALID_ARG_TYPE("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  const pairs = [];
  for (const name of [format].flat()) {
    if (name === "none") continue;
    const pair = inspect.colors[name];
    if (pair === undefined || pair === null) validateOneOf(name, "format", Object.keys(inspect.colors));
    pairs.push(pair);
  }
  if (validateStream && !hasColours(stream)) return text;
  let styled = text;
  for (const [open, close] of pairs) {
    // A style that ends within the text begins anew behind its end; bold and dim share one end.
    const opens =
      open === inspect.colors.dim[0] || open === inspect.colors.bold[0]
        ? code(close) + code(open)
        : code(open);
    styled = styled.replaceAll(code(close), (match, offset, whole) =>
      offset + match.length < whole.length ? opens : match,
    );
  }
  return (
    pairs.map(([open]) => code(open)).join("") +
    styled +
    pairs
      .map(([, close]) => code(close))
      .reverse()
      .join("")
  );
}
