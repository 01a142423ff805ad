// https://streams.spec.whatwg.org/, https://compression.spec.whatwg.org/, the coding streams

import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { load } from "./host.mjs";

const lily = await load();
const run = async (source) =>
  JSON.parse(JSON.stringify(await lily.run(`(async () => { ${source} })()`)) ?? "null");
lily.run(`
  var collect = async (stream) => { const all = []; for await (const chunk of stream) all.push(chunk); return all };
  var bytes = (...list) => new Uint8Array(list);
  var joined = (chunks) => chunks.flatMap((chunk) => [...chunk]);
`);

test("async iteration, from, values", async () => {
  assert.deepEqual(
    await run("return collect(ReadableStream.from([1, 2, Promise.resolve(3)]))"),
    [1, 2, 3],
  );
  assert.deepEqual(
    await run(
      "return collect(ReadableStream.from((async function* () { yield 'a'; yield 'b' })()))",
    ),
    ["a", "b"],
  );
  assert.deepEqual(
    await run(`let cancelled; const s = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel(r) { cancelled = r ?? 'yes' } });
    for await (const x of s) break; return [cancelled, s.locked]`),
    ["yes", false],
  );
  assert.deepEqual(
    await run(`const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close() } });
    for await (const x of s.values({ preventCancel: true })) break; return collect(s)`),
    [2],
  );
});

test("tee, pipeThrough, pipeTo", async () => {
  assert.deepEqual(
    await run(
      "const [a, b] = ReadableStream.from([1, 2]).tee(); return [await collect(a), await collect(b)]",
    ),
    [
      [1, 2],
      [1, 2],
    ],
  );
  assert.deepEqual(
    await run(
      "return collect(ReadableStream.from([1, 2]).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x * 2) }, flush(c) { c.enqueue('end') } })))",
    ),
    [2, 4, "end"],
  );
  assert.deepEqual(
    await run(
      "const got = []; await ReadableStream.from([1, 2]).pipeTo(new WritableStream({ write(x) { got.push(x) }, close() { got.push('closed') } })); return got",
    ),
    [1, 2, "closed"],
  );
  assert.equal(
    await run(`const c = new AbortController(); const p = new ReadableStream({ pull() { return new Promise(() => {}) } }).pipeTo(new WritableStream(), { signal: c.signal });
    c.abort(); try { await p } catch (e) { return e.name }`),
    "AbortError",
  );
  assert.equal(
    await run(
      "try { await ReadableStream.from([1]).pipeTo(new WritableStream({ write() { throw new RangeError('w') } })) } catch (e) { return e.name }",
    ),
    "RangeError",
  );
});

test("byte streams and BYOB readers", async () => {
  assert.deepEqual(
    await run(`const s = new ReadableStream({ type: 'bytes', pull(c) { const r = c.byobRequest; new Uint8Array(r.view.buffer, r.view.byteOffset).set([1, 2]); r.respond(2) } });
    const reader = s.getReader({ mode: 'byob' }); const { value, done } = await reader.read(new Uint8Array(4)); return [[...value], done, value.buffer.byteLength]`),
    [[1, 2], false, 4],
  );
  assert.deepEqual(
    await run(`const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(bytes(1, 2, 3)); c.close() } });
    const reader = s.getReader({ mode: 'byob' }); const a = await reader.read(new Uint8Array(2)); const b = await reader.read(new Uint8Array(2)); const e = await reader.read(new Uint8Array(2));
    return [[...a.value], [...b.value], e.done]`),
    [[1, 2], [3], true],
  );
  assert.deepEqual(
    await run(`let n = 0; const s = new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 8, pull(c) { if (n++) c.close(), c.byobRequest?.respond(0); else { c.byobRequest.view[0] = 9; c.byobRequest.respond(1) } } });
    return joined(await collect(s))`),
    [9],
  );
  assert.deepEqual(
    await run(`const s = new ReadableStream({ type: 'bytes', start(c) { for (let i = 0; i < 6; i++) c.enqueue(bytes(i)) } });
    const reader = s.getReader({ mode: 'byob' }); const { value } = await reader.read(new Uint8Array(5), { min: 4 }); return value.length >= 4`),
    true,
  );
  assert.deepEqual(
    await run(
      `const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(bytes(1, 2)); c.close() } }); const [a, b] = s.tee(); return [joined(await collect(a)), joined(await collect(b))]`,
    ),
    [
      [1, 2],
      [1, 2],
    ],
  );
});

test("queuing strategies, backpressure, errors", async () => {
  assert.deepEqual(
    await run(
      `const w = new WritableStream({}, new CountQueuingStrategy({ highWaterMark: 2 })).getWriter(); const sizes = [w.desiredSize]; w.write(1); sizes.push(w.desiredSize); return sizes`,
    ),
    [2, 1],
  );
  assert.equal(
    await run("return new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new Uint8Array(7))"),
    7,
  );
  assert.equal(
    await run(
      "const s = new ReadableStream({ start(c) { c.error(new TypeError('bad')) } }); try { await s.getReader().read() } catch (e) { return e.message }",
    ),
    "bad",
  );
  assert.equal(
    await run(
      "const s = new ReadableStream(); s.getReader(); try { s.getReader() } catch (e) { return e.name }",
    ),
    "TypeError",
  );
  assert.equal(
    await run(
      "const w = new WritableStream(); const writer = w.getWriter(); let reason; writer.closed.catch((e) => { reason = e }); await writer.abort('why'); await null; return reason",
    ),
    "why",
  );
});

test("TextEncoderStream and TextDecoderStream", async () => {
  assert.deepEqual(
    await run(
      "return joined(await collect(ReadableStream.from(['a', '\\ud83d', '\\ude00', '', '\\ud800']).pipeThrough(new TextEncoderStream())))",
    ),
    [97, 240, 159, 152, 128, 239, 191, 189],
  );
  assert.deepEqual(
    await run(
      "return collect(ReadableStream.from([bytes(0xef, 0xbb), bytes(0xbf, 0xe2), bytes(0x82, 0xac), bytes(0xff)]).pipeThrough(new TextDecoderStream()))",
    ),
    ["€", "\ufffd"],
  );
  assert.equal(
    await run(
      "try { await collect(ReadableStream.from([bytes(0xe2)]).pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))) } catch (e) { return e.name }",
    ),
    "TypeError",
  );
  assert.equal(
    await run(
      "try { await collect(ReadableStream.from(['text']).pipeThrough(new TextDecoderStream())) } catch (e) { return e.name }",
    ),
    "TypeError",
  );
  assert.deepEqual(
    await run(
      "const d = new TextDecoderStream('latin1', { fatal: true, ignoreBOM: true }); return [d.encoding, d.fatal, d.ignoreBOM, new TextEncoderStream().encoding]",
    ),
    ["windows-1252", true, true, "utf-8"],
  );
});

test("CompressionStream and DecompressionStream", async () => {
  for (const format of ["gzip", "deflate", "deflate-raw"]) {
    const round =
      await run(`const text = 'hello '.repeat(1000); const packed = ReadableStream.from([text.slice(0, 7), text.slice(7)]).pipeThrough(new TextEncoderStream()).pipeThrough(new CompressionStream('${format}'));
      const [a, b] = packed.tee(); const plain = await collect(b.pipeThrough(new DecompressionStream('${format}')).pipeThrough(new TextDecoderStream())); return [joined(await collect(a)), plain.join('') === text]`);
    assert.equal(round[1], true, format);
    const names = { gzip: "gunzipSync", deflate: "inflateSync", "deflate-raw": "inflateRawSync" };
    assert.equal(zlib[names[format]](Buffer.from(round[0])).toString(), "hello ".repeat(1000));
  }
  const packed = [...zlib.gzipSync("some text")];
  const outcome = (list) =>
    run(
      `try { await collect(ReadableStream.from([bytes(${list})]).pipeThrough(new DecompressionStream('gzip'))); return 'fine' } catch (e) { return e.name }`,
    );
  assert.equal(await outcome(packed), "fine");
  assert.equal(await outcome(packed.slice(0, -3)), "TypeError", "truncated");
  assert.equal(await outcome([...packed, 1]), "TypeError", "bytes after the end");
  assert.equal(await outcome([1, 2, 3, 4]), "TypeError", "not gzip");
  assert.equal(
    await run("try { new CompressionStream('br') } catch (e) { return e.name }"),
    "TypeError",
  );
});

test("the shape of the classes, transfer", async () => {
  assert.deepEqual(
    await run(
      `return [Object.prototype.toString.call(new ReadableStream()), Object.prototype.toString.call(new CompressionStream('gzip')), ReadableStream.length, Object.keys(ReadableStream.prototype).includes('getReader')]`,
    ),
    ["[object ReadableStream]", "[object CompressionStream]", 0, true],
  );
  assert.deepEqual(
    await run(
      `const s = ReadableStream.from([1, 2]); const t = structuredClone(s, { transfer: [s] }); return [s.locked, t !== s, await collect(t)]`,
    ),
    [true, true, [1, 2]],
  );
  assert.deepEqual(
    await run(
      `const got = []; const w = new WritableStream({ write(x) { got.push(x) } }); const t = structuredClone(w, { transfer: [w] }); await ReadableStream.from([5]).pipeTo(t); await null; return [w.locked, got]`,
    ),
    [true, [5]],
  );
  assert.deepEqual(
    await run(
      `const t = new TransformStream({ transform(x, c) { c.enqueue(x + 1) } }); const u = structuredClone({ t }, { transfer: [t] }).t; return [u instanceof TransformStream, await collect(ReadableStream.from([1]).pipeThrough(u))]`,
    ),
    [true, [2]],
  );
  assert.equal(
    await run("try { structuredClone(new ReadableStream()) } catch (e) { return e.name }"),
    "DataCloneError",
  );
  const { inspect } = await lily.import("console/inspect.js");
  assert.equal(
    inspect(lily.run("new ReadableStream()")),
    "ReadableStream { locked: false, state: 'readable', supportsBYOB: false }",
  );
});
