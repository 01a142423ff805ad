// Written by `lly plugin build` into `bindings/`: what a frontend in JavaScript needs besides its language.
//
// Numbers as WebAssembly and BIR write them, sha256, the records of BIR (docs/bir.md, byte by byte), and a component made
// of a core module. Bytes are arrays of numbers until they are handed over; what is found in bytes is a `Uint8Array`.

import shell from "./shell.js";

const utf8 = new TextEncoder();

/** LEB128, unsigned. Numbers beyond 2^53 as a BigInt. */
export function unsigned(value) {
    const to = [];
    let rest = BigInt(value);
    while (rest >= 0x80n) {
        to.push(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
    }
    to.push(Number(rest));
    return to;
}

/** LEB128, signed: constants in WebAssembly. Numbers beyond 2^53 as a BigInt. */
export function signed(value) {
    const to = [];
    let rest = BigInt(value);
    while (rest < -64n || rest >= 64n) {
        to.push(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
    }
    to.push(Number(rest & 0x7fn));
    return to;
}

/** The length, then the bytes; of a text, those of its UTF-8. */
export function sized(value) {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    return join(unsigned(bytes.length), bytes);
}

/** Section `id` of a WebAssembly module or component. */
export function section(id, contents) {
    return join([id], sized(contents));
}

/** Lists of bytes, one after the other. */
export function join(...parts) {
    const to = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        to.set(part, at);
        at += part.length;
    }
    return to;
}

/** The BIR of a program whose one object, the payload, is `module`: `module` finds it again. */
export function program(language, name, units, object, module) {
    return join(
        utf8.encode("LILY-BIR"),
        [1, 0, 0, 0, 1],
        sized(language),
        sized(name),
        unsigned(units.length),
        ...units.map(unit),
        unsigned(0), // no data
        unsigned(1), // one object
        sized(object),
        sha256(module),
        sized(module),
    );
}

function unit(one) {
    return join(
        sized(one.name),
        sized(one.name), // the symbol
        [0], // a function
        sized(one.signature),
        [1], // it has a place
        sized(one.file),
        ...[one.line, one.column, one.endLine, one.size].map(unsigned),
        unsigned(one.calls.length),
        ...one.calls.map((call) => join([0], unsigned(call))), // units of this program
        [0, 0, 0, 0, 0], // no indirect calls, no address taken, nothing read, written or let out
        [0], // in the first object
        one.digest,
    );
}

/** The payload of BIR that `program` wrote: it ends the file, after its length. Undefined if there is none. */
export function module(bir) {
    const starts = (at, bytes) => bytes.every((byte, index) => bir[at + index] === byte);
    if (!starts(0, [...utf8.encode("LILY-BIR")])) return undefined;
    for (let at = 13; at < bir.length; at++) {
        if (!starts(at, [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])) continue;
        const length = unsigned(bir.length - at);
        if (starts(at - length.length, length)) return bir.slice(at);
    }
    return undefined;
}

/**
 * A component that prints: the shell, with `module` in the place of its first core module.
 *
 * The module may import from `shell`: `memory` (64 pages; bytes 65536 to 4194304 are the module's), `print` (i32 address,
 * i32 length), `number` (i64, printed in decimal on a line). It exports `run`, without parameters, which answers an i32: 0
 * for success, 1 for failure.
 */
export function component(module) {
    let at = 8;
    while (at < shell.length) {
        const begin = at;
        const id = shell[at++];
        let size = 0;
        let shift = 0;
        let byte;
        do {
            byte = shell[at++];
            size |= (byte & 0x7f) << shift;
            shift += 7;
        } while (byte >= 0x80);
        at += size;
        if (id === 1) return join(shell.slice(0, begin), section(1, module), shell.slice(at));
    }
    throw new Error("the shell has no core module");
}

const CONSTANTS = primes(64).map((prime) => fraction(Math.cbrt(prime)));
const BEGIN = primes(8).map((prime) => fraction(Math.sqrt(prime)));

function primes(count) {
    const found = [];
    for (let next = 2; found.length < count; next++) {
        if (found.every((prime) => next % prime !== 0)) found.push(next);
    }
    return found;
}

/** The first 32 bits behind the point. */
function fraction(value) {
    return ((value - Math.floor(value)) * 2 ** 32) >>> 0;
}

/** The digest of some bytes, or of a text's UTF-8: 32 bytes. */
export function sha256(value) {
    const bytes = typeof value === "string" ? utf8.encode(value) : value;
    const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
    padded.set(bytes);
    padded[bytes.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
    view.setUint32(padded.length - 4, bytes.length << 3);
    const state = new Uint32Array(BEGIN);
    const words = new Uint32Array(64);
    for (let block = 0; block < padded.length; block += 64) {
        for (let i = 0; i < 16; i++) words[i] = view.getUint32(block + i * 4);
        sha256Block(state, words);
    }
    const digest = new Uint8Array(32);
    state.forEach((word, i) => new DataView(digest.buffer).setUint32(i * 4, word));
    return digest;
}

function sha256Block(state, words) {
    const right = (word, by) => (word >>> by) | (word << (32 - by));
    for (let i = 16; i < 64; i++) {
        const a = right(words[i - 15], 7) ^ right(words[i - 15], 18) ^ (words[i - 15] >>> 3);
        const b = right(words[i - 2], 17) ^ right(words[i - 2], 19) ^ (words[i - 2] >>> 10);
        words[i] = words[i - 16] + a + words[i - 7] + b;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
        const one = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + ((e & f) ^ (~e & g)) + CONSTANTS[i] + words[i];
        const two = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
}
