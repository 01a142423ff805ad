// Where the prelude's libraries are for tests: fetched once by npm as libraries.json pins them, their
// digest checked, under LLY_PRELUDE_LIBRARIES or the temporary folder.
// "name" is the first of the library's files, "name/path" is the file `path` of its package.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
// The prelude's own, then what only tests use.
const LISTS = [join(HERE, "..", "libraries.json"), join(HERE, "libraries.json")];
const FOLDER = process.env.LLY_PRELUDE_LIBRARIES ?? join(tmpdir(), "lly-prelude-libraries");

/** The row of libraries.json that a bare specifier names. */
export function libraryEntry(specifier) {
  const [first, second] = specifier.split("/");
  const name = first.startsWith("@") ? `${first}/${second}` : first;
  const rows = LISTS.flatMap((list) => JSON.parse(readFileSync(list, "utf8")));
  const entry = rows.find((row) => row.name === name);
  if (entry === undefined) throw new Error(`libraries.json has no ${name}`);
  return entry;
}

/** The path of the file that a bare specifier names. */
export function library(specifier) {
  const entry = libraryEntry(specifier);
  const path = specifier === entry.name ? entry.files[0] : specifier.slice(entry.name.length + 1);
  return join(fetched(entry), path);
}

function fetched({ name, version, sha256 }) {
  const folder = join(FOLDER, `${name.replace("/", "-").replace("@", "")}-${version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  const options = { cwd: work, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  const archive = execFileSync("npm", ["pack", "--silent", `${name}@${version}`], options).trim();
  const found = createHash("sha256").update(readFileSync(join(work, archive))).digest("hex");
  if (found !== sha256) throw new Error(`${name}@${version}: sha256 is ${found}, not ${sha256}`);
  execFileSync("tar", ["xzf", archive, "--strip", "1"], options);
  rmSync(join(work, archive));
  try {
    renameSync(work, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another test process was first
    rmSync(work, { recursive: true });
  }
  return folder;
}
