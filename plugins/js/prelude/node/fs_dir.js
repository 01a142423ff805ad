// `fs.opendir` and its Dir: the entries of a folder one by one. Follows
// https://nodejs.org/api/fs.html#class-fsdir.

import { codes } from "./errors.js";
import { readdirSync } from "./fs_sync.js";
import { pathText } from "./url.js";

export class Dir {
  #entries;
  #path;
  #isClosed = false;

  constructor(path, entries) {
    this.#path = path;
    this.#entries = entries;
  }

  get path() {
    return this.#path;
  }

  readSync() {
    if (this.#isClosed) throw new codes.ERR_DIR_CLOSED();
    return this.#entries.shift() ?? null;
  }

  closeSync() {
    if (this.#isClosed) throw new codes.ERR_DIR_CLOSED();
    this.#isClosed = true;
  }

  async read() {
    return this.readSync();
  }

  async close() {
    this.closeSync();
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
    } finally {
      this.closeSync();
    }
  }
}

export function opendirSync(path, options) {
  return new Dir(pathText(path), readdirSync(path, { ...options, withFileTypes: true }));
}
