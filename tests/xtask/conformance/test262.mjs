// Runs one script of test262 in this instance. Job: { scripts: [[name, text], …], test: [name, text], negative, isAsync }. For a
// module the runner writes a program instead, which hands its test over as an import.

import { input } from "./input.mjs";
import { runScript } from "./host262.mjs";
import { runTest } from "./run262.mjs";

const { scripts, test, negative, isAsync } = await input();
const [name, text] = test;
// What a script's last statement is worth is nothing that may be waited for.
await runTest({ scripts, negative, isAsync, test: () => void runScript(text, name) });
