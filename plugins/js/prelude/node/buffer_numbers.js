// The numbers in a `Buffer`: readInt32LE, writeDoubleBE and the like, made from one description.
// Follows https://nodejs.org/api/buffer.html; the texts of errors are those of Node's
// `lib/internal/buffer.js` (MIT).

import { codes } from "./errors.js";
import { validateNumber } from "./validate.js";

const { ERR_BUFFER_OUT_OF_BOUNDS, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } = codes;

// One 8-byte cell through which floats and 64-bit integers pass; always little-endian by `DataView`.
const cell = new DataView(new ArrayBuffer(8));

function outside(value, most, name) {
  if (Math.floor(value) !== value) {
    validateNumber(value, name ?? "offset");
    throw new ERR_OUT_OF_RANGE(name ?? "offset", "an integer", value);
  }
  if (most < 0) throw new ERR_BUFFER_OUT_OF_BOUNDS();
  throw new ERR_OUT_OF_RANGE(name ?? "offset", `>= ${name ? 1 : 0} and <= ${most}`, value);
}

function checkPlace(bytes, offset, size) {
  validateNumber(offset, "offset");
  if (bytes[offset] === undefined || bytes[offset + size - 1] === undefined)
    outside(offset, bytes.length - size);
}

function checkValue(value, min, max, size) {
  if (value >= min && value <= max) return;
  // NaN passes: it is written as zero.
  if (!(value > max || value < min)) return;
  const n = typeof min === "bigint" ? "n" : "";
  let range = `>= ${min}${n} and <= ${max}${n}`;
  if (size > 4) {
    range =
      min === 0 || min === 0n
        ? `>= 0${n} and < 2${n} ** ${size * 8}${n}`
        : `>= -(2${n} ** ${size * 8 - 1}${n}) and < 2${n} ** ${size * 8 - 1}${n}`;
  }
  throw new ERR_OUT_OF_RANGE("value", range, value);
}

function readInteger(bytes, offset, size, little, signed) {
  checkPlace(bytes, offset, size);
  let value = 0;
  if (little) for (let at = size - 1; at >= 0; at -= 1) value = value * 256 + bytes[offset + at];
  else for (let at = 0; at < size; at += 1) value = value * 256 + bytes[offset + at];
  return signed && value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
}

function writeInteger(bytes, given, offset, size, little, signed) {
  const value = +given;
  checkValue(value, signed ? -(2 ** (size * 8 - 1)) : 0, 2 ** (signed ? size * 8 - 1 : size * 8) - 1, size);
  checkPlace(bytes, offset, size);
  let rest = value < 0 ? Math.trunc(value) + 2 ** (size * 8) : Math.trunc(value) || 0;
  for (let at = 0; at < size; at += 1) {
    bytes[offset + (little ? at : size - 1 - at)] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + size;
}

function fromCell(bytes, offset, size, little) {
  checkPlace(bytes, offset, size);
  for (let at = 0; at < size; at += 1) cell.setUint8(little ? at : size - 1 - at, bytes[offset + at]);
}

function toCell(bytes, offset, size, little) {
  checkPlace(bytes, offset, size);
  for (let at = 0; at < size; at += 1) bytes[offset + at] = cell.getUint8(little ? at : size - 1 - at);
  return offset + size;
}

function checkSize(offset, size) {
  if (offset === undefined) throw new ERR_INVALID_ARG_TYPE("offset", "number", offset);
  if (!(Number.isInteger(size) && size >= 1 && size <= 6)) {
    if (typeof size !== "number") throw new ERR_INVALID_ARG_TYPE("byteLength", "number", size);
    outside(size, 6, "byteLength");
  }
}

const methods = {};

for (const signed of [false, true]) {
  const U = signed ? "" : "U";
  for (const little of [false, true]) {
    const end = little ? "LE" : "BE";
    for (const size of little ? [2, 4] : [1, 2, 4]) {
      const name = `${U}Int${size * 8}${size === 1 ? "" : end}`;
      methods[`read${name}`] = function (offset = 0) {
        return readInteger(this, offset, size, little, signed);
      };
      methods[`write${name}`] = function (value, offset = 0) {
        return writeInteger(this, value, offset, size, little, signed);
      };
    }
    methods[`read${U}Int${end}`] = function (offset, byteLength) {
      checkSize(offset, byteLength);
      return readInteger(this, offset, byteLength, little, signed);
    };
    methods[`write${U}Int${end}`] = function (value, offset, byteLength) {
      checkSize(0, byteLength);
      return writeInteger(this, value, offset ?? 0, byteLength, little, signed);
    };
    const [min, max] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    methods[`readBig${U}Int64${end}`] = function (offset = 0) {
      fromCell(this, offset, 8, little);
      return signed ? cell.getBigInt64(0, true) : cell.getBigUint64(0, true);
    };
    methods[`writeBig${U}Int64${end}`] = function (value, offset = 0) {
      if (typeof value !== "bigint")
        throw new TypeError("Cannot mix BigInt and other types, use explicit conversions");
      checkValue(value, min, max, 8);
      cell.setBigUint64(0, BigInt.asUintN(64, value), true);
      return toCell(this, offset, 8, little);
    };
    if (signed) continue;
    for (const [name, size] of [
      ["Float", 4],
      ["Double", 8],
    ]) {
      methods[`read${name}${end}`] = function (offset = 0) {
        fromCell(this, offset, size, little);
        return size === 4 ? cell.getFloat32(0, true) : cell.getFloat64(0, true);
      };
      methods[`write${name}${end}`] = function (value, offset = 0) {
        if (size === 4) cell.setFloat32(0, value, true);
        else cell.setFloat64(0, value, true);
        return toCell(this, offset, size, little);
      };
    }
  }
}

/** Gives the prototype of `Buffer` its numbers, each `UInt` also under the name `Uint`. */
export function addNumbers(prototype) {
  for (const [name, method] of Object.entries(methods)) {
    Object.defineProperty(method, "name", { value: name, configurable: true });
    prototype[name] = method;
    if (name.includes("UInt")) prototype[name.replace("UInt", "Uint")] = method;
  }
}
