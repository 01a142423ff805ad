// What JavaScript has everywhere and QuickJS alone has not: a console, and UTF-8.
import output from "lily:init/output";

globalThis.wit = {};

const text = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return `${value}\n${value.stack ?? ""}`.trimEnd();
    try {
        return JSON.stringify(value) ?? String(value);
    } catch {
        return String(value);
    }
};
const line = (...values) => {
    if (!output.listening()) return;
    for (const byte of new TextEncoder().encode(values.map(text).join(" ") + "\n")) output.print(byte);
};
globalThis.console = { debug: line, error: line, info: line, log: line, warn: line };

globalThis.TextEncoder = class TextEncoder {
    get encoding() {
        return "utf-8";
    }

    encode(string = "") {
        const well = String(string).toWellFormed();
        const bytes = new Uint8Array(well.length * 3);
        let length = 0;
        for (let at = 0; at < well.length; at++) {
            const code = well.codePointAt(at);
            if (code < 0x80) {
                bytes[length++] = code;
                continue;
            }
            if (code < 0x800) {
                bytes[length++] = 0xc0 | (code >> 6);
            } else {
                if (code < 0x10000) {
                    bytes[length++] = 0xe0 | (code >> 12);
                } else {
                    bytes[length++] = 0xf0 | (code >> 18);
                    bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
                    at++;
                }
                bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
            }
            bytes[length++] = 0x80 | (code & 0x3f);
        }
        return bytes.slice(0, length);
    }
};

// The character at a place of UTF-8, and how many bytes it has; undefined where there is none.
const character = (bytes, at) => {
    const first = bytes[at];
    if (first < 0x80) return [first, 1];
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return undefined;
    let code = first & (0x7f >> length);
    for (let next = 1; next < length; next++) {
        const byte = bytes[at + next];
        if ((byte & 0xc0) !== 0x80) return undefined;
        code = (code << 6) | (byte & 0x3f);
    }
    const least = [0, 0, 0x80, 0x800, 0x10000][length];
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    return [code, length];
};

globalThis.TextDecoder = class TextDecoder {
    #fatal;

    constructor(label = "utf-8", { fatal = false } = {}) {
        if (!/^utf-?8$/i.test(label)) throw new RangeError(`there is no decoder for ${label}, only for utf-8`);
        this.#fatal = fatal;
    }

    get encoding() {
        return "utf-8";
    }

    decode(bytes = []) {
        const parts = [];
        let codes = [];
        for (let at = 0; at < bytes.length; ) {
            const found = character(bytes, at);
            if (found === undefined && this.#fatal) throw new TypeError(`byte ${at} is not UTF-8`);
            const [code, length] = found ?? [0xfffd, 1];
            codes.push(code);
            at += length;
            if (codes.length === 4096) {
                parts.push(String.fromCodePoint(...codes));
                codes = [];
            }
        }
        parts.push(String.fromCodePoint(...codes));
        return parts.join("");
    }
};
