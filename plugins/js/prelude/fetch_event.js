// FetchEvent, for programs that listen instead of exporting a handler.
// https://w3c.github.io/ServiceWorker/#fetchevent-interface

import { DOMException } from "./dom_exception.js";
import { Event } from "./event.js";
import { fire, isHeard } from "./event_target.js";
import { partsOfRequest } from "./request.js";
import {
  any,
  dictionary,
  DOMString,
  illegalInvocation,
  interfaceType,
  needs,
  REQUIRED,
  shape,
} from "./webidl.js";

const fetchEventInit = dictionary([
  ["clientId", DOMString, ""],
  ["handled", any],
  ["preloadResponse", any],
  ["replacesClientId", DOMString, ""],
  ["request", interfaceType("Request", (value) => partsOfRequest(value) !== undefined), REQUIRED],
  ["resultingClientId", DOMString, ""],
]);

/** Ties an event to the turn that its waitUntil keeps open. */
let attach;
/** What respondWith was given: `{ value }`, or null. */
let answerOf;

export class ExtendableEvent extends Event {
  #context = null;

  constructor(type, eventInitDict = undefined) {
    needs(1, arguments.length, "ExtendableEvent constructor");
    super(type, eventInitDict);
  }

  waitUntil(f) {
    if (!(#context in this)) illegalInvocation("ExtendableEvent");
    needs(1, arguments.length, "ExtendableEvent.waitUntil");
    // An event that a program has made extends nothing.
    if (this.#context === null)
      throw new DOMException("the event was not dispatched by the host", "InvalidStateError");
    this.#context.waitUntil(f);
  }

  static {
    attach = (event, context) => {
      event.#context = context;
    };
  }
}

export class FetchEvent extends ExtendableEvent {
  #init;
  #open = false;
  #answer = null;

  constructor(type, eventInitDict) {
    needs(2, arguments.length, "FetchEvent constructor");
    super(type, eventInitDict);
    this.#init = fetchEventInit(eventInitDict, "FetchEvent constructor: argument 2");
  }

  get request() {
    return this.#init.request;
  }

  get clientId() {
    return this.#init.clientId;
  }

  get resultingClientId() {
    return this.#init.resultingClientId;
  }

  get replacesClientId() {
    return this.#init.replacesClientId;
  }

  respondWith(r) {
    const open = this.#open;
    needs(1, arguments.length, "FetchEvent.respondWith");
    if (!open)
      throw new DOMException(
        "respondWith must be called while the event is dispatched",
        "InvalidStateError",
      );
    if (this.#answer !== null)
      throw new DOMException("respondWith was called twice", "InvalidStateError");
    this.stopImmediatePropagation();
    this.#answer = { value: r };
  }

  /** Does nothing: there is no origin behind this program that could answer in its place. */
  passThroughOnException() {
    this.#open;
  }

  static {
    answerOf = (event, dispatch) => {
      event.#open = true;
      dispatch(event);
      event.#open = false;
      return event.#answer;
    };
  }
}

shape(ExtendableEvent);
shape(FetchEvent);

export const hasFetchListener = () => isHeard(globalThis, "fetch");

/** Asks the listeners of `fetch`: `{ value }` with what respondWith was given, or null. */
export function askListeners(request, context) {
  const event = new FetchEvent("fetch", { request, cancelable: true });
  attach(event, context);
  return answerOf(event, () => fire(globalThis, event));
}
