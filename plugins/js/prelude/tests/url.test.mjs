// https://url.spec.whatwg.org/#api and https://urlpattern.spec.whatwg.org/; the parser is the host's
// and tested there. URLSearchParams is compared with Node's own over generated queries.

import assert from "node:assert/strict";
import { test } from "node:test";
import util from "node:util";
import { load } from "./host.mjs";

const lily = await load();
const run = (source) => lily.run(`(() => { ${source} })()`);
const plain = (value) => JSON.parse(JSON.stringify(value));

test("URL: parts and setters", () => {
  const parts = run(`const u = new URL("../x?a=1#h", "https://me:pw@example.org:8080/y/z/");
    return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, String(u), JSON.stringify(u)]`);
  assert.deepEqual(plain(parts), [
    "https://me:pw@example.org:8080/y/x?a=1#h",
    "https://example.org:8080",
    "https:",
    "me",
    "pw",
    "example.org:8080",
    "example.org",
    "8080",
    "/y/x",
    "?a=1",
    "#h",
    "https://me:pw@example.org:8080/y/x?a=1#h",
    '"https://me:pw@example.org:8080/y/x?a=1#h"',
  ]);
  assert.equal(
    run(
      `const u = new URL("http://a/b"); u.protocol = "https"; u.host = "c:81"; u.pathname = "d e"; u.search = "q"; u.hash = "f"; u.username = "x"; u.password = "y"; u.port = "82"; u.hostname = "g"; return u.href`,
    ),
    "https://x:y@g:82/d%20e?q#f",
  );
  assert.equal(
    run(`const u = new URL("http://a/b"); u.port = "nope"; u.protocol = "foo:"; return u.href`),
    "http://a/b",
  );
  assert.equal(
    run(`try { new URL("nope") } catch (e) { return e instanceof TypeError && e.code + e.input }`),
    "ERR_INVALID_URLnope",
  );
  assert.throws(() => run(`new URL("http://a").href = "nope"`), { name: "TypeError" });
  assert.throws(() => run("new URL()"), { name: "TypeError" });
  assert.deepEqual(
    plain(
      run(
        `return [URL.canParse("a:b"), URL.canParse("x"), URL.canParse("x", "http://a/"), URL.parse("x"), URL.parse("x", "http://a/").href, URL.parse("a:b") instanceof URL]`,
      ),
    ),
    [true, false, true, null, "http://a/x", true],
  );
  assert.deepEqual(
    plain(
      run(
        "return [Object.keys(URL.prototype), URL.length, URL.parse.length, Object.prototype.toString.call(new URL('a:b'))]",
      ),
    ),
    [
      [
        "href",
        "origin",
        "protocol",
        "username",
        "password",
        "host",
        "hostname",
        "port",
        "pathname",
        "search",
        "searchParams",
        "hash",
        "toString",
        "toJSON",
      ].sort((a, b) => 0),
      1,
      1,
      "[object URL]",
    ],
  );
});

test("URL and its searchParams follow one another", () => {
  assert.deepEqual(
    plain(
      run(`const u = new URL("http://a/?x=1&y=2"), p = u.searchParams, seen = [];
    p.append("z", "a b"); seen.push(u.href); p.delete("x"); seen.push(u.search); u.search = "?new=1"; seen.push(String(p));
    u.href = "http://b/?k=v"; seen.push(p.get("k"), u.searchParams === p); p.delete("k"); seen.push(u.href); u.search = ""; seen.push(p.size); p.set("s", "1"); seen.push(u.href); return seen`),
    ),
    ["http://a/?x=1&y=2&z=a+b", "?y=2&z=a+b", "new=1", "v", true, "http://b/", 0, "http://b/?s=1"],
  );
});

test("URLSearchParams: constructors", () => {
  assert.equal(run("return String(new URLSearchParams('?a=b&c'))"), "a=b&c=");
  assert.equal(
    run("return String(new URLSearchParams([['a', 'b'], new Set(['c', 'd'])]))"),
    "a=b&c=d",
  );
  assert.equal(run("return String(new URLSearchParams({ a: 1, b: null }))"), "a=1&b=null");
  assert.equal(
    run("return String(new URLSearchParams(new URLSearchParams('a=1&a=2')))"),
    "a=1&a=2",
  );
  assert.equal(run("return String(new URLSearchParams(new Map([['a', 'b']])))"), "a=b");
  assert.equal(run("return String(new URLSearchParams(null))"), "null=");
  assert.equal(
    run("return String(new URLSearchParams({ '\\ud800': 'a', '\\ufffd': 'b' }))"),
    "%EF%BF%BD=b",
  );
  for (const bad of ["[['a']]", "[['a', 'b', 'c']]", "[1]", "{ [Symbol.iterator]: 1 }", "[null]"])
    assert.throws(() => run(`new URLSearchParams(${bad})`), { name: "TypeError" }, bad);
});

test("URLSearchParams: iteration is live", () => {
  assert.deepEqual(
    plain(
      run(
        "const p = new URLSearchParams('a=1&b=2&c=3'), seen = []; for (const [k] of p) { seen.push(k); p.delete(k) } return [seen, String(p)]",
      ),
    ),
    [["a", "c"], "b=2"],
  );
  assert.deepEqual(
    plain(
      run(
        "const p = new URLSearchParams('a=1&b=2'); return [[...p.keys()], [...p.values()], [...p.entries()], p[Symbol.iterator] === p.entries, Object.prototype.toString.call(p.keys())]",
      ),
    ),
    [
      ["a", "b"],
      ["1", "2"],
      [
        ["a", "1"],
        ["b", "2"],
      ],
      true,
      "[object URLSearchParams Iterator]",
    ],
  );
  assert.deepEqual(
    plain(
      run(
        "const seen = [], p = new URLSearchParams('a=1'); p.forEach(function (v, k, o) { seen.push(v, k, o === p, this.t) }, { t: 5 }); return seen",
      ),
    ),
    ["1", "a", true, 5],
  );
});

test("URLSearchParams: escapes that are none, bytes that are not UTF-8", () => {
  assert.deepEqual(
    plain(run("return [...new URLSearchParams('%😀=%é&%FFé=%E2%82&%=%4&%4g=%EF%BB%BFx')]")),
    [
      ["%😀", "%é"],
      ["\ufffdé", "\ufffd"],
      ["%", "%4"],
      ["%4g", "\ufeffx"],
    ],
  );
});

test("URLSearchParams equals Node's over generated queries", () => {
  const pieces = [
    "a",
    "b=",
    "=",
    "&",
    "%41",
    "%",
    "%zz",
    "%E2%82%AC",
    "%FF",
    "+",
    " ",
    "é",
    "\ud800",
    "~!'()*-._",
    "?",
    "#",
    "1=2",
    "%EF%BB%BF",
    "😀",
    "%u0041",
    "\0",
    "/",
    "%2B",
    "c=d",
  ];
  let state = 7;
  const next = (n) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n;
  for (let i = 0; i < 3000; i++) {
    const query = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join("");
    // Node takes characters apart as if they were bytes where the escapes are not UTF-8.
    if (/%(?![0-9a-f]{2})|%FF/i.test(query) && /[^\0-\x7f]/.test(query)) continue;
    const ours = new lily.global.URLSearchParams(query);
    const theirs = new URLSearchParams(query);
    const label = JSON.stringify(query);
    assert.deepEqual(plain([...ours]), [...theirs], label);
    assert.equal(ours.toString(), theirs.toString(), label);
    ours.sort();
    theirs.sort();
    assert.equal(ours.toString(), theirs.toString(), label);
    for (const name of ["a", "b", ""]) {
      assert.equal(ours.get(name), theirs.get(name));
      assert.equal(ours.has(name, "2"), theirs.has(name, "2"));
      assert.deepEqual(plain(ours.getAll(name)), theirs.getAll(name));
      ours.set(name, query);
      theirs.set(name, query);
      assert.equal(ours.toString(), theirs.toString(), label);
    }
    ours.delete("b");
    theirs.delete("b");
    assert.equal(ours.size, theirs.size);
  }
});

test("the console shows them as Node does", async () => {
  const { inspect } = await lily.import("console/inspect.js");
  const { URL: Ours, URLSearchParams: Params } = lily.global;
  for (const href of ["http://u:p@a:1/b?c=d#e", "about:blank"]) {
    assert.equal(inspect(new Ours(href)), util.inspect(new URL(href)));
    assert.equal(
      inspect({ a: { b: { c: new Ours(href) } } }),
      util.inspect({ a: { b: { c: new URL(href) } } }),
    );
  }
  for (const query of ["", "a=1", `a=${"x".repeat(90)}&b=2`]) {
    assert.equal(inspect(new Params(query)), util.inspect(new URLSearchParams(query)));
    assert.equal(inspect([[[new Params(query)]]]), util.inspect([[[new URLSearchParams(query)]]]));
  }
});

test("URLPattern", () => {
  assert.deepEqual(
    plain(
      run(`const p = new URLPattern({ pathname: "/books/:id(\\\\d+)/*" });
    return [p.test("https://a.b/books/12/x"), p.test("https://a.b/books/x/y"), p.exec("https://a.b/books/12/x/y").pathname.groups, p.pathname]`),
    ),
    [true, false, { 0: "x/y", id: "12" }, "/books/:id(\\d+)/*"],
  );
  assert.deepEqual(
    plain(
      run(`const p = new URLPattern("https://*.example.com/:lang?/", "https://x.example.com");
    const r = p.exec("https://www.example.com/en/"); return [r.hostname.groups, r.pathname.groups]`),
    ),
    [{ 0: "www" }, { lang: "en" }],
  );
  assert.throws(() => run(`new URLPattern("/relative")`), { name: "TypeError" });
  assert.equal(run(`return new URLPattern("/a", "https://h").hostname`), "h");
  assert.equal(
    run(`return new URLPattern({ pathname: "/A" }, { ignoreCase: true }).test("https://h/a")`),
    true,
  );
});
