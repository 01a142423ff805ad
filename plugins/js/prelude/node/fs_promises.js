// `node:fs/promises` and FileHandle. Follows https://nodejs.org/api/fs.html#promises-api.

import { queueTask } from "../loop.js";
import { Buffer } from "./buffer.js";
import { AbortError } from "./errors.js";
import { EventEmitter } from "./events.js";
import { opendirSync } from "./fs_dir.js";
import { createReadStream, createWriteStream } from "./fs_streams.js";
import * as sync from "./fs_sync.js";
import { constants } from "./fs_values.js";

/** A promise for what `work` answers, settled in a later turn. */
function later(work, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortError(undefined, { cause: signal.reason }));
      return;
    }
    let settle;
    try {
      const answer = work();
      settle = () => resolve(answer);
    } catch (error) {
      settle = () => reject(error);
    }
    queueTask(settle);
  });
}

export class FileHandle extends EventEmitter {
  #fd;

  constructor(fd) {
    super();
    this.#fd = fd;
  }

  get fd() {
    return this.#fd;
  }

  async close() {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    await later(() => sync.closeSync(fd));
    this.emit("close");
  }

  async read(buffer, ...rest) {
    const isOptions = !ArrayBuffer.isView(buffer);
    const into = isOptions ? (buffer?.buffer ?? Buffer.alloc(16384)) : buffer;
    const values = isOptions ? [buffer ?? {}] : rest;
    return { bytesRead: await later(() => sync.readSync(this.#fd, into, ...values)), buffer: into };
  }

  async write(data, ...rest) {
    return { bytesWritten: await later(() => sync.writeSync(this.#fd, data, ...rest)), buffer: data };
  }

  async readv(buffers, position) {
    return { bytesRead: await later(() => sync.readvSync(this.#fd, buffers, position)), buffers };
  }

  async writev(buffers, position) {
    return { bytesWritten: await later(() => sync.writevSync(this.#fd, buffers, position)), buffers };
  }

  readFile(options) {
    return later(() => sync.readFileSync(this.#fd, options));
  }

  writeFile(data, options) {
    return later(() => sync.writeFileSync(this.#fd, data, options));
  }

  appendFile(data, options) {
    return later(() => sync.writeFileSync(this.#fd, data, options));
  }

  stat(options) {
    return later(() => sync.fstatSync(this.#fd, options));
  }

  truncate(length) {
    return later(() => sync.ftruncateSync(this.#fd, length));
  }

  sync() {
    return later(() => sync.fsyncSync(this.#fd));
  }

  datasync() {
    return later(() => sync.fsyncSync(this.#fd));
  }

  createReadStream(options) {
    return createReadStream(undefined, { ...options, fd: this });
  }

  createWriteStream(options) {
    return createWriteStream(undefined, { ...options, fd: this });
  }

  async *readLines(options) {
    const text = String(await this.readFile({ encoding: "utf8", ...options }));
    const lines = text.split(/\r\n|\n|\r/);
    if (lines[lines.length - 1] === "") lines.pop();
    yield* lines;
  }

  async [Symbol.asyncDispose ?? Symbol.for("nodejs.asyncDispose")]() {
    await this.close();
  }
}

const names = [
  "access",
  "copyFile",
  "cp",
  "rename",
  "truncate",
  "rm",
  "rmdir",
  "mkdir",
  "readdir",
  "readlink",
  "symlink",
  "lstat",
  "stat",
  "link",
  "unlink",
  "chmod",
  "lchown",
  "chown",
  "utimes",
  "realpath",
  "mkdtemp",
];

export const promises = {
  open: (path, flags, mode) => later(() => new FileHandle(sync.openSync(path, flags, mode))),
  opendir: (path, options) => later(() => opendirSync(path, options)),
  readFile: (path, options) =>
    path instanceof FileHandle
      ? path.readFile(options)
      : later(() => sync.readFileSync(path, options), options?.signal),
  appendFile: (path, data, options) =>
    path instanceof FileHandle
      ? path.appendFile(data, options)
      : later(() => sync.appendFileSync(path, data, options)),
  async writeFile(path, data, options) {
    const isWhole = typeof data === "string" || ArrayBuffer.isView(data);
    const whole =
      isWhole ||
      (typeof data?.[Symbol.asyncIterator] !== "function" && typeof data?.[Symbol.iterator] !== "function")
        ? data
        : await joined(data, options);
    await (path instanceof FileHandle
      ? path.writeFile(whole, options)
      : later(() => sync.writeFileSync(path, whole, options), options?.signal));
  },
  constants,
};
for (const name of names)
  promises[name] = { [name]: (...values) => later(() => sync[`${name}Sync`](...values)) }[name];

/** What an iterable gives, as one Buffer. */
async function joined(iterable, options) {
  const parts = [];
  for await (const part of iterable)
    parts.push(typeof part === "string" ? Buffer.from(part, options?.encoding ?? options) : part);
  return Buffer.concat(parts);
}

export default promises;
