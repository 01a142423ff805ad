// DOMException: an Error in every respect (it has a stack, `Error.isError` says true) whose name
// and message live on the prototype as accessors. https://webidl.spec.whatwg.org/#idl-DOMException

import { define, setPrototypeOf } from "./primordials.js";

const CODES = {
  INDEX_SIZE_ERR: 1,
  DOMSTRING_SIZE_ERR: 2,
  HIERARCHY_REQUEST_ERR: 3,
  WRONG_DOCUMENT_ERR: 4,
  INVALID_CHARACTER_ERR: 5,
  NO_DATA_ALLOWED_ERR: 6,
  NO_MODIFICATION_ALLOWED_ERR: 7,
  NOT_FOUND_ERR: 8,
  NOT_SUPPORTED_ERR: 9,
  INUSE_ATTRIBUTE_ERR: 10,
  INVALID_STATE_ERR: 11,
  SYNTAX_ERR: 12,
  INVALID_MODIFICATION_ERR: 13,
  NAMESPACE_ERR: 14,
  INVALID_ACCESS_ERR: 15,
  VALIDATION_ERR: 16,
  TYPE_MISMATCH_ERR: 17,
  SECURITY_ERR: 18,
  NETWORK_ERR: 19,
  ABORT_ERR: 20,
  URL_MISMATCH_ERR: 21,
  QUOTA_EXCEEDED_ERR: 22,
  TIMEOUT_ERR: 23,
  INVALID_NODE_TYPE_ERR: 24,
  DATA_CLONE_ERR: 25,
};

const CODE_OF_NAME = {
  __proto__: null,
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

const capture = Error.captureStackTrace;

// Private fields put on an object that another constructor made: that is how the exception is a
// genuine Error and has fields that no program can forge.
class Fields extends function (target) {
  return target;
} {
  #name;
  #message;
  constructor(target, name, message) {
    super(target);
    this.#name = name;
    this.#message = message;
  }
  static has(target) {
    return typeof target === "object" && target !== null && #name in target;
  }
  static name(target) {
    return target.#name;
  }
  static message(target) {
    return target.#message;
  }
}

export class DOMException {
  constructor(message = "", options = "Error") {
    const text = `${message}`;
    const given = typeof options === "object" && options !== null;
    const name = given ? (options.name === undefined ? "Error" : `${options.name}`) : `${options}`;
    const exception = new Error();
    setPrototypeOf(exception, new.target.prototype);
    new Fields(exception, name, text);
    if (given && "cause" in options) {
      define(exception, "cause", options.cause, false);
    }
    if (capture !== undefined) capture(exception, DOMException);
    return exception;
  }
  get name() {
    return Fields.name(this);
  }
  get message() {
    return Fields.message(this);
  }
  get code() {
    return CODE_OF_NAME[Fields.name(this)] ?? 0;
  }
}

/** The brand check, for structuredClone and the console. */
export const isDOMException = Fields.has;

Object.setPrototypeOf(DOMException.prototype, Error.prototype);
for (const key of ["name", "message", "code"]) {
  Object.defineProperty(DOMException.prototype, key, { enumerable: true });
}
Object.defineProperty(DOMException.prototype, Symbol.toStringTag, {
  value: "DOMException",
  configurable: true,
});
for (const key of Object.keys(CODES)) {
  const constant = { value: CODES[key], writable: false, enumerable: true, configurable: false };
  Object.defineProperty(DOMException, key, constant);
  Object.defineProperty(DOMException.prototype, key, constant);
}
