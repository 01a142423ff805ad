import { parse } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { Readable } from "node:stream";

console.log(parseSync('"key_1","key_2"\n"value 1","value ""2"""\n', { columns: true, skip_empty_lines: true }));
const rows = [];
for await (const row of Readable.from(["a;b\n1;", "2\n3;4\n"]).pipe(parse({ delimiter: ";", columns: true, cast: true }))) rows.push(row);
console.log(rows);
parse("a,b\n1\n", (error) => console.log(error.code, error.message));
