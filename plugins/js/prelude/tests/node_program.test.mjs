// Programs whose output under the prelude is Node's: order of ticks, promises, timers and immediates; streams; process.
// The expected lines are what Node itself prints for the same text.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const programs = {
  "ticks and promises of a module": `
    setImmediate(() => console.log("immediate"));
    setTimeout(() => console.log("timeout"), 20);
    process.nextTick(() => console.log("tick"));
    Promise.resolve().then(() => console.log("job")).then(() => console.log("job 2"));
    queueMicrotask(() => console.log("microtask"));
    console.log("sync");`,
  "ticks between timers": `
    setTimeout(() => { console.log("a"); Promise.resolve().then(() => console.log("a job")); process.nextTick(() => console.log("a tick")); }, 1);
    setTimeout(() => { console.log("b"); process.nextTick(() => { console.log("b tick"); Promise.resolve().then(() => { console.log("b job"); process.nextTick(console.log, "b tick", 2); }); }); }, 1);`,
  "ticks within jobs": `
    await null;
    process.nextTick(() => console.log("tick"));
    Promise.resolve().then(() => { console.log("job"); process.nextTick(() => console.log("tick 2")); Promise.resolve().then(() => console.log("job 2")); });
    await new Promise((resolve) => setTimeout(resolve, 2));
    console.log("end");`,
  "immediates and timers": `
    import { setTimeout as sleep, setImmediate as immediate, setInterval as every } from "node:timers/promises";
    console.log(await sleep(1, "slept"), await immediate("now"));
    let n = 0;
    for await (const v of every(1, "x")) { console.log(v, ++n); if (n === 3) break; }
    await sleep(5, 0, { signal: AbortSignal.abort() }).catch((e) => console.log(e.name, e.code));
    const c = new AbortController(); setTimeout(() => c.abort(new Error("why")), 1);
    await sleep(50, 0, { signal: c.signal }).catch((e) => console.log(e.name, e.cause.message));
    await sleep("x").catch((e) => console.log(e.code));
    import timers from "node:timers";
    const t = timers.setTimeout(() => console.log("never"), 1); timers.clearTimeout(t);
    const u = timers.setTimeout(() => console.log("refreshed"), 3); u.refresh(); console.log(u.hasRef(), u.unref().hasRef(), u.ref().hasRef(), typeof +u);
    const i = timers.setImmediate(() => console.log("never")); timers.clearImmediate(i);
    timers.setImmediate(() => { console.log("i1"); timers.setImmediate(() => console.log("i3")); process.nextTick(() => console.log("i tick")); });
    timers.setImmediate(() => console.log("i2"));`,
  "streams": `
    import { Readable, Writable, Transform, PassThrough, Duplex, pipeline, finished, compose, addAbortSignal } from "node:stream";
    import { pipeline as run, finished as done } from "node:stream/promises";
    import { text, json, buffer } from "node:stream/consumers";
    const upper = () => new Transform({ transform(chunk, enc, cb) { cb(null, chunk.toString().toUpperCase()); } });
    const sink = (out) => new Writable({ write(chunk, enc, cb) { out.push(chunk.toString()); cb(); } });
    const out = [];
    await run(Readable.from(["a", "b", "c"]), upper(), sink(out)); console.log(out);
    console.log(await text(Readable.from(["x", Buffer.from("y")])), await json(Readable.from(['{"a":', "1}"])), await buffer(Readable.from([Buffer.from("z")])));
    for await (const chunk of new PassThrough().end("hello")) console.log(chunk);
    await run(new Readable({ read() { this.destroy(new Error("broken")); } }), new PassThrough()).catch((e) => console.log(e.message));
    console.log(await Readable.from([1, 2, 3, 4]).filter((x) => x % 2).map((x) => x * 10).toArray());
    console.log(await Readable.from([1, 2, 3]).reduce((a, b) => a + b, 0));
    const r = new Readable({ read() {}, encoding: "utf8" }); r.push(Buffer.from([0xe2, 0x82])); r.push(Buffer.from([0xac])); r.push(null);
    console.log(await r.toArray());
    const w = new Writable({ highWaterMark: 3, write(c, e, cb) { setTimeout(cb, 1); } });
    console.log(w.write("ab"), w.write("cd"), w.writableLength, w.writableNeedDrain); w.on("drain", () => console.log("drain")); w.on("finish", () => console.log("finish")); w.on("close", () => console.log("close"));
    w.end(); await done(w);
    w.write("x", (e) => console.log(e.code)); w.on("error", (e) => console.log(e.message));
    console.log(new Readable().readableHighWaterMark, new Readable({ objectMode: true }).readableHighWaterMark);
    await run(Readable.from(["1", "2"]), async function* (source) { for await (const c of source) yield c + "!"; }, async (source) => { for await (const c of source) console.log(String(c)); });
    const web = Readable.toWeb(Readable.from([Buffer.from("web")], { objectMode: false })); const reader = web.getReader(); console.log(Buffer.from((await reader.read()).value).toString(), (await reader.read()).done);
    console.log(await text(Readable.fromWeb(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("from web")); c.close(); } }))));
    const got = []; const ws = new WritableStream({ write(c) { got.push(Buffer.from(c).toString()); } }); const nw = Writable.fromWeb(ws); nw.write("p"); nw.end("q"); await done(nw); console.log(got);
    const sw = Writable.toWeb(sink(got)).getWriter(); await sw.write("r"); await sw.close(); console.log(got);
    const d = Duplex.from(async function* (s) { for await (const c of s) yield String(c).toUpperCase(); }); d.end("dup"); console.log(await text(d));
    new Readable({ read() {} }).once("close", () => console.log("closed")).destroy();
    try { new Writable().write(5); } catch (e) { console.log(e.code); }
    const view = new PassThrough(); view.end(new DataView(new ArrayBuffer(2))); console.log(await buffer(view));
    try { new PassThrough().write(null); } catch (e) { console.log(e.code, e.message); }
    const old = new PassThrough(); old.pipe(sink(got)); old.end("s"); await done(old); await new Promise((x) => setImmediate(x)); console.log(got);`,
  "process": `
    console.log(typeof process.pid, process.platform, process.version.startsWith("v22."), process.release.name, Object.prototype.toString.call(process), process instanceof (await import("node:events")).default);
    process.env.X_Y = 5; console.log(process.env.X_Y, "X_Y" in process.env, delete process.env.X_Y, process.env.X_Y, Object.keys(process.env).includes("X_Y"));
    const t = process.hrtime(); console.log(Array.isArray(t), t.length, typeof process.hrtime.bigint(), process.uptime() >= 0);
    try { process.hrtime(5); } catch (e) { console.log(e.code); }
    try { process.nextTick(5); } catch (e) { console.log(e.code, e.message); }
    try { process.exitCode = "x"; } catch (e) { console.log(e.code, e.message); }
    console.log(process.stdout.write("written\\n"), process.stdout.fd, process.stdout.writable);
    process.once("exit", (code) => console.log("exit", code, process.exitCode));
    process.on("warning", (w) => console.log(w.name, w.message, w.code));
    process.emitWarning("careful", "CustomWarning", "C1");
    process.on("uncaughtException", (e, origin) => console.log("uncaught", e.message, origin));
    process.on("unhandledRejection", (reason, promise) => console.log("rejected", reason.message, promise instanceof Promise));
    setTimeout(() => { throw new Error("thrown"); }, 1);
    setTimeout(() => { Promise.reject(new Error("lost")); }, 3);
    process.once("beforeExit", () => { console.log("before exit"); });
    process.exitCode = 0;`,
  "an exception that nobody catches": `
    process.on("exit", (code) => console.log("exit", code));
    console.log("before"); setTimeout(() => console.log("never"), 5); throw new TypeError("nobody");`,
  "a rejection that nobody handles": `
    process.on("exit", (code) => console.log("exit", code));
    Promise.reject(new Error("lost")); setTimeout(() => console.log("never"), 5);`,
  "process.exit": `
    process.on("exit", (code) => { console.log("exit", code); process.exitCode = 9; });
    setTimeout(() => { console.log("exiting"); process.exit(3); console.log("never"); }, 1);`,
  "exit code and late work": `
    let n = 0; process.on("beforeExit", () => { if (n++ < 2) setTimeout(() => console.log("again", n), 1); });
    process.on("exit", (code) => { console.log("exit", code); setTimeout(() => console.log("never")); }); process.exitCode = 4;`,
  "async context": `
    import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
    import { EventEmitter } from "node:events";
    const als = new AsyncLocalStorage();
    als.run(1, () => { setTimeout(() => console.log("timer", als.getStore()), 30); setImmediate(() => console.log("immediate", als.getStore())); process.nextTick(() => console.log("tick", als.getStore())); Promise.resolve().then(() => console.log("job", als.getStore())); queueMicrotask(() => console.log("micro", als.getStore())); });
    console.log("outside", als.getStore());
    await Promise.all([1, 2, 3].map((n) => als.run(n, async () => { await new Promise((r) => setTimeout(r, 60 * (4 - n))); console.log(n, als.getStore()); als.exit(() => console.log("exit", als.getStore())); })));
    const bound = als.run("b", () => AsyncResource.bind(() => als.getStore())); console.log(bound());
    const snap = als.run("s", () => AsyncLocalStorage.snapshot()); console.log(snap(() => als.getStore()));
    const res = als.run("r", () => new AsyncResource("X")); console.log(res.runInAsyncScope(() => als.getStore()));
    const e = new EventEmitter(); als.run("l", () => e.on("x", () => console.log(als.getStore()))); als.run("emit", () => e.emit("x"));
    als.enterWith("w"); await null; console.log(als.getStore()); als.disable(); console.log(als.getStore());`,
};

const run = (parameters, text) => spawnSync(process.execPath, ["--no-warnings", ...parameters], { input: text, encoding: "utf8" });
const runner = fileURLToPath(new URL("node_run.mjs", import.meta.url));

for (const [name, text] of Object.entries(programs)) {
  test(`program: ${name}`, () => {
    const ours = run(["--experimental-vm-modules", runner], text);
    const nodes = run(["--input-type=module", "-"], text);
    assert.equal(ours.stdout, nodes.stdout, ours.stderr);
    assert.equal(ours.status, nodes.status);
  });
}
