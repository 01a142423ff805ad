// Well-used npm packages, each running its own documented example (packages/*) under the prelude: it prints what Node
// prints. They are fetched by npm into a temporary folder.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const examples = fileURLToPath(new URL("packages", import.meta.url));
const runner = fileURLToPath(new URL("package_run.mjs", import.meta.url));
const folder = process.env.LLY_PRELUDE_PACKAGES ?? join(tmpdir(), "lly-prelude-packages");

function fetched() {
  mkdirSync(folder, { recursive: true });
  const list = readFileSync(join(examples, "package.json"), "utf8");
  if (!existsSync(join(folder, "node_modules")) || readFileSync(join(folder, "package.json"), "utf8") !== list) {
    copyFileSync(join(examples, "package.json"), join(folder, "package.json"));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent"], { cwd: folder, stdio: "ignore" });
  }
}

fetched();
for (const name of readdirSync(examples).filter((one) => /\.[cm]js$/.test(one))) {
  test(`package: ${name}`, () => {
    const path = join(folder, name);
    copyFileSync(join(examples, name), path);
    const run = (...parameters) => spawnSync(process.execPath, ["--no-warnings", ...parameters], { encoding: "utf8", cwd: folder, env: { ...process.env, TZ: "UTC" } });
    const ours = run("--experimental-vm-modules", runner, folder, name);
    const nodes = run(path);
    assert.equal(nodes.status, 0, nodes.stderr);
    assert.equal(ours.stdout, nodes.stdout, ours.stderr);
  });
}
