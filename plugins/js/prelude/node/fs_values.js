// The values of `node:fs`: constants, flags, Stats and Dirent. Follows
// https://nodejs.org/api/fs.html#common-objects.

import { codes } from "./errors.js";
import { join } from "./path.js";

export const constants = Object.freeze({
  __proto__: null,
  UV_FS_SYMLINK_DIR: 1,
  UV_FS_SYMLINK_JUNCTION: 2,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
  S_IFMT: 61440,
  S_IFREG: 32768,
  S_IFDIR: 16384,
  S_IFCHR: 8192,
  S_IFLNK: 40960,
  O_CREAT: 64,
  O_EXCL: 128,
  UV_FS_O_FILEMAP: 0,
  O_NOCTTY: 256,
  O_TRUNC: 512,
  O_APPEND: 1024,
  O_DIRECTORY: 65536,
  O_NOFOLLOW: 131072,
  O_SYNC: 1052672,
  O_NONBLOCK: 2048,
  S_IRWXU: 448,
  S_IRUSR: 256,
  S_IWUSR: 128,
  S_IXUSR: 64,
  S_IRWXG: 56,
  S_IRGRP: 32,
  S_IWGRP: 16,
  S_IXGRP: 8,
  S_IRWXO: 7,
  S_IROTH: 4,
  S_IWOTH: 2,
  S_IXOTH: 1,
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  UV_FS_COPYFILE_EXCL: 1,
  COPYFILE_EXCL: 1,
  UV_FS_COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_FICLONE_FORCE: 4,
  COPYFILE_FICLONE_FORCE: 4,
});

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC } = constants;
const written = O_CREAT | O_WRONLY;
const readWritten = O_CREAT | O_RDWR;
const flags = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  "r+": O_RDWR,
  "rs+": O_RDWR | O_SYNC,
  "sr+": O_RDWR | O_SYNC,
  w: written | O_TRUNC,
  wx: written | O_TRUNC | O_EXCL,
  xw: written | O_TRUNC | O_EXCL,
  "w+": readWritten | O_TRUNC,
  "wx+": readWritten | O_TRUNC | O_EXCL,
  "xw+": readWritten | O_TRUNC | O_EXCL,
  a: written | O_APPEND,
  ax: written | O_APPEND | O_EXCL,
  xa: written | O_APPEND | O_EXCL,
  as: written | O_APPEND | O_SYNC,
  "a+": readWritten | O_APPEND,
  "ax+": readWritten | O_APPEND | O_EXCL,
  "xa+": readWritten | O_APPEND | O_EXCL,
};

/** `"w"` → the numbers of Linux. */
export function flagsOf(flag, name = "flags") {
  if (typeof flag === "number") return flag;
  if (flag === undefined || flag === null) return O_RDONLY;
  if (!Object.hasOwn(flags, flag)) throw new codes.ERR_INVALID_ARG_VALUE(name, flag);
  return flags[flag];
}

const kindBits = {
  file: constants.S_IFREG,
  folder: constants.S_IFDIR,
  link: constants.S_IFLNK,
  other: constants.S_IFCHR,
};
const times = ["atime", "mtime", "ctime", "birthtime"];

/** Shared by Stats and BigIntStats: what kind of thing it is. */
function addKinds(prototype) {
  const test = (bits) =>
    function () {
      return (Number(this.mode) & constants.S_IFMT) === bits;
    };
  const kinds = {
    isFile: kindBits.file,
    isDirectory: kindBits.folder,
    isSymbolicLink: kindBits.link,
    isCharacterDevice: kindBits.other,
    isBlockDevice: 24576,
    isFIFO: 4096,
    isSocket: 49152,
  };
  for (const [name, bits] of Object.entries(kinds)) {
    Object.defineProperty(prototype, name, {
      value: test(bits),
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
  // Dates are made when asked for: most programs look at the size only.
  for (const name of times) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      configurable: true,
      get() {
        const date = new Date(Math.round(Number(this[`${name}Ms`])));
        Object.defineProperty(this, name, { value: date, writable: true, configurable: true });
        return date;
      },
    });
  }
}

function fill(
  stats,
  [kind, size, accessed, modified, changed, created, mode, inode, links, device],
  convert,
) {
  const numbers = {
    dev: device,
    mode: mode | kindBits[kind],
    nlink: links,
    uid: 1000,
    gid: 1000,
    rdev: 0,
    blksize: 4096,
    ino: inode,
    size,
    blocks: Math.ceil(size / 512),
    atimeMs: accessed,
    mtimeMs: modified,
    ctimeMs: changed,
    birthtimeMs: created,
  };
  for (const [name, value] of Object.entries(numbers)) stats[name] = convert(value);
}

export class Stats {
  constructor(state) {
    if (state !== undefined) fill(this, state, (value) => value);
  }
}
addKinds(Stats.prototype);

class BigIntStats {
  constructor(state) {
    fill(this, state, (value) => BigInt(Math.trunc(value)));
    for (const name of times) this[`${name}Ns`] = BigInt(Math.round(state[2 + times.indexOf(name)] * 1e6));
  }
}
addKinds(BigIntStats.prototype);

export const statsOf = (state, options) => (options?.bigint ? new BigIntStats(state) : new Stats(state));

export class Dirent {
  #kind;

  constructor(name, parentPath, kind) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#kind = kind;
  }

  isFile() {
    return this.#kind === "file";
  }

  isDirectory() {
    return this.#kind === "folder";
  }

  isSymbolicLink() {
    return this.#kind === "link";
  }

  isCharacterDevice() {
    return this.#kind === "other";
  }

  isBlockDevice() {
    return false;
  }

  isFIFO() {
    return false;
  }

  isSocket() {
    return false;
  }
}

/** The path of an entry within the folder that was read. */
export const entryPath = (entry) => join(entry.parentPath, entry.name);
