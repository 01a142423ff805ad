// The errors of `node:` modules: a class for each code, with the message that Node 22 gives.
// Follows https://nodejs.org/api/errors.html and `lib/internal/errors.js` of Node (MIT).
// To add a code: one line in `messages`.

import { inspect } from "../console/inspect.js";

const primitives = [
  "string",
  "function",
  "number",
  "object",
  "Function",
  "Object",
  "boolean",
  "bigint",
  "symbol",
];

function list(words, last) {
  if (words.length < 3) return words.join(` ${last} `);
  return `${words.slice(0, -1).join(", ")}, ${last} ${words[words.length - 1]}`;
}

const property = (name) => (name.includes(".") ? "property" : "argument");

/** What a value is, in the words of Node's messages: `type number (1)`, `an instance of Map`. */
export function described(value) {
  if (value === null || value === undefined) return String(value);
  switch (typeof value) {
    case "bigint":
      return `type bigint (${value}n)`;
    case "number":
      return `type number (${Object.is(value, -0) ? "-0" : value})`;
    case "function":
      return `function ${value.name}`;
    case "object":
      if (value.constructor && "name" in value.constructor) return `an instance of ${value.constructor.name}`;
      return inspect(value, { depth: -1 });
    case "string": {
      const short = value.length > 28 ? `${value.slice(0, 25)}...` : value;
      return `type string (${short.includes("'") ? JSON.stringify(short) : `'${short}'`})`;
    }
    default:
      return `type ${typeof value} (${String(value)})`;
  }
}

function wrongType(name, expected, actual) {
  const wanted = Array.isArray(expected) ? expected : [expected];
  const types = wanted.filter((one) => primitives.includes(one)).map((one) => one.toLowerCase());
  const instances = wanted.filter((one) => !primitives.includes(one) && /^[A-Z][a-zA-Z0-9]*$/.test(one));
  const other = wanted.filter((one) => !primitives.includes(one) && !instances.includes(one));
  if (instances.length > 0 && types.includes("object")) {
    types.splice(types.indexOf("object"), 1);
    instances.push("Object");
  }
  const parts = [];
  if (types.length > 0) parts.push(`${types.length > 1 ? "one of type" : "of type"} ${list(types, "or")}`);
  if (instances.length > 0) parts.push(`an instance of ${list(instances, "or")}`);
  if (other.length > 1) parts.push(`one of ${list(other, "or")}`);
  else if (other.length === 1) parts.push(`${other[0].toLowerCase() === other[0] ? "" : "an "}${other[0]}`);
  const what = name.endsWith(" argument") ? name : `"${name}" ${property(name)}`;
  return `The ${what} must be ${parts.join(" or ")}. Received ${described(actual)}`;
}

function wrongValue(name, value, reason = "is invalid") {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  return `The ${property(name)} '${name}' ${reason}. Received ${text}`;
}

function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, "_");
}

function outOfRange(name, range, value) {
  let received;
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) received = grouped(String(value));
  else if (typeof value === "bigint") {
    const large = value > 2n ** 32n || value < -(2n ** 32n);
    received = `${large ? grouped(String(value)) : value}n`;
  } else received = inspect(value);
  return `The value of "${name}" is out of range. It must be ${range}. Received ${received}`;
}

function missing(...names) {
  const quoted = names.map((name) =>
    Array.isArray(name) ? name.map((one) => `"${one}"`).join(" or ") : `"${name}"`,
  );
  return `The ${list(quoted, "and")} argument${names.length > 1 ? "s" : ""} must be specified`;
}

/** code → the class it extends, and its message. */
const messages = {
  ERR_AMBIGUOUS_ARGUMENT: [TypeError, (name, why) => `The "${name}" argument is ambiguous. ${why}`],
  ERR_ASSERTION: [Error, (text) => text],
  ERR_BUFFER_OUT_OF_BOUNDS: [
    RangeError,
    (name) =>
      name ? `"${name}" is outside of buffer bounds` : "Attempt to access memory outside buffer bounds",
  ],
  ERR_BUFFER_TOO_LARGE: [RangeError, (size) => `Cannot create a Buffer larger than ${size} bytes`],
  ERR_CONSOLE_WRITABLE_STREAM: [TypeError, (name) => `Console expects a writable stream instance for ${name}`],
  ERR_CRYPTO_HASH_FINALIZED: [Error, () => "Digest already called"],
  ERR_CRYPTO_HASH_UPDATE_FAILED: [Error, () => "Hash update failed"],
  ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS: [
    Error,
    (encoding, why) => `The selected key encoding ${encoding} ${why}.`,
  ],
  ERR_CRYPTO_INVALID_AUTH_TAG: [TypeError, (text) => text],
  ERR_CRYPTO_INVALID_CURVE: [TypeError, () => "Invalid EC curve name"],
  ERR_CRYPTO_INVALID_KEYTYPE: [RangeError, (text) => text],
  ERR_CRYPTO_INVALID_DIGEST: [TypeError, (name) => `Invalid digest: ${name}`],
  ERR_CRYPTO_INVALID_IV: [TypeError, () => "Invalid initialization vector"],
  ERR_CRYPTO_INVALID_KEYLEN: [RangeError, () => "Invalid key length"],
  ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE: [
    TypeError,
    (actual, wanted) => `Invalid key object type ${actual}, expected ${wanted}.`,
  ],
  ERR_CRYPTO_INVALID_STATE: [Error, (what) => `Invalid state for operation ${what}`],
  ERR_CRYPTO_INVALID_SCRYPT_PARAMS: [RangeError, () => "Invalid scrypt params"],
  ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH: [RangeError, () => "Input buffers must have the same byte length"],
  ERR_CRYPTO_OPERATION_FAILED: [Error, (text) => text],
  ERR_CRYPTO_UNKNOWN_CIPHER: [Error, () => "Unknown cipher"],
  ERR_DIR_CLOSED: [Error, () => "Directory handle was closed"],
  ERR_EVENT_RECURSION: [Error, (name) => `The event "${name}" is already being dispatched`],
  ERR_FALSY_VALUE_REJECTION: [Error, () => "Promise was rejected with falsy value"],
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: [TypeError, (text) => text],
  ERR_HTTP_HEADERS_SENT: [Error, (what) => `Cannot ${what} headers after they are sent to the client`],
  ERR_INVALID_ARG_TYPE: [TypeError, wrongType],
  ERR_INVALID_ARG_VALUE: [TypeError, wrongValue],
  ERR_INVALID_BUFFER_SIZE: [RangeError, (what) => `Buffer size must be a multiple of ${what}`],
  ERR_INVALID_CALLBACK: [TypeError, (value) => `Callback must be a function. Received ${inspect(value)}`],
  ERR_INVALID_FILE_URL_HOST: [
    TypeError,
    (platform) => `File URL host must be "localhost" or empty on ${platform}`,
  ],
  ERR_INVALID_FILE_URL_PATH: [TypeError, (why) => `File URL path ${why}`],
  ERR_INVALID_PROTOCOL: [TypeError, (got, wanted) => `Protocol "${got}" not supported. Expected "${wanted}"`],
  ERR_INVALID_RETURN_VALUE: [
    TypeError,
    (wanted, name, value) =>
      `Expected ${wanted} to be returned from the "${name}" function but got ${described(value)}.`,
  ],
  ERR_INVALID_STATE: [Error, (what) => `Invalid state: ${what}`],
  ERR_INVALID_THIS: [TypeError, (what) => `Value of "this" must be of type ${what}`],
  ERR_INVALID_URI: [URIError, () => "URI malformed"],
  ERR_INVALID_URL: [TypeError, () => "Invalid URL"],
  ERR_INVALID_URL_SCHEME: [TypeError, (wanted) => `The URL must be of scheme ${wanted}`],
  ERR_METHOD_NOT_IMPLEMENTED: [Error, (name) => `The ${name} method is not implemented`],
  ERR_MISSING_ARGS: [TypeError, missing],
  ERR_OUT_OF_RANGE: [RangeError, outOfRange],
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: [TypeError, (text) => text],
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: [
    TypeError,
    (arg) => `Unexpected argument '${arg}'. This command does not take positional arguments`,
  ],
  ERR_PARSE_ARGS_UNKNOWN_OPTION: [
    TypeError,
    (option, allowPositionals) =>
      `Unknown option '${option}'${allowPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${JSON.stringify(option)}` : ""}`,
  ],
  ERR_SOCKET_CLOSED: [Error, () => "Socket is closed"],
  ERR_STREAM_DESTROYED: [Error, (name) => `Cannot call ${name} after a stream was destroyed`],
  ERR_STREAM_PREMATURE_CLOSE: [Error, () => "Premature close"],
  ERR_UNAVAILABLE_DURING_EXIT: [Error, () => "Cannot call function in process exit handler"],
  ERR_UNESCAPED_CHARACTERS: [TypeError, (what) => `${what} contains unescaped characters`],
  ERR_UNHANDLED_ERROR: [
    Error,
    (value) => (value === undefined ? "Unhandled error." : `Unhandled error. (${value})`),
  ],
  ERR_UNKNOWN_BUILTIN_MODULE: [Error, (name) => `No such built-in module: ${name}`],
  ERR_UNKNOWN_ENCODING: [TypeError, (name) => `Unknown encoding: ${name}`],
  ERR_UNKNOWN_SIGNAL: [TypeError, (name) => `Unknown signal: ${name}`],
  ERR_USE_AFTER_CLOSE: [Error, (what) => `${what} was closed`],
  ERR_METHOD_REFUSED: [Error, (text) => text],
  ERR_ZLIB_INITIALIZATION_FAILED: [Error, () => "Initialization failed"],
  MODULE_NOT_FOUND: [Error, (text) => text],
};

/**
 * Gives an error a stack that begins with `header` and goes on with the frames below `start`, in
 * any engine.
 */
export function dressed(error, header, start) {
  Error.captureStackTrace(error, start);
  const frames = String(error.stack);
  const first = frames.search(/^ {4}at /m);
  const stack = first < 0 ? header : `${header}\n${frames.slice(first).trimEnd()}`;
  return Object.defineProperty(error, "stack", {
    value: stack,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

// As in Node, what `new` gives is a plain instance of the base class: `error.constructor` is `TypeError`.
function maker(code, Base, message) {
  return function NodeError(...values) {
    const error = new Base(message(...values));
    const text = () => `${error.name} [${code}]: ${error.message}`;
    dressed(error, text(), NodeError);
    Object.defineProperty(error, "toString", {
      value: text,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    error.code = code;
    return error;
  };
}

/** code → what makes its error: `throw new codes.ERR_OUT_OF_RANGE("offset", ">= 0", -1)`. */
export const codes = {};
for (const [code, [Base, message]] of Object.entries(messages)) codes[code] = maker(code, Base, message);

/** An `AbortError` as Node's own modules make it. */
export class AbortError extends Error {
  constructor(message = "The operation was aborted", options = undefined) {
    super(message, options);
    this.code = "ABORT_ERR";
    this.name = "AbortError";
  }
}

/** errno and words of the system's errors that the host can give. */
const system = {
  EACCES: [-13, "permission denied"],
  EBADF: [-9, "bad file descriptor"],
  ECONNREFUSED: [-111, "connection refused"],
  EEXIST: [-17, "file already exists"],
  EINVAL: [-22, "invalid argument"],
  EISDIR: [-21, "illegal operation on a directory"],
  ELOOP: [-40, "too many symbolic links encountered"],
  EMFILE: [-24, "too many open files"],
  ENOENT: [-2, "no such file or directory"],
  ENOSYS: [-38, "function not implemented"],
  ENOTDIR: [-20, "not a directory"],
  ENOTEMPTY: [-39, "directory not empty"],
  ENOTSUP: [-95, "operation not supported on socket"],
  EPERM: [-1, "operation not permitted"],
  EROFS: [-30, "read-only file system"],
  EXDEV: [-18, "cross-device link not permitted"],
};

/** name → [errno, words], for `util.getSystemErrorName`. */
export const systemErrors = system;

/** The error of a system call: `ENOENT: no such file or directory, open '/x'`. */
export function systemError(code, syscall, path, dest) {
  const [errno, words] = system[code] ?? [-5, "i/o error"];
  const places = `${path === undefined ? "" : ` '${path}'`}${dest === undefined ? "" : ` -> '${dest}'`}`;
  const error = new Error(`${code}: ${words}, ${syscall}${places}`);
  Object.assign(error, { errno, code, syscall });
  if (path !== undefined) error.path = path;
  if (dest !== undefined) error.dest = dest;
  return error;
}
