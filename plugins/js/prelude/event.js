// Event and the events that carry data: CustomEvent, ErrorEvent, PromiseRejectionEvent,
// MessageEvent, CloseEvent. https://dom.spec.whatwg.org/#events, https://html.spec.whatwg.org/
//
// What dispatch needs of an event's inside is exported as functions (`beginDispatch` …): programs
// cannot reach them.

import { host } from "lily:host";
import { inspectAs } from "./inspect_custom.js";
import { defineProperty, SafeWeakSet } from "./primordials.js";
import {
  any,
  boolean,
  dictionary,
  DOMString,
  needs,
  nullable,
  object,
  REQUIRED,
  sequence,
  shape,
  unsignedLong,
  unsignedShort,
  USVString,
} from "./webidl.js";

const { freeze } = Object;

const EventInit = [
  ["bubbles", boolean, false],
  ["cancelable", boolean, false],
  ["composed", boolean, false],
];
const convertEventInit = dictionary(EventInit);
const NO_INIT = convertEventInit(undefined);

const NONE = 0;
const AT_TARGET = 2;

export let isEvent;
export let beginDispatch;
export let endDispatch;
export let isStopped;
export let isDispatching;
export let setPassive;
export let trust;

const trusted = new SafeWeakSet();
// [LegacyUnforgeable]: an own accessor of every event, one function for all.
const isTrusted = Object.getOwnPropertyDescriptor(
  {
    get isTrusted() {
      return trusted.has(this);
    },
  },
  "isTrusted",
).get;
const unforgeable = {
  __proto__: null,
  get: isTrusted,
  set: undefined,
  enumerable: true,
  configurable: false,
};

export class Event {
  #type;
  #bubbles;
  #cancelable;
  #composed;
  #timeStamp = host.monotonic();
  #target = null;
  #phase = NONE;
  #dispatching = false;
  #initialized = true;
  #stop = false;
  #stopImmediate = false;
  #canceled = false;
  #passive = false;

  static {
    isEvent = (value) => #type in value;
    isDispatching = (event) => event.#dispatching || !event.#initialized;
    beginDispatch = (event, target) => {
      event.#dispatching = true;
      event.#target = target;
      event.#phase = AT_TARGET;
    };
    endDispatch = (event) => {
      event.#dispatching = false;
      event.#phase = NONE;
      event.#stop = event.#stopImmediate = false;
      return !event.#canceled;
    };
    isStopped = (event, immediately) => (immediately ? event.#stopImmediate : event.#stop);
    setPassive = (event, passive) => {
      event.#passive = passive;
    };
    trust = (event) => {
      trusted.add(event);
      return event;
    };
  }

  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, new.target.name);
    this.#type = DOMString(type, "Event: argument 1");
    const init =
      eventInitDict === undefined ? NO_INIT : convertEventInit(eventInitDict, "Event: argument 2");
    this.#bubbles = init.bubbles;
    this.#cancelable = init.cancelable;
    this.#composed = init.composed;
    defineProperty(this, "isTrusted", unforgeable);
  }
  get type() {
    return this.#type;
  }
  get target() {
    return this.#target;
  }
  get srcElement() {
    return this.#target;
  }
  get currentTarget() {
    return this.#dispatching ? this.#target : null;
  }
  composedPath() {
    return this.#dispatching ? [this.#target] : [];
  }
  get eventPhase() {
    return this.#phase;
  }
  stopPropagation() {
    this.#stop = true;
  }
  get cancelBubble() {
    return this.#stop;
  }
  set cancelBubble(value) {
    if (boolean(value)) this.#stop = true;
  }
  stopImmediatePropagation() {
    this.#stop = this.#stopImmediate = true;
  }
  get bubbles() {
    return this.#bubbles;
  }
  get cancelable() {
    return this.#cancelable;
  }
  get returnValue() {
    return !this.#canceled;
  }
  set returnValue(value) {
    if (!boolean(value)) this.preventDefault();
  }
  preventDefault() {
    if (this.#cancelable && !this.#passive) this.#canceled = true;
  }
  get defaultPrevented() {
    return this.#canceled;
  }
  get composed() {
    return this.#composed;
  }
  get timeStamp() {
    return this.#timeStamp;
  }
  initEvent(type, bubbles = false, cancelable = false) {
    needs(1, arguments.length, "Event.initEvent");
    const text = DOMString(type, "Event.initEvent: argument 1");
    if (this.#dispatching) return;
    this.#initialized = true;
    this.#stop = this.#stopImmediate = this.#canceled = false;
    this.#target = null;
    this.#type = text;
    this.#bubbles = boolean(bubbles);
    this.#cancelable = boolean(cancelable);
  }
}
shape(Event, { constants: { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 } });
inspectAs(
  Event,
  ({ type, defaultPrevented, cancelable, timeStamp }) => ({
    type,
    defaultPrevented,
    cancelable,
    timeStamp,
  }),
  { deep: "name" },
);

const CustomEventInit = dictionary([...EventInit, ["detail", any, null]]);

export class CustomEvent extends Event {
  #detail;
  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, "CustomEvent");
    super(type, eventInitDict);
    this.#detail = CustomEventInit(eventInitDict, "CustomEvent: argument 2").detail;
  }
  get detail() {
    return this.#detail;
  }
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    needs(1, arguments.length, "CustomEvent.initCustomEvent");
    const busy = isDispatching(this);
    this.initEvent(type, bubbles, cancelable);
    if (!busy) this.#detail = detail;
  }
}
shape(CustomEvent);

const ErrorEventInit = dictionary([
  ["colno", unsignedLong, 0],
  ["error", any, undefined],
  ["filename", USVString, ""],
  ["lineno", unsignedLong, 0],
  ["message", DOMString, ""],
]);

export class ErrorEvent extends Event {
  #init;
  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, "ErrorEvent");
    super(type, eventInitDict);
    this.#init = ErrorEventInit(eventInitDict, "ErrorEvent: argument 2");
  }
  get message() {
    return this.#init.message;
  }
  get filename() {
    return this.#init.filename;
  }
  get lineno() {
    return this.#init.lineno;
  }
  get colno() {
    return this.#init.colno;
  }
  get error() {
    return this.#init.error;
  }
}
shape(ErrorEvent);

const PromiseRejectionEventInit = dictionary([
  ["promise", object, REQUIRED],
  ["reason", any, undefined],
]);

export class PromiseRejectionEvent extends Event {
  #init;
  constructor(type, eventInitDict) {
    needs(2, arguments.length, "PromiseRejectionEvent");
    super(type, eventInitDict);
    this.#init = PromiseRejectionEventInit(eventInitDict, "PromiseRejectionEvent: argument 2");
  }
  get promise() {
    return this.#init.promise;
  }
  get reason() {
    return this.#init.reason;
  }
}
shape(PromiseRejectionEvent);

const MessageEventInit = dictionary([
  ["data", any, null],
  ["lastEventId", DOMString, ""],
  ["origin", USVString, ""],
  ["ports", sequence(object), () => []],
  ["source", nullable(object), null],
]);

export class MessageEvent extends Event {
  #init;
  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, "MessageEvent");
    super(type, eventInitDict);
    this.#init = MessageEventInit(eventInitDict, "MessageEvent: argument 2");
    freeze(this.#init.ports);
  }
  get data() {
    return this.#init.data;
  }
  get origin() {
    return this.#init.origin;
  }
  get lastEventId() {
    return this.#init.lastEventId;
  }
  get source() {
    return this.#init.source;
  }
  get ports() {
    return this.#init.ports;
  }
  initMessageEvent(
    type,
    bubbles = false,
    cancelable = false,
    data = null,
    origin = "",
    lastEventId = "",
    source = null,
    ports = [],
  ) {
    needs(1, arguments.length, "MessageEvent.initMessageEvent");
    const busy = isDispatching(this);
    const init = MessageEventInit(
      { data, origin, lastEventId, source, ports },
      "MessageEvent.initMessageEvent",
    );
    this.initEvent(type, bubbles, cancelable);
    if (busy) return;
    this.#init = init;
    freeze(init.ports);
  }
}
shape(MessageEvent);

const CloseEventInit = dictionary([
  ["code", unsignedShort, 0],
  ["reason", USVString, ""],
  ["wasClean", boolean, false],
]);

export class CloseEvent extends Event {
  #init;
  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, "CloseEvent");
    super(type, eventInitDict);
    this.#init = CloseEventInit(eventInitDict, "CloseEvent: argument 2");
  }
  get wasClean() {
    return this.#init.wasClean;
  }
  get code() {
    return this.#init.code;
  }
  get reason() {
    return this.#init.reason;
  }
}
shape(CloseEvent);
