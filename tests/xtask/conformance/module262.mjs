// Runs one module of test262: the runner makes a program of this file, the includes and the test. What it hands over:
// `scripts` (the harness, as scripts of the global scope), `load` (imports the test), `negative`, `isAsync`.

import { answer, end, told } from "./input.mjs";
import { install, runScript, verdict } from "./host262.mjs";

/** Runs the test and says how it ended. */
export async function runModule({ scripts, load, negative, isAsync }) {
  let isOver = false;
  function over(message) {
    if (isOver) return;
    isOver = true;
    answer(message ?? "");
    end();
  }
  process.on("unhandledRejection", () => undefined);
  process.on("uncaughtException", (error) => over(told(error)));
  process.on("beforeExit", () => over("it ended without a call of $DONE"));
  install(over);
  let threw = false;
  let thrown;
  try {
    for (const [name, text] of scripts) runScript(text, name);
    await load();
  } catch (error) {
    threw = true;
    thrown = error;
  }
  if (!isAsync || threw) over(verdict(negative, threw, thrown));
}
