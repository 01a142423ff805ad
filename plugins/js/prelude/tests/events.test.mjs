// https://dom.spec.whatwg.org/#events and #aborting-ongoing-activities; the global object's events

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

const lily = await load();
const run = (source) => {
  const value = lily.run(`(() => { ${source} })()`);
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
};
const tick = () => new Promise((done) => setImmediate(done));

test("Event: members and defaults", () => {
  assert.deepEqual(
    run(`const e = new Event("x"); return [e.type, e.target, e.currentTarget, e.srcElement, e.eventPhase, e.bubbles, e.cancelable, e.composed, e.defaultPrevented,
    e.returnValue, e.cancelBubble, e.isTrusted, typeof e.timeStamp, e.composedPath(), Event.AT_TARGET, e.NONE, Object.keys(e)]`),
    [
      "x",
      null,
      null,
      null,
      0,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      "number",
      [],
      2,
      0,
      ["isTrusted"],
    ],
  );
  assert.deepEqual(
    run(
      `const e = new Event("x", { bubbles: 1, cancelable: true, composed: {} }); e.preventDefault(); return [e.bubbles, e.cancelable, e.composed, e.defaultPrevented, e.returnValue]`,
    ),
    [true, true, true, true, false],
  );
  assert.deepEqual(
    run(
      `const e = new Event("x"); e.returnValue = false; e.cancelBubble = true; e.cancelBubble = false; return [e.defaultPrevented, e.cancelBubble]`,
    ),
    [false, true],
  );
  assert.deepEqual(
    run(
      `const e = new Event("x"); e.initEvent("y", true, true); return [e.type, e.bubbles, e.cancelable]`,
    ),
    ["y", true, true],
  );
  assert.deepEqual(
    run(
      `return [Event.length, Event.prototype.initEvent.length, EventTarget.prototype.addEventListener.length, Object.prototype.toString.call(new Event("a"))]`,
    ),
    [1, 1, 2, "[object Event]"],
  );
  for (const bad of [
    "new Event()",
    "Event('x')",
    "new Event(Symbol())",
    "new Event('x', 1)",
    "Event.prototype.type",
    "Event.prototype.preventDefault.call({})",
  ]) {
    assert.throws(() => run(bad), { name: "TypeError" }, bad);
  }
  assert.equal(
    run(
      `const d = Object.getOwnPropertyDescriptor(new Event("a"), "isTrusted"); return d.configurable === false && d.set === undefined && d.get === Object.getOwnPropertyDescriptor(new Event("b"), "isTrusted").get`,
    ),
    true,
  );
});

test("the other events", () => {
  assert.deepEqual(
    run(
      `const e = new CustomEvent("x", { detail: 5 }); const d = new CustomEvent("x"); d.initCustomEvent("y", true, false, 7); return [e.detail, d.detail, d.type, new CustomEvent("z").detail]`,
    ),
    [5, 7, "y", null],
  );
  assert.deepEqual(
    run(
      `const e = new ErrorEvent("x", { message: "m", filename: "f", lineno: 1, colno: 2, error: 3 }); return [e.message, e.filename, e.lineno, e.colno, e.error, String(new ErrorEvent("x").error)]`,
    ),
    ["m", "f", 1, 2, 3, "undefined"],
  );
  assert.deepEqual(
    run(
      `const e = new MessageEvent("x", { data: 1, origin: "o", lastEventId: "l" }); return [e.data, e.origin, e.lastEventId, e.source, e.ports, Object.isFrozen(e.ports), new MessageEvent("x").data]`,
    ),
    [1, "o", "l", null, [], true, null],
  );
  assert.deepEqual(
    run(
      `const e = new CloseEvent("x", { wasClean: true, code: 1000, reason: "r" }); return [e.wasClean, e.code, e.reason]`,
    ),
    [true, 1000, "r"],
  );
  assert.equal(
    run(
      `const p = Promise.resolve(); return new PromiseRejectionEvent("x", { promise: p, reason: 1 }).promise === p`,
    ),
    true,
  );
  assert.throws(() => run(`new PromiseRejectionEvent("x", {})`), { name: "TypeError" });
});

test("EventTarget: order, once, capture, removal", () => {
  assert.deepEqual(
    run(`const t = new EventTarget(), seen = [];
    t.addEventListener("x", () => seen.push("a")); t.addEventListener("x", () => seen.push("capture"), true); t.addEventListener("x", () => seen.push("once"), { once: true });
    const f = () => seen.push("f"); t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", f, { capture: false }); t.removeEventListener("x", f, true);
    t.dispatchEvent(new Event("x")); t.removeEventListener("x", f); t.dispatchEvent(new Event("x")); return seen`),
    ["capture", "a", "once", "f", "capture", "a"],
  );
  assert.deepEqual(
    run(`const t = new EventTarget(), seen = [];
    t.addEventListener("x", () => { seen.push(1); t.removeEventListener("x", second); t.addEventListener("x", () => seen.push("late")) }, { once: true });
    const second = () => seen.push(2); t.addEventListener("x", second); t.addEventListener("x", () => seen.push(3));
    t.dispatchEvent(new Event("x")); seen.push("|"); t.dispatchEvent(new Event("x")); return seen`),
    [1, 3, "|", 3, "late"],
  );
  assert.deepEqual(
    run(
      `const t = new EventTarget(), seen = []; t.addEventListener("x", (e) => { seen.push(1); e.stopImmediatePropagation() }); t.addEventListener("x", () => seen.push(2)); const e = new Event("x"); t.dispatchEvent(e); t.dispatchEvent(e); return seen`,
    ),
    [1, 1],
  );
  assert.deepEqual(
    run(`const t = new EventTarget(); let seen; t.addEventListener("x", function (e) { seen = [this === t, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath()[0] === t] });
    const e = new Event("x"); t.dispatchEvent(e); return [...seen, e.currentTarget, e.eventPhase, e.target === t]`),
    [true, true, true, 2, true, null, 0, true],
  );
  assert.deepEqual(
    run(
      `const t = new EventTarget(); const o = { handleEvent(e) { this.got = e.type } }; t.addEventListener("x", o); t.dispatchEvent(new Event("x")); return o.got`,
    ),
    "x",
  );
  assert.deepEqual(
    run(`const t = new EventTarget(); t.addEventListener("x", (e) => e.preventDefault(), { passive: true }); t.addEventListener("y", (e) => e.preventDefault());
    return [t.dispatchEvent(new Event("x", { cancelable: true })), t.dispatchEvent(new Event("y", { cancelable: true })), t.dispatchEvent(new Event("y"))]`),
    [true, false, true],
  );
  assert.equal(
    run(
      `const t = new EventTarget(); t.addEventListener("x", (e) => { try { t.dispatchEvent(e) } catch (error) { t.name = error.name } }); t.dispatchEvent(new Event("x")); return t.name`,
    ),
    "InvalidStateError",
  );
  assert.deepEqual(
    run(`const t = new EventTarget(), c = new AbortController(), seen = []; t.addEventListener("x", () => seen.push(1), { signal: c.signal }); t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x"));
    t.addEventListener("x", () => seen.push(2), { signal: c.signal }); t.dispatchEvent(new Event("x")); return seen`),
    [1],
  );
  for (const bad of [
    "new EventTarget().addEventListener('x')",
    "new EventTarget().addEventListener('x', 1)",
    "new EventTarget().dispatchEvent({})",
    "new EventTarget().addEventListener('x', () => {}, { signal: {} })",
    "EventTarget.prototype.addEventListener.call({}, 'x', null)",
  ]) {
    assert.throws(() => run(bad), { name: "TypeError" }, bad);
  }
  assert.equal(
    run(
      `const t = new EventTarget(); t.addEventListener("x", null); t.addEventListener("x", undefined); return t.dispatchEvent(new Event("x"))`,
    ),
    true,
  );
  assert.equal(
    run(
      `class Mine extends EventTarget { constructor() { super(); this.n = 0 } } const m = new Mine(); m.addEventListener("x", () => m.n++); m.dispatchEvent(new CustomEvent("x")); return m.n`,
    ),
    1,
  );
});

test("a patched Array.prototype does not reach listeners", () => {
  assert.deepEqual(
    run(`const seen = [], { push } = Array.prototype; Object.defineProperty(Array.prototype, 0, { set() { throw new Error("reached") }, configurable: true });
    try { const t = new EventTarget(); t.addEventListener("x", () => { seen.n = 1 }); t.dispatchEvent(new Event("x")) } finally { delete Array.prototype[0] } return seen.n`),
    1,
  );
});

test("AbortController and AbortSignal", async () => {
  assert.deepEqual(
    run(
      `const c = new AbortController(), seen = []; c.signal.onabort = (e) => seen.push(e.type, e.isTrusted); c.abort(); c.abort(); return [...seen, c.signal.aborted, c.signal.reason.name, c.signal === c.signal]`,
    ),
    ["abort", true, true, "AbortError", true],
  );
  assert.deepEqual(
    run(
      `const c = new AbortController(); c.abort("why"); try { c.signal.throwIfAborted() } catch (e) { return [e, AbortSignal.abort().reason.name, AbortSignal.abort(0).reason] }`,
    ),
    ["why", "AbortError", 0],
  );
  assert.throws(() => run("new AbortSignal()"), {
    name: "TypeError",
    message: "Illegal constructor",
  });
  assert.throws(() => run("AbortSignal.timeout()"), { name: "TypeError" });
  assert.throws(() => run("AbortSignal.timeout(-1)"), { name: "TypeError" });
  lily.run(
    "var timedOut; AbortSignal.timeout(2).addEventListener('abort', (e) => { timedOut = e.target.reason.name })",
  );
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(lily.run("timedOut"), "TimeoutError");
});

test("AbortSignal.any", () => {
  assert.deepEqual(
    run(`const a = new AbortController(), b = new AbortController(), any = AbortSignal.any([a.signal, b.signal]), seen = []; any.onabort = () => seen.push("any"); b.signal.onabort = () => seen.push("b");
    b.abort(1); a.abort(2); return [...seen, any.aborted, any.reason]`),
    ["b", "any", true, 1],
  );
  assert.deepEqual(
    run(
      `return [AbortSignal.any([]).aborted, AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]).reason]`,
    ),
    [false, 1],
  );
  assert.deepEqual(
    run(
      `const c = new AbortController(); const x = AbortSignal.any([c.signal]), y = AbortSignal.any([x, c.signal]); const seen = []; x.onabort = () => seen.push("x", y.aborted); y.onabort = () => seen.push("y"); c.abort(); return seen`,
    ),
    ["x", true, "y"],
  );
  assert.throws(() => run("AbortSignal.any([{}])"), { name: "TypeError" });
  assert.throws(() => run("AbortSignal.any(1)"), { name: "TypeError" });
});

test("handler attributes", () => {
  assert.deepEqual(
    run(
      `const s = new AbortController().signal; const f = () => {}; const seen = [s.onabort]; s.onabort = f; seen.push(s.onabort === f); s.onabort = 5; seen.push(s.onabort); s.onabort = {}; seen.push(typeof s.onabort); return seen`,
    ),
    [null, true, null, "object"],
  );
  assert.deepEqual(
    run(
      `const c = new AbortController(), s = c.signal, seen = []; s.onabort = () => seen.push("first"); s.addEventListener("abort", () => seen.push("second")); s.onabort = () => seen.push("replaced"); c.abort(); return seen`,
    ),
    ["replaced", "second"],
  );
});

test("errors of listeners are reported and the others run", () => {
  assert.deepEqual(
    run(`const seen = []; const on = (e) => { seen.push(e.message, e.error.message, e.isTrusted, e.target === globalThis); e.preventDefault() }; addEventListener("error", on);
    const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("in listener") }); t.addEventListener("x", () => seen.push("next")); t.addEventListener("x", {}); t.dispatchEvent(new Event("x"));
    removeEventListener("error", on); return seen`),
    [
      "Uncaught Error: in listener",
      "in listener",
      true,
      true,
      "next",
      "Uncaught TypeError: the listener's handleEvent is not a function",
      "the listener's handleEvent is not a function",
      true,
      true,
    ],
  );
  assert.equal(lily.output.length, 0);
  assert.deepEqual(
    run(
      `const seen = []; onerror = (...all) => { seen.push(all.length, all[0], typeof all[2]); return true }; reportError(new RangeError("r")); onerror = null; return seen`,
    ),
    [5, "Uncaught RangeError: r", "number"],
  );
  run(`reportError(new Error("printed"))`);
  assert.match(lily.stderr, /^Uncaught Error: printed\n {4}at /);
  lily.output.length = 0;
  run(
    `const on = () => { throw new Error("inner") }; addEventListener("error", on); reportError(1); removeEventListener("error", on)`,
  );
  assert.match(lily.stderr, /^Uncaught Error: inner\n[^]*Uncaught 1\n$/);
  lily.output.length = 0;
  run(
    `reportError({ get stack() { throw 1 }, toString() { throw 2 }, [Symbol.for("nodejs.util.inspect.custom")]() { throw 3 } })`,
  );
  assert.equal(lily.stderr, "Uncaught [an error that cannot be shown]\n");
  lily.output.length = 0;
});

test("unhandledrejection and rejectionhandled", async () => {
  lily.run(`var seen = []; onunhandledrejection = (e) => { seen.push(["unhandled", e.reason, e.promise === lost, e.cancelable]); e.preventDefault() };
    onrejectionhandled = (e) => seen.push(["handled", e.promise === lost]); var lost = Promise.reject(5)`);
  await tick();
  lily.run("lost.catch(() => {})");
  await tick();
  assert.deepEqual(JSON.parse(lily.run("JSON.stringify(seen)")), [
    ["unhandled", 5, true, true],
    ["handled", true],
  ]);
  lily.run("onunhandledrejection = onrejectionhandled = null; Promise.reject(new Error('nobody'))");
  await tick();
  assert.match(lily.stderr, /^Uncaught \(in promise\) Error: nobody\n/);
});

test("the console shows events and signals as Node does", async () => {
  const { inspect } = await lily.import("console/inspect.js");
  assert.match(
    inspect(lily.run("new Event('x')")),
    /^Event \{\n {2}type: 'x',\n {2}defaultPrevented: false,\n {2}cancelable: false,\n {2}timeStamp: [\d.]+\n\}$/,
  );
  assert.equal(
    inspect(lily.run("new AbortController()")),
    "AbortController { signal: AbortSignal { aborted: false } }",
  );
  assert.equal(inspect(lily.run("[[[new AbortController()]]]")), "[ [ [ AbortController {} ] ] ]");
  assert.equal(inspect(lily.run("[[[new CustomEvent('x')]]]")), "[ [ [ CustomEvent ] ] ]");
  assert.equal(inspect(lily.run("new EventTarget()")), "EventTarget {}");
});
