// Test data that others wrote and that the crates of others carry (Web Platform Tests, mostly):
// fetched by cargo, whose index has the digest. `crate("data-url", "0.3.2")` is the folder of its
// sources.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const SOURCES = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");

function find(name, version) {
  if (!existsSync(SOURCES)) return undefined;
  return readdirSync(SOURCES)
    .map((index) => join(SOURCES, index, `${name}-${version}`))
    .find(existsSync);
}

export function crate(name, version) {
  const there = find(name, version);
  if (there !== undefined) return there;
  const work = join(tmpdir(), `lly-crate-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const manifest = `[package]\nname = "x"\nversion = "0.0.0"\n[lib]\npath = "x.rs"\n[dependencies]\n${name} = "=${version}"\n`;
  writeFileSync(join(work, "Cargo.toml"), manifest);
  writeFileSync(join(work, "x.rs"), "");
  execFileSync("cargo", ["fetch"], { cwd: work, stdio: "pipe" });
  return find(name, version);
}
