// The double's HTTP, in memory: requests that come in, requests that go out, WebSockets.
//
//   await lily.program("export default { fetch: () => new Response('hi') }");
//   const exchange = lily.serve("GET", "http://void/", { headers, body: ["chunk", …], room: 2 });
//   const { status, headers, text } = await exchange.done;
//   exchange.leave();                        // the client goes away
//   lily.answer = async (request) => ({ status: 200, headers: [], body: ["chunk", …] });   // for fetch
//
// Hooks are never called from inside a host function, as in the engine: always in a turn of their
// own.

/** One hook call in a turn of its own. */
const later = (work) => void setImmediate(work);
const toBytes = (chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk));

/**
 * A body that the prelude pulls: an array or async iterable of chunks; an Error in it breaks it
 * off.
 */
class Source {
  dropped = false;
  pulls = 0;
  constructor(lily, id, chunks) {
    this.lily = lily;
    this.id = id;
    this.chunks = (chunks[Symbol.asyncIterator] ?? chunks[Symbol.iterator]).call(chunks);
  }
  async pull() {
    this.pulls++;
    let step;
    try {
      step = await this.chunks.next();
      if (step.value instanceof Error) throw step.value;
    } catch (error) {
      return later(() => this.lily.hooks.failed(this.id, error.message));
    }
    if (this.dropped) return undefined;
    return later(() => {
      if (step.done) this.lily.hooks.end(this.id);
      else this.lily.hooks.body(this.id, toBytes(step.value));
    });
  }
}

/** A body that the prelude writes: `room` chunks fit until somebody reads. */
class Sink {
  chunks = [];
  waiting = 0;
  finished = false;
  isFull = false;
  constructor(lily, id, { room = Infinity, reading = true } = {}) {
    this.lily = lily;
    this.id = id;
    this.room = room;
    this.reading = reading;
  }
  write(chunk) {
    this.chunks.push(Buffer.from(chunk));
    this.waiting++;
    this.isFull = this.waiting >= this.room;
    if (this.isFull && this.reading) later(() => this.read());
    return !this.isFull;
  }
  /** The reader takes what waits. */
  read() {
    this.waiting = 0;
    if (!this.isFull) return;
    this.isFull = false;
    this.lily.hooks.room(this.id);
  }
  get body() {
    return Buffer.concat(this.chunks);
  }
}

/** A request that came in. */
class Exchange {
  status = 0;
  aborted = null;
  held = false;
  released = false;
  constructor(lily, id, options) {
    this.lily = lily;
    this.id = id;
    this.source = options.body === undefined ? null : new Source(lily, id, options.body);
    this.sink = new Sink(lily, id, options);
    this.done = new Promise((resolve) => (this.resolve = resolve));
  }
  leave() {
    this.lily.hooks.gone(this.id);
  }
  complete() {
    this.sink.finished = true;
    const { body } = this.sink;
    const headers = new Headers();
    for (let i = 0; i < this.headers.length; i += 2)
      headers.append(this.headers[i], this.headers[i + 1]);
    const { status, statusText, aborted } = this;
    this.resolve({ status, statusText, headers, body, text: body.toString(), aborted });
  }
}

export function httpHost(lily) {
  const served = new Map();
  const fetched = new Map();
  const sockets = new Map();
  let lastId = 1_000_000; // Apart from the ids that the prelude chooses.

  lily.sockets = sockets;
  lily.answer = () => new Error("the test answers no requests");
  lily.released = [];
  lily.program = async (source) => lily.hooks.loaded(await lily.module(source));
  lily.serve = (method, url, options = {}) => {
    const id = ++lastId;
    const exchange = new Exchange(lily, id, options);
    served.set(id, exchange);
    lily.hooks.request(id, method, url, options.headers ?? [], exchange.source !== null);
    return exchange;
  };

  function sourceOf(id) {
    return served.get(id)?.source ?? fetched.get(id)?.source;
  }
  function sinkOf(id) {
    return served.get(id)?.sink ?? fetched.get(id)?.sink;
  }

  async function answer(id, request) {
    const call = fetched.get(id);
    let given;
    try {
      given = await lily.answer(request);
      if (given instanceof Error) throw given;
    } catch (error) {
      return later(() => lily.hooks.failed(id, error.message));
    }
    if (call.aborted !== null) return undefined;
    const {
      status = 200,
      statusText = "",
      headers = [],
      body = [],
      url = request.url,
      redirected = false,
    } = given;
    call.source = new Source(lily, id, body);
    return later(() => lily.hooks.response(id, status, statusText, url, headers, redirected));
  }

  return {
    respond(id, status, statusText, headers, body, more) {
      const exchange = served.get(id);
      if (exchange.status !== 0) throw new Error("respond was called twice");
      Object.assign(exchange, { status, statusText, headers: Array.from(headers) });
      if (body !== null) exchange.sink.chunks.push(toBytes(body));
      if (!more) exchange.complete();
    },
    write: (id, chunk) => sinkOf(id).write(chunk),
    finish(id) {
      const sink = sinkOf(id);
      sink.finished = true;
      served.get(id)?.complete();
      fetched.get(id)?.sent(sink.body);
    },
    abort(id, message) {
      const end = served.get(id) ?? fetched.get(id);
      end.aborted = message;
      served.get(id)?.complete();
    },
    hold: (id) => void (served.get(id).held = true),
    release: (id) => void lily.released.push(id),
    pull: (id) => void sourceOf(id).pull(),
    drop(id) {
      const source = sourceOf(id);
      if (source) source.dropped = true;
    },
    fetch(id, method, url, headers, body, more, redirect) {
      const call = { source: null, aborted: null, sink: new Sink(lily, id, lily.outbound) };
      const whole = new Promise((resolve) => (call.sent = resolve));
      if (!more) call.sent(body === null ? null : toBytes(body));
      fetched.set(id, call);
      answer(id, { id, method, url, headers: Array.from(headers), body: whole, redirect, call });
    },
    connect: (id, url, protocols) =>
      void sockets.set(id, { id, url, protocols: Array.from(protocols), sent: [], closed: null }),
    send: (id, data) =>
      void sockets.get(id).sent.push(typeof data === "string" ? data : Buffer.from(data)),
    close: (id, code, reason) => void (sockets.get(id).closed = [code, reason]),
  };
}
