// Web Platform Tests' tables for MIME types and data: URLs, as the crate data-url carries them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { crate } from "./crates.mjs";
import { load } from "./host.mjs";

const folder = join(crate("data-url", "0.3.2"), "tests");
const table = (name) =>
  JSON.parse(readFileSync(join(folder, name), "utf8")).filter((row) => typeof row !== "string");

let lily;
let mime;
before(async () => {
  lily = await load();
  mime = await lily.import("mime.js");
});

for (const file of ["mime-types.json", "generated-mime-types.json"]) {
  describe(file, () => {
    test("parses and writes", () => {
      for (const { input, output } of table(file)) {
        const parsed = mime.parseMimeType(input);
        assert.equal(
          parsed === null ? null : mime.serializeMimeType(parsed),
          output,
          JSON.stringify(input),
        );
      }
    });

    // As WPT's own test does it: by what Blob makes of the content-type.
    test("as a response's type", async () => {
      for (const { input, output } of table(file)) {
        if (/[^\x00-\xff]|[\0\r\n]/.test(input)) continue; // No header has such a value.
        const response = new lily.global.Response("", { headers: { "Content-Type": input } });
        const trimmed = input.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
        if (trimmed.includes(",")) continue; // A header's comma ends a value: another algorithm.
        assert.equal((await response.blob()).type, output ?? "", JSON.stringify(input));
      }
    });
  });
}

test("data-urls.json", async () => {
  const fetch = lily.run(`async (url) => {
    const response = await fetch(url);
    return [response.headers.get("content-type"), [...new Uint8Array(await response.arrayBuffer())]];
  }`);
  for (const [url, type, bytes] of table("data-urls.json")) {
    if (type === null) {
      await assert.rejects(fetch(url), { name: "TypeError" }, url);
    } else {
      const found = await fetch(url);
      assert.equal(found[0], type, url);
      assert.deepEqual([...found[1]], bytes, url);
    }
  }
});

test("base64.json", async () => {
  const decode = lily.run(
    "(text) => { try { return Array.from(atob(text), (unit) => unit.charCodeAt(0)); } catch { return null; } }",
  );
  for (const [input, bytes] of table("base64.json")) {
    const found = decode(input);
    assert.deepEqual(found === null ? null : [...found], bytes, JSON.stringify(input));
  }
});
