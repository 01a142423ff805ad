import { same } from "./node_same.mjs";

const encodings = ["utf8", "utf-8", "UTF8", "ucs2", "utf16le", "UTF-16LE", "latin1", "binary", "ascii", "base64", "base64url", "hex", "Hex", "nope", ""];
const texts = ["", "a", "héllo wörld", "€uro 😀", "\ud800x\udc00", "YQ==", "YWJj", "YW-_", "Y Q\n=", "YQ==YQ==", "a=b", "abc1", "zz", "616", "\ufeffx", "\0\x7f\x80\xff\u0100", "YWJjZA", "_-8"].map((text) => JSON.stringify(text));
const setup = "const { Buffer } = require('buffer')";

same("buffer: text to bytes and back", setup, texts.flatMap((text) => encodings.flatMap((name) => [
  `Buffer.from(${text}, ${JSON.stringify(name)})`,
  `Buffer.from(${text}).toString(${JSON.stringify(name)})`,
  `Buffer.byteLength(${text}, ${JSON.stringify(name)})`,
  `(() => { const b = Buffer.alloc(9, 1); return [b.write(${text}, 1, 6, ${JSON.stringify(name)}), b]; })()`,
])));

same("buffer: bytes to text", setup, ["e282ac", "e282", "f09f9880", "f09f98", "c0af", "eda080", "ff41fe", "efbbbf61", "80", "e28261", "f8808080"].flatMap((hex) => ["utf8", "utf16le", "latin1", "ascii", "base64", "base64url", "hex"].map((name) => `Buffer.from("${hex}", "hex").toString("${name}")`)));

same("buffer: making", setup, [
  "Buffer.from([1, 2.7, -1, 256, '5', NaN])", "Buffer.from(new Uint16Array([1, 300]))", "Buffer.from(Buffer.from('abc'))", "Buffer.from(new ArrayBuffer(3))", "Buffer.from(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)", "Buffer.from(new ArrayBuffer(3), 4)", "Buffer.from(new ArrayBuffer(3), 1, 9)",
  "Buffer.from({ length: 2, 0: 7 })", "Buffer.from({ length: 'x' })", "Buffer.from({ type: 'Buffer', data: [1, 2] })", "Buffer.from(new String('abc'))", "Buffer.from({ [Symbol.toPrimitive]: () => 'xy' })", "Buffer.from(5)", "Buffer.from(null)", "Buffer.from()", "Buffer.from({})", "Buffer.from(() => 1)", "Buffer.from('a', 'x')", "Buffer.from(Symbol())", "Buffer.from(true)",
  "Buffer.alloc(3)", "Buffer.alloc(5, 'ab')", "Buffer.alloc(5, '6162', 'hex')", "Buffer.alloc(3, 257)", "Buffer.alloc(3, '')", "Buffer.alloc(-1)", "Buffer.alloc('3')", "Buffer.alloc(NaN)", "Buffer.alloc(3, 'zz', 'hex')", "Buffer.alloc(3, 'a', 'nope')", "Buffer.alloc(2, new Uint8Array([1, 2, 3]))", "Buffer.allocUnsafe(4).length", "Buffer.allocUnsafe(2 ** 53)", "Buffer.alloc(2, true)",
  "Buffer.concat([Buffer.from('a'), new Uint8Array([98])])", "Buffer.concat([Buffer.from('abc')], 2)", "Buffer.concat([Buffer.from('a')], 3)", "Buffer.concat('x')", "Buffer.concat([1])", "Buffer.concat([])", "Buffer.concat([], 3)", "Buffer.of(1, 2, 300)", "Buffer.copyBytesFrom(new Uint16Array([1, 2, 3]), 1, 1)", "Buffer.copyBytesFrom([1])", "Buffer.copyBytesFrom(new Uint8Array(2), -1)",
  "Buffer.isBuffer(Buffer.alloc(1)) && !Buffer.isBuffer(new Uint8Array(1))", "['utf8', 'UTF-8', 'x', '', 5, null, 'base64url', 'binary'].map(Buffer.isEncoding)", "Buffer.compare(Buffer.from('a'), Buffer.from('b'))", "Buffer.compare('a', Buffer.from('b'))", "Buffer.byteLength(new ArrayBuffer(5))", "Buffer.byteLength(5)", "Buffer.byteLength(new DataView(new ArrayBuffer(2)))", "new Buffer.from('a')",
  "Buffer('abc')", "Buffer(3)", "new Buffer([1])", "Buffer(3, 'utf8')", "class X extends Buffer {}; return new X('a')", "Buffer.name + Buffer.length", "Buffer.poolSize",
]);

same("buffer: methods", `${setup}; const b = Buffer.from("abcabc\\u20ac")`, [
  "b.slice(1, 3)", "b.slice(-2)", "b.slice(2, -1)", "b.subarray('1', '2')", "b.slice(NaN, 2.9)", "const c = b.slice(0, 2); c[0] = 1; return b", "b.toString('utf8', 1, 3)", "b.toString(undefined, -1, 100)", "b.toString('hex', 2)", "b.toString('latin1', 3, 1)", "b.toString('x')", "b.toString('utf8', 'a', 3)", "b.toString(null)",
  "b.equals(Buffer.from('abcabc\\u20ac'))", "b.equals(new Uint8Array(1))", "b.equals('x')", "b.compare(Buffer.from('abd'))", "b.compare(Buffer.from('xbca'), 1, 3, 1, 3)", "b.compare(Buffer.from('a'), 0, 5)", "b.compare(Buffer.from('a'), -1)", "b.compare(5)", "b.compare(Buffer.from('ab'), 5, 1, 0, 0)",
  "b.indexOf('b')", "b.indexOf('b', 2)", "b.indexOf('b', -5)", "b.indexOf(99)", "b.indexOf(99.5)", "b.indexOf(Buffer.from('ca'))", "b.indexOf('')", "b.indexOf('', 100)", "b.indexOf('\\u20ac')", "b.indexOf('zz', 'hex')", "b.indexOf('YWI=', 0, 'base64')", "b.indexOf({})", "b.indexOf('a', 'x')", "b.indexOf('b', null)", "b.indexOf('b', {})", "b.lastIndexOf('b')", "b.lastIndexOf('b', 3)", "b.lastIndexOf('b', -100)", "b.lastIndexOf(97)", "b.lastIndexOf('')", "b.lastIndexOf('b', undefined)", "b.lastIndexOf('b', null)", "b.includes('ca')", "b.includes('x')", "Buffer.from('abc', 'utf16le').indexOf('c', 0, 'utf16le')", "Buffer.from([0, 97, 0, 97, 0]).indexOf('a', 0, 'ucs2')", "b.indexOf(Buffer.alloc(0), 3)", "b.indexOf('abcabcabcabc')", "b.indexOf(-159)",
  "b.fill('xy')", "b.fill('xy', 2, 5)", "b.fill(0x41, 1)", "b.fill('4142', 'hex')", "b.fill('zz', 'hex')", "b.fill('a', 1, 2, 'nope')", "b.fill('\\u20ac', 1)", "b.fill('a', -1)", "b.fill('a', 0, 100)", "b.fill(new Uint8Array(0))", "b.fill()", "b.fill(null, 2)", "b.fill('a', 5, 2)", "b.fill('a', 1.5)",
  "b.copy(Buffer.alloc(4))", "const t = Buffer.alloc(4); return [b.copy(t, 1, 2, 4), t]", "b.copy('x')", "b.copy(Buffer.alloc(2), -1)", "b.copy(Buffer.alloc(2), 0, -1)", "b.copy(Buffer.alloc(2), 0, 100)", "b.copy(Buffer.alloc(2), 9)", "const t = new Uint8Array(3); b.copy(t, '1'); return t", "b.copy(b, 1, 0, 3); return b",
  "b.write('xy')", "b.write('xy', 1)", "b.write('xy', 'hex')", "b.write('xy', 100)", "b.write('xy', -1)", "b.write('xyz', 1, 2)", "b.write('xyz', 1, 'latin1')", "b.write(5)", "b.write('\\u20ac\\u20ac', 6)", "b.write('a', 1, 2, 'x')", "b.write('a', 1.5)", "b.write('abc', 0, 100)",
  "b.toJSON()", "JSON.stringify(b)", "Buffer.from([1, 2, 3, 4]).swap16()", "Buffer.from([1, 2, 3, 4]).swap32()", "Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).swap64()", "b.swap16()", "b.swap32()", "[...b.entries()].length", "b.map((x) => x + 1)", "b.filter((x) => x > 97)", "b.reverse()", "b.readUInt8(100)", "[b.parent === b.buffer, b.offset === b.byteOffset]", "b.toLocaleString()", "b.inspect()", "b.hexSlice(1, 3)", "b.latin1Write('zz', 1); return b", "b.utf8Write('z', 100)", "b.constructor === Buffer", "Object.prototype.toString.call(b)", "Buffer.alloc(60)", "b.x = 1; return b", "Buffer.alloc(0)", "b.asciiSlice()", "b.ucs2Slice(0, 4)",
]);

const numbers = ["UInt8", "Int8", "UInt16LE", "UInt16BE", "Int16LE", "Int16BE", "UInt32LE", "UInt32BE", "Int32LE", "Int32BE", "FloatLE", "FloatBE", "DoubleLE", "DoubleBE", "Uint16BE"];
same("buffer: numbers", `${setup}; const b = Buffer.from([0x81, 2, 0xf3, 4, 0x85, 6, 0xf7, 8, 9])`, [
  ...numbers.flatMap((name) => [`b.read${name}()`, `b.read${name}(1)`, `b.read${name}(9)`, `b.read${name}(-1)`, `b.read${name}(1.5)`, `b.read${name}('1')`, `Buffer.alloc(0).read${name}()`,
    ...["1", "-1", "300", "70000", "2 ** 40", "1.5", "NaN", "'7'", "-129", "undefined", "-0.5", "Infinity"].map((value) => `[b.write${name}(${value}, 1), b]`), `b.write${name}(1, 9)`, `b.write${name}(1, 'x')`]),
  ...["UIntLE", "UIntBE", "IntLE", "IntBE"].flatMap((name) => [1, 2, 3, 4, 5, 6].flatMap((size) => [`b.read${name}(1, ${size})`, `[b.write${name}(5, 1, ${size}), b]`, `[b.write${name}(-5, 1, ${size}), b]`, `b.write${name}(2 ** 50, 1, ${size})`]).concat([`b.read${name}()`, `b.read${name}(0)`, `b.read${name}(0, 7)`, `b.read${name}(0, 0)`, `b.read${name}(0, '2')`, `b.read${name}(8, 2)`])),
  ...["BigInt64LE", "BigInt64BE", "BigUInt64LE", "BigUInt64BE"].flatMap((name) => [`b.read${name}()`, `b.read${name}(1)`, `b.read${name}(2)`, `[b.write${name}(5n), b]`, `[b.write${name}(-5n, 1), b]`, `b.write${name}(2n ** 64n)`, `b.write${name}(2n ** 70n)`]),
]);

same("buffer: module", "const buffer = require('buffer')", [
  "buffer.isUtf8(Buffer.from('ä'))", "buffer.isUtf8(Buffer.from([0xff]))", "buffer.isAscii(Buffer.from('a'))", "buffer.isAscii(Buffer.from('ä'))", "buffer.isUtf8('x')", "buffer.transcode(Buffer.from('€'), 'utf8', 'ascii')", "buffer.transcode(Buffer.from('ä'), 'utf8', 'latin1')", "buffer.transcode(Buffer.from('ä'), 'utf8', 'utf16le')", "buffer.transcode(Buffer.from('ä'), 'utf8', 'hex')", "buffer.transcode(Buffer.alloc(0), 'utf8', 'hex')",
  "buffer.btoa('a')", "buffer.atob('YQ==')", "buffer.Blob === Blob", "typeof buffer.constants.MAX_LENGTH", "buffer.INSPECT_MAX_BYTES", "buffer.SlowBuffer(3).length", "Object.keys(buffer).sort()",
]);

const decoded = ["utf8", "utf16le", "base64", "base64url", "hex", "latin1", "ascii"];
const streams = ["e282ac61", "f09f9880f09f", "c3", "eda080", "e2e282ac", "ff80", "610062d83d", "3dd800de", "d83d", "414243", "f4908080", "e0a0", "f0", "c2c2a9", "00d80061"];
same("string_decoder", "const { StringDecoder } = require('string_decoder')", [
  ...decoded.flatMap((name) => streams.flatMap((hex) => [1, 2, 3].map((step) => `const d = new StringDecoder("${name}"); const b = Buffer.from("${hex}", "hex"); const out = []; for (let i = 0; i < b.length; i += ${step}) out.push(d.write(b.subarray(i, i + ${step}))); out.push(d.end(), d.end()); return out;`))),
  "new StringDecoder('nope')", "new StringDecoder().encoding", "new StringDecoder('UCS2').encoding", "new StringDecoder('utf8').write('x')", "new StringDecoder('utf8').write(5)", "new StringDecoder('utf8').end(Buffer.from('e2', 'hex'))", "const d = new StringDecoder('utf8'); d.write(Buffer.from('e2', 'hex')); return [d.lastNeed, d.lastTotal]",
]);
