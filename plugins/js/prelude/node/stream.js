// `node:stream` and `node:stream/promises`: npm `readable-stream` (Node's own streams, MIT), with Node
// 22's defaults and the conversions from and to the web's streams (stream_web.js). Follows
// https://nodejs.org/api/stream.html.

import Stream from "readable-stream";
import { asBuffer } from "./buffer.js";
import { isArrayBufferView } from "./types.js";
import { fromReadable, fromWritable, toReadable, toWritable } from "./stream_web.js";

const { Duplex, Readable, Transform, Writable } = Stream;

/** Node 22 buffers 64 KiB, the library 16 KiB as Node 18 did. */
Stream.setDefaultHighWaterMark(false, 64 * 1024);

// The library's test of a chunk: Node 22 takes every view, Node 18 bytes only.
Stream._isUint8Array = isArrayBufferView;
Stream._uint8ArrayToBuffer = asBuffer;

Readable.fromWeb = (stream, options) => fromReadable(Readable, stream, options);
Readable.toWeb = toReadable;
Writable.fromWeb = (stream, options) => fromWritable(Writable, stream, options);
Writable.toWeb = toWritable;
Duplex.fromWeb = ({ readable, writable }, options) =>
  Duplex.from({
    readable: Readable.fromWeb(readable, options),
    writable: Writable.fromWeb(writable, options),
  });
Duplex.toWeb = (duplex) => ({ readable: toReadable(duplex), writable: toWritable(duplex) });

/** Two streams of which each reads what is written to the other. */
Stream.duplexPair = function duplexPair(options) {
  const callbacks = [null, null];
  const sides = [0, 1].map(
    (own) =>
      new Duplex({
        ...options,
        read() {
          const callback = callbacks[own];
          callbacks[own] = null;
          callback?.();
        },
        write(chunk, encoding, callback) {
          const other = sides[1 - own];
          if (chunk.length === 0) queueMicrotask(callback);
          else {
            other.push(chunk);
            callbacks[1 - own] = callback;
          }
        },
        final(callback) {
          sides[1 - own].on("end", callback);
          sides[1 - own].push(null);
        },
      }),
  );
  return sides;
};

export const promises = Stream.promises;
export { Duplex, Readable, Transform, Writable };
export default Stream;
