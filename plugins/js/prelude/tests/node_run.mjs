// Runs the program that comes on stdin, a module, under the prelude in a process of its own, as `node -` does:
//   node --experimental-vm-modules node_run.mjs < program.mjs
// What it prints goes out, and it ends as the engine ends a script: beforeExit until nothing is started, then exiting.

import { readFileSync, writeSync } from "node:fs";
import { sides } from "./node_same.mjs";

class Ended extends Error {}

const lily = await sides({
  args: ["/program.mjs"],
  environment: { HOME: "/", PATH: "/bin" },
  parts: [(lily) => ({
    exit(code) {
      finish(lily, code);
      throw new Ended();
    },
  })],
});

function finish(lily, code) {
  for (const [stream, text] of lily.output) writeSync(stream, text);
  process.reallyExit(code);
}

const settled = async () => {
  await lily.idle();
  await new Promise((done) => setTimeout(done, 5));
  await lily.idle();
};

const report = await lily.import("report.js");
report.runAsScript();
await lily.module(readFileSync(0, "utf8")).catch((error) => lily.hooks.uncaught(error));
await settled();
for (let before = -1; before !== lily.output.length;) {
  before = lily.output.length;
  lily.hooks.beforeExit();
  await settled();
}
lily.hooks.exiting();
finish(lily, lily.exitCode);
