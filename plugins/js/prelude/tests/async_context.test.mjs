import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plain } from "./both.mjs";
import { load } from "./host.mjs";

async function newLily() {
  const lily = await load();
  Object.assign(lily.global, await lily.import("async_context.js"));
  return lily;
}

async function run(work) {
  const lily = await newLily();
  return plain(await lily.run(`(${work})()`));
}

describe("Variable", () => {
  test("run nests, and restores after a throw", async () => {
    const result = await run(() => {
      const [a, b] = [new Variable({ name: "a", defaultValue: 0 }), new Variable()];
      const seen = [a.name, a.get(), b.get()];
      a.run(1, () =>
        b.run(
          2,
          (x) => {
            seen.push(a.get(), b.get(), x);
            a.run(3, () => seen.push(a.get(), b.get()));
            b.exit(() => seen.push(a.get(), b.get()));
            try {
              a.run(4, () => {
                throw a.get();
              });
            } catch (value) {
              seen.push(value, a.get());
            }
          },
          "argument",
        ),
      );
      seen.push(a.get(), b.get());
      return seen;
    });
    assert.deepEqual(result, [
      "a",
      0,
      undefined,
      1,
      2,
      "argument",
      3,
      2,
      1,
      undefined,
      4,
      1,
      0,
      undefined,
    ]);
  });

  test("follows await, then, microtasks, timers, thenables and generators", async () => {
    const result = await run(async () => {
      const v = new Variable();
      const seen = {};
      let release;
      const gate = new Promise((open) => {
        release = open;
      });
      const work = async (name) => {
        const note = (what) => {
          (seen[name] ??= []).push(`${what}${v.get()}`);
        };
        await null;
        note("await");
        await new Promise((done) => setTimeout(done, 2));
        note("timer");
        await gate.then(() => note("then")).finally(() => note("finally"));
        await new Promise((done) =>
          queueMicrotask(() => {
            note("microtask");
            done();
          }),
        );
        await {
          then(done) {
            note("thenable");
            done();
          },
        };
        for await (const x of (async function* () {
          yield 1;
          note("generator");
          yield 2;
        })())
          note(x);
      };
      const all = [v.run("A", work, "a"), v.run("B", work, "b"), work("c")];
      v.run("resolver", () => setTimeout(release, 8));
      await Promise.all(all);
      return seen;
    });
    const expected = (name) =>
      ["await", "timer", "then", "finally", "microtask", "thenable", "1", "generator", "2"].map(
        (what) => `${what}${name}`,
      );
    assert.deepEqual(result, { a: expected("A"), b: expected("B"), c: expected("undefined") });
  });

  test("enter and leave last until the end of the job's flow", async () => {
    const result = await run(async () => {
      const v = new Variable();
      const seen = [];
      await (async () => {
        v.enter(1);
        await null;
        seen.push(v.get());
        v.leave();
        seen.push(v.get());
      })();
      return seen;
    });
    assert.deepEqual(result, [1, undefined]);
  });

  test("snapshots carry all variables", async () => {
    const result = await run(() => {
      const [a, b] = [new Variable(), new Variable()];
      const snapshot = a.run(1, () => b.run(2, () => new Snapshot()));
      const wrapped = a.run(3, () =>
        Snapshot.wrap(function (x) {
          return [this.t, x, a.get(), b.get()];
        }),
      );
      return [snapshot.run(() => [a.get(), b.get()]), wrapped.call({ t: "this" }, "x"), a.get()];
    });
    assert.deepEqual(result, [[1, 2], ["this", "x", 3, undefined], undefined]);
  });

  test("a variable that is set often stays one entry", async () => {
    const depth = await run(() => {
      const [a, b] = [new Variable(), new Variable()];
      const dive = (n) => (n === 0 ? 0 : a.run(n, () => b.run(n, () => dive(n - 1))));
      dive(100);
      let entries = 0;
      return a.run(1, () =>
        b.run(2, () =>
          a.run(3, () => {
            const snapshot = new Snapshot();
            return snapshot.run(() => [a.get(), b.get(), entries]);
          }),
        ),
      );
    });
    assert.deepEqual(depth, [3, 2, 0]);
  });
});

test("concurrent requests each have their own", async () => {
  const lily = await newLily();
  lily.answer = async ({ url }) => ({ body: ["from ", url] });
  await lily.program(`
    const store = new Variable();
    const log = (text) => store.get().push(text);
    async function deep(request) {
      await new Promise((done) => setTimeout(done, Math.random() * 5));
      log("timer");
      log(await (await fetch(request.url)).text());
      log(await request.text());
      await new Promise((done) => { request.signal.addEventListener("x", () => {}); queueMicrotask(done); });
    }
    export default { fetch: (request) => store.run([request.url], async () => {
      await deep(request);
      return Response.json(store.get());
    }) };`);
  const exchanges = Array.from({ length: 20 }, (_, i) =>
    lily.serve("POST", `http://void/${i}`, { body: ["body", `${i}`] }),
  );
  for (const [i, exchange] of exchanges.entries()) {
    const { text } = await exchange.done;
    const url = `http://void/${i}`;
    assert.deepEqual(JSON.parse(text), [url, "timer", `from ${url}`, `body${i}`]);
  }
});

test("a WebSocket's events are in the context in which it was made", async () => {
  const lily = await newLily();
  lily.run(`
    var v = new Variable(), seen = [];
    v.run("mine", () => { const ws = new WebSocket("ws://h/"); ws.onopen = ws.onmessage = () => seen.push(v.get()); });`);
  const [{ id }] = lily.sockets.values();
  lily.hooks.opened(id, "");
  lily.hooks.message(id, "x");
  assert.deepEqual(plain(lily.run("seen")), ["mine", "mine"]);
});
