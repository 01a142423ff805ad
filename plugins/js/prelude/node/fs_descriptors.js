// The functions of `node:fs` on open files, named by a descriptor. Follows
// https://nodejs.org/api/fs.html#synchronous-api.

import { host } from "lily:host";
import { Buffer } from "./buffer.js";
import { codes } from "./errors.js";
import { call, dataBytes, onPath } from "./fs_call.js";
import { flagsOf, statsOf } from "./fs_values.js";
import { isArrayBufferView } from "./types.js";
import { validateInteger } from "./validate.js";

const { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } = codes;

/** Node's numbers begin after the standard streams. */
const descriptors = new Map();

function handleOf(fd) {
  validateInteger(fd, "fd", 0, 2147483647);
  return descriptors.get(fd);
}

function onHandle(syscall, fd, work) {
  const handle = handleOf(fd);
  return call(syscall, () => {
    if (handle === undefined) throw new Error("EBADF");
    return work(handle);
  });
}

export function openSync(path, flags, mode = 0o666) {
  const numbers = flagsOf(flags);
  const handle = onPath("open", path, (at) =>
    host.openFile(at, numbers, typeof mode === "string" ? parseInt(mode, 8) : mode),
  );
  let fd = 3;
  while (descriptors.has(fd)) fd += 1;
  descriptors.set(fd, handle);
  return fd;
}

export function closeSync(fd) {
  onHandle("close", fd, (handle) => host.closeFile(handle));
  descriptors.delete(fd);
}

export function readSync(fd, buffer, offsetOrOptions, length, position) {
  if (!isArrayBufferView(buffer))
    throw new ERR_INVALID_ARG_TYPE("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  let offset = offsetOrOptions ?? 0;
  if (typeof offset === "object")
    ({ offset = 0, length = buffer.byteLength - offset, position = null } = offsetOrOptions);
  validateInteger(offset, "offset", 0);
  length ??= buffer.byteLength - offset;
  if (length > buffer.byteLength - offset)
    throw new ERR_OUT_OF_RANGE("length", `<= ${buffer.byteLength - offset}`, length);
  const into = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
  if (length === 0) return 0;
  return onHandle("read", fd, (handle) =>
    host.readAt(handle, into, position === null || position === undefined ? -1 : Number(position)),
  );
}

export function writeSync(fd, data, offsetOrOptions, length, position) {
  if (typeof data === "string") {
    const bytes = Buffer.from(data, length);
    return writeBytes(fd, bytes, offsetOrOptions);
  }
  const bytes = dataBytes(data);
  let offset = offsetOrOptions ?? 0;
  if (typeof offset === "object") ({ offset = 0, length, position } = offsetOrOptions);
  return writeBytes(
    fd,
    bytes.subarray(offset, length === undefined || length === null ? undefined : offset + length),
    position,
  );
}

function writeBytes(fd, bytes, position) {
  if (fd === 1 || fd === 2) {
    host.printBytes(fd, bytes);
    return bytes.length;
  }
  return onHandle("write", fd, (handle) =>
    host.writeAt(handle, bytes, typeof position === "number" ? position : -1),
  );
}

/** Writes all of the bytes, in as many calls as it takes. */
export function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length;) at += writeBytes(fd, bytes.subarray(at));
}

export const fstatSync = (fd, options) =>
  statsOf(
    onHandle("fstat", fd, (handle) => host.statHandle(handle)),
    options,
  );
export const ftruncateSync = (fd, length = 0) =>
  onHandle("ftruncate", fd, (handle) => host.truncateFile(handle, Math.max(0, length ?? 0)));
export const fsyncSync = (fd) => onHandle("fsync", fd, (handle) => host.syncFile(handle));
export const fdatasyncSync = fsyncSync;

export const readvSync = (fd, buffers, position) =>
  eachPart(buffers, position, (buffer, place) => readSync(fd, buffer, 0, buffer.byteLength, place));
export const writevSync = (fd, buffers, position) =>
  eachPart(buffers, position, (buffer, place) => writeSync(fd, buffer, 0, buffer.byteLength, place));

function eachPart(buffers, position, work) {
  let total = 0;
  for (const buffer of buffers) {
    const count = work(buffer, typeof position === "number" ? position + total : null);
    total += count;
    if (count < buffer.byteLength) break;
  }
  return total;
}
