// The global object as an event target: addEventListener and its kin, onerror and its kin, and the
// events of errors that nobody catches. https://html.spec.whatwg.org/#globaleventhandlers

import { ErrorEvent, PromiseRejectionEvent } from "./event.js";
import { EventTarget, fire, handlerAccessor, isHeard } from "./event_target.js";
import { hooks } from "./hooks.js";
import { wake } from "./loop.js";
import { late, report } from "./report.js";
import { needs } from "./webidl.js";

export const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;

export const handlers = {
  onerror: handlerAccessor("error", undefined, globalThis),
  onunhandledrejection: handlerAccessor("unhandledrejection", undefined, globalThis),
  onrejectionhandled: handlerAccessor("rejectionhandled", undefined, globalThis),
};

export function reportError(e) {
  needs(1, arguments.length, "reportError");
  report(e);
}

late.fireError = (error, details) => {
  if (!isHeard(globalThis, "error")) return true;
  return fire(
    globalThis,
    new ErrorEvent("error", { __proto__: null, ...details, error, cancelable: true }),
  );
};

late.fireRejection = (type, promise, reason) => {
  if (!isHeard(globalThis, type)) return true;
  const init = { __proto__: null, promise, reason, cancelable: type === "unhandledrejection" };
  return fire(globalThis, new PromiseRejectionEvent(type, init));
};

hooks.timer = (id) => {
  wake(id);
};
