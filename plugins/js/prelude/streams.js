// Web streams: the library's classes with what the platform adds to them.
// https://streams.spec.whatwg.org/ Streams can be transferred: within one realm that is a pipe to a
// new stream.

import * as library from "web-streams-polyfill";
import { inspectAs } from "./inspect_custom.js";
import { AsyncIteratorPrototype, getter, succeeds } from "./primordials.js";
import { transferable } from "./structured_clone.js";
import { platformClass } from "./webidl.js";

export const {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} = library;

for (const name of Object.keys(library)) platformClass(library[name]);

// Not in the standard any more; the signal says it.
delete WritableStreamDefaultController.prototype.abortReason;

// The library's iterators are nobody's: https://webidl.spec.whatwg.org/#es-asynchronous-iterator-prototype-object
{
  const iterators = Object.getPrototypeOf(new ReadableStream().values());
  delete iterators[Symbol.asyncIterator];
  Object.setPrototypeOf(iterators, AsyncIteratorPrototype);
}

const isReadLocked = getter(ReadableStream.prototype, "locked");
const isWriteLocked = getter(WritableStream.prototype, "locked");
const readableOf = getter(TransformStream.prototype, "readable");
const writableOf = getter(TransformStream.prototype, "writable");

export const isReadableStream = (value) => succeeds(isReadLocked, value);
export const isWritableStream = (value) => succeeds(isWriteLocked, value);
/** Something has been read from it, or it has been cancelled. */
export const isDisturbed = (stream) => stream._disturbed;
/** Somebody reads what the stream stands for, past the stream. */
export const disturb = (stream) => {
  stream._disturbed = true;
};
export const isTransformStream = (value) => succeeds(readableOf, value);

const { pipeTo } = ReadableStream.prototype;

// The pipe ends with its streams; nobody waits for it.
function pipe(from, to) {
  Reflect.apply(pipeTo, from, [to]).catch(() => {});
}

function moveReadable(stream) {
  const between = new TransformStream();
  pipe(stream, writableOf(between));
  return readableOf(between);
}

function moveWritable(stream) {
  const between = new TransformStream();
  pipe(readableOf(between), stream);
  return writableOf(between);
}

const receive = (moved) => moved;
transferable({
  name: "ReadableStream",
  is: isReadableStream,
  isDetached: isReadLocked,
  detach: moveReadable,
  receive,
});
transferable({
  name: "WritableStream",
  is: isWritableStream,
  isDetached: isWriteLocked,
  detach: moveWritable,
  receive,
});
transferable({
  name: "TransformStream",
  is: isTransformStream,
  isDetached: (stream) => isReadLocked(readableOf(stream)) || isWriteLocked(writableOf(stream)),
  detach: (stream) => ({
    readable: moveReadable(readableOf(stream)),
    writable: moveWritable(writableOf(stream)),
  }),
  receive({ readable, writable }) {
    const stream = Object.create(TransformStream.prototype);
    stream._readable = readable;
    stream._writable = writable;
    stream._transformStreamController = null;
    return stream;
  },
});

// The library keeps a stream's state in fields of its own; as Node shows them.
inspectAs(ReadableStream, (stream) => ({
  locked: stream.locked,
  state: stream._state,
  supportsBYOB: stream._readableStreamController instanceof ReadableByteStreamController,
}));
inspectAs(WritableStream, (stream) => ({ locked: stream.locked, state: stream._state }));
inspectAs(TransformStream, (stream) => ({
  readable: stream.readable,
  writable: stream.writable,
  backpressure: stream._backpressure,
}));
