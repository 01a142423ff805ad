// Runs one program of a folder with node_modules under the prelude: node package_run.mjs <folder> <file>.

import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sides } from "./node_same.mjs";
import { PackageProgram } from "./package_program.mjs";

const [folder, name] = process.argv.slice(2);
const lily = await sides({ args: [join(folder, name)], environment: { PATH: "/bin" } });
let failure;
try {
  await new PackageProgram(lily, folder).run(name, readFileSync(join(folder, name), "utf8"));
} catch (error) {
  failure = error;
}
await lily.idle();
await new Promise((done) => setTimeout(done, 20));
await lily.idle();
for (const [stream, text] of lily.output) writeSync(stream, text);
if (failure !== undefined) {
  writeSync(2, `${failure?.stack ?? failure}\n`);
  process.reallyExit(1);
}
process.reallyExit(0);
