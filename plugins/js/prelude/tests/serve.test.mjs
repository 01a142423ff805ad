import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./host.mjs";

async function serve(source, options = {}) {
  const lily = await load(options);
  lily.serves = await lily.program(source);
  return lily;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a handler", () => {
  test("answers at once, without a stream", async () => {
    const lily = await serve(`export default { fetch(request) {
      return new Response("hello " + request.method + " " + request.url, { status: 201, headers: { "x-a": "b" } });
    } }`);
    assert.equal(lily.serves, true);
    const exchange = lily.serve("GET", "http://void/path?q");
    // The answer is there when the hook returns: no microtask was needed.
    assert.equal(exchange.status, 201);
    const { headers, text } = await exchange.done;
    assert.equal(text, "hello GET http://void/path?q");
    assert.deepEqual(
      [...headers],
      [
        ["content-type", "text/plain;charset=UTF-8"],
        ["x-a", "b"],
      ],
    );
    assert.equal(exchange.held, false);
  });

  test("awaits; several requests are under way and kept apart", async () => {
    const lily = await serve(`
      const gates = [];
      export default { async fetch(request) {
        const name = request.headers.get("x-name");
        // The first three wait for the fourth.
        await new Promise((open) => { gates.unshift(open); if (gates.length === 4) for (const gate of gates) gate(); });
        return new Response(name + " " + await request.text());
      } }`);
    const names = ["a", "b", "c", "d"];
    const exchanges = names.map((name) =>
      lily.serve("POST", `http://void/${name}`, {
        headers: ["x-name", name],
        body: [`body of `, name],
      }),
    );
    for (const [i, name] of names.entries()) {
      const { text } = await exchanges[i].done;
      assert.equal(text, `${name} body of ${name}`);
    }
  });

  test("gets this, env and ctx", async () => {
    const lily = await serve(
      `export default { greeting: "hi", fetch(request, env, ctx) {
        return Response.json([this.greeting, env.NAME, Object.keys(env), typeof ctx.waitUntil, ctx.passThroughOnException()]);
      } }`,
      { environment: { NAME: "lily", __proto__x: "y" } },
    );
    const { text, headers } = await lily.serve("GET", "http://void/").done;
    assert.deepEqual(JSON.parse(text), ["hi", "lily", ["NAME", "__proto__x"], "function", null]);
    assert.equal(headers.get("content-type"), "application/json");
  });

  test("sends bytes, a blob, a form and nothing", async () => {
    const lily = await serve(`export default { fetch(request) {
      switch (new Map(request.headers).get("x")) {
        case "bytes": return new Response(new Uint8Array([1, 2, 255]).subarray(1));
        case "blob": return new Response(new Blob(["x", new Uint8Array([65])], { type: "a/b" }));
        case "form": { const f = new FormData(); f.append("n", "v"); return new Response(f); }
        default: return new Response(null, { status: 204 });
      }
    } }`);
    const ask = (x) => lily.serve("GET", "http://void/", { headers: ["x", x] }).done;
    assert.deepEqual([...(await ask("bytes")).body], [2, 255]);
    const blob = await ask("blob");
    assert.deepEqual([blob.text, blob.headers.get("content-type")], ["xA", "a/b"]);
    assert.match((await ask("form")).text, /^------formdata-lily-.*name="n"\r\n\r\nv\r\n/s);
    const none = await ask("");
    assert.deepEqual([none.status, none.body.length], [204, 0]);
  });

  test("through addEventListener, with waitUntil", async () => {
    const lily = await serve(`
      addEventListener("fetch", (event) => {
        event.waitUntil(new Promise((done) => setTimeout(done, 5)));
        event.respondWith((async () => new Response("from " + event.request.url + event.isTrusted))());
        try { event.respondWith(new Response()); } catch (error) { self.twice = error.name; }
      });
      addEventListener("fetch", () => { self.second = true; });`);
    assert.equal(lily.serves, true);
    const exchange = lily.serve("GET", "http://void/e");
    assert.equal((await exchange.done).text, "from http://void/etrue");
    assert.equal(lily.run("twice"), "InvalidStateError");
    assert.equal(lily.run("typeof second"), "undefined");
    assert.equal(exchange.held, true);
    assert.deepEqual(lily.released, []);
    await lily.idle();
    assert.deepEqual(lily.released, [exchange.id]);
  });

  test("that is missing makes the program a script", async () => {
    const lily = await serve(`export default { other: 1 }`);
    assert.equal(lily.serves, false);
  });
});

describe("a handler that fails", () => {
  const cases = [
    [
      "throws",
      `fetch() { throw new RangeError("boo"); }`,
      /^GET http:\/\/void\/ failed: .*RangeError: boo[^]*program\.mjs/,
    ],
    [
      "rejects",
      `async fetch() { await null; throw new RangeError("boo"); }`,
      /failed: .*RangeError: boo/,
    ],
    ["rejects with no error", `async fetch() { throw "text"; }`, /failed: .*text/],
    [
      "gives nothing",
      `fetch() {}`,
      /^GET http:\/\/void\/ failed: the handler gave undefined, not a Response\n$/,
    ],
    [
      "gives text",
      `async fetch() { return "text"; }`,
      /the handler gave a string, not a Response\n$/,
    ],
    [
      "gives Response.error()",
      `fetch() { return Response.error(); }`,
      /the handler gave Response\.error\(\)\n$/,
    ],
    [
      "gives a used body",
      `async fetch() { const r = new Response("x"); await r.text(); return r; }`,
      /already been read/,
    ],
    [
      "throws from a getter",
      `fetch() { throw { get stack() { throw 1; }, get message() { throw 2; } }; }`,
      /failed: /,
    ],
  ];
  for (const [name, method, line] of cases) {
    test(name, async () => {
      const lily = await serve(`export default { ${method} }`);
      const { status, text } = await lily.serve("GET", "http://void/").done;
      await lily.idle();
      assert.deepEqual([status, text], [500, "Internal Server Error"]);
      assert.match(lily.stderr, line);
      assert.equal(lily.stderr.match(/failed/g).length, 1);
    });
  }

  test("a listener that does not respond", async () => {
    const lily = await serve(`addEventListener("fetch", () => {});`);
    const { status } = await lily.serve("GET", "http://void/").done;
    assert.equal(status, 500);
    assert.match(lily.stderr, /no listener of "fetch" called respondWith/);
  });

  test("the instance goes on", async () => {
    const lily = await serve(
      `let n = 0; export default { fetch() { if (n++ === 0) throw new Error("once"); return new Response("ok"); } }`,
    );
    assert.equal((await lily.serve("GET", "http://void/").done).status, 500);
    assert.equal((await lily.serve("GET", "http://void/").done).text, "ok");
  });

  test("waitUntil's promise fails with a line, the answer stands", async () => {
    const lily = await serve(
      `export default { fetch(r, e, ctx) { ctx.waitUntil(Promise.reject(new Error("late"))); return new Response("ok"); } }`,
    );
    const exchange = lily.serve("GET", "http://void/");
    assert.equal((await exchange.done).text, "ok");
    await lily.idle();
    assert.match(lily.stderr, /waitUntil failed: .*late/);
    assert.deepEqual(lily.released, [exchange.id]);
  });
});

describe("streaming", () => {
  test("an answer goes out as the client reads", async () => {
    const lily = await serve(`
      self.pulled = 0;
      export default { fetch() {
        return new Response(new ReadableStream({
          pull(c) { if (++self.pulled > 6) c.close(); else c.enqueue(new TextEncoder0(self.pulled)); },
        }, { highWaterMark: 0 }));
      } };
      function TextEncoder0(n) { return new Uint8Array([48 + n]); }`);
    const exchange = lily.serve("GET", "http://void/", { room: 2, reading: false });
    await turn();
    await turn();
    assert.equal(exchange.status, 200);
    assert.deepEqual([exchange.sink.body.toString(), lily.run("pulled")], ["12", 2]);
    exchange.sink.read();
    await turn();
    assert.deepEqual([exchange.sink.body.toString(), lily.run("pulled")], ["1234", 4]);
    exchange.sink.reading = true;
    exchange.sink.read();
    assert.equal((await exchange.done).text, "123456");
  });

  test("a request's body is pulled as the program reads", async () => {
    const lily = await serve(`export default { async fetch(request) {
      const reader = request.body.getReader();
      const first = await reader.read();
      await reader.cancel();
      return new Response(String.fromCharCode(...first.value) + request.bodyUsed);
    } }`);
    const exchange = lily.serve("POST", "http://void/", { body: ["one", "two", "three"] });
    assert.equal((await exchange.done).text, "onetrue");
    assert.equal(exchange.source.dropped, true);
    assert.ok(exchange.source.pulls <= 2);
  });

  test("an echo streams both ways without a stream object", async () => {
    const lily = await serve(`export default { fetch: (request) => new Response(request.body) }`);
    const exchange = lily.serve("POST", "http://void/", {
      body: Array(50).fill("x".repeat(1000)),
      room: 1,
    });
    assert.equal((await exchange.done).body.length, 50_000);
  });

  test("a broken answer is aborted, with one line", async () => {
    const lily = await serve(`export default { fetch() {
      let n = 0;
      return new Response(new ReadableStream({ pull(c) { if (n++) throw new Error("broke"); c.enqueue(new Uint8Array(2)); } }));
    } }`);
    const { status, aborted } = await lily.serve("GET", "http://void/").done;
    assert.deepEqual([status, aborted], [200, "the body broke off"]);
    assert.match(lily.stderr, /^GET http:\/\/void\/: the body broke off: .*broke/);
  });

  test("chunks that are no bytes break it off", async () => {
    const lily = await serve(
      `export default { fetch: () => new Response(new ReadableStream({ start(c) { c.enqueue("text"); } })) }`,
    );
    const { aborted } = await lily.serve("GET", "http://void/").done;
    assert.equal(aborted, "the body broke off");
    assert.match(lily.stderr, /not a Uint8Array/);
  });

  test("HEAD cancels the stream and sends none of it", async () => {
    const lily = await serve(
      `export default { fetch: () => new Response(new ReadableStream({ cancel() { self.cancelled = true; } })) }`,
    );
    const { status, body } = await lily.serve("HEAD", "http://void/").done;
    assert.deepEqual([status, body.length, lily.run("cancelled")], [200, 0, true]);
  });
});

describe("a client that leaves", () => {
  test("aborts request.signal", async () => {
    const lily = await serve(`export default { fetch(request) {
      return new Promise((resolve, reject) => {
        request.signal.addEventListener("abort", () => { self.reason = request.signal.reason.name; reject(request.signal.reason); });
      });
    } }`);
    const exchange = lily.serve("GET", "http://void/");
    exchange.leave();
    await turn();
    assert.equal(lily.run("reason"), "AbortError");
    assert.deepEqual([exchange.status, lily.stderr], [0, ""]);
  });

  test("and a signal that is looked at later", async () => {
    const lily = await serve(`export default { async fetch(request) {
      await new Promise((go) => self.go = go);
      self.seen = [request.signal.aborted, new Request(request).signal.aborted];
      return new Response("late");
    } }`);
    const exchange = lily.serve("GET", "http://void/");
    exchange.leave();
    lily.run("go()");
    await turn();
    assert.deepEqual([...lily.run("seen")], [true, true]);
    assert.equal(exchange.status, 0);
    assert.equal(lily.stderr, "");
  });

  test("cancels the answer's stream and breaks the request's body", async () => {
    const lily = await serve(`export default { fetch(request) {
      request.text().catch((error) => { self.read = error.name; });
      return new Response(new ReadableStream({
        pull(c) { c.enqueue(new Uint8Array(10)); }, cancel(reason) { self.cancelled = String(reason?.message); },
      }));
    } }`);
    const never = {
      async *[Symbol.asyncIterator]() {
        await new Promise(() => {});
      },
    };
    const exchange = lily.serve("POST", "http://void/", { room: 1, reading: false, body: never });
    await turn();
    exchange.leave();
    await turn();
    assert.equal(lily.run("read"), "AbortError");
    assert.equal(lily.run("cancelled"), "the client has left");
  });
});

test("an idle stream is cancelled when its client leaves, also one from outside", async () => {
  const lily = await serve(`
    self.cancelled = [];
    export default { fetch(request) {
      if (request.url.endsWith("proxy")) return fetch("http://h/");
      return new Response(new ReadableStream({ cancel(reason) { cancelled.push(reason.name); } }));
    } }`);
  let outbound;
  lily.answer = (given) => {
    outbound = given;
    return {
      body: {
        async *[Symbol.asyncIterator]() {
          await new Promise(() => {});
        },
      },
    };
  };
  const exchanges = [lily.serve("GET", "http://void/"), lily.serve("GET", "http://void/proxy")];
  await turn();
  await turn();
  await turn();
  for (const exchange of exchanges) {
    assert.equal(exchange.status, 200);
    exchange.leave();
  }
  await turn();
  assert.deepEqual([...lily.run("cancelled")], ["AbortError"]);
  assert.equal(outbound.call.source.dropped, true);
  assert.equal(lily.stderr, "");
});

test("a stream that stands for what the host has is passed by, and looks as if it was read", async () => {
  const lily = await serve(`export default { async fetch(request) {
    const { body } = request;
    const answer = new Response(body);
    self.look = () => [request.bodyUsed, body.locked, answer.bodyUsed];
    return answer;
  } }`);
  // A read of the stream would show: every method of it that a program can reach throws.
  lily.run(`for (const name of ["getReader", "tee", "pipeTo"]) ReadableStream.prototype[name] = () => { throw new Error(name); };
    ReadableStreamDefaultReader.prototype.read = () => { throw new Error("read"); };`);
  const exchange = lily.serve("POST", "http://void/", { body: ["a", "b", "c"], room: 1 });
  assert.equal((await exchange.done).text, "abc");
  assert.deepEqual([...lily.run("look()")], [true, true, true]);
});

test("waitUntil after the end keeps nothing", async () => {
  const lily = await serve(
    `export default { fetch(r, e, ctx) { setTimeout(() => ctx.waitUntil(null), 3); return new Response("x"); } }`,
  );
  const exchange = lily.serve("GET", "http://void/");
  await lily.idle();
  assert.deepEqual([exchange.held, lily.released], [false, []]);
});

test("patched prototypes do not reach the serving", async () => {
  const lily = await serve(
    `export default { async fetch(request) { return new Response("ok", { status: 202 }); } }`,
  );
  lily.run(`
    Promise.prototype.then = () => { throw new Error("then"); };
    Array.prototype.push = () => { throw new Error("push"); };
    Object.defineProperty(Response.prototype, "status", { get() { throw new Error("status"); } });
    Request.prototype.text = null;`);
  const { status, text } = await lily.serve("GET", "http://void/").done;
  assert.deepEqual([status, text], [202, "ok"]);
});
