// `node:fs`: the functions of fs_sync.js, each also with a callback and as a promise (fs_promises.js),
// and streams (fs_streams.js). Follows https://nodejs.org/api/fs.html. The host answers at once; what
// is asynchronous here is told in a later turn of the loop, so that a program sees the order it knows.

import { capture } from "../async_context.js";
import { queueTask } from "../loop.js";
import { Buffer } from "./buffer.js";
import { codes } from "./errors.js";
import * as sync from "./fs_sync.js";
import { promises } from "./fs_promises.js";
import { createReadStream, createWriteStream, ReadStream, WriteStream } from "./fs_streams.js";
import { constants, Dirent, Stats } from "./fs_values.js";
import { promisify } from "./promisify.js";
import { Dir, opendirSync } from "./fs_dir.js";
import { validateFunction } from "./validate.js";

/** A function that throws or answers, as one that calls back in a later turn. */
function withCallback(work, name) {
  const called = function (...values) {
    const callback = values.pop();
    // A call without a callback has its path as the last argument.
    validateFunction(values.length === 0 && typeof callback !== "function" ? undefined : callback, "cb");
    const tell = capture(callback);
    let results;
    try {
      const answer = work(...values);
      results = answer === undefined ? [null] : [null, answer];
    } catch (error) {
      // What is wrong with the arguments is thrown at once, as in Node.
      if (error.syscall === undefined && /^ERR_(INVALID|OUT_OF)/.test(error.code ?? "")) throw error;
      results = [error];
    }
    queueTask(() => tell(...results));
  };
  return Object.defineProperty(called, "name", { value: name });
}

const fs = {};
for (const [name, work] of Object.entries(sync)) {
  if (!name.endsWith("Sync")) continue;
  fs[name] = work;
  const plain = name.slice(0, -4);
  if (plain !== "exists") fs[plain] = withCallback(work, plain);
}
fs.realpath.native = fs.realpath;

fs.exists = function exists(path, callback) {
  validateFunction(callback, "cb");
  const answer = sync.existsSync(path);
  const tell = capture(callback);
  queueTask(() => tell(answer));
};
Object.defineProperty(fs.exists, promisify.custom, { value: async (path) => sync.existsSync(path) });

// Their callbacks also get the buffer, and their promises an object.
for (const [name, count, what] of [
  ["read", "bytesRead", "buffer"],
  ["write", "bytesWritten", "buffer"],
  ["readv", "bytesRead", "buffers"],
  ["writev", "bytesWritten", "buffers"],
]) {
  const work = sync[`${name}Sync`];
  fs[name] = function (fd, ...values) {
    const callback = values.pop();
    validateFunction(callback, "cb");
    if (name === "read" && !ArrayBuffer.isView(values[0])) {
      const { buffer = Buffer.alloc(16384), ...rest } = values[0] ?? {};
      values = [buffer, rest];
    }
    const tell = capture(callback);
    let results;
    try {
      results = [null, work(fd, ...values), values[0]];
    } catch (error) {
      if (error.syscall === undefined) throw error;
      results = [error];
    }
    queueTask(() => tell(...results));
  };
  Object.defineProperty(fs[name], "name", { value: name });
  Object.defineProperty(fs[name], promisify.custom, {
    value: (fd, ...values) =>
      new Promise((resolve, reject) => {
        fs[name](fd, ...values, (error, amount, data) =>
          error ? reject(error) : resolve({ [count]: amount, [what]: data }),
        );
      }),
  });
}

function refused(name) {
  return () => {
    throw new codes.ERR_METHOD_REFUSED(
      `fs.${name}() is not available: what was granted to a program is not watched`,
    );
  };
}

Object.assign(fs, {
  opendirSync,
  opendir: withCallback(opendirSync, "opendir"),
  createReadStream,
  createWriteStream,
  ReadStream,
  WriteStream,
  FileReadStream: ReadStream,
  FileWriteStream: WriteStream,
  Dir,
  Dirent,
  Stats,
  constants,
  F_OK: constants.F_OK,
  R_OK: constants.R_OK,
  W_OK: constants.W_OK,
  X_OK: constants.X_OK,
  promises,
  openAsBlob: async (path, options) => new Blob([sync.readFileSync(path)], options),
  watch: refused("watch"),
  watchFile: refused("watchFile"),
  unwatchFile: () => {},
});

export default fs;
