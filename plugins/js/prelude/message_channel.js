// MessageChannel and MessagePort. https://html.spec.whatwg.org/#message-channels
// Both ports are in one realm; a message is a task of its own.

import { DOMException } from "./dom_exception.js";
import { Event, MessageEvent } from "./event.js";
import { EventTarget, fire, handlerAttributes } from "./event_target.js";
import { queueTask } from "./loop.js";
import { arrayPush } from "./primordials.js";
import { receive, send, transferable } from "./structured_clone.js";
import {
  dictionary,
  illegalConstructor,
  INTERNAL,
  isObject,
  needs,
  object,
  sequence,
  sequenceFrom,
  shape,
} from "./webidl.js";

const convertOptions = dictionary([["transfer", sequence(object), () => []]]);

let isPort;
let entangle;
let startPort;

class MessagePort extends EventTarget {
  // What a transfer moves to the new object: the other end, and the messages that wait.
  #channel = { peer: null, waiting: [], started: false, owner: this };
  #detached = false;

  static {
    isPort = (value) => isObject(value) && #detached in value;
    entangle = (a, b) => {
      a.#channel.peer = b.#channel;
      b.#channel.peer = a.#channel;
    };
    startPort = (port) => port.#start();
    transferable({
      name: "MessagePort",
      is: isPort,
      isDetached: (port) => port.#detached,
      detach(port) {
        const channel = port.#channel;
        channel.owner = null;
        channel.started = false;
        port.#detached = true;
        port.#channel = { peer: null, waiting: [], started: false, owner: port };
        return channel;
      },
      receive(channel) {
        const port = new MessagePort(INTERNAL);
        port.#channel = channel;
        channel.owner = port;
        return port;
      },
    });
  }

  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    super();
  }

  postMessage(message, options = undefined) {
    needs(1, arguments.length, "MessagePort.postMessage");
    const transfer = convertTransfer(options);
    const channel = this.#channel;
    for (let i = 0; i < transfer.length; i++) {
      if (transfer[i] === this)
        throw new DOMException("A port cannot be sent through itself", "DataCloneError");
    }
    const peer = channel.peer;
    // A port that is sent to its own other end closes the channel: the message is lost.
    let doomed = false;
    for (let i = 0; i < transfer.length; i++) {
      if (isPort(transfer[i]) && transfer[i].#channel === peer && peer !== null) doomed = true;
    }
    const parcel = send(message, transfer);
    if (peer === null || doomed) return;
    arrayPush(peer.waiting, parcel);
    deliverLater(peer);
  }

  start() {
    this.#start();
  }

  close() {
    this.#detached = true;
    const { peer } = this.#channel;
    this.#channel.peer = null;
    this.#channel.waiting = [];
    if (peer === null) return;
    peer.peer = null;
    queueTask(() => {
      if (peer.owner !== null) fire(peer.owner, new Event("close"));
    });
  }

  #start() {
    const channel = this.#channel;
    if (channel.started) return;
    channel.started = true;
    for (let i = 0; i < channel.waiting.length; i++) deliverLater(channel);
  }
}
shape(MessagePort);
handlerAttributes(MessagePort, ["message"], (port) => startPort(port));
handlerAttributes(MessagePort, ["messageerror", "close"]);

// One task a message; a port that is transferred meanwhile keeps its messages for the new object.
function deliverLater(channel) {
  if (!channel.started) return;
  queueTask(() => {
    if (!channel.started || channel.waiting.length === 0) return;
    const parcel = channel.waiting.shift();
    let event;
    try {
      const { value, transferred } = receive(parcel);
      event = new MessageEvent("message", { data: value, ports: transferred.filter(isPort) });
    } catch {
      event = new MessageEvent("messageerror");
    }
    if (channel.owner !== null) fire(channel.owner, event);
  });
}

// postMessage(message, sequence<object> or { transfer })
function convertTransfer(options) {
  const where = "MessagePort.postMessage: argument 2";
  if (options === undefined || options === null) return [];
  if (!isObject(options)) throw new TypeError(`${where}: not an object`);
  const iterator = options[Symbol.iterator];
  if (iterator !== undefined && iterator !== null)
    return sequenceFrom(options, iterator, object, where);
  return convertOptions(options, where).transfer;
}

class MessageChannel {
  #port1 = new MessagePort(INTERNAL);
  #port2 = new MessagePort(INTERNAL);
  constructor() {
    entangle(this.#port1, this.#port2);
  }
  get port1() {
    return this.#port1;
  }
  get port2() {
    return this.#port2;
  }
}
shape(MessageChannel);

export { MessageChannel, MessagePort };
