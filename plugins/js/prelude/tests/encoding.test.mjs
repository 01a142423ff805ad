// https://encoding.spec.whatwg.org/, atob and btoa

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

const lily = await load();
const run = (source) => lily.run(`(() => { ${source} })()`);
const list = (value) => JSON.parse(JSON.stringify(value));

test("TextEncoder", () => {
  assert.deepEqual(
    list(run("return [...new TextEncoder().encode('aé€😀\\ud800')]")),
    [97, 195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189],
  );
  assert.deepEqual(list(run("return [...new TextEncoder().encode()]")), []);
  assert.deepEqual(list(run("return [...new TextEncoder().encode(undefined)]")), []);
  assert.deepEqual(list(run("return [...new TextEncoder().encode(null)]")), [110, 117, 108, 108]);
  assert.deepEqual(
    list(
      run("const b = new Uint8Array(4); return [new TextEncoder().encodeInto('a€😀', b), [...b]]"),
    ),
    [{ read: 2, written: 4 }, [97, 226, 130, 172]],
  );
  assert.deepEqual(
    list(
      run(
        "const b = new Uint8Array(8); return [new TextEncoder().encodeInto('é', b.subarray(3, 6)), [...b]]",
      ),
    ),
    [{ read: 1, written: 2 }, [0, 0, 0, 195, 169, 0, 0, 0]],
  );
  assert.deepEqual(
    list([
      run(
        "const b = new Uint8Array(4); b.buffer.transfer(); return new TextEncoder().encodeInto('a', b)",
      ),
    ]),
    [{ read: 0, written: 0 }],
  );
  assert.throws(() => run("new TextEncoder().encodeInto('a', new Int8Array(1))"), {
    name: "TypeError",
  });
  assert.throws(() => run("TextEncoder()"), { name: "TypeError" });
  assert.throws(() => run("TextEncoder.prototype.encode.call({}, 'a')"), { name: "TypeError" });
  assert.equal(run("return new TextEncoder().encoding"), "utf-8");
});

test("TextDecoder: labels", () => {
  for (const [label, name] of [
    ["utf8", "utf-8"],
    [" UTF-8\n", "utf-8"],
    ["latin1", "windows-1252"],
    ["ascii", "windows-1252"],
    ["utf-16", "utf-16le"],
    ["sjis", "shift_jis"],
    ["gb2312", "gbk"],
  ]) {
    assert.equal(run(`return new TextDecoder(${JSON.stringify(label)}).encoding`), name);
  }
  for (const label of ["", "nope", "utf-8\\u0000", "utf 8"])
    assert.throws(() => run(`new TextDecoder("${label}")`), { name: "RangeError" });
});

test("TextDecoder: marks, fatal, pieces", () => {
  assert.equal(run("return new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]))"), "a");
  assert.equal(
    run(
      "return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]))",
    ),
    "\ufeffa",
  );
  assert.equal(
    run("return new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf]))"),
    "\ufeff",
  );
  assert.equal(
    run("return new TextDecoder('utf-16be').decode(new Uint8Array([0xfe, 0xff, 0, 97]))"),
    "a",
  );
  assert.equal(run("return new TextDecoder().decode(new Uint8Array([0xff, 97]))"), "\ufffda");
  assert.throws(
    () => run("new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))"),
    { name: "TypeError" },
  );
  assert.equal(
    run(
      "const d = new TextDecoder(); return d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + '|' + d.decode(new Uint8Array([0xac]), { stream: true }) + '|' + d.decode()",
    ),
    "|€|",
  );
  assert.equal(
    run(
      "const d = new TextDecoder(); return d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode()",
    ),
    "\ufffd",
  );
  assert.equal(
    run(
      "const d = new TextDecoder(); const a = d.decode(new Uint8Array([0xef, 0xbb]), { stream: true }); const b = d.decode(new Uint8Array([0xbf, 97]), { stream: true }); const c = d.decode(); return a + b + c",
    ),
    "a",
  );
  assert.equal(
    run(
      "const d = new TextDecoder('utf-8', { fatal: true }); try { d.decode(new Uint8Array([0xe2]), { stream: true }); d.decode() } catch (e) { return e.name + d.decode(new Uint8Array([97])) }",
    ),
    "TypeErrora",
  );
  assert.equal(
    run("return new TextDecoder().decode(new Uint8Array([1, 97, 98, 2]).buffer.slice(1, 3))"),
    "ab",
  );
  assert.equal(
    run(
      "return new TextDecoder().decode(new DataView(new Uint8Array([1, 97, 98, 2]).buffer, 1, 2))",
    ),
    "ab",
  );
  assert.equal(run("return new TextDecoder('windows-1252').decode(new Uint8Array([0x80]))"), "€");
  assert.equal(
    run("return new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0]))"),
    "あ",
  );
  assert.throws(() => run("new TextDecoder().decode('a')"), { name: "TypeError" });
  assert.equal(run("return new TextDecoder().decode()"), "");
});

test("atob and btoa", () => {
  const cases = [
    ["", ""],
    ["YQ==", "a"],
    ["YQ", "a"],
    [" Y\tQ\n= =", "a"],
    ["YWI=", "ab"],
    ["YWJj", "abc"],
    ["/+8=", "\xff\xef"],
  ];
  for (const [text, data] of cases) assert.equal(run(`return atob(${JSON.stringify(text)})`), data);
  for (const text of ["Y", "YQ=", "YQ===", "Y=Q=", "YWJ%", "YW-_", "é"]) {
    assert.equal(
      run(`try { atob(${JSON.stringify(text)}) } catch (e) { return e.name + e.code }`),
      "InvalidCharacterError5",
      text,
    );
  }
  assert.equal(run("return btoa('\\xff\\x00')"), "/wA=");
  assert.equal(run("return btoa(null)"), "bnVsbA==");
  assert.equal(run("return atob(btoa('x'.repeat(10000))).length"), 10000);
  assert.equal(run("try { btoa('\\u0100') } catch (e) { return e.name }"), "InvalidCharacterError");
  assert.throws(() => run("btoa()"), { name: "TypeError" });
});
