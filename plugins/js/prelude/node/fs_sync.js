// The functions of `node:fs` that answer at once; the others in fs.js and fs_promises.js call these.
// Follows https://nodejs.org/api/fs.html#synchronous-api. Those on descriptors are in fs_descriptors.js.

import { host } from "lily:host";
import { Buffer } from "./buffer.js";
import { systemError } from "./errors.js";
import { call, dataBytes, encoded, nameAs, nullChecked, onPath, optionsOf } from "./fs_call.js";
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeAll } from "./fs_descriptors.js";
import { constants, Dirent, entryPath, statsOf } from "./fs_values.js";
import { join, resolve } from "./path.js";
import { pathText } from "./url.js";

export * from "./fs_descriptors.js";

const { O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants;

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
    return encoded(
      onPath("open", path, (at) => host.readFile(at)),
      options,
    );
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
  call(
    "copyfile",
    () => {
      const bytes = host.readFile(resolve(source));
      const flags = O_CREAT | O_WRONLY | O_TRUNC | (mode & constants.COPYFILE_EXCL ? O_EXCL : 0);
      const handle = host.openFile(resolve(target), flags, host.statFile(resolve(source), true)[6]);
      try {
        for (let at = 0; at < bytes.length;) at += host.writeAt(handle, bytes.subarray(at), -1);
      } finally {
        host.closeFile(handle);
      }
    },
    source,
    target,
  );
}

// ---- what is there ----

function statWith(syscall, follow) {
  return (path, options = {}) => {
    try {
      return statsOf(
        onPath(syscall, path, (at) => host.statFile(at, follow)),
        options,
      );
    } catch (error) {
      if (options?.throwIfNoEntry === false && (error.code === "ENOENT" || error.code === "ENOTDIR"))
        return undefined;
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
  return found.map((entry) =>
    nameAs(recursive ? entryPath(entry).slice(text === "." ? 0 : base) : entry.name, options),
  );
}

// ---- changes ----

export function mkdirSync(path, options) {
  const { recursive = false, mode = 0o777 } =
    typeof options === "object" && options !== null ? options : { mode: options };
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
    if (state !== undefined)
      throw systemError(folder === resolve(pathText(path)) ? "EEXIST" : "ENOTDIR", "mkdir", pathText(path));
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
    throw Object.assign(
      new Error(`Path is a directory: rm returned EISDIR (is a directory) ${pathText(path)}`),
      {
        code: "ERR_FS_EISDIR",
        name: "SystemError",
        errno: 21,
        syscall: "rm",
        path: pathText(path),
      },
    );
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

export const readlinkSync = (path, options) =>
  nameAs(
    onPath("readlink", path, (at) => host.readLink(at)),
    options,
  );

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
      rest = resolve(real || "/", host.readLink(next))
        .split("/")
        .filter(Boolean)
        .concat(rest);
      real = "";
    }
  }
  return nameAs(real || "/", options);
}
realpathSync.native = realpathSync;

const milliseconds = (time) =>
  time instanceof Date ? time.getTime() : typeof time === "string" ? Number(time) * 1000 : time * 1000;

export const utimesSync = (path, atime, mtime) =>
  onPath("utime", path, (at) => host.setFileTimes(at, milliseconds(atime), milliseconds(mtime)));
export const chmodSync = (path, mode) =>
  onPath("chmod", path, (at) => host.changeMode(at, typeof mode === "string" ? parseInt(mode, 8) : mode));
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
      throw Object.assign(
        new Error(
          `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${source} is a directory (not copied)) ${target}`,
        ),
        { code: "ERR_FS_EISDIR", name: "SystemError" },
      );
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
