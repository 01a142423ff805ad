// `fs.createReadStream` and `fs.createWriteStream`. Follows
// https://nodejs.org/api/fs.html#class-fsreadstream.

import { queueTask } from "../loop.js";
import { Buffer } from "./buffer.js";
import { closeSync, openSync, readSync, writeSync } from "./fs_sync.js";
import { Readable, Writable } from "./stream.js";
import { pathText } from "./url.js";
import { validateInteger } from "./validate.js";

const fdOf = (fd) => (typeof fd === "object" && fd !== null ? fd.fd : fd);

/** What both share: the descriptor is opened in `_construct`, closed in `_destroy`. */
function open(stream, flags, mode, callback) {
  if (stream.fd !== null) {
    callback();
    return;
  }
  let error = null;
  try {
    stream.fd = openSync(stream.path, flags, mode);
  } catch (failure) {
    error = failure;
  }
  queueTask(() => {
    callback(error);
    if (error !== null) return;
    stream.emit("open", stream.fd);
    stream.emit("ready");
  });
}

function close(stream, isAuto, error, callback) {
  let failure = error;
  if (stream.fd !== null && isAuto) {
    try {
      closeSync(stream.fd);
    } catch (closing) {
      failure ??= closing;
    }
    stream.fd = null;
  }
  queueTask(() => callback(failure));
}

export class ReadStream extends Readable {
  #options;
  #left = Infinity;

  constructor(path, options) {
    const given = typeof options === "string" ? { encoding: options } : { ...options };
    super({ highWaterMark: 64 * 1024, emitClose: true, ...given });
    this.#options = given;
    this.path = path === undefined || path === null ? undefined : pathText(path);
    this.fd = fdOf(given.fd ?? null);
    this.flags = given.flags ?? "r";
    this.mode = given.mode ?? 0o666;
    this.start = given.start;
    this.end = given.end ?? Infinity;
    this.pos = given.start;
    this.bytesRead = 0;
    if (given.start !== undefined) validateInteger(given.start, "start", 0);
    if (this.end !== Infinity) {
      validateInteger(this.end, "end", 0);
      this.#left = this.end - (this.start ?? 0) + 1;
    }
  }

  _construct(callback) {
    open(this, this.flags, this.mode, callback);
  }

  _read(size) {
    const wanted = Math.min(size, this.#left);
    if (wanted <= 0) {
      this.push(null);
      return;
    }
    const buffer = Buffer.allocUnsafe(wanted);
    let count;
    try {
      count = readSync(this.fd, buffer, 0, wanted, this.pos ?? null);
    } catch (error) {
      this.destroy(error);
      return;
    }
    queueTask(() => {
      if (count === 0) {
        this.push(null);
        return;
      }
      this.bytesRead += count;
      this.#left -= count;
      if (this.pos !== undefined) this.pos += count;
      this.push(buffer.subarray(0, count));
    });
  }

  _destroy(error, callback) {
    close(this, this.#options.autoClose !== false, error, callback);
  }

  close(callback) {
    if (callback) this.once("close", callback);
    this.destroy();
  }

  get pending() {
    return this.fd === null;
  }
}

export class WriteStream extends Writable {
  #options;

  constructor(path, options) {
    const given = typeof options === "string" ? { encoding: options } : { ...options };
    super({ decodeStrings: true, emitClose: true, ...given });
    this.#options = given;
    if (given.encoding) this.setDefaultEncoding(given.encoding);
    this.path = path === undefined || path === null ? undefined : pathText(path);
    this.fd = fdOf(given.fd ?? null);
    this.flags = given.flags ?? (given.start === undefined ? "w" : "r+");
    this.mode = given.mode ?? 0o666;
    this.start = given.start;
    this.pos = given.start;
    this.bytesWritten = 0;
  }

  _construct(callback) {
    open(this, this.flags, this.mode, callback);
  }

  _write(chunk, _encoding, callback) {
    let error = null;
    try {
      for (let at = 0; at < chunk.length;) {
        const count = writeSync(this.fd, chunk, at, chunk.length - at, this.pos);
        at += count;
        this.bytesWritten += count;
        if (this.pos !== undefined) this.pos += count;
      }
    } catch (failure) {
      error = failure;
    }
    queueTask(() => callback(error));
  }

  _destroy(error, callback) {
    close(this, this.#options.autoClose !== false, error, callback);
  }

  close(callback) {
    if (callback) this.once("close", callback);
    this.end();
  }

  get pending() {
    return this.fd === null;
  }
}

export const createReadStream = (path, options) => new ReadStream(path, options);
export const createWriteStream = (path, options) => new WriteStream(path, options);
