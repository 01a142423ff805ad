// The double's part for the node: modules: the program's surroundings, and files under a folder of the machine.
//   const lily = await load({ parts: [nodeHost] });   lily.folder is the folder that the program sees as "/"

import { AsyncLocalStorage } from "node:async_hooks";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function kindOf(entry) {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

function state(found) {
  return [
    kindOf(found), found.size, found.atimeMs, found.mtimeMs, found.ctimeMs, found.birthtimeMs, found.mode & 0o7777,
    found.ino, found.nlink, found.dev,
  ];
}

/** The functions, with the failures of Node's as their bare names. */
function failing(table) {
  const wrapped = {};
  for (const [name, work] of Object.entries(table)) {
    wrapped[name] = (...parameters) => {
      try {
        return work(...parameters);
      } catch (error) {
        throw new Error(error.code ?? error.message);
      }
    };
  }
  return wrapped;
}

export function nodeHost(lily) {
  const context = new AsyncLocalStorage();
  lily.folder = fs.mkdtempSync(join(tmpdir(), "lily-fs-"));
  process.on("exit", () => fs.rmSync(lily.folder, { recursive: true, force: true }));
  const at = (path) => join(lily.folder, path);
  const position = (place) => (place < 0 ? null : place);
  const files = failing({
    readFile: (path) => fs.readFileSync(at(path)),
    openFile: (path, flags, mode) => fs.openSync(at(path), flags, mode),
    closeFile: (file) => fs.closeSync(file),
    readAt: (file, into, place) => fs.readSync(file, into, 0, into.length, position(place)),
    writeAt: (file, bytes, place) => fs.writeSync(file, bytes, 0, bytes.length, position(place)),
    truncateFile: (file, size) => fs.ftruncateSync(file, size),
    syncFile: (file) => fs.fsyncSync(file),
    statHandle: (file) => state(fs.fstatSync(file)),
    statFile: (path, follow) => state(follow ? fs.statSync(at(path)) : fs.lstatSync(at(path))),
    readFolder: (path) => fs.readdirSync(at(path), { withFileTypes: true })
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => [entry.name, kindOf(entry)]),
    makeFolder: (path, mode) => fs.mkdirSync(at(path), mode),
    removeFile: (path) => fs.unlinkSync(at(path)),
    removeFolder: (path) => fs.rmdirSync(at(path)),
    renameFile: (from, to) => fs.renameSync(at(from), at(to)),
    linkFile: (from, to) => fs.linkSync(at(from), at(to)),
    linkSymbolically: (target, path) => fs.symlinkSync(target, at(path)),
    readLink: (path) => fs.readlinkSync(at(path)),
    setFileTimes: (path, accessed, modified) => fs.utimesSync(at(path), accessed / 1000, modified / 1000),
    changeMode: (path, mode) => fs.chmodSync(at(path), mode),
  });
  return {
    ...files,
    printBytes: (stream, bytes) => void lily.output.push([stream, Buffer.from(bytes).toString()]),
    standardInput() {
      throw new Error("the double has no standard input");
    },
    currentDirectory: () => "/",
    runScript: (text, name) => lily.run(text, name),
    memory: () => 64 * 1024 * 1024,
    tick: () => process.nextTick(() => lily.hooks.ticks()),
    asyncContext: () => context.getStore(),
    setAsyncContext: (mapping) => context.enterWith(mapping),
  };
}
