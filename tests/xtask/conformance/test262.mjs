// Runs one script of test262 in this instance. Job: { scripts: [[name, text], …], test: [name, text], negative, isAsync }.

import { answer, end, input, told } from "./input.mjs";
import { install, runScript, verdict } from "./host262.mjs";

const { scripts, test, negative, isAsync } = await input();

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
  runScript(test[1], test[0]);
} catch (error) {
  threw = true;
  thrown = error;
}
if (!isAsync || threw) over(verdict(negative, threw, thrown));
