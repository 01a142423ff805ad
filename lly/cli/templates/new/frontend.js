// The language @NAME@. A program is lines `name = value`; a value is numbers and names from above with `+`, `-` and `*`.
// Each line is a unit, a function without parameters; running the program prints what each gives.
//
// `lower` compiles the text to a core module and writes BIR around it; `emit` takes the module out again and puts it into a
// component that prints. What is wrong with a program is thrown: a list of diagnostics.
/// <reference path="./bindings/frontend.d.ts" />

import * as bir from "./bindings/bir.js";

/** @type {import("lily:frontend@0.1.0").lower} */
export function lower(sources, companions, options) {
    if (sources.length !== 1) throw [error("a program is one `.@EXT@` file")];
    const [source] = sources;
    const text = decode(source);
    const lines = parse(text, source.path);
    const units = lines.map((line) => ({
        name: line.name,
        signature: `${line.name} -> number`,
        file: source.path,
        line: line.line,
        column: line.column,
        endLine: line.line,
        size: line.code.length,
        calls: line.calls,
        digest: line.digest,
    }));
    return {
        bir: bir.program("@NAME@", options.name, units, `${source.path}.wasm`, module(lines)),
        diagnostics: [],
    };
}

/** @type {import("lily:frontend@0.1.0").emit} */
export function emit(program, plan, options) {
    const found = bir.module(program);
    if (found === undefined) throw [error(`the BIR of \`${plan.name}\` is not of a @NAME@ program`)];
    return { component: bir.component(found), diagnostics: [] };
}

function decode(source) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(source.contents);
    } catch {
        throw [error(`\`${source.path}\` is not UTF-8`)];
    }
}

/** Each line of a program, compiled. Throws what is wrong, and where. */
function parse(text, path) {
    const lines = [];
    text.split("\n").forEach((whole, number) => {
        const line = whole.replace(/\r$/, "");
        const code = line.split("#")[0];
        if (code.trim() === "") return;
        const mistake = (at, message) => {
            const column = Array.from(line.slice(0, at)).length + 1;
            throw [{ ...error(message), path, line: number + 1, column, sourceLine: line }];
        };
        lines.push(new Cursor(code, number + 1, lines, mistake).line());
    });
    return lines;
}

class Cursor {
    at = 0;
    code = [];
    calls = [];

    constructor(text, number, above, mistake) {
        this.text = text;
        this.number = number;
        this.above = above;
        this.mistake = mistake;
    }

    line() {
        this.skip();
        const begin = this.at;
        const column = Array.from(this.text.slice(0, begin)).length + 1;
        const name = this.name();
        if (name === "") this.mistake(begin, "expected a name");
        if (this.above.some((line) => line.name === name)) this.mistake(begin, `there is a \`${name}\` already`);
        if (!this.takes("=")) this.mistake(this.at, "expected `=`");
        const value = this.at;
        this.sum();
        if (this.at < this.text.length) this.mistake(this.at, "expected `+`, `-`, `*` or the line's end");
        // The words without spaces, and what they refer to.
        const words = new TextEncoder().encode(this.text.slice(value).replace(/\s/g, ""));
        const digest = bir.sha256(bir.join(words, ...this.calls.map((call) => this.above[call].digest)));
        return { name, line: this.number, column, code: this.code, calls: this.calls, digest };
    }

    sum() {
        this.product();
        for (;;) {
            const operator = this.takes("+") ? 0x7c : this.takes("-") ? 0x7d : undefined;
            if (operator === undefined) return;
            this.product();
            this.code.push(operator);
        }
    }

    product() {
        this.value();
        while (this.takes("*")) {
            this.value();
            this.code.push(0x7e);
        }
    }

    value() {
        this.skip();
        const begin = this.at;
        const word = this.name();
        if (word === "") this.mistake(begin, "expected a number or a name");
        if (/^[0-9]/.test(word)) {
            const number = /^[0-9]+$/.test(word) ? BigInt(word) : 2n ** 63n;
            if (number >= 2n ** 63n) this.mistake(begin, `\`${word}\` is not a number of 64 bits`);
            this.code.push(0x42, ...bir.signed(number));
        } else {
            const index = this.above.findIndex((line) => line.name === word);
            if (index < 0) this.mistake(begin, `there is no \`${word}\` above this line`);
            // Function 0 is the shell's.
            this.code.push(0x10, ...bir.unsigned(index + 1));
            this.calls.push(index);
        }
    }

    /** Letters, digits and `_`; empty if there are none. */
    name() {
        const [name] = /^[A-Za-z0-9_]*/.exec(this.text.slice(this.at));
        this.at += name.length;
        this.skip();
        return name;
    }

    takes(wanted) {
        if (!this.text.startsWith(wanted, this.at)) return false;
        this.at += wanted.length;
        this.skip();
        return true;
    }

    skip() {
        const rest = this.text.slice(this.at);
        this.at += rest.length - rest.trimStart().length;
    }
}

/** The module: each line a function, and `run`, which prints what each gives. */
function module(lines) {
    // Types: a line, `number`, `run`.
    const types = [3, 0x60, 0, 1, 0x7e, 0x60, 1, 0x7e, 0, 0x60, 0, 1, 0x7f];
    const functions = bir.join(bir.unsigned(lines.length + 1), lines.map(() => 0), [2]);
    const exported = bir.join([1], bir.sized("run"), [0], bir.unsigned(lines.length + 1));
    const bodies = lines.map((line) => bir.sized(bir.join([0], line.code, [0x0b])));
    const prints = lines.map((_, index) => bir.join([0x10], bir.unsigned(index + 1), [0x10, 0]));
    const run = bir.sized(bir.join([0], ...prints, [0x41, 0, 0x0b]));
    return bir.join(
        [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        bir.section(1, types),
        bir.section(2, bir.join([1], bir.sized("shell"), bir.sized("number"), [0, 1])),
        bir.section(3, functions),
        bir.section(7, exported),
        bir.section(10, bir.join(bir.unsigned(lines.length + 1), ...bodies, run)),
    );
}

function error(message) {
    return { severity: "error", message, path: null, line: 0, column: 0, sourceLine: null };
}
