// Conversions between `node:stream` and the web's streams, both ways.
// Follows https://nodejs.org/api/stream.html#streamreadablefromwebreadablestream-options.
// The web's classes are looked up when needed: main.js sets them after this file has loaded.

import { AbortError, codes } from "./errors.js";
import { asBuffer } from "./buffer.js";

const { ERR_INVALID_ARG_TYPE } = codes;

function checked(stream, method, expected) {
  if (typeof stream?.[method] !== "function") throw new ERR_INVALID_ARG_TYPE("stream", expected, stream);
}

const chunkOf = (value, objectMode) => (!objectMode && value instanceof Uint8Array ? asBuffer(value) : value);

/** A Readable that reads a web stream; its destruction cancels it. */
export function fromReadable(Readable, stream, options = {}) {
  checked(stream, "getReader", "ReadableStream");
  const reader = stream.getReader();
  let isClosed = false;
  const readable = new Readable({
    objectMode: options.objectMode,
    highWaterMark: options.highWaterMark,
    encoding: options.encoding,
    signal: options.signal,
    read() {
      reader.read().then(
        ({ done, value }) => readable.push(done ? null : chunkOf(value, options.objectMode)),
        (error) => readable.destroy(error),
      );
    },
    destroy(error, callback) {
      const done = () => callback(error);
      if (isClosed) done();
      else reader.cancel(error).then(done, (reason) => callback(error ?? reason));
    },
  });
  reader.closed.then(
    () => {
      isClosed = true;
    },
    (error) => {
      isClosed = true;
      readable.destroy(error);
    },
  );
  return readable;
}

/** A web stream that reads a Readable; its cancellation destroys it. */
export function toReadable(readable, options = {}) {
  checked(readable, "on", "stream.Readable");
  const isObjects = readable.readableObjectMode;
  const highWaterMark = readable.readableHighWaterMark;
  const strategy =
    options.strategy ?? (isObjects ? new CountQueuingStrategy({ highWaterMark }) : { highWaterMark: 0 });
  let isOver = false;
  const underlying = {
    start(controller) {
      readable.pause();
      readable.on("data", (chunk) => {
        const bytes =
          chunk instanceof Uint8Array && !isObjects
            ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
            : chunk;
        controller.enqueue(bytes);
        if (controller.desiredSize <= 0) readable.pause();
      });
      const over = (error) => {
        if (isOver) return;
        isOver = true;
        readable.on("error", () => {});
        if (error) controller.error(error);
        else controller.close();
      };
      readable.once("end", () => over());
      readable.once("error", over);
      readable.once("close", () => over(readable.readableEnded ? undefined : new AbortError()));
    },
    pull() {
      readable.resume();
    },
    cancel(reason) {
      isOver = true;
      readable.on("error", () => {});
      readable.destroy(
        reason instanceof Error || reason === undefined
          ? reason
          : new AbortError(undefined, { cause: reason }),
      );
    },
  };
  return new ReadableStream(underlying, strategy);
}

/** A Writable that writes to a web stream. */
export function fromWritable(Writable, stream, options = {}) {
  checked(stream, "getWriter", "WritableStream");
  const writer = stream.getWriter();
  let isClosed = false;
  const writable = new Writable({
    highWaterMark: options.highWaterMark,
    objectMode: options.objectMode,
    decodeStrings: options.decodeStrings,
    signal: options.signal,
    write(chunk, _encoding, callback) {
      writer.ready
        .then(() => writer.write(chunk))
        .then(
          () => callback(),
          (error) => callback(error),
        );
    },
    final(callback) {
      isClosed = true;
      writer.close().then(
        () => callback(),
        (error) => callback(error),
      );
    },
    destroy(error, callback) {
      const done = () => callback(error);
      if (isClosed) done();
      else if (error) writer.abort(error).then(done, done);
      else writer.close().then(done, done);
    },
  });
  writer.closed.then(
    () => {
      isClosed = true;
    },
    (error) => {
      isClosed = true;
      writable.destroy(error);
    },
  );
  return writable;
}

/** A web stream that writes to a Writable and waits while it is full. */
export function toWritable(writable) {
  checked(writable, "write", "stream.Writable");
  const isObjects = writable.writableObjectMode;
  const strategy = {
    highWaterMark: writable.writableHighWaterMark,
    size: isObjects ? () => 1 : (chunk) => chunk?.byteLength ?? chunk?.length ?? 1,
  };
  let isOver = false;
  return new WritableStream(
    {
      start(controller) {
        const over = (error) => {
          if (!isOver) controller.error(error ?? new AbortError());
          isOver = true;
        };
        writable.once("error", over);
        writable.once("close", () => over());
      },
      async write(chunk) {
        const bytes = isObjects || !ArrayBuffer.isView(chunk) ? chunk : asBuffer(chunk);
        if (writable.writableNeedDrain || !writable.write(bytes))
          await new Promise((resolve) => {
            writable.once("drain", resolve);
          });
      },
      close() {
        isOver = true;
        return new Promise((resolve, reject) => {
          writable.once("error", reject);
          writable.end(() => resolve());
        });
      },
      abort(reason) {
        isOver = true;
        writable.on("error", () => {});
        writable.destroy(reason instanceof Error ? reason : new AbortError(undefined, { cause: reason }));
      },
    },
    strategy,
  );
}
