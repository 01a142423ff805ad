// The functions of `node:fs` that answer at once; the others in fs.js and fs_promises.js call these.
// Follows https://nodejs.org/api/fs.html#synchronous-api. Paths reach the host absolute and without dots.

import { host } from "lily:host";
import { asBuffer, Buffer } from "./buffer.js";
import { codes, systemError } from "./errors.js";
import { constants, Dirent, entryPath, flagsOf, statsOf } from "./fs_values.js";
import { join, resolve } from "./path.js";
import { pathText } from "./url.js";
import { isArrayBufferView } from "./types.js";
import { bytesOf, validateInteger } from "./validate.js";

const { ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE } = codes;
const { O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants;

function nullChecked(path, name) {
  const text = pathText(path, name);
  if (text.includes("\0")) throw new ERR_INVALID_ARG_VALUE(name ?? "path", path, "must be a string, Uint8Array, or URL without null bytes");
  return text;
}

/** Calls the host; its failure becomes Node's error for this call and these paths. */
function call(syscall, work, path, dest) {
  try {
    return work();
  } catch (failure) {
    const name = typeof failure === "string" ? failure : failure?.message;
    if (!/^E[A-Z0-9]+$/.test(name)) throw failure;
    throw systemError(name, syscall, path, dest);
  }
}

function onPath(syscall, path, work, name) {
  const text = nullChecked(path, name);
  return call(syscall, () => work(resolve(text)), text);
}

const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding);
const optionsOf = (options) => (typeof options === "string" ? { encoding: options } : options ?? {});

/** Bytes as the caller wants them: a Buffer, or a text of that encoding. */
export function encoded(bytes, options) {
  const encoding = encodingOf(options);
  const buffer = asBuffer(bytes);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

function nameAs(text, options) {
  const encoding = encodingOf(options);
  if (!encoding || encoding === "utf8" || encoding === "utf-8") return text;
  return encoding === "buffer" ? Buffer.from(text) : Buffer.from(text).toString(encoding);
}

function dataBytes(data, encoding) {
  if (typeof data === "string") return Buffer.from(data, encoding);
  if (!isArrayBufferView(data)) throw new ERR_INVALID_ARG_TYPE("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  return bytesOf(data);
}

// ---- descriptors ----

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
  const handle = onPath("open", path, (at) => host.openFile(at, numbers, typeof mode === "string" ? parseInt(mode, 8) : mode));
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
  if (!isArrayBufferView(buffer)) throw new ERR_INVALID_ARG_TYPE("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  let offset = offsetOrOptions ?? 0;
  if (typeof offset === "object") ({ offset = 0, length = buffer.byteLength - offset, position = null } = offsetOrOptions);
  validateInteger(offset, "offset", 0);
  length ??= buffer.byteLength - offset;
  if (length > buffer.byteLength - offset) throw new ERR_OUT_OF_RANGE("length", `<= ${buffer.byteLength - offset}`, length);
  const into = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
  if (length === 0) return 0;
  return onHandle("read", fd, (handle) => host.readAt(handle, into, position === null || position === undefined ? -1 : Number(position)));
}

export function writeSync(fd, data, offsetOrOptions, length, position) {
  if (typeof data === "string") {
    const bytes = Buffer.from(data, length);
    return writeBytes(fd, bytes, offsetOrOptions);
  }
  const bytes = dataBytes(data);
  let offset = offsetOrOptions ?? 0;
  if (typeof offset === "object") ({ offset = 0, length, position } = offsetOrOptions);
  return writeBytes(fd, bytes.subarray(offset, length === undefined || length === null ? undefined : offset + length), position);
}

function writeBytes(fd, bytes, position) {
  if (fd === 1 || fd === 2) {
    host.printBytes(fd, bytes);
    return bytes.length;
  }
  return onHandle("write", fd, (handle) => host.writeAt(handle, bytes, typeof position === "number" ? position : -1));
}

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length;) at += writeBytes(fd, bytes.subarray(at));
}

export const fstatSync = (fd, options) => statsOf(onHandle("fstat", fd, (handle) => host.statHandle(handle)), options);
export const ftruncateSync = (fd, length = 0) => onHandle("ftruncate", fd, (handle) => host.truncateFile(handle, Math.max(0, length ?? 0)));
export const fsyncSync = (fd) => onHandle("fsync", fd, (handle) => host.syncFile(handle));
export const fdatasyncSync = fsyncSync;

export const readvSync = (fd, buffers, position) => eachPart(buffers, position, (buffer, place) => readSync(fd, buffer, 0, buffer.byteLength, place));
export const writevSync = (fd, buffers, position) => eachPart(buffers, position, (buffer, place) => writeSync(fd, buffer, 0, buffer.byteLength, place));

function eachPart(buffers, position, work) {
  let total = 0;
  for (const buffer of buffers) {
    const count = work(buffer, typeof position === "number" ? position + total : null);
    total += count;
    if (count < buffer.byteLength) break;
  }
  return total;
}

// ---- whole files ----

function readDescriptor(fd) {
  const parts = [];
  for (;;) {
    const part = Buffer.alloc(64 * 1024);
    const count = readSync(fd, part);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
  }
}

const isDescriptor = (path) => Number.isInteger(path) && path >= 0;

export function readFileSync(path, options) {
  if (isDescriptor(path)) return encoded(readDescriptor(path), options);
  // A folder can be opened but not read: then Node names no path.
  try {
    return encoded(onPath("open", path, (at) => host.readFile(at)), options);
  } catch (error) {
    throw error.code === "EISDIR" ? systemError("EISDIR", "read") : error;
  }
}

export function writeFileSync(path, data, options) {
  const { encoding = "utf8", mode = 0o666, flag = "w", flush } = optionsOf(options);
  const bytes = dataBytes(data, encoding);
  const fd = isDescriptor(path) ? path : openSync(path, flag, mode);
  try {
    writeAll(fd, bytes);
    if (flush) fsyncSync(fd);
  } finally {
    if (fd !== path) closeSync(fd);
  }
}

export function appendFileSync(path, data, options) {
  writeFileSync(path, data, { ...optionsOf(options), flag: optionsOf(options).flag ?? "a" });
}

export function truncateSync(path, length) {
  const fd = openSync(path, "r+");
  try {
    ftruncateSync(fd, length);
  } finally {
    closeSync(fd);
  }
}

export function copyFileSync(from, to, mode = 0) {
  const source = nullChecked(from, "src");
  const target = nullChecked(to, "dest");
  call("copyfile", () => {
    const bytes = host.readFile(resolve(source));
    const flags = O_CREAT | O_WRONLY | O_TRUNC | (mode & constants.COPYFILE_EXCL ? O_EXCL : 0);
    const handle = host.openFile(resolve(target), flags, host.statFile(resolve(source), true)[6]);
    try {
      for (let at = 0; at < bytes.length;) at += host.writeAt(handle, bytes.subarray(at), -1);
    } finally {
      host.closeFile(handle);
    }
  }, source, target);
}

// ---- what is there ----

function statWith(syscall, follow) {
  return (path, options = {}) => {
    try {
      return statsOf(onPath(syscall, path, (at) => host.statFile(at, follow)), options);
    } catch (error) {
      if (options?.throwIfNoEntry === false && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw error;
    }
  };
}

export const statSync = statWith("stat", true);
export const lstatSync = statWith("lstat", false);

export function existsSync(path) {
  try {
    return onPath("access", path, (at) => host.statFile(at, true)) !== undefined;
  } catch {
    return false;
  }
}

export function accessSync(path, mode = constants.F_OK) {
  const [, , , , , , bits] = onPath("access", path, (at) => host.statFile(at, true));
  // The owner's bits: a program is the owner of what it was granted.
  if ((mode & 7 & ~((bits >> 6) & 7)) !== 0) throw systemError("EACCES", "access", pathText(path));
}

function entries(path, text) {
  const flat = onPath("scandir", path, (at) => host.readFolder(at));
  const found = [];
  for (let at = 0; at < flat.length; at += 2) found.push(new Dirent(flat[at], text, flat[at + 1]));
  return found;
}

export function readdirSync(path, options) {
  const { withFileTypes, recursive } = optionsOf(options);
  const text = pathText(path);
  const found = entries(path, text);
  if (recursive) {
    for (let at = 0; at < found.length; at += 1) {
      if (found[at].isDirectory()) found.push(...entries(entryPath(found[at]), entryPath(found[at])));
    }
  }
  if (withFileTypes) return found;
  const base = join(text, "/").length;
  return found.map((entry) => nameAs(recursive ? entryPath(entry).slice(text === "." ? 0 : base) : entry.name, options));
}

// ---- changes ----

export function mkdirSync(path, options) {
  const { recursive = false, mode = 0o777 } = typeof options === "object" && options !== null ? options : { mode: options };
  const bits = typeof mode === "string" ? parseInt(mode, 8) : mode;
  if (!recursive) {
    onPath("mkdir", path, (at) => host.makeFolder(at, bits));
    return undefined;
  }
  let first;
  let folder = "";
  for (const part of resolve(nullChecked(path)).split("/").slice(1)) {
    folder += `/${part}`;
    const state = statSync(folder, { throwIfNoEntry: false });
    if (state?.isDirectory()) continue;
    if (state !== undefined) throw systemError(folder === resolve(pathText(path)) ? "EEXIST" : "ENOTDIR", "mkdir", pathText(path));
    call("mkdir", () => host.makeFolder(folder, bits), pathText(path));
    first ??= folder;
  }
  return first;
}

export function mkdtempSync(prefix, options) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const random = new Uint8Array(6);
  host.random(random);
  const path = `${pathText(prefix, "prefix")}${Array.from(random, (byte) => letters[byte % letters.length]).join("")}`;
  onPath("mkdtemp", path, (at) => host.makeFolder(at, 0o700));
  return nameAs(path, options);
}

export const unlinkSync = (path) => onPath("unlink", path, (at) => host.removeFile(at));

export function rmdirSync(path, options) {
  if (options?.recursive) rmSync(path, { recursive: true });
  else onPath("rmdir", path, (at) => host.removeFolder(at));
}

export function rmSync(path, options = {}) {
  const state = lstatSync(path, { throwIfNoEntry: false });
  if (state === undefined) {
    if (options.force) return;
    throw systemError("ENOENT", "rm", pathText(path));
  }
  if (!state.isDirectory()) {
    onPath("rm", path, (at) => host.removeFile(at));
    return;
  }
  if (!options.recursive) {
    throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${pathText(path)}`), {
      code: "ERR_FS_EISDIR", name: "SystemError", errno: 21, syscall: "rm", path: pathText(path),
    });
  }
  for (const entry of entries(path, pathText(path))) rmSync(entryPath(entry), options);
  onPath("rm", path, (at) => host.removeFolder(at));
}

export function renameSync(from, to) {
  const source = nullChecked(from, "oldPath");
  const target = nullChecked(to, "newPath");
  call("rename", () => host.renameFile(resolve(source), resolve(target)), source, target);
}

export function linkSync(from, to) {
  const source = nullChecked(from, "existingPath");
  const target = nullChecked(to, "newPath");
  call("link", () => host.linkFile(resolve(source), resolve(target)), source, target);
}

export function symlinkSync(target, path) {
  const to = nullChecked(target, "target");
  const at = nullChecked(path);
  call("symlink", () => host.linkSymbolically(to, resolve(at)), to, at);
}

export const readlinkSync = (path, options) => nameAs(onPath("readlink", path, (at) => host.readLink(at)), options);

export function realpathSync(path, options) {
  const text = nullChecked(path);
  let rest = resolve(text).split("/").filter(Boolean);
  let real = "";
  // As many links as Linux follows.
  for (let links = 0; rest.length > 0;) {
    const next = `${real}/${rest[0]}`;
    const state = call("lstat", () => host.statFile(next, false), text);
    rest = rest.slice(1);
    if (state[0] !== "link") real = next;
    else {
      if ((links += 1) > 40) throw systemError("ELOOP", "realpath", text);
      rest = resolve(real || "/", host.readLink(next)).split("/").filter(Boolean).concat(rest);
      real = "";
    }
  }
  return nameAs(real || "/", options);
}
realpathSync.native = realpathSync;

const milliseconds = (time) => (time instanceof Date ? time.getTime() : typeof time === "string" ? Number(time) * 1000 : time * 1000);

export const utimesSync = (path, atime, mtime) => onPath("utime", path, (at) => host.setFileTimes(at, milliseconds(atime), milliseconds(mtime)));
export const chmodSync = (path, mode) => onPath("chmod", path, (at) => host.changeMode(at, typeof mode === "string" ? parseInt(mode, 8) : mode));
/** There is one user: what belongs to it stays so. */
export const chownSync = (path) => void onPath("chown", path, (at) => host.statFile(at, true));
export const lchownSync = (path) => void onPath("lchown", path, (at) => host.statFile(at, false));

export function cpSync(from, to, options = {}) {
  const source = pathText(from, "src");
  const target = pathText(to, "dest");
  if (options.filter && !options.filter(source, target)) return;
  const state = options.dereference ? statSync(source) : lstatSync(source);
  if (state.isDirectory()) {
    if (!options.recursive) {
      throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${source} is a directory (not copied)) ${target}`), { code: "ERR_FS_EISDIR", name: "SystemError" });
    }
    mkdirSync(target, { recursive: true });
    for (const entry of entries(source, source)) cpSync(entryPath(entry), join(target, entry.name), options);
    return;
  }
  mkdirSync(join(target, ".."), { recursive: true });
  if (existsSync(target) && options.force === false) {
    if (options.errorOnExist) throw systemError("EEXIST", "cp", target);
    return;
  }
  if (state.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
  else copyFileSync(source, target, options.mode);
}

