// Runs one test file of Web Platform Tests in this instance, in the harness's own environment for shells. Job:
// { path, variant, scripts: [[name, text], …], files: { path: text }, wait }. Answers: a line for each subtest as it ends,
// [name, status, message] (status 0 is a pass), then { status, message } of the whole; no such line, or one with "timeout":
// it did not end.

import vm from "node:vm";
import { answer, end, input, told } from "./input.mjs";

const { path, variant, scripts, files, wait } = await input();
const later = setTimeout;

let isOver = false;
function over(summary) {
  if (isOver) return;
  isOver = true;
  answer(summary);
  end();
}

globalThis.self ??= globalThis;
globalThis.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
// The harness and subsets of tests read where they are; a URL would not do: a location has no searchParams.
const { href, origin, protocol, host, hostname, port, pathname, search } = new URL(
  `https://web-platform.test:8443/${path}${variant}`,
);
globalThis.location ??= { href, origin, protocol, host, hostname, port, pathname, search, hash: "", toString: () => href };
// Tests of Blob look into it with a FileReader, which is not what they are about: these two methods stand in.
const looksAtInterfaces = scripts.some(([name]) => name.endsWith("idlharness.js"));
if (!("FileReader" in globalThis) && !looksAtInterfaces) {
  const read = (method) =>
    function (blob) {
      blob[method]().then(
        (result) => {
          this.result = result;
          this.onload?.({ target: this });
        },
        () => this.onerror?.({ target: this }),
      );
    };
  const Reader = class {};
  Reader.prototype.readAsText = read("text");
  Reader.prototype.readAsArrayBuffer = read("arrayBuffer");
  Object.defineProperty(globalThis, "FileReader", { value: Reader, configurable: true, writable: true });
}

// Tests of shared bytes get their constructor from WebAssembly.Memory, which is not what they are about either.
if (!("WebAssembly" in globalThis) && scripts.some(([name]) => name === "common/sab.js")) {
  const Memory = class {
    buffer = new SharedArrayBuffer(0);
  };
  Object.defineProperty(globalThis, "WebAssembly", { value: { Memory }, configurable: true, writable: true });
}

// Tests read their tables with fetch, by paths relative to themselves; there is no server.
const outbound = globalThis.fetch;
globalThis.fetch = function fetch(resource, init) {
  if (typeof resource === "string" && !/^[a-z][a-z+.-]*:/i.test(resource)) {
    const name = new URL(resource, `https://web-platform.test:8443/${path}`).pathname.slice(1);
    if (!Object.hasOwn(files, name)) return Promise.reject(new TypeError(`no file ${name}`));
    const type = name.endsWith(".json") ? "application/json" : "text/plain";
    return Promise.resolve(new Response(files[name], { headers: { "content-type": type } }));
  }
  return outbound(resource, init);
};

process.on("beforeExit", () => over({ status: "ended", message: "nothing was left to wait for" }));
process.on("unhandledRejection", (error) => {
  // Programs that are browsers tell the harness; it decides whether the test allows it.
  const event = new Event("unhandledrejection");
  event.reason = error;
  globalThis.dispatchEvent?.(event);
});

try {
  vm.runInThisContext(scripts[0][1], { filename: scripts[0][0] });
  // Interfaces are looked at as a page's that is secure: the harness for them knows no shells.
  if (looksAtInterfaces) {
    Object.defineProperty(globalThis, "Window", { value: class Window {}, configurable: true, writable: true });
    globalThis.isSecureContext ??= true;
  }
  globalThis.add_result_callback(({ name, status, message }) => answer([name, status, message ?? ""]));
  globalThis.add_completion_callback((_, { status, message }) => over({ status, message: message ?? "" }));
  later(() => over({ status: "timeout", message: `not done after ${wait} ms` }), wait);
  for (const [name, text] of scripts.slice(1)) vm.runInThisContext(text, { filename: name });
} catch (error) {
  over({ status: "threw", message: told(error) });
}
