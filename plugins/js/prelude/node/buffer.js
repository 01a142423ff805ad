// `node:buffer`: Buffer over Uint8Array. Follows https://nodejs.org/api/buffer.html. A Buffer has an
// ArrayBuffer of its own (no pool): a fresh one costs the engine little, and no view of a buffer ever
// shows the bytes of another. Encodings are in buffer_encodings.js, numbers in buffer_numbers.js,
// searching and filling in buffer_search.js.

import { host } from "lily:host";
import { inspect } from "../console/inspect.js";
import { encodingNamed, hexText, utf8Length } from "./buffer_encodings.js";
import { addNumbers } from "./buffer_numbers.js";
import { fill, indexOf } from "./buffer_search.js";
import { codes } from "./errors.js";
import { isAnyArrayBuffer, isArrayBufferView, isTypedArray, isUint8Array } from "./types.js";
import { bytesOf, validateArray, validateInteger, validateNumber } from "./validate.js";

const {
  ERR_BUFFER_OUT_OF_BOUNDS,
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_BUFFER_SIZE,
  ERR_MISSING_ARGS,
  ERR_OUT_OF_RANGE,
  ERR_UNKNOWN_ENCODING,
} = codes;

/** The most bytes of one Buffer, as Node has it; memory ends long before. */
const lengthMax = Number.MAX_SAFE_INTEGER;
/** The most UTF-16 units of one text in the engine (2³⁰ − 1). */
const stringMax = 2 ** 30 - 1;

/** The class that is really constructed; its prototype is Buffer's. */
class FastBuffer extends Uint8Array {}

export function Buffer(value, encodingOrOffset, length) {
  if (typeof value !== "number") return Buffer.from(value, encodingOrOffset, length);
  if (typeof encodingOrOffset === "string") throw new ERR_INVALID_ARG_TYPE("string", "string", value);
  return Buffer.alloc(value);
}

// A bundler may have renamed it, since `Buffer` is a global name too.
Object.defineProperty(Buffer, "name", { value: "Buffer", configurable: true });

const prototype = FastBuffer.prototype;
Buffer.prototype = prototype;
Object.defineProperty(prototype, "constructor", { value: Buffer, writable: true, configurable: true });
Object.defineProperty(Buffer, Symbol.species, { configurable: true, get: () => FastBuffer });
Object.setPrototypeOf(Buffer, Uint8Array);

/** The same bytes seen as a Buffer, without a copy. */
export const asBuffer = (bytes) => new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function known(encoding) {
  const found = encodingNamed(encoding);
  if (found === undefined) throw new ERR_UNKNOWN_ENCODING(encoding);
  return found;
}

function fromString(text, encoding) {
  return asBuffer((typeof encoding === "string" ? known(encoding) : encodingNamed()).bytes(text));
}

function fromArrayBuffer(buffer, byteOffset, length) {
  const offset = +byteOffset || 0;
  const most = buffer.byteLength - offset;
  if (most < 0) throw new ERR_BUFFER_OUT_OF_BOUNDS("offset");
  if (length === undefined) return new FastBuffer(buffer, offset);
  const wanted = +length > 0 ? +length : 0;
  if (wanted > most) throw new ERR_BUFFER_OUT_OF_BOUNDS("length");
  return new FastBuffer(buffer, offset, wanted);
}

function fromArrayLike(list) {
  if (!(list.length > 0)) return new FastBuffer();
  return new FastBuffer(
    isTypedArray(list) || Array.isArray(list)
      ? list
      : Array.from({ length: list.length }, (_, at) => list[at]),
  );
}

function fromObject(object) {
  if (object.length !== undefined || isAnyArrayBuffer(object.buffer)) {
    return typeof object.length === "number" ? fromArrayLike(object) : new FastBuffer();
  }
  return object.type === "Buffer" && Array.isArray(object.data) ? fromArrayLike(object.data) : undefined;
}

Buffer.poolSize = 8192;

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === "string") return fromString(value, encodingOrOffset);
  if (typeof value === "object" && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
    const primitive = value.valueOf?.();
    if (
      primitive !== null &&
      primitive !== undefined &&
      primitive !== value &&
      (typeof primitive === "string" || typeof primitive === "object")
    ) {
      return from(primitive, encodingOrOffset, length);
    }
    const made = fromObject(value);
    if (made) return made;
    if (typeof value[Symbol.toPrimitive] === "function") {
      const text = value[Symbol.toPrimitive]("string");
      if (typeof text === "string") return fromString(text, encodingOrOffset);
    }
  }
  throw new ERR_INVALID_ARG_TYPE(
    "first argument",
    ["string", "Buffer", "ArrayBuffer", "Array", "Array-like Object"],
    value,
  );
};

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!isTypedArray(view)) throw new ERR_INVALID_ARG_TYPE("view", ["TypedArray"], view);
  if (offset !== undefined) validateInteger(offset, "offset", 0);
  if (length !== undefined) validateInteger(length, "length", 0);
  const start = offset ?? 0;
  if (start >= view.length) return new FastBuffer();
  const part = view.slice(start, length === undefined ? view.length : start + length);
  return new FastBuffer(part.buffer, part.byteOffset, part.byteLength);
};

Buffer.of = (...items) => new FastBuffer(items);

Buffer.alloc = function alloc(size, value, encoding) {
  validateNumber(size, "size", 0, lengthMax);
  const made = new FastBuffer(size);
  return value !== undefined && value !== 0 && size > 0 ? fill(made, value, encoding) : made;
};

Buffer.allocUnsafe = function allocUnsafe(size) {
  validateNumber(size, "size", 0, lengthMax);
  return new FastBuffer(size);
};

Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  return Buffer.allocUnsafe(size);
};

Buffer.isBuffer = function isBuffer(value) {
  return value instanceof Buffer;
};

Buffer.isEncoding = function isEncoding(name) {
  return typeof name === "string" && name.length !== 0 && encodingNamed(name) !== undefined;
};

Buffer.byteLength = function byteLength(text, encoding) {
  if (typeof text !== "string") {
    if (isArrayBufferView(text) || isAnyArrayBuffer(text)) return text.byteLength;
    throw new ERR_INVALID_ARG_TYPE("string", ["string", "Buffer", "ArrayBuffer"], text);
  }
  return (encodingNamed(encoding) ?? encodingNamed()).length(text);
};

function order(one, other) {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at += 1) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  return Math.sign(one.length - other.length);
}

function checkBytes(value, name) {
  if (!isUint8Array(value)) throw new ERR_INVALID_ARG_TYPE(name, ["Buffer", "Uint8Array"], value);
}

Buffer.compare = function compare(buf1, buf2) {
  checkBytes(buf1, "buf1");
  checkBytes(buf2, "buf2");
  return order(buf1, buf2);
};

Buffer.concat = function concat(list, length) {
  validateArray(list, "list");
  if (length === undefined) length = list.reduce((sum, one) => sum + (one.length || 0), 0);
  else validateInteger(length, "length", 0);
  const joined = Buffer.allocUnsafe(list.length === 0 ? 0 : length);
  let at = 0;
  list.forEach((bytes, index) => {
    checkBytes(bytes, `list[${index}]`);
    const part = bytes.length > joined.length - at ? bytes.subarray(0, joined.length - at) : bytes;
    joined.set(part, at);
    at += part.length;
  });
  return joined;
};

addNumbers(prototype);

for (const name of ["ascii", "base64", "base64url", "latin1", "hex", "ucs2", "utf8"]) {
  const encoding = encodingNamed(name);
  prototype[`${name}Slice`] = function (start = 0, end = this.length) {
    return encoding.text(start === 0 && end === this.length ? this : this.subarray(start, end));
  };
  prototype[`${name}Write`] = function (text, offset = 0, length = this.length - offset) {
    if (offset < 0 || offset > this.length) throw new ERR_BUFFER_OUT_OF_BOUNDS("offset");
    if (length < 0) throw new ERR_BUFFER_OUT_OF_BOUNDS("length");
    return encoding.write(text, this.subarray(offset, offset + length));
  };
}

for (const [name, of] of [
  ["parent", "buffer"],
  ["offset", "byteOffset"],
]) {
  Object.defineProperty(prototype, name, {
    enumerable: true,
    get() {
      return this instanceof Buffer ? this[of] : undefined;
    },
  });
}

const whole = (place) => Math.trunc(place) || 0;

prototype.toString = function toString(encoding, start, end) {
  if (arguments.length === 0) return host.decode("utf-8", this, false);
  const from = start <= 0 ? 0 : whole(start);
  const to = end === undefined || end > this.length ? this.length : whole(end);
  if (from >= this.length || to <= from) return "";
  if (encoding === null || encoding === "") throw new ERR_UNKNOWN_ENCODING(encoding);
  return known(encoding).text(from === 0 && to === this.length ? this : this.subarray(from, to));
};
prototype.toLocaleString = prototype.toString;

prototype.equals = function equals(otherBuffer) {
  checkBytes(otherBuffer, "otherBuffer");
  return this === otherBuffer || (this.length === otherBuffer.length && order(this, otherBuffer) === 0);
};

/** The most bytes that `inspect` shows. */
let inspectMax = 50;

prototype[Symbol.for("nodejs.util.inspect.custom")] = function (_depth, options) {
  let text = hexText(this.subarray(0, inspectMax))
    .replace(/(.{2})/g, "$1 ")
    .trim();
  const more = this.length - inspectMax;
  if (more > 0) text += ` ... ${more} more byte${more > 1 ? "s" : ""}`;
  const extras = Object.keys(this).slice(this.length);
  if (options && extras.length > 0) {
    const own = Object.fromEntries(extras.map((key) => [key, this[key]]));
    text += `${this.length > 0 ? ", " : ""}${inspect(own, { ...options, breakLength: Infinity, compact: true }).slice(2, -2)}`;
  }
  return `<${this.constructor?.name ?? "Buffer"} ${text}>`;
};
prototype.inspect = prototype[Symbol.for("nodejs.util.inspect.custom")];

prototype.compare = function compare(
  target,
  targetStart = 0,
  targetEnd = target?.length,
  sourceStart = 0,
  sourceEnd = this.length,
) {
  checkBytes(target, "target");
  validateInteger(targetStart, "targetStart", 0);
  validateInteger(targetEnd, "targetEnd", 0, target.length);
  validateInteger(sourceStart, "sourceStart", 0);
  validateInteger(sourceEnd, "sourceEnd", 0, this.length);
  if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
  if (targetStart >= targetEnd) return 1;
  return order(this.subarray(sourceStart, sourceEnd), target.subarray(targetStart, targetEnd));
};

prototype.indexOf = function (value, byteOffset, encoding) {
  return indexOf(this, value, byteOffset, encoding, false);
};
prototype.lastIndexOf = function (value, byteOffset, encoding) {
  return indexOf(this, value, byteOffset, encoding, true);
};
prototype.includes = function includes(value, byteOffset, encoding) {
  return indexOf(this, value, byteOffset, encoding, false) !== -1;
};
prototype.fill = function (value, offset, end, encoding) {
  return fill(this, value, offset, end, encoding);
};

function integerOr(value, otherwise) {
  const number = +value;
  return Number.isNaN(number) ? otherwise : Math.trunc(number);
}

prototype.copy = function copy(target, targetStart, sourceStart, sourceEnd) {
  const into = isUint8Array(target) ? target : bytesOf(target);
  if (into === undefined) throw new ERR_INVALID_ARG_TYPE("target", ["Buffer", "Uint8Array"], target);
  const at = targetStart === undefined ? 0 : integerOr(targetStart, 0);
  if (at < 0) throw new ERR_OUT_OF_RANGE("targetStart", ">= 0", at);
  const from = sourceStart === undefined ? 0 : integerOr(sourceStart, 0);
  if (from < 0 || from > this.length)
    throw new ERR_OUT_OF_RANGE("sourceStart", `>= 0 && <= ${this.length}`, from);
  const to = sourceEnd === undefined ? this.length : integerOr(sourceEnd, 0);
  if (to < 0) throw new ERR_OUT_OF_RANGE("sourceEnd", ">= 0", to);
  const count = Math.min(Math.min(to, this.length) - from, into.length - at);
  if (!(count > 0)) return 0;
  into.set(this.subarray(from, from + count), at);
  return count;
};

prototype.write = function write(text, offset, length, encoding) {
  if (typeof text !== "string")
    throw Object.assign(new TypeError("argument must be a string"), { code: "ERR_INVALID_ARG_TYPE" });
  if (offset === undefined) return encodingNamed().write(text, this);
  if (length === undefined && typeof offset === "string") return known(offset).write(text, this);
  validateInteger(offset, "offset", 0, this.length);
  let most = this.length - offset;
  if (typeof length === "string") encoding = length;
  else if (length !== undefined) {
    validateInteger(length, "length", 0, this.length);
    most = Math.min(most, length);
  }
  return known(encoding).write(text, this.subarray(offset, offset + most));
};

prototype.toJSON = function toJSON() {
  return { type: "Buffer", data: Array.from(this) };
};

// `slice` shares memory, unlike Uint8Array's; it is one with `subarray`.
prototype.subarray = function subarray(start, end) {
  const size = this.length;
  const place = (value) => {
    const at = Math.trunc(value) || 0;
    return at < 0 ? Math.max(at + size, 0) : Math.min(at, size);
  };
  const from = place(start);
  const to = end === undefined ? size : place(end);
  return new FastBuffer(this.buffer, this.byteOffset + from, to > from ? to - from : 0);
};
prototype.slice = function slice(start, end) {
  return this.subarray(start, end);
};

for (const bits of [16, 32, 64]) {
  prototype[`swap${bits}`] = function () {
    const size = bits / 8;
    if (this.length % size !== 0) throw new ERR_INVALID_BUFFER_SIZE(`${bits}-bits`);
    for (let at = 0; at < this.length; at += size)
      Uint8Array.prototype.reverse.call(this.subarray(at, at + size));
    return this;
  };
  Object.defineProperty(prototype[`swap${bits}`], "name", { value: `swap${bits}` });
}

export function SlowBuffer(size) {
  return Buffer.allocUnsafe(size);
}

export function transcode(source, fromEncoding, toEncoding) {
  checkBytes(source, "source");
  if (source.length === 0) return new FastBuffer();
  const from = encodingNamed(fromEncoding);
  const to = encodingNamed(toEncoding);
  const refused = [from, to].some(
    (one) => one === undefined || !["utf8", "utf16le", "latin1", "ascii"].includes(one.name),
  );
  if (refused) {
    throw Object.assign(new Error("Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]"), {
      code: "U_ILLEGAL_ARGUMENT_ERROR",
      errno: 1,
    });
  }
  const most = { ascii: 0x7f, latin1: 0xff }[to.name];
  const text = from.text(source);
  return asBuffer(
    to.bytes(
      most === undefined ? text : Array.from(text, (one) => (one.codePointAt(0) > most ? "?" : one)).join(""),
    ),
  );
}

function inputBytes(input) {
  const bytes = isTypedArray(input) || isAnyArrayBuffer(input) ? bytesOf(input) : undefined;
  if (bytes === undefined)
    throw new ERR_INVALID_ARG_TYPE("input", ["ArrayBuffer", "Buffer", "TypedArray"], input);
  return bytes;
}

export const isUtf8 = (input) => host.decode("utf-8", inputBytes(input), true) !== null;
export const isAscii = (input) => inputBytes(input).every((byte) => byte < 128);

function web(name) {
  return function (input) {
    if (arguments.length === 0) throw new ERR_MISSING_ARGS("input");
    return globalThis[name](`${input}`);
  };
}

const constants = Object.freeze({ MAX_LENGTH: lengthMax, MAX_STRING_LENGTH: stringMax });

const buffer = {
  Buffer,
  SlowBuffer,
  transcode,
  isUtf8,
  isAscii,
  kMaxLength: lengthMax,
  kStringMaxLength: stringMax,
  btoa: web("btoa"),
  atob: web("atob"),
  constants,
  get INSPECT_MAX_BYTES() {
    return inspectMax;
  },
  set INSPECT_MAX_BYTES(most) {
    validateNumber(most, "INSPECT_MAX_BYTES", 0);
    inspectMax = most;
  },
  get Blob() {
    return globalThis.Blob;
  },
  get File() {
    return globalThis.File;
  },
  resolveObjectURL: () => undefined,
};

export { utf8Length };
export default buffer;
