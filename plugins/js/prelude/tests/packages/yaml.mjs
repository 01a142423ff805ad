import { Document, parse, parseAllDocuments, parseDocument, stringify } from "yaml";

console.log(parse("3.14159"), parse("[ true, false, maybe, null ]\n"), parse("a: &x {b: 1}\nc: *x\nd: |\n  text\n  more\ne: >-\n  folded\n  line\nf: 2020-01-01\n"));
console.log(stringify({ number: 3, plain: "string", block: "two\nlines\n", list: [1, { a: [] }], none: null, date: new Date(0) }));
const doc = parseDocument("# comment\na: 1 # side\nb: [x, y]\n"); doc.set("c", { d: 2 }); doc.setIn(["b", 1], "z");
console.log(String(doc), parseDocument("a: [").errors.map((error) => [error.code, error.message]), parseAllDocuments("a\n---\nb\n").length, new Document([1]).toString());
try { parse("a: b: c"); } catch (error) { console.log(error.name, error.message); }
