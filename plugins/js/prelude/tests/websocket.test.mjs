import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, plain, there } from "./both.mjs";
import { load } from "./host.mjs";

/** A socket whose events are written down in `log`. */
async function connect(source = `new WebSocket("ws://h/p")`) {
  const lily = await load();
  lily.run(`
    var log = [];
    var ws = ${source};
    for (const type of ["open", "message", "error", "close"]) {
      ws.addEventListener(type, (e) => log.push([type, e.data ?? e.code ?? null, ws.readyState]));
    }`);
  const socket = [...lily.sockets.values()][0];
  return { lily, socket, log: () => plain(lily.run("log")) };
}

test("opens, talks, closes", async () => {
  const { lily, socket, log } = await connect(`new WebSocket("http://h/p?q", ["a", "b"])`);
  assert.deepEqual([socket.url, socket.protocols], ["ws://h/p?q", ["a", "b"]]);
  assert.deepEqual(
    plain(lily.run("[ws.readyState, ws.url, ws.protocol, ws.extensions, ws.binaryType]")),
    [0, "ws://h/p?q", "", "", "blob"],
  );
  lily.hooks.opened(socket.id, "b");
  lily.run(
    "ws.send('ä'); ws.send(new Uint8Array([1, 2]).subarray(1)); ws.send(new Blob(['x'])); ws.send(7)",
  );
  assert.deepEqual(
    socket.sent.map((data) => (typeof data === "string" ? data : [...data])),
    ["ä", [2], [120], "7"],
  );
  assert.equal(lily.run("ws.bufferedAmount"), 5);
  lily.hooks.sent(socket.id, 3);
  assert.equal(lily.run("ws.bufferedAmount"), 2);
  lily.hooks.message(socket.id, "hi");
  lily.run("ws.close(3001, 'bye')");
  assert.deepEqual(socket.closed, [3001, "bye"]);
  lily.hooks.message(socket.id, "too late");
  lily.hooks.closed(socket.id, 3001, "bye", true);
  lily.hooks.closed(socket.id, 3001, "bye", true);
  assert.deepEqual(log(), [
    ["open", null, 1],
    ["message", "hi", 1],
    ["close", 3001, 3],
  ]);
  assert.equal(lily.run("ws.protocol"), "b");
  lily.run("ws.send('into the void'); ws.close()");
  assert.equal(lily.run("ws.bufferedAmount"), 15);
  assert.equal(socket.sent.length, 4);
});

test("bytes come as blobs or buffers", async () => {
  const { lily, socket } = await connect();
  lily.hooks.opened(socket.id, "");
  lily.run("ws.onmessage = (e) => { self.last = e; }");
  lily.hooks.message(socket.id, new Uint8Array([65, 66]));
  assert.equal(await lily.run("last.data.text()"), "AB");
  lily.run("ws.binaryType = 'nonsense'; ws.binaryType = 'arraybuffer'");
  lily.hooks.message(socket.id, new Uint8Array([65, 66]));
  assert.deepEqual(plain(lily.run("[last.data, last.origin, last.isTrusted]")), [
    { buffer: "4142" },
    "ws://h",
    true,
  ]);
});

test("a handshake that fails is an error and a close", async () => {
  const { lily, socket, log } = await connect();
  lily.hooks.closed(socket.id, 1006, "", false);
  assert.deepEqual(log(), [
    ["error", null, 3],
    ["close", 1006, 3],
  ]);
});

test("closing while it connects gives up", async () => {
  const { lily, socket, log } = await connect();
  lily.run("ws.close()");
  assert.deepEqual([lily.run("ws.readyState"), socket.closed], [2, [1005, ""]]);
  lily.hooks.opened(socket.id, "");
  lily.hooks.closed(socket.id, 1006, "", false);
  assert.deepEqual(log(), [
    ["error", null, 3],
    ["close", 1006, 3],
  ]);
});

test("errors are those of the standard", async () => {
  const { lily } = await connect();
  const cases = [
    [() => new WebSocket(), "TypeError"],
    [() => new WebSocket("/relative"), "SyntaxError"],
    [() => new WebSocket("ftp://h/"), "SyntaxError"],
    [() => new WebSocket("ws://h/#f"), "SyntaxError"],
    [() => new WebSocket("ws://h/", "a b"), "SyntaxError"],
    [() => new WebSocket("ws://h/", ["a", "A"]), "SyntaxError"],
    [() => new WebSocket("ws://h/", ""), "SyntaxError"],
    [() => new WebSocket("ws://h/").send("x"), "InvalidStateError"],
    [() => new WebSocket("ws://h/").send(), "TypeError"],
    [() => new WebSocket("ws://h/").close(1001), "InvalidAccessError"],
    [() => new WebSocket("ws://h/").close(1000, "x".repeat(124)), "SyntaxError"],
    [() => new WebSocket("ws://h/").close(5000), "InvalidAccessError"],
    [() => WebSocket("ws://h/"), "TypeError"],
    [() => WebSocket.prototype.send.call({}, "x"), "TypeError"],
  ];
  for (const [work, error] of cases)
    assert.deepEqual(await outcome(there(lily, work), []), { error }, String(work));
  assert.deepEqual(
    plain(
      lily.run(`[WebSocket.OPEN, ws.CLOSED, WebSocket.length, String(ws), Object.keys(WebSocket.prototype).includes("onopen"),
      (ws.onopen = 5, ws.onopen)]`),
    ),
    [1, 3, 1, "[object WebSocket]", true, null],
  );
});
