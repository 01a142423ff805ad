// `lly @NAME@ [FILE]…`: says how many lines the files of the project have.
//
// It reads what the user granted, and nothing else; what it asks for is in `plugin.json`.
/// <reference path="./bindings/command.d.ts" />

import project from "lily:command/project@0.1.0";
import terminal from "lily:command/terminal@0.1.0";

const utf8 = new TextEncoder();

/** @type {import("lily:command@0.1.0").Usage} */
const words = {
    summary: "Say how many lines files have.",
    help: `Says how many lines files of the project have.

Usage: lly @NAME@ [FILE]…

Example:
  lly @NAME@ src/main.c
`,
};

export function usage() {
    return words;
}

/** @type {import("lily:command@0.1.0").run} */
export function run(args) {
    for (const file of args) {
        let text;
        try {
            text = project.read(file);
        } catch (error) {
            // What the host says: denied, absent or failed, each with its words.
            terminal.err(utf8.encode(`error: ${error.payload.val}\n`));
            return 1;
        }
        const lines = text.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
        terminal.out(utf8.encode(`${lines} ${file}\n`));
    }
    if (args.length === 0) terminal.out(utf8.encode("which files? see lly @NAME@ --help\n"));
    return 0;
}
