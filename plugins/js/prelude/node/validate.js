// Checks of arguments, with Node's errors. Follows `lib/internal/validators.js` of Node (MIT).

import { codes } from "./errors.js";
import { isArrayBufferView, isAnyArrayBuffer, isUint8Array } from "./types.js";

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE } = codes;

export function validateString(value, name) {
  if (typeof value !== "string") throw new ERR_INVALID_ARG_TYPE(name, "string", value);
}

export function validateFunction(value, name) {
  if (typeof value !== "function") throw new ERR_INVALID_ARG_TYPE(name, "Function", value);
}

export function validateBoolean(value, name) {
  if (typeof value !== "boolean") throw new ERR_INVALID_ARG_TYPE(name, "boolean", value);
}

export function validateArray(value, name, least = 0) {
  if (!Array.isArray(value)) throw new ERR_INVALID_ARG_TYPE(name, "Array", value);
  if (value.length < least) throw new ERR_INVALID_ARG_VALUE(name, value, `must be longer than ${least}`);
}

export function validateObject(value, name, { allowFunction = false, nullable = false } = {}) {
  const fits =
    (value !== null && typeof value === "object" && !Array.isArray(value)) ||
    (allowFunction && typeof value === "function") ||
    (nullable && value === null);
  if (!fits) throw new ERR_INVALID_ARG_TYPE(name, "Object", value);
}

export function validateNumber(value, name, min, max) {
  if (typeof value !== "number") throw new ERR_INVALID_ARG_TYPE(name, "number", value);
  const bounded = min !== undefined || max !== undefined;
  if (!(
    (min !== undefined && value < min) ||
    (max !== undefined && value > max) ||
    (bounded && Number.isNaN(value))
  ))
    return;
  const both = min !== undefined && max !== undefined ? " && " : "";
  throw new ERR_OUT_OF_RANGE(
    name,
    `${min === undefined ? "" : `>= ${min}`}${both}${max === undefined ? "" : `<= ${max}`}`,
    value,
  );
}

export function validateInteger(value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== "number") throw new ERR_INVALID_ARG_TYPE(name, "number", value);
  if (!Number.isInteger(value)) throw new ERR_OUT_OF_RANGE(name, "an integer", value);
  if (value < min || value > max) throw new ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value);
}

export const validateInt32 = (value, name, min = -2147483648, max = 2147483647) =>
  validateInteger(value, name, min, max);

export const validateUint32 = (value, name, positive = false) =>
  validateInteger(value, name, positive ? 1 : 0, 4294967295);

export function validateOneOf(value, name, allowed) {
  if (allowed.includes(value)) return;
  const words = allowed.map((one) => (typeof one === "string" ? `'${one}'` : String(one))).join(", ");
  throw new ERR_INVALID_ARG_VALUE(name, value, `must be one of: ${words}`);
}

export function validateBuffer(value, name = "buffer") {
  if (!isArrayBufferView(value))
    throw new ERR_INVALID_ARG_TYPE(name, ["Buffer", "TypedArray", "DataView"], value);
}

export function validateAbortSignal(signal, name) {
  if (signal === undefined) return;
  if (signal === null || typeof signal !== "object" || !("aborted" in signal))
    throw new ERR_INVALID_ARG_TYPE(name, "AbortSignal", signal);
}

/** The bytes of a view or a buffer, without a copy; undefined for what is neither. */
export function bytesOf(value) {
  if (isUint8Array(value)) return value;
  if (isArrayBufferView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (isAnyArrayBuffer(value)) return new Uint8Array(value);
  return undefined;
}
