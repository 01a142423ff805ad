import * as pako from "pako";

const input = new Uint8Array(10000).map((_, at) => (at * at) % 251);
const packed = pako.deflate(input);
console.log(packed.length, pako.inflate(packed).every((byte, at) => byte === input[at]), Buffer.from(pako.gzip("hello hello hello", { level: 9 })).toString("hex").slice(20));
console.log(new TextDecoder().decode(pako.ungzip(pako.gzip(JSON.stringify({ my: "super", n: [1, 2] })))));
const stream = new pako.Deflate();
stream.push("strings also", false); stream.push(" ok", true);
console.log(stream.err, Buffer.from(pako.inflate(stream.result)).toString());
try { pako.inflate(new Uint8Array([1, 2, 3])); } catch (error) { console.log(String(error.message ?? error)); }
