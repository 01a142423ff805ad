// https://html.spec.whatwg.org/#timers, microtasks, the order of Node where HTML leaves it open

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { load } from "./host.mjs";

/** Runs a program that calls `log` until nothing is left to do; answers what it logged. */
async function logged(source) {
  const lily = await load();
  lily.run("setTimeout(() => {})"); // the first takes milliseconds under Node, which would blur the order
  await lily.idle();
  lily.run(
    `var lines = []; var log = (...values) => { lines.push(values.join(" ")) }; (() => { ${source} })()`,
  );
  await lily.idle();
  return [...lily.run("lines")];
}

// Waits are far apart where their order matters: on a busy machine Node's own order is not certain.
const ORDERS = [
  "setTimeout(() => log('b'), 30); setTimeout(() => log('a'), 1); log('sync')",
  "setTimeout(() => log(1), 1); setTimeout(() => log(0), 0); setTimeout(() => log(-1), -5); setTimeout(() => log('none'))",
  "setTimeout(() => { log('t1'); Promise.resolve().then(() => log('micro')) }); setTimeout(() => log('t2'))",
  "queueMicrotask(() => log('m1')); Promise.resolve().then(() => log('m2')); queueMicrotask(() => log('m3')); log('sync')",
  "setTimeout(() => log('late'), 5); const end = Date.now() + 20; while (Date.now() < end); setTimeout(() => log('early'), 1)",
  "let n = 0; const id = setInterval(() => { log('i', ++n); if (n === 3) clearInterval(id) }, 1); setTimeout(() => log('t'), 250)",
  "const a = setTimeout(() => log('no'), 1); clearTimeout(a); clearTimeout(a); clearTimeout(undefined); clearTimeout(null); clearTimeout(987654); setTimeout(() => log('yes'), 30)",
  "const b = setTimeout(() => log('no'), 1); setTimeout(() => log('never'), 0) ; clearInterval(b)",
  "setTimeout(() => { log(1); clearTimeout(two) }, 1); const two = setTimeout(() => log(2), 1); setTimeout(() => log(3), 1)",
  "setTimeout(() => { log('outer'); setTimeout(() => log('inner'), 1); queueMicrotask(() => log('micro')) }, 1); setTimeout(() => log('second'), 1)",
  "setTimeout((...all) => log(all.length, ...all), 1, 'a', 'b'); setInterval(function (x) { log(x); clearInterval(this) }, 1, 'gone') && 0",
  "for (let i = 0; i < 20; i++) setTimeout(() => log(i), ((i * 7) % 5) * 25)",
  "const ids = []; for (let i = 0; i < 30; i++) ids.push(setTimeout(() => log(i), ((i * 11) % 13) * 25)); for (let i = 0; i < 30; i += 3) clearTimeout(ids[i])",
  "(async () => { log('s'); await null; log('a1'); await null; log('a2') })(); Promise.resolve().then(() => log('p1')).then(() => log('p2')); setTimeout(() => log('t'))",
  "setTimeout(() => log('nan'), NaN); setTimeout(() => log('str'), '1'); setTimeout(() => log('float'), 1.9); setTimeout(() => log('two'), 30)",
];

test("the order of timers and microtasks is Node's", async () => {
  for (const source of ORDERS) {
    const program = `const log = (...values) => console.log(values.join(" ")); ${source}`;
    const expected = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" })
      .stdout.trimEnd()
      .split("\n");
    assert.deepEqual(await logged(source), expected, source);
  }
});

test("handlers", async () => {
  const lily = await load();
  assert.throws(() => lily.run("setTimeout('code')"), { name: "TypeError" });
  assert.throws(() => lily.run("setTimeout()"), { name: "TypeError" });
  assert.throws(() => lily.run("queueMicrotask('x')"), { name: "TypeError" });
  assert.throws(() => lily.run("setTimeout(() => {}, Symbol())"), { name: "TypeError" });
  assert.deepEqual(
    [
      ...lily.run(
        "[typeof setTimeout(() => {}), setTimeout.length, setInterval.length, clearTimeout.length, queueMicrotask.length]",
      ),
    ],
    ["object", 1, 1, 0, 1],
  );
  lily.run("var self_; const made = setTimeout(function () { self_ = this === made }, 1)");
  await lily.idle();
  assert.equal(lily.run("self_"), true);
  assert.equal(lily.run("const other = setTimeout(() => {}, 1); clearTimeout(+other); +other > 0 && other.hasRef() && !other.unref().hasRef()"), true);
});

test("an error in a handler is reported, the next timer runs", async () => {
  const lily = await load();
  lily.run(
    "var after = 0; setTimeout(() => { throw new Error('t') }, 1); setTimeout(() => after++, 1); const i = setInterval(() => { if (++after > 3) clearInterval(i); throw 0 }, 1); queueMicrotask(() => { throw 'm' })",
  );
  await lily.idle();
  assert.equal(lily.run("after"), 4);
  assert.match(lily.stderr, /^Uncaught 'm'\nUncaught Error: t\n/);
});

test("a stopped timer leaves the host nothing to wait for", async () => {
  const lily = await load();
  lily.run(
    "var ids = []; for (let i = 0; i < 100; i++) ids.push(setTimeout(() => {}, 100000 + i)); for (const id of ids) clearTimeout(id)",
  );
  assert.equal(lily.timers.size, 0);
  lily.run("AbortSignal.timeout(100000)");
  assert.deepEqual(
    [...lily.timers.values()].map(({ weak }) => weak),
    [true],
  );
  lily.run("var t = setTimeout(() => {}, 50000)");
  assert.deepEqual(
    [...lily.timers.values()].map(({ weak }) => weak),
    [false],
  );
  lily.run("clearTimeout(t)");
  assert.deepEqual(
    [...lily.timers.values()].map(({ weak }) => weak),
    [true],
  );
  lily.timers.forEach(({ handle }) => clearTimeout(handle));
});

test("performance", async () => {
  const lily = await load();
  const run = (source) => lily.run(`(() => { ${source} })()`);
  assert.equal(
    run(
      "const a = performance.now(), b = performance.now(); return b >= a && Math.abs(performance.timeOrigin + b - Date.now()) < 50",
    ),
    true,
  );
  assert.deepEqual(
    JSON.parse(
      run(`performance.mark("a", { startTime: 5, detail: { x: 1 } }); performance.mark("b", { startTime: 9 }); const m = performance.measure("m", "a", "b");
    return JSON.stringify([m.duration, m.startTime, m.entryType, performance.getEntriesByName("a")[0].detail, performance.getEntriesByType("mark").length, performance.measure("n", { start: 1, duration: 2 }).toJSON(), performance.getEntries().map((e) => e.name)])`),
    ),
    [
      4,
      5,
      "measure",
      { x: 1 },
      2,
      { name: "n", entryType: "measure", startTime: 1, duration: 2, detail: null },
      ["n", "a", "m", "b"],
    ],
  );
  assert.equal(
    run("try { performance.measure('x', 'nope') } catch (e) { return e.name }"),
    "SyntaxError",
  );
  assert.throws(() => run("new PerformanceMark('x', { startTime: -1 })"), { name: "TypeError" });
  assert.throws(() => run("performance.now.call({})"), { name: "TypeError" });
  assert.equal(
    run(
      "performance.clearMarks(); performance.clearMeasures(); return performance.getEntries().length",
    ),
    0,
  );
  assert.equal(run("return Object.keys(performance.toJSON()).join()"), "timeOrigin");
  assert.equal(
    run("return navigator.userAgent + Object.prototype.toString.call(navigator)"),
    "LILY[object Navigator]",
  );
});
