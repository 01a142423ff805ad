// The queue of `process.nextTick`. Follows
// https://nodejs.org/api/process.html#processnexttickcallback-args. Node runs ticks when the running
// code returns, before promises' jobs; a tick that a promise's job asks for runs when no job is left.
// The engine knows both moments: after `host.tick()` it calls the hook `ticks` there.

import { host } from "lily:host";
import { capture } from "../async_context.js";
import { hooks } from "../hooks.js";
import { report } from "../report.js";
import { codes } from "./errors.js";

let queue = [];
let running = false;

/** Calls `callback(...values)` before anything else that waits. */
export function nextTick(callback, ...values) {
  if (typeof callback !== "function") throw new codes.ERR_INVALID_ARG_TYPE("callback", "Function", callback);
  const bound = capture(callback);
  if (queue.length === 0 && !running) host.tick();
  queue.push(values.length === 0 ? bound : () => bound(...values));
}

/** Runs what waits, and what that adds. What a tick throws is reported, and the next one runs. */
export function runTicks() {
  if (running) return;
  running = true;
  while (queue.length > 0) {
    const ticks = queue;
    queue = [];
    for (const tick of ticks) {
      try {
        tick();
      } catch (error) {
        report(error);
      }
    }
  }
  running = false;
}

hooks.ticks = runTicks;
