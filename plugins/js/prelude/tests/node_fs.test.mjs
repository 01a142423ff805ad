// node:fs under the prelude against Node's own, each in an empty folder; Node's errors are made to name the same paths.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { test } from "node:test";
import { both, sides } from "./node_same.mjs";

const setup = `const fs = require('fs'); const fsp = require('fs/promises'); const path = require('path'); const at = (p) => path.join(ROOT, p);
  const strip = (v) => JSON.parse(JSON.stringify(v ?? null).replaceAll(JSON.stringify(ROOT + '/').slice(1, -1), '/'));
  const fail = async (work) => { try { return ['fine', await work()]; } catch (e) { return strip({ name: e.name, message: e.message, code: e.code, errno: e.errno, syscall: e.syscall, path: e.path, dest: e.dest }); } };
  const cb = (name, ...args) => new Promise((r) => fs[name](...args, (...a) => r(a)));
  fs.writeFileSync(at('a.txt'), 'hello'); fs.mkdirSync(at('d')); fs.writeFileSync(at('d/b.json'), '{"b":1}')`;

const cases = [
  "fs.readFileSync(at('a.txt'))", "fs.readFileSync(at('a.txt'), 'utf8')", "fs.readFileSync(at('a.txt'), { encoding: 'hex' })", "fail(() => fs.readFileSync(at('nope')))", "fail(() => fs.readFileSync(at('d')))", "fail(() => fs.readFileSync(5.5))", "fail(() => fs.readFileSync({}))", "fail(() => fs.readFileSync(at('a\\0b')))", "fail(() => fs.readFileSync(at('a.txt/x')))",
  "fs.existsSync(at('a.txt')) && !fs.existsSync(at('x')) && !fs.existsSync() && !fs.existsSync({})", "fs.appendFileSync(at('a.txt'), ' you'); return fs.readFileSync(at('a.txt'), 'latin1')", "fs.writeFileSync(at('n'), new Uint8Array([1, 2])); return fs.readFileSync(at('n'))", "fs.writeFileSync(at('n'), 'ff00', 'hex'); return fs.readFileSync(at('n'))", "fail(() => fs.writeFileSync(at('a.txt'), 'x', { flag: 'wx' }))", "fail(() => fs.writeFileSync(at('no/x'), 'x'))", "fail(() => fs.writeFileSync(at('x'), 5))", "fail(() => fs.writeFileSync(at('x'), 'a', { flag: 'q' }))",
  "const s = fs.statSync(at('a.txt')); return [s.size, s.isFile(), s.isDirectory(), s.mtime instanceof Date, typeof s.mtimeMs, (s.mode & 0o777).toString(8), Object.keys(s).sort()]", "fs.statSync(at('d')).isDirectory()", "fail(() => fs.statSync(at('x')))", "fs.statSync(at('x'), { throwIfNoEntry: false })", "typeof fs.statSync(at('a.txt'), { bigint: true }).size", "fail(() => fs.lstatSync(at('x')))",
  "fs.readdirSync(ROOT)", "fs.readdirSync(ROOT, { withFileTypes: true }).map((e) => [e.name, e.isFile(), e.isDirectory()])", "fs.readdirSync(ROOT, { recursive: true }).sort()", "fail(() => fs.readdirSync(at('x')))", "fail(() => fs.readdirSync(at('a.txt')))", "fs.readdirSync(ROOT, 'buffer')",
  "fs.mkdirSync(at('p/q/r'), { recursive: true }) === at('p')", "fs.mkdirSync(at('d'), { recursive: true })", "fail(() => fs.mkdirSync(at('d')))", "fail(() => fs.mkdirSync(at('x/y')))", "fail(() => fs.rmdirSync(at('d')))", "fail(() => fs.rmdirSync(at('a.txt')))", "fail(() => fs.unlinkSync(at('x')))", "fs.unlinkSync(at('a.txt')); return fs.existsSync(at('a.txt'))", "fail(() => fs.rmSync(at('d')).code)", "fs.rmSync(at('d'), { recursive: true }); return fs.readdirSync(ROOT)", "fs.rmSync(at('x'), { force: true })", "fs.mkdtempSync(at('t-')).length === at('t-').length + 6",
  "fs.renameSync(at('a.txt'), at('c')); return fs.readdirSync(ROOT)", "fail(() => fs.renameSync(at('x'), at('y')))", "fs.copyFileSync(at('a.txt'), at('c')); return fs.readFileSync(at('c'), 'utf8')", "fail(() => fs.copyFileSync(at('a.txt'), at('d/b.json'), fs.constants.COPYFILE_EXCL))", "fail(() => fs.copyFileSync(at('x'), at('y')))", "fs.cpSync(at('d'), at('e'), { recursive: true }); return fs.readdirSync(at('e'))",
  "fs.symlinkSync('a.txt', at('l')); return [fs.readlinkSync(at('l')), fs.lstatSync(at('l')).isSymbolicLink(), fs.statSync(at('l')).isFile(), path.relative(ROOT, fs.realpathSync(at('l')))]", "fail(() => fs.readlinkSync(at('a.txt')))", "fail(() => fs.realpathSync(at('x')))", "fs.linkSync(at('a.txt'), at('l')); return fs.statSync(at('l')).nlink", "fs.truncateSync(at('a.txt'), 2); return fs.readFileSync(at('a.txt'), 'utf8')", "fs.utimesSync(at('a.txt'), 10, new Date(20000)); return fs.statSync(at('a.txt')).mtime.toISOString()", "fs.chmodSync(at('a.txt'), 0o600); return (fs.statSync(at('a.txt')).mode & 0o777)", "fs.accessSync(at('a.txt'))", "fail(() => fs.accessSync(at('x')))",
  "const fd = fs.openSync(at('a.txt'), 'r+'); const b = Buffer.alloc(3); const out = [fs.readSync(fd, b), b.toString(), fs.readSync(fd, b, 0, 2, 0), b.toString(), fs.writeSync(fd, 'XY', 1), fs.fstatSync(fd).size]; fs.ftruncateSync(fd, 4); fs.fsyncSync(fd); fs.closeSync(fd); return [out, fs.readFileSync(at('a.txt'), 'utf8')]", "fail(() => fs.openSync(at('x')))", "fail(() => fs.closeSync(999))", "fail(() => fs.readSync(999, Buffer.alloc(1)))", "fail(() => fs.openSync(at('x'), 'zz'))", "const fd = fs.openSync(at('a.txt')); try { return fs.readFileSync(fd, 'utf8') } finally { fs.closeSync(fd) }", "const fd = fs.openSync(at('w'), 'w'); fs.writeSync(fd, Buffer.from('abcdef'), 2, 3); fs.writevSync(fd, [Buffer.from('1'), Buffer.from('2')]); fs.closeSync(fd); return fs.readFileSync(at('w'), 'utf8')",
  "cb('readFile', at('a.txt'), 'utf8')", "cb('readFile', at('x')).then(([e, ...r]) => [strip(e.message), e.code, r])", "cb('writeFile', at('z'), 'q')", "cb('stat', at('a.txt')).then(([e, s]) => [e, s.size])", "new Promise((r) => fs.exists(at('a.txt'), (...a) => r(a)))", "fail(() => fs.readFile(at('a.txt')))", "fail(() => fs.readFile(at('a.txt'), 'utf8', 'x'))", "cb('mkdir', at('d'))  .then(([e]) => e.code)", "cb('readdir', at('d'))", "cb('access', at('a.txt'))", "return new Promise((r) => { const b = Buffer.alloc(5); fs.open(at('a.txt'), 'r', (e, fd) => fs.read(fd, b, 0, 5, 0, (...a) => { fs.closeSync(fd); r(a); })); })", "require('util').promisify(fs.readFile)(at('a.txt'), 'utf8')", "require('util').promisify(fs.exists)(at('a.txt'))",
  "fsp.readFile(at('a.txt'), 'utf8')", "fail(() => fsp.readFile(at('x')))", "fail(() => fsp.stat(at('x')))", "fsp.readFile(at('a.txt'), { signal: AbortSignal.abort() })", "fsp.writeFile(at('k'), 'v').then(() => fsp.readFile(at('k'), 'latin1'))", "return fsp.writeFile(at('k'), (async function* () { yield 'a'; yield 'b'; })()).then(() => fsp.readFile(at('k'), 'latin1'))", "fsp.readdir(ROOT)", "fsp.mkdir(at('m/n'), { recursive: true }).then((p) => p === at('m'))", "fsp.rm(at('d'), { recursive: true }).then(() => fsp.access(at('d'))).catch((e) => e.code)", "const h = await fsp.open(at('a.txt'), 'r+'); const out = [typeof h.fd, (await h.stat()).size, await h.readFile('utf8'), (await h.write('Z', 0)).bytesWritten, (await h.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString()]; await h.close(); return out", "const out = []; const h = await fsp.open(at('a.txt')); for await (const line of h.readLines()) out.push(line); return out", "const d = await fsp.opendir(ROOT); const out = []; for await (const e of d) out.push(e.name); return out.sort()",
  "const out = []; for await (const c of fs.createReadStream(at('a.txt'), { encoding: 'utf8', highWaterMark: 2 })) out.push(c); return out", "const out = []; for await (const c of fs.createReadStream(at('a.txt'), { start: 1, end: 3 })) out.push(c); return out", "new Promise((r) => fs.createReadStream(at('x')).on('error', (e) => r([e.code, strip(e.path)])))", "const w = fs.createWriteStream(at('o')); w.write('one '); w.end('two'); await require('stream/promises').finished(w); return [fs.readFileSync(at('o'), 'utf8'), w.bytesWritten]", "await require('stream/promises').pipeline(fs.createReadStream(at('a.txt')), require('zlib').createGzip(), require('zlib').createGunzip(), fs.createWriteStream(at('g'))); return fs.readFileSync(at('g'), 'utf8')", "const w = fs.createWriteStream(at('a.txt'), { flags: 'a' }); w.end('!'); await require('stream/promises').finished(w); return fs.readFileSync(at('a.txt'), 'utf8')",
  "fs.readFileSync(new URL('file://' + at('a.txt')), 'utf8')", "fs.readFileSync(Buffer.from(at('a.txt')), 'utf8')", "fs.promises === fsp && fs.constants.O_CREAT", "Object.keys(fsp).sort().filter((k) => !['glob', 'statfs', 'watch', 'lchmod', 'lutimes'].includes(k))",
];

test("fs", async () => {
  const lily = await sides();
  const failures = [];
  let count = 0;
  for (const text of cases) {
    const folder = mkdtempSync(join(tmpdir(), "lily-fs-node-"));
    const name = `/case${(count += 1)}`;
    lily.context.ROOT = name;
    globalThis.ROOT = folder;
    await lily.run(`require("fs").mkdirSync(${JSON.stringify(name)})`);
    const [ours, nodes] = await both(lily, setup, text);
    if (ours !== nodes) failures.push(`${text}\n  lily: ${ours}\n  node: ${nodes}`);
    rmSync(folder, { recursive: true });
  }
  assert.equal(failures.length, 0, `${failures.length} of ${cases.length} differ:\n${failures.join("\n")}`);
});
