// The queue of `process.nextTick`. Follows https://nodejs.org/api/process.html#processnexttickcallback-args.
// Node runs ticks when the running code returns, before promises' jobs; a tick that a promise's job asks for runs
// when no job is left. The engine tells both moments: `runTicks` is called after each hook's own code, and by the
// hook `drained` when the jobs have run out. Where an engine does not call `drained`, a job of its own runs them.

import { bindContext } from "./context.js";

let queue = [];
let running = false;
let backstop = false;

/** Calls `callback(...values)` before anything else that waits. */
export function nextTick(callback, ...values) {
  const bound = bindContext(callback);
  queue.push(values.length === 0 ? bound : () => bound(...values));
  if (backstop || running) return;
  backstop = true;
  queueMicrotask(() => queueMicrotask(() => {
    backstop = false;
    runTicks();
  }));
}

/** Runs what waits; answers whether anything did. What a tick throws goes to `report`, and the next tick runs. */
export function runTicks(report = reportError) {
  if (running || queue.length === 0) return false;
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
  return true;
}
