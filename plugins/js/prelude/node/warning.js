// `process.emitWarning`. Follows https://nodejs.org/api/process.html#processemitwarningwarning-options.
// A warning is an event of `process`, and a line on stderr unless it says `--no-warnings`.

import { host } from "lily:host";
import { codes } from "./errors.js";
import { nextTick } from "./ticks.js";
import { validateString } from "./validate.js";

/** What process.js sets: whether deprecations are told, and the emitter. */
export const warnings = {
  noDeprecation: false,
  throwDeprecation: false,
  traceDeprecation: false,
  emit: (_warning) => {},
};

function made(warning, name, code, detail, start) {
  if (warning instanceof Error) return warning;
  validateString(warning, "warning");
  const error = new Error(warning);
  error.name = String(name || "Warning");
  if (code !== undefined) error.code = code;
  if (detail !== undefined) error.detail = detail;
  Error.captureStackTrace(error, start ?? emitWarning);
  return error;
}

export function emitWarning(warning, type, code, start) {
  let detail;
  if (type !== null && typeof type === "object" && !Array.isArray(type)) {
    start = type.ctor;
    code = type.code;
    detail = typeof type.detail === "string" ? type.detail : undefined;
    type = type.type || "Warning";
  } else if (typeof type === "function") {
    start = type;
    code = undefined;
    type = "Warning";
  }
  if (type !== undefined) validateString(type, "type");
  if (typeof code === "function") {
    start = code;
    code = undefined;
  } else if (code !== undefined) validateString(code, "code");
  if (typeof warning !== "string" && !(warning instanceof Error)) {
    throw new codes.ERR_INVALID_ARG_TYPE("warning", ["string", "Error"], warning);
  }
  const error = made(warning, type, code, detail, start);
  if (error.name === "DeprecationWarning") {
    if (warnings.noDeprecation) return;
    if (warnings.throwDeprecation) throw error;
  }
  nextTick(() => {
    const name = `${error.code ? `[${error.code}] ` : ""}${error.name}: ${error.message}`;
    host.print(2, `(lily) ${name}\n${error.detail ? `${error.detail}\n` : ""}`);
    warnings.emit(error);
  });
}
