// Runs one test of test262: the harness as scripts of the global scope, then the test, and says how it ended.

import { answer, end, told } from "./input.mjs";
import { install, runScript, verdict } from "./host262.mjs";

/** `scripts` are the harness, `[name, text]` each; `test` runs the test; `negative` names the error that it has to end with. */
export async function runTest({ scripts, test, negative, isAsync }) {
  let isOver = false;
  function over(message) {
    if (isOver) return;
    isOver = true;
    answer(message ?? "");
    end();
  }
  // A test may leave promises rejected: that is no failure.
  process.on("unhandledRejection", () => undefined);
  process.on("uncaughtException", (error) => over(told(error)));
  process.on("beforeExit", () => over("it ended without a call of $DONE"));
  install(over);
  let threw = false;
  let thrown;
  try {
    for (const [name, text] of scripts) runScript(text, name);
    await test();
  } catch (error) {
    threw = true;
    thrown = error;
  }
  if (!isAsync || threw) over(verdict(negative, threw, thrown));
}
