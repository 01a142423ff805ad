// Runs one script of test262 in this instance. Job: { scripts: [[name, text], …], test: [name, text], negative, isAsync }. For a
// module the runner writes a program instead, which hands its test over as an import.

import { input } from "./input.mjs";
import { runScript } from "./host262.mjs";
import { runTest } from "./run262.mjs";

const { scripts, test, negative, isAsync } = await input();
const [name, text] = test;
// Nobody waits here, and the script's last value is dropped: waiting looks at a promise's constructor, which tests count.
void runTest({ scripts, negative, isAsync, test: () => void runScript(text, name) });
