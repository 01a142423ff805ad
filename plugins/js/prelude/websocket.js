// The WebSocket client. https://websockets.spec.whatwg.org/
// The host speaks the protocol (handshake, masks, fragments, ping and pong); here are the states,
// the checks and the events. `bufferedAmount` falls when the host says what it has sent (hook
// `sent`).

import { host } from "lily:host";
import { capture } from "./async_context.js";
import { blobBytes, blobOver } from "./blob.js";
import { copyOf } from "./bytes.js";
import { DOMException } from "./dom_exception.js";
import { CloseEvent, Event, MessageEvent } from "./event.js";
import { EventTarget, fire, handlerAttributes } from "./event_target.js";
import { hooks } from "./hooks.js";
import {
  isArrayBuffer,
  isView,
  matches,
  SafeMap,
  SafeSet,
  stringIndexOf,
  toLowerCase,
} from "./primordials.js";
import {
  BufferSource,
  DOMString,
  isObject,
  needs,
  sequenceFrom,
  shape,
  unsignedShortClamp,
  USVString,
} from "./webidl.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** The sockets that are not closed yet; the hooks find them by id. */
const sockets = new SafeMap();
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

let opened;
let received;
let closed;
let sent;

export class WebSocket extends EventTarget {
  #id;
  #url;
  #origin;
  #state = CONNECTING;
  #protocol = "";
  #binaryType = "blob";
  #buffered = 0;
  /** Events run in the async context in which the program made the socket. */
  #fire = capture((event) => void fire(this, event));

  constructor(url, protocols = undefined) {
    const where = "WebSocket constructor";
    needs(1, arguments.length, where);
    super();
    const text = USVString(url, `${where}: argument 1`);
    const list = toProtocols(protocols, `${where}: argument 2`);
    const [href, origin] = toSocketUrl(text);
    checkProtocols(list);
    this.#url = href;
    this.#origin = origin;
    this.#id = host.id();
    sockets.set(this.#id, this);
    host.connect(this.#id, href, list);
  }

  get url() {
    return this.#url;
  }

  get readyState() {
    return this.#state;
  }

  get bufferedAmount() {
    return this.#buffered;
  }

  get extensions() {
    this.#state;
    return ""; // The host negotiates none.
  }

  get protocol() {
    return this.#protocol;
  }

  get binaryType() {
    return this.#binaryType;
  }

  set binaryType(value) {
    const type = DOMString(value, "WebSocket.binaryType");
    // An unknown value of an enumeration attribute is ignored.
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  send(data) {
    const state = this.#state;
    needs(1, arguments.length, "WebSocket.send");
    let message;
    if (isView(data) || isArrayBuffer(data))
      message = copyOf(BufferSource(data, "WebSocket.send: argument 1"));
    else if (isObject(data) && blobBytes(data) !== undefined) message = blobBytes(data);
    else message = USVString(data, "WebSocket.send: argument 1");
    if (state === CONNECTING)
      throw new DOMException("the socket is still connecting", "InvalidStateError");
    this.#buffered += typeof message === "string" ? utf8Length(message) : message.length;
    // After the close the amount only grows: the standard's way to tell that messages go nowhere.
    if (state === OPEN) host.send(this.#id, message);
  }

  close(code = undefined, reason = undefined) {
    const state = this.#state;
    const status =
      code === undefined ? undefined : unsignedShortClamp(code, "WebSocket.close: argument 1");
    const text =
      reason === undefined ? undefined : USVString(reason, "WebSocket.close: argument 2");
    if (status !== undefined && status !== 1000 && (status < 3000 || status > 4999)) {
      throw new DOMException(
        `the code ${status} is neither 1000 nor of 3000 to 4999`,
        "InvalidAccessError",
      );
    }
    if (text !== undefined && utf8Length(text) > 123) {
      throw new DOMException("the reason is longer than 123 bytes", "SyntaxError");
    }
    if (state === CLOSING || state === CLOSED) return;
    this.#state = CLOSING;
    // 1005 stands for "without a status"; while it connects, the host gives up (1006).
    host.close(this.#id, status ?? (text === undefined ? 1005 : 1000), text ?? "");
  }

  static {
    opened = (socket, protocol) => {
      if (socket.#state !== CONNECTING) return;
      socket.#state = OPEN;
      socket.#protocol = protocol;
      socket.#fire(new Event("open"));
    };
    received = (socket, data) => {
      if (socket.#state !== OPEN) return;
      let value = data;
      if (typeof data !== "string")
        value = socket.#binaryType === "blob" ? blobOver(data, "") : wholeBuffer(data);
      socket.#fire(new MessageEvent("message", { data: value, origin: socket.#origin }));
    };
    sent = (socket, bytes) => {
      if (socket.#state !== CLOSED) socket.#buffered = Math.max(0, socket.#buffered - bytes);
    };
    closed = (socket, code, reason, wasClean) => {
      if (socket.#state === CLOSED) return;
      socket.#state = CLOSED;
      if (!wasClean) socket.#fire(new Event("error"));
      socket.#fire(new CloseEvent("close", { wasClean, code, reason }));
    };
  }
}

shape(WebSocket, { constants: { CONNECTING, OPEN, CLOSING, CLOSED } });
handlerAttributes(WebSocket, ["open", "error", "close", "message"]);

function wholeBuffer(bytes) {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : copyOf(bytes).buffer;
}

function utf8Length(text) {
  return host.utf8Encode(text).length;
}

function toProtocols(value, where) {
  if (value === undefined) return [];
  if (isObject(value)) {
    const method = value[Symbol.iterator];
    if (method !== undefined && method !== null)
      return sequenceFrom(value, method, DOMString, where);
  }
  return [DOMString(value, where)];
}

/** https://websockets.spec.whatwg.org/#get-a-url-record: [href, origin]. */
function toSocketUrl(text) {
  let parts = host.parseUrl(text, undefined);
  if (parts === null)
    throw new DOMException(`${JSON.stringify(text)} is not an absolute URL`, "SyntaxError");
  const wanted = { "http:": "ws", "https:": "wss" }[parts[1]];
  if (wanted !== undefined) parts = host.setUrl(parts[0], "protocol", wanted);
  if (parts[1] !== "ws:" && parts[1] !== "wss:") {
    throw new DOMException(`the scheme ${parts[1]} is not ws, wss, http or https`, "SyntaxError");
  }
  if (stringIndexOf(parts[0], "#") >= 0)
    throw new DOMException("the URL has a fragment", "SyntaxError");
  return [parts[0], parts[9]];
}

function checkProtocols(list) {
  const seen = new SafeSet();
  for (let i = 0; i < list.length; i++) {
    const protocol = list[i];
    const name = toLowerCase(protocol);
    if (!matches(token, protocol) || seen.has(name)) {
      throw new DOMException(
        `the protocol ${JSON.stringify(protocol)} is not a token, or is named twice`,
        "SyntaxError",
      );
    }
    seen.add(name);
  }
}

hooks.opened = (id, protocol) => {
  const socket = sockets.get(id);
  if (socket !== undefined) opened(socket, protocol);
};
hooks.message = (id, data) => {
  const socket = sockets.get(id);
  if (socket !== undefined) received(socket, data);
};
hooks.sent = (id, bytes) => {
  const socket = sockets.get(id);
  if (socket !== undefined) sent(socket, bytes);
};
hooks.closed = (id, code, reason, clean) => {
  const socket = sockets.get(id);
  if (socket === undefined) return;
  sockets.delete(id);
  closed(socket, code, reason, clean);
};
