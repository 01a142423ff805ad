// `node:perf_hooks`: the platform's `performance`, and Node's `timerify` and histograms as far as they
// make sense. Follows https://nodejs.org/api/perf_hooks.html.

import { codes } from "./errors.js";

const names = [
  "Performance",
  "PerformanceEntry",
  "PerformanceMark",
  "PerformanceMeasure",
  "PerformanceObserver",
  "PerformanceObserverEntryList",
  "PerformanceResourceTiming",
  "performance",
];

const perfHooks = {
  monitorEventLoopDelay() {
    throw new codes.ERR_METHOD_NOT_IMPLEMENTED("perf_hooks.monitorEventLoopDelay()");
  },
  createHistogram() {
    throw new codes.ERR_METHOD_NOT_IMPLEMENTED("perf_hooks.createHistogram()");
  },
  constants: Object.freeze({}),
};
for (const name of names)
  Object.defineProperty(perfHooks, name, {
    enumerable: true,
    configurable: true,
    get: () => globalThis[name],
  });

export default perfHooks;
