// structuredClone, and the serialisation under postMessage.
// https://html.spec.whatwg.org/#safe-passing-of-structured-data
//
// `serialize` walks the value and makes records, running the program's getters; then what is
// transferred is detached; then `deserialize` builds the copy without running any code of the
// program. A platform class joins by `serializable` or `transferable`.

import { host } from "lily:host";
import { DOMException, isDOMException } from "./dom_exception.js";
import * as p from "./primordials.js";
import { dictionary, isObject, needs, object, platformObject, sequence } from "./webidl.js";

const serializers = [];
const transferrers = [];

/**
 * A [Serializable] interface: `is(value)`, `serialize(value, nested)` answering anything, and
 * `deserialize(data, nested)` making a new object of it. `nested` does the same to inner values.
 */
export function serializable(type) {
  p.arrayPush(serializers, type);
}

/**
 * A [Transferable] interface: `is(value)`, `isDetached(value)`, `detach(value)` answering what the
 * new object is made of, `receive(data)` making it.
 */
export function transferable(type) {
  p.arrayPush(transferrers, type);
}

const cloneError = (text) => new DOMException(text, "DataCloneError");

const convertOptions = dictionary([["transfer", sequence(object), () => []]]);

export function structuredClone(value, options = undefined) {
  needs(1, arguments.length, "structuredClone");
  const { transfer } = convertOptions(options, "structuredClone: argument 2");
  return receive(send(value, transfer)).value;
}

/** StructuredSerializeWithTransfer: afterwards the objects in `transfer` are detached. */
export function send(value, transfer) {
  const memory = new p.SafeMap();
  const moved = [];
  for (let i = 0; i < transfer.length; i++) {
    const item = transfer[i];
    const type = p.isArrayBuffer(item) ? BUFFER : findType(transferrers, item);
    if (type === null)
      throw cloneError("Value not transferable: only buffers, ports and streams are");
    if (memory.has(item)) throw cloneError(`An ${type.name} is in the transfer list twice`);
    const record = { kind: "transferred", index: i };
    memory.set(item, record);
    moved[i] = { type, item };
  }
  const root = serialize(value, memory);
  const parcels = [];
  for (let i = 0; i < moved.length; i++) {
    const { type, item } = moved[i];
    if (type.isDetached(item))
      throw cloneError(`An ${type.name} is detached and could not be transferred`);
    parcels[i] = { type, data: type.detach(item) };
  }
  return { root, parcels };
}

/** StructuredDeserializeWithTransfer: the value, and what was transferred in its order. */
export function receive({ root, parcels }) {
  const transferred = [];
  for (let i = 0; i < parcels.length; i++)
    transferred[i] = parcels[i].type.receive(parcels[i].data);
  return { value: deserialize(root, new p.SafeMap(), transferred), transferred };
}

function findType(types, value) {
  for (let i = 0; i < types.length; i++) if (types[i].is(value)) return types[i];
  return null;
}

// ---- buffers ----

const transferBuffer = p.uncurry(ArrayBuffer.prototype.transfer);
const isDetachedBuffer = p.getter(ArrayBuffer.prototype, "detached");
const resizableOf = tryGetter(ArrayBuffer.prototype, "resizable", () => false);
const maxByteLengthOf = tryGetter(ArrayBuffer.prototype, "maxByteLength", p.arrayBufferLengthOf);

function tryGetter(prototype, key, fallback) {
  return Object.getOwnPropertyDescriptor(prototype, key) === undefined
    ? fallback
    : p.getter(prototype, key);
}

const BUFFER = {
  name: "ArrayBuffer",
  isDetached: isDetachedBuffer,
  detach(buffer) {
    try {
      return transferBuffer(buffer);
    } catch {
      throw cloneError("An ArrayBuffer could not be transferred");
    }
  },
  receive: (buffer) => buffer,
};

const VIEWS = { __proto__: null, ...p.typedArrays, DataView };

// Whether a view follows the length of its resizable buffer cannot be asked: the copy of one that
// does has the length of the moment.
function serializeView(view, memory) {
  const isDataView = p.typedArrayName(view) === undefined;
  const buffer = isDataView ? p.dataViewBufferOf(view) : p.bufferOf(view);
  if (
    p.isArrayBuffer(buffer) &&
    memory.get(buffer)?.kind !== "transferred" &&
    isDetachedBuffer(buffer)
  ) {
    throw cloneError("A view of a detached ArrayBuffer could not be cloned");
  }
  return {
    kind: "view",
    name: isDataView ? "DataView" : p.typedArrayName(view),
    buffer: serialize(buffer, memory),
    offset: isDataView ? p.dataViewByteOffsetOf(view) : p.byteOffsetOf(view),
    length: isDataView ? p.dataViewByteLengthOf(view) : p.lengthOf(view),
  };
}

function serializeBuffer(buffer) {
  if (isDetachedBuffer(buffer)) throw cloneError("A detached ArrayBuffer could not be cloned");
  const max = resizableOf(buffer) ? maxByteLengthOf(buffer) : undefined;
  return { kind: "buffer", bytes: p.arrayBufferSlice(buffer, 0), max };
}

function makeBuffer({ bytes, max }) {
  if (max === undefined) return bytes;
  const buffer = new ArrayBuffer(p.arrayBufferLengthOf(bytes), { maxByteLength: max });
  p.typedArraySet(new Uint8Array(buffer), new Uint8Array(bytes));
  return buffer;
}

// ---- errors ----

const ERRORS = {
  __proto__: null,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

function serializeError(error, memory, record) {
  const name = error.name === undefined ? "Error" : `${error.name}`;
  const message = p.getOwnPropertyDescriptor(error, "message");
  const stack = error.stack;
  const cause = p.getOwnPropertyDescriptor(error, "cause");
  record.name = name in ERRORS ? name : "Error";
  record.message = message !== undefined && "value" in message ? `${message.value}` : undefined;
  record.stack = typeof stack === "string" ? stack : undefined;
  record.cause =
    cause !== undefined && "value" in cause ? serialize(cause.value, memory) : undefined;
  return record;
}

function makeError(record, build) {
  const error = new ERRORS[record.name]();
  const own = (key, value) => p.define(error, key, value, false);
  build.seen.set(record, error);
  own("stack", record.stack);
  if (record.message !== undefined) own("message", record.message);
  if (record.cause !== undefined) own("cause", build(record.cause));
  return error;
}

// ---- all values ----

const dateValue = p.uncurry(Date.prototype.getTime);
const sourceOf = p.getter(RegExp.prototype, "source");
const flagsOf = p.getter(RegExp.prototype, "flags");
const mapForEach = p.uncurry(Map.prototype.forEach);
const setForEach = p.uncurry(Set.prototype.forEach);
const UNBOX = {
  __proto__: null,
  Boolean: p.uncurry(Boolean.prototype.valueOf),
  Number: p.uncurry(Number.prototype.valueOf),
  String: p.uncurry(String.prototype.valueOf),
  BigInt: p.uncurry(BigInt.prototype.valueOf),
};

// A primitive is its own record.
function serialize(value, memory) {
  if (!isObject(value)) {
    if (typeof value === "symbol") throw cloneError(`${describe(value)} could not be cloned`);
    return value;
  }
  const known = memory.get(value);
  if (known !== undefined) return known;
  const kind = host.kind(value);
  const remember = (record) => {
    memory.set(value, record);
    return record;
  };
  if (kind === "Array") {
    return serializeMembers(
      value,
      memory,
      remember({ kind: "array", length: value.length, members: [] }),
    );
  }
  if (kind in UNBOX) return remember({ kind: "boxed", value: UNBOX[kind](value) });
  if (kind === "Date") return remember({ kind: "date", value: dateValue(value) });
  if (kind === "RegExp")
    return remember({ kind: "regexp", source: sourceOf(value), flags: flagsOf(value) });
  if (kind === "ArrayBuffer") return remember(serializeBuffer(value));
  if (kind === "SharedArrayBuffer")
    throw cloneError("A SharedArrayBuffer could not be cloned: there are no threads");
  if (kind in VIEWS) return remember(serializeView(value, memory));
  if (kind === "Map") return serializeMap(value, memory, remember({ kind: "map", entries: null }));
  if (kind === "Set") return serializeSet(value, memory, remember({ kind: "set", values: null }));
  // Only a plain kind of object, or an Error by its look, can be one of the platform's.
  const type = kind === "Object" || kind === "Error" ? findType(serializers, value) : null;
  if (type !== null) {
    const record = remember({ kind: "platform", type, data: null });
    record.data = type.serialize(value, (inner) => serialize(inner, memory));
    return record;
  }
  if (kind === "Error") {
    const record = remember({ kind: "error" });
    return serializeError(value, memory, record);
  }
  if (kind !== "Object" || platformObject(value)) {
    throw cloneError(`${describe(value)} could not be cloned`);
  }
  return serializeMembers(value, memory, remember({ kind: "object", members: [] }));
}

// What was in the collection when its turn came; the program's getters may change it meanwhile.
function serializeMap(map, memory, record) {
  const entries = [];
  mapForEach(map, (value, key) => p.arrayPush(entries, key, value));
  for (let i = 0; i < entries.length; i++) entries[i] = serialize(entries[i], memory);
  record.entries = entries;
  return record;
}

function serializeSet(set, memory, record) {
  const values = [];
  setForEach(set, (value) => p.arrayPush(values, value));
  for (let i = 0; i < values.length; i++) values[i] = serialize(values[i], memory);
  record.values = values;
  return record;
}

function serializeMembers(value, memory, record) {
  const keys = p.objectKeys(value);
  for (let i = 0; i < keys.length; i++) {
    // A getter may have deleted it.
    if (p.hasOwn(value, keys[i]))
      p.arrayPush(record.members, keys[i], serialize(value[keys[i]], memory));
  }
  return record;
}

function describe(value) {
  try {
    if (typeof value === "function" || typeof value === "symbol") return String(value);
    return Object.prototype.toString.call(value).replace("[object ", "#<").replace("]", ">");
  } catch {
    return "The value";
  }
}

function deserialize(root, seen, transferred) {
  const build = (record) => {
    if (!isObject(record)) return record;
    if (record.kind === "transferred") return transferred[record.index];
    const known = seen.get(record);
    if (known !== undefined) return known;
    if (record.kind === "error") return makeError(record, build);
    const made = make(record, build);
    seen.set(record, made);
    fill(made, record, build);
    return made;
  };
  build.seen = seen;
  return build(root);
}

function make(record, build) {
  switch (record.kind) {
    case "boxed":
      return Object(record.value);
    case "date":
      return new Date(record.value);
    case "regexp":
      return new RegExp(record.source, record.flags);
    case "buffer":
      return makeBuffer(record);
    case "view":
      return new VIEWS[record.name](build(record.buffer), record.offset, record.length);
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "array":
      return new Array(record.length);
    case "platform":
      return record.type.deserialize(record.data, build);
    default:
      return {};
  }
}

const mapSet = p.uncurry(Map.prototype.set);
const setAdd = p.uncurry(Set.prototype.add);

function fill(made, record, build) {
  if (record.kind === "map") {
    const { entries } = record;
    for (let i = 0; i < entries.length; i += 2)
      mapSet(made, build(entries[i]), build(entries[i + 1]));
  } else if (record.kind === "set") {
    for (let i = 0; i < record.values.length; i++) setAdd(made, build(record.values[i]));
  } else if (record.kind === "array" || record.kind === "object") {
    const { members } = record;
    for (let i = 0; i < members.length; i += 2) {
      const key = members[i];
      const value = build(members[i + 1]);
      // Where a setter may be in the way (`__proto__`) the property is defined.
      if (!(key in made)) made[key] = value;
      else p.define(made, key, value);
    }
  }
}

serializable({
  is: isDOMException,
  serialize: (exception) => ({
    name: exception.name,
    message: exception.message,
    stack: exception.stack,
  }),
  deserialize({ name, message, stack }) {
    const exception = new DOMException(message, name);
    if (typeof stack === "string") exception.stack = stack;
    return exception;
  },
});
