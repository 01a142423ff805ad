// `process.stdout`, `process.stderr` and `process.stdin`. Follows
// https://nodejs.org/api/process.html#process-io. Output is written at once, so that nothing is lost
// at `process.exit`. They are made when first asked for.

import { host } from "lily:host";
import { Channel } from "../channel.js";
import { asBuffer, Buffer } from "./buffer.js";
import { Readable, Writable } from "./stream.js";

function output(fd) {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, encoding, callback) {
      if (typeof chunk === "string" && (encoding === "utf8" || encoding === "utf-8")) host.print(fd, chunk);
      else host.printBytes(fd, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
      callback();
    },
  });
  stream.fd = fd;
  stream._type = "pipe";
  stream._isStdio = true;
  // Like Node's, they cannot be ended.
  stream.destroySoon = stream.destroy;
  stream._destroy = (error, callback) => callback(error);
  return stream;
}

function input() {
  const channel = new Channel(host.standardInput());
  const stream = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      channel.pull().then(
        (chunk) => stream.push(chunk === null ? null : asBuffer(chunk)),
        (error) => stream.destroy(error),
      );
    },
  });
  stream.fd = 0;
  return stream;
}

const made = [undefined, undefined, undefined];

/** The stream of a descriptor: 0, 1 or 2. */
export function standardStream(fd) {
  made[fd] ??= fd === 0 ? input() : output(fd);
  return made[fd];
}
