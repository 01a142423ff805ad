// Headers, Blob, File, FormData, Request and Response: what the standards say, and the same program
// under the prelude and under Node where Node follows them.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { before, describe, test } from "node:test";
import { outcome, plain, same, there } from "./both.mjs";
import { load } from "./host.mjs";

let lily;
before(async () => {
  lily = await load();
});

/** The function gives the same under both; it answers plain data. */
const agree = (work) => same(lily, work, () => []);
/** The function gives `expected` under the prelude. */
async function gives(work, expected) {
  assert.deepEqual(await outcome(there(lily, work), []), expected);
}
const throws = (work, name) => gives(work, { error: name });

describe("Headers", () => {
  const equal = {
    "fill from every kind of init": () => {
      const inits = [
        undefined,
        {},
        [],
        [["a", "b"]],
        { a: "b", C: 3 },
        new Headers({ x: "y" }),
        new Map([["m", "n"]]),
        {
          get k() {
            return "v";
          },
        },
        Object.create({ inherited: "no" }),
        [new Set(["p", "q"])],
      ];
      return inits.map((init) => [...new Headers(init)]);
    },
    "null is no init": () => new Headers(null),
    "a number is no init": () => new Headers(1),
    "a string is no init": () => new Headers("ab"),
    "a pair of three": () => new Headers([["a", "b", "c"]]),
    "a pair of one": () => new Headers([["a"]]),
    "symbols as names": () => new Headers({ [Symbol.iterator]: 5 }),
    "names are checked": () =>
      ["", " a", "a b", "a:b", "ä", "a\n", "(", "a/b", "\u{1F600}"].map((name) => {
        try {
          new Headers().append(name, "v");
          return "fine";
        } catch (e) {
          return e.name;
        }
      }),
    "values are checked and trimmed": () =>
      ["", " a ", "\t\r\n a\tb \r\n", "a\nb", "a\0b", "ÿ", "Ā", "a\rb"].map((value) => {
        try {
          const h = new Headers();
          h.append("n", value);
          return h.get("n");
        } catch (e) {
          return e.name;
        }
      }),
    "append combines, set replaces in place": () => {
      const h = new Headers([
        ["b", "1"],
        ["a", "2"],
        ["B", "3"],
        ["c", "4"],
      ]);
      const before = [...h];
      h.set("B", "new");
      h.append("A", "more");
      h.delete("C");
      return [before, [...h], h.get("b"), h.get("missing"), h.has("A"), h.has("c")];
    },
    "set-cookie stays apart": () => {
      const h = new Headers([
        ["set-cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["x", "1"],
        ["x", "2"],
      ]);
      return [
        [...h],
        h.get("set-cookie"),
        h.getSetCookie(),
        new Headers().getSetCookie(),
        [...h.keys()],
      ];
    },
    "iteration sees changes": () => {
      const h = new Headers({ a: "1", c: "2" });
      const seen = [];
      for (const [name] of h) {
        seen.push(name);
        if (name === "a") {
          h.append("b", "x");
          h.append("d", "y");
        }
      }
      return seen;
    },
    forEach: () => {
      const seen = [];
      new Headers({ b: "1", a: "2" }).forEach(
        function (value, name, h) {
          seen.push(value, name, h instanceof Headers, this.t);
        },
        { t: 1 },
      );
      return seen;
    },
    "names of the prototype's": () => [
      ...new Headers([
        ["__proto__", "1"],
        ["constructor", "2"],
        ["__proto__", "3"],
      ]),
    ],
    "too few arguments": () =>
      ["append", "delete", "get", "has", "set", "forEach"].map((name) => {
        try {
          new Headers()[name]("a");
          return "fine";
        } catch (e) {
          return e.name;
        }
      }),
    "on another object": () => Headers.prototype.get.call({}, "a"),
    "the iterator's shape": () => {
      const i = new Headers({ a: "b" }).entries();
      const p = Object.getPrototypeOf(i);
      return [
        p[Symbol.toStringTag],
        Object.keys(p),
        typeof i[Symbol.iterator],
        i.next(),
        i.next(),
        i.next(),
      ];
    },
    "the interface's shape": () => [
      Object.keys(Headers.prototype)
        .sort()
        .filter((k) => k !== "constructor"),
      Headers.length,
      Headers.name,
      Headers.prototype.append.length,
      Object.prototype.toString.call(new Headers()),
      Headers.prototype[Symbol.iterator] === Headers.prototype.entries,
    ],
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));

  test("random lists sort and combine as Node's", async () => {
    const names = ["a", "B", "b", "Set-Cookie", "x-1", "X-1", "zz", "accept"];
    for (let i = 0; i < 200; i++) {
      const init = Array.from({ length: randomInt(12) }, () => [
        names[randomInt(names.length)],
        `${randomInt(100)}`,
      ]);
      const node = new Headers(init);
      const ours = new lily.global.Headers(init);
      for (let j = randomInt(5); j > 0; j--) {
        const [name, method] = [
          names[randomInt(names.length)],
          ["append", "set", "delete"][randomInt(3)],
        ];
        node[method](name, "v");
        ours[method](name, "v");
      }
      assert.deepEqual(plain([...ours]), plain([...node]), JSON.stringify(init));
      assert.deepEqual(plain(ours.getSetCookie()), node.getSetCookie());
    }
  });

  test("a record is read in the order that Web IDL says", () =>
    gives(() => {
      const read = (record) => {
        const log = [];
        const handler = {};
        for (const trap of Reflect.ownKeys(Reflect)) {
          handler[trap] = (...parameters) => {
            log.push(`${trap} ${String(parameters[1] ?? "")}`);
            return Reflect[trap](...parameters);
          };
        }
        try {
          new Headers(new Proxy(record, handler));
        } catch (error) {
          log.push(error.name);
        }
        return log.map((entry) => entry.replace("getOwnPropertyDescriptor", "own")).join();
      };
      const hidden = Object.defineProperty({ a: "b", c: "d" }, "a", { enumerable: false });
      return [
        read({ a: "b", c: "d" }),
        read({ a: "b", "\uFFFF": "d" }),
        read({ a: "\uFFFF", c: "d" }),
        read({ "a b": "x", c: "d" }),
        read({ a: "b", [Symbol.toStringTag]: "x" }),
        read(hidden),
      ];
    }, [
      "get Symbol(Symbol.iterator),ownKeys ,own a,get a,own c,get c",
      "get Symbol(Symbol.iterator),ownKeys ,own a,get a,own \uFFFF,TypeError",
      "get Symbol(Symbol.iterator),ownKeys ,own a,get a,TypeError",
      "get Symbol(Symbol.iterator),ownKeys ,own a b,get a b,own c,get c,TypeError",
      "get Symbol(Symbol.iterator),ownKeys ,own a,get a,own Symbol(Symbol.toStringTag),TypeError",
      "get Symbol(Symbol.iterator),ownKeys ,own a,own c,get c",
    ]));

  test("received headers are immutable, copies are not", async () => {
    const immutable = () => {
      const { headers } = Response.redirect("http://a/");
      const say = (work) => {
        try {
          work();
          return "fine";
        } catch (e) {
          return e.name;
        }
      };
      return [
        say(() => headers.append("a", "b")),
        say(() => headers.set("a", "b")),
        say(() => headers.delete("a")),
        say(() => new Headers(headers).set("a", "b")),
        say(() => Response.error().headers.append("a", "b")),
        [...headers],
      ];
    };
    await agree(immutable);
  });
});

describe("Blob and File", () => {
  const equal = {
    "parts of every kind": async () => {
      const parts = [
        "ä",
        new Uint8Array([65, 66]).subarray(1),
        new ArrayBuffer(1),
        new DataView(new ArrayBuffer(2)),
        new Blob(["c"]),
        7,
        { toString: () => "o" },
        "\uD800",
      ];
      const blob = new Blob(parts, { type: "Text/PLAIN" });
      return [blob.size, blob.type, await blob.text(), await blob.arrayBuffer()];
    },
    "no parts": () => [new Blob().size, new Blob(undefined).size, new Blob([]).type],
    "parts that are no sequence": () => new Blob("text"),
    "parts that are null": () => new Blob(null),
    "a type that is none": () => [
      new Blob([], { type: "a/ä" }).type,
      new Blob([], { type: "a\tb" }).type,
      new Blob([], { type: "A B~" }).type,
    ],
    slices: async () => {
      const blob = new Blob(["0123456789"], { type: "a/b" });
      const ranges = [[], [2], [2, 5], [-3], [-3, -1], [5, 2], [0, 100], [-100, 2], [undefined, 4]];
      return Promise.all(ranges.map((range) => blob.slice(...range).text()));
    },
    "a slice's type": () => [
      new Blob(["a"], { type: "x/y" }).slice().type,
      new Blob(["a"]).slice(0, 1, "Q/R").type,
    ],
    "the mark is taken off": () => new Blob([new Uint8Array([0xef, 0xbb, 0xbf, 65])]).text(),
    "changes do not reach it": async () => {
      const bytes = new Uint8Array([1, 2]);
      const blob = new Blob([bytes]);
      bytes[0] = 9;
      new Uint8Array(await blob.arrayBuffer())[0] = 9;
      return blob.arrayBuffer();
    },
    "a stream of it": async () => {
      const chunks = [];
      for await (const chunk of new Blob(["x".repeat(100_000), "y"]).stream())
        chunks.push(...chunk);
      return [chunks.length, chunks[99_999], chunks[100_000]];
    },
    "an empty stream": async () => (await new Blob().stream().getReader().read()).done,
    "a file": async () => {
      const file = new File(["ab", "c"], "n/a\uD800me", { type: "T/X", lastModified: 12 });
      return [
        file.name,
        file.lastModified,
        file.size,
        file.type,
        await file.text(),
        file instanceof Blob,
        String(file),
      ];
    },
    "a file without a name": () => new File(["a"]),
    "endings that are none": () => new Blob([], { endings: "other" }),
    "a getter of another object": () =>
      Object.getOwnPropertyDescriptor(Blob.prototype, "size").get.call({}),
    "a promise from another object": () => Blob.prototype.text.call({}).catch((e) => e.name),
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));

  test("native endings", () =>
    gives(
      () => new Blob(["a\r\nb\rc\nd", new Uint8Array([13])], { endings: "native" }).text(),
      "a\nb\nc\nd\r",
    ));

  test("lastModified is an integer", () =>
    gives(() => new File([], "", { lastModified: 12.7 }).lastModified, 12));

  // Node ends with a failed assertion here.
  test("slices at what is no integer", () =>
    gives(async () => {
      const blob = new Blob(["0123456789"]);
      return Promise.all(
        [
          [NaN, 3],
          [1.9, 3.1],
          [null, 3],
          ["1", "2"],
          [-Infinity, 1],
        ].map((range) => blob.slice(...range).text()),
      );
    }, ["012", "2", "012", "1", "0"]));

  test("bytes() is a copy", () =>
    gives(async () => {
      const blob = new Blob(["a"]);
      (await blob.bytes())[0] = 0;
      return (await blob.bytes())[0];
    }, 97));

  test("lastModified is now", async () => {
    const { lastModified } = new lily.global.File([], "x");
    assert.ok(Math.abs(lastModified - Date.now()) < 5000 && Number.isInteger(lastModified));
  });

  test("structuredClone copies", () =>
    gives(async () => {
      const file = structuredClone(new File(["abc"], "f", { type: "a/b", lastModified: 5 }));
      const blob = structuredClone({ inner: new Blob(["x"]) }).inner;
      return [
        file instanceof File,
        file.name,
        file.type,
        file.lastModified,
        await file.text(),
        await blob.text(),
        blob instanceof File,
      ];
    }, [true, "f", "a/b", 5, "abc", "x", false]));
});

describe("FormData", () => {
  const equal = {
    "append, set, delete, get": () => {
      const f = new FormData();
      f.append("a", "1");
      f.append("b", 2);
      f.append("a", null);
      f.append("\uD800", "x");
      f.set("a", "new");
      f.set("c", "d");
      f.delete("b");
      return [[...f], f.get("a"), f.get("b"), f.getAll("a"), f.has("c"), f.has("b")];
    },
    files: async () => {
      const f = new FormData();
      f.append("blob", new Blob(["x"], { type: "a/b" }));
      f.append("named", new Blob(["y"]), "n.txt");
      f.append("file", new File(["z"], "z.bin", { lastModified: 3 }));
      f.set("renamed", new File(["z"], "z.bin", { type: "q/r", lastModified: 4 }), "new");
      return [...f].map(([name, file]) => [
        name,
        file.name,
        file.type,
        file instanceof File,
        name === "renamed" || name === "file" ? file.lastModified : 0,
      ]);
    },
    "a name for what is no blob": () => new FormData().append("a", "b", "c"),
    "a form": () => new FormData({}),
    "null as a form": () => new FormData(null),
    "too few arguments": () => new FormData().append("a"),
    "forEach and the others": () => {
      const f = new FormData();
      f.append("a", "1");
      f.append("a", "2");
      const seen = [];
      f.forEach((value, name) => seen.push(value, name));
      return [
        seen,
        [...f.keys()],
        [...f.values()],
        [...f.entries()],
        Object.prototype.toString.call(f),
        Object.prototype.toString.call(f.keys()),
      ];
    },
    "set keeps the first place": () => {
      const f = new FormData();
      for (const n of ["a", "b", "a", "c", "a"]) f.append(n, n);
      f.set("a", "x");
      return [...f];
    },
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));
});

describe("multipart/form-data", () => {
  test("is written as the standard says", async () => {
    const text = await there(lily, async () => {
      const f = new FormData();
      f.append('plain\r\n"', "line\nline\rline\r\n");
      f.append("file", new File(["data"], 'a"b\r\n.txt', { type: "x/y" }));
      f.append("ä", new Blob([]));
      return new Response(f).text();
    })();
    const boundary = text.slice(2, text.indexOf("\r\n"));
    assert.match(boundary, /^----formdata-lily-[0-9a-f]{32}$/);
    assert.equal(
      text.replaceAll(boundary, "B"),
      [
        "--B",
        'Content-Disposition: form-data; name="plain%0D%0A%22"',
        "",
        "line\r\nline\r\nline\r\n",
        "--B",
        'Content-Disposition: form-data; name="file"; filename="a%22b%0D%0A.txt"',
        "Content-Type: x/y",
        "",
        "data",
        "--B",
        'Content-Disposition: form-data; name="ä"; filename="blob"',
        "Content-Type: application/octet-stream",
        "",
        "",
        "--B--",
        "",
      ].join("\r\n"),
    );
  });

  const read = async (body, type = "multipart/form-data; boundary=B") => {
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    const list = [];
    for (const [name, value] of form) {
      list.push(
        typeof value === "string"
          ? [name, value]
          : [name, value.name, value.type, await value.text()],
      );
    }
    return list;
  };
  const field = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n';
  const cases = [
    ["a field", `${field}1\r\n--B--\r\n`, [["a", "1"]]],
    ["no line end at the end", `${field}1\r\n--B--`, [["a", "1"]]],
    ["an epilogue and a preamble", `before\r\n${field}1\r\n--B--\r\nafter`, [["a", "1"]]],
    ["padding after the boundary", `--B \t\r\n${field.slice(5)}1\r\n--B--`, [["a", "1"]]],
    ["no parts", "--B--\r\n", []],
    ["an empty value", `${field}\r\n--B--`, [["a", ""]]],
    [
      "what looks like a boundary",
      `${field}\r\n--\r\n-B\r\n--b\r\n--B--`,
      [["a", "\r\n--\r\n-B\r\n--b"]],
    ],
    [
      "escapes in names",
      '--B\r\ncontent-disposition:form-data; filename="%22.txt";name="%0D%0A"\r\n\r\n1\r\n--B--',
      [["\r\n", '".txt', "text/plain", "1"]],
    ],
    [
      "a file's type",
      "--B\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=n; filename=f\r\n\r\n1\r\n--B--",
      [["n", "f", "a/b", "1"]],
    ],
    [
      "other headers",
      `--B\r\nX: y\r\nContent-Length: 3\r\n${field.slice(5)}1\r\n--B--`,
      [["a", "1"]],
    ],
    ["text of UTF-8 with a mark", `${field}\uFEFFä\r\n--B--`, [["a", "\uFEFFä"]]],
    ["padding after the last boundary", `${field}1\r\n--B-- \t\r\n`, [["a", "1"]]],
    ["text after the last boundary", "--B--B--\r\n", { error: "TypeError" }],
    [
      "a line feed alone after a boundary",
      `--B\n${field.slice(5)}1\r\n--B--`,
      { error: "TypeError" },
    ],
    ["a part without headers", "--B\r\n\r\n\r\n--B--\r\n", { error: "TypeError" }],
    ["dashes after a boundary", "--B- ---B--\r\n", { error: "TypeError" }],
    ["no end", `${field}1\r\n`, { error: "TypeError" }],
    ["no boundary at all", "hello", { error: "TypeError" }],
    ["nothing", "", { error: "TypeError" }],
    ["no name", "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--", { error: "TypeError" }],
    ["no disposition", "--B\r\nX: y\r\n\r\n1\r\n--B--", { error: "TypeError" }],
    [
      "a header without end",
      '--B\r\nContent-Disposition: form-data; name="a"',
      { error: "TypeError" },
    ],
    [
      "an open quote",
      '--B\r\nContent-Disposition: form-data; name="a\r\n\r\n1\r\n--B--',
      { error: "TypeError" },
    ],
  ];
  for (const [name, body, expected] of cases) {
    test(`reads ${name}`, async () => {
      assert.deepEqual(await outcome(there(lily, read), [body]), expected);
    });
  }

  test("needs its boundary", async () => {
    assert.deepEqual(
      await outcome(there(lily, read), [`${field}1\r\n--B--`, "multipart/form-data"]),
      { error: "TypeError" },
    );
  });

  test("random forms go round, and Node reads them", async () => {
    const pieces = [
      "",
      "a",
      "\r\n",
      "--",
      "\r\n--",
      "ä",
      "\u{1F600}",
      '"',
      "%22",
      "x".repeat(500),
      "\r",
      "\n",
      ";",
      "=",
    ];
    const some = () =>
      Array.from({ length: randomInt(5) }, () => pieces[randomInt(pieces.length)]).join("");
    for (let i = 0; i < 80; i++) {
      const { FormData: Form, Blob: Part, Response: Reply } = lily.global;
      const form = new Form();
      const expected = [];
      const lines = (text) => text.replace(/\r\n|\r|\n/g, "\r\n");
      // A name cannot hold what is an escape: that is the format's own loss.
      const named = () => some().replaceAll("%22", "");
      for (let n = randomInt(5); n > 0; n--) {
        const [name, value] = [named(), some()];
        if (randomInt(2)) {
          form.append(name, value);
          expected.push([lines(name), lines(value)]);
        } else {
          const filename = named();
          form.append(name, new Part(lily.inward([value]), { type: "a/b" }), filename);
          expected.push([lines(name), filename, value]);
        }
      }
      const reply = new Reply(form);
      const copy = reply.clone();
      const readBack = async (entries) => {
        const list = [];
        for (const [name, value] of entries)
          list.push(
            typeof value === "string" ? [name, value] : [name, value.name, await value.text()],
          );
        return list;
      };
      assert.deepEqual(await readBack(await reply.formData()), expected);
      if (expected.length === 0) continue; // Node does not read an empty form.
      const type = copy.headers.get("content-type");
      const nodes = new Response(Buffer.from(await copy.arrayBuffer()), {
        headers: { "content-type": type },
      });
      assert.deepEqual(await readBack(await nodes.formData()), expected);
    }
  });

  test("urlencoded forms keep a question mark", () =>
    gives(async () => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return [...(await new Response("?a=1", { headers }).formData())];
    }, [["?a", "1"]]));

  test("urlencoded forms keep a mark of byte order", () =>
    gives(async () => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return [...(await new Response("\uFEFFtest=\uFEFF", { headers }).formData())];
    }, [["\uFEFFtest", "\uFEFF"]]));

  test("urlencoded forms are read, other types are not", async () => {
    await agree(async () => {
      const type = "application/x-www-form-urlencoded;charset=UTF-8";
      const form = await new Response("a=1&b=%C3%A4+c&&=x&a", {
        headers: { "content-type": type },
      }).formData();
      return [...form];
    });
    await agree(() =>
      new Response("{}", { headers: { "content-type": "application/json" } }).formData(),
    );
    await agree(() => new Response(null).formData());
  });
});

describe("Body", () => {
  const equal = {
    "text, json, arrayBuffer, blob": async () => {
      const make = () =>
        new Response('{"a":"ä"}', { headers: { "content-type": "Application/JSON; Charset=x" } });
      const blob = await make().blob();
      return [
        await make().text(),
        await make().json(),
        await make().arrayBuffer(),
        blob.size,
        blob.type,
      ];
    },
    "of nothing": async () => {
      const r = new Response();
      return [
        await r.text(),
        await r.text(),
        await r.arrayBuffer(),
        r.body,
        r.bodyUsed,
        (await r.blob()).type,
        await r.json().catch((e) => e.name),
      ];
    },
    "can be read once": async () => {
      const r = new Response("x");
      const first = r.text();
      const used = r.bodyUsed;
      return [
        used,
        await first,
        await r.text().catch((e) => e.name),
        await r.json().catch((e) => e.name),
      ];
    },
    "the mark is taken off text": () =>
      Promise.all([
        new Response("\uFEFFa").text(),
        new Response("\uFEFF{}").json(),
        new Response("\uD800").text(),
      ]),
    "JSON that is none": () => new Response("{").json(),
    "a stream": async () => {
      const r = new Response("abc");
      const stream = r.body;
      const reader = stream.getReader();
      const locked = [r.bodyUsed, await r.text().catch((e) => e.name)];
      const { value } = await reader.read();
      return [stream === r.body, ...locked, r.bodyUsed, value, (await reader.read()).done];
    },
    "a stream of the program's": async () => {
      const stream = new ReadableStream({
        start(c) {
          c.enqueue(new Uint8Array([65]));
          c.enqueue(new Uint8Array([66]));
          c.close();
        },
      });
      const r = new Response(stream);
      return [r.body === stream, r.headers.get("content-type"), await r.text(), r.bodyUsed];
    },
    "a stream that fails": () =>
      new Response(
        new ReadableStream({
          pull() {
            throw new RangeError("x");
          },
        }),
      ).text(),
    "a stream of text": () =>
      new Response(
        new ReadableStream({
          start(c) {
            c.enqueue("text");
            c.close();
          },
        }),
      ).text(),
    "a locked stream": () => {
      const s = new ReadableStream();
      s.getReader();
      return new Response(s);
    },
    "a used stream": async () => {
      const s = new ReadableStream({
        start(c) {
          c.close();
        },
      });
      await s.cancel();
      return new Response(s);
    },
    "types by kind": () =>
      [
        "t",
        new Blob([]),
        new Blob([], { type: "a/b" }),
        new Uint8Array(1),
        new ArrayBuffer(1),
        {},
        5,
      ].map((body) => new Response(body).headers.get("content-type")),
    URLSearchParams: async () => {
      const p = new URLSearchParams("a=1");
      p.append("b", "ä c");
      const r = new Response(p);
      return [r.headers.get("content-type"), await r.text()];
    },
    "a clone of what is known": async () => {
      const r = new Response("x", { status: 201, statusText: "T", headers: { a: "b" } });
      const c = r.clone();
      c.headers.set("a", "c");
      return [
        await r.text(),
        await c.text(),
        c.status,
        c.statusText,
        r.headers.get("a"),
        c.headers.get("a"),
      ];
    },
    "a clone of a stream": async () => {
      const r = new Response(
        new ReadableStream({
          start(c) {
            c.enqueue(new Uint8Array([65]));
            c.close();
          },
        }),
      );
      const c = r.clone();
      return [await r.text(), await c.text()];
    },
    "a clone of what is used": async () => {
      const r = new Response("x");
      await r.text();
      return r.clone();
    },
    "a clone of what is locked": async () => {
      const r = new Response("x");
      r.body.getReader();
      return r.clone();
    },
    "of another object": () => Response.prototype.text.call({}).catch((e) => e.name),
    "the type without parameters that matter": async () =>
      (
        await new Response("", {
          headers: [
            ["content-type", "text/a"],
            ["content-type", "text/html;x=y"],
          ],
        }).blob()
      ).type,
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));

  test("bytes()", () =>
    gives(async () => {
      const r = new Response(new Uint8Array([1, 2]));
      return [await r.bytes(), r.bodyUsed];
    }, [{ bytes: "0102" }, true]));

  test("a body that was read without a stream shows one that was read", () =>
    gives(async () => {
      const r = new Response("x");
      await r.text();
      return [r.bodyUsed, r.body.locked, (await r.body.getReader().read()).done];
    }, [true, false, true]));

  test("byte streams give to BYOB readers", () =>
    gives(async () => {
      const reader = new Response("hello").body.getReader({ mode: "byob" });
      const { value } = await reader.read(new Uint8Array(3));
      const second = await reader.read(new Uint8Array(8));
      const third = await reader.read(new Uint8Array(8));
      return [value, second.value, third.done];
    }, [{ bytes: "68656c" }, { bytes: "6c6f" }, true]));
});

describe("Response", () => {
  const equal = {
    defaults: () => {
      const r = new Response();
      return [r.status, r.statusText, r.ok, r.type, r.url, r.redirected, [...r.headers], String(r)];
    },
    statuses: () =>
      [0, 100, 101, 199, 200, 299, 300, 599, 600, 65736, NaN, "201", null, undefined].map(
        (status) => {
          try {
            const r = new Response(null, { status });
            return [r.status, r.ok];
          } catch (e) {
            return e.name;
          }
        },
      ),
    "statuses without a body": () =>
      [204, 205, 304].map((status) => {
        try {
          new Response("", { status });
          return "fine";
        } catch (e) {
          return e.name;
        }
      }),
    "status texts": () =>
      ["OK", "a\tb", "ÿ", "\n", "Ā", "\x7f"].map((statusText) => {
        try {
          return new Response(null, { statusText }).statusText;
        } catch (e) {
          return e.name;
        }
      }),
    "init that is none": () => new Response("", 1),
    "content-type of the program's": () =>
      new Response("x", { headers: { "Content-Type": "a/b" } }).headers.get("content-type"),
    "error()": () => {
      const r = Response.error();
      return [r.status, r.type, r.ok, r.body, r.statusText];
    },
    "redirect()": () => {
      const r = Response.redirect("http://a.b/ä?c#d", 303);
      return [r.status, r.headers.get("location"), r.body, r.type];
    },
    "redirect() with another status": () => Response.redirect("http://a/", 200),
    "redirect() to no URL": () => Response.redirect("http://["),
    "redirect() without an argument": () => Response.redirect(),
    "json()": async () => {
      const r = Response.json({ a: [1, "ä"] }, { status: 202, headers: { x: "y" } });
      return [
        r.status,
        [...r.headers],
        await r.text(),
        Response.json(1, { headers: { "content-type": "q/r" } }).headers.get("content-type"),
      ];
    },
    "json() of what has none": () => Response.json(undefined),
    "json() of a symbol": () => Response.json(Symbol("x")),
    "json() of a cycle": () => {
      const a = {};
      a.a = a;
      return Response.json(a);
    },
    "json() that throws": () =>
      Response.json({
        get a() {
          throw new RangeError("x");
        },
      }),
    "json() with a status of no body": () => Response.json(1, { status: 204 }),
    "the interface's shape": () => [
      Response.length,
      Response.json.length,
      Response.redirect.length,
      Object.keys(Response).sort(),
    ],
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));
});

describe("Request", () => {
  const equal = {
    defaults: () => {
      const r = new Request("http://a.b");
      return [
        r.method,
        r.url,
        [...r.headers],
        r.body,
        r.bodyUsed,
        r.mode,
        r.credentials,
        r.cache,
        r.redirect,
        r.referrer,
        r.referrerPolicy,
        r.integrity,
        r.keepalive,
        r.destination,
        r.duplex,
        r.signal.aborted,
        r.signal === r.signal,
        String(r),
      ];
    },
    URLs: () =>
      [
        "http://a/../b c#d",
        "relative",
        "",
        "http://u:p@h/",
        "data:,x",
        { toString: () => "http://o/" },
      ].map((url) => {
        try {
          return new Request(url).url;
        } catch (e) {
          return e.name;
        }
      }),
    methods: () =>
      [
        "get",
        "POST",
        "pAtch",
        "patch",
        "delete",
        "x y",
        "",
        "CONNECT",
        "trace",
        "TRACK",
        "ä",
        "custom",
      ].map((method) => {
        try {
          return new Request("http://a/", { method }).method;
        } catch (e) {
          return e.name;
        }
      }),
    "bodies of GET": () => new Request("http://a/", { body: "x" }),
    "bodies of HEAD": () => new Request("http://a/", { method: "head", body: "" }),
    "members that are not of their enumeration": () =>
      ["mode", "credentials", "cache", "redirect", "referrerPolicy", "duplex"].map((name) => {
        try {
          new Request("http://a/", { [name]: "wrong" });
          return "fine";
        } catch (e) {
          return e.name;
        }
      }),
    "members that are": () => {
      const r = new Request("http://a/", {
        mode: "same-origin",
        credentials: "omit",
        cache: "only-if-cached",
        redirect: "manual",
        referrerPolicy: "origin",
        integrity: "sha",
        keepalive: 1,
        referrer: "",
        window: null,
      });
      return [
        r.mode,
        r.credentials,
        r.cache,
        r.redirect,
        r.referrerPolicy,
        r.integrity,
        r.keepalive,
        r.referrer,
      ];
    },
    navigate: () => new Request("http://a/", { mode: "navigate" }),
    "only-if-cached": () => new Request("http://a/", { cache: "only-if-cached" }),
    "no-cors": () =>
      ["get", "HEAD", "post", "PUT", "PATCH"].map((method) => {
        try {
          return new Request("http://a/", { mode: "no-cors", method }).mode;
        } catch (e) {
          return e.name;
        }
      }),
    "a window": () => new Request("http://a/", { window: {} }),
    "a signal that is none": () => new Request("http://a/", { signal: {} }),
    "a stream without duplex": () =>
      new Request("http://a/", { method: "POST", body: new ReadableStream() }),
    "a stream with it": async () => {
      const body = new ReadableStream({
        start(c) {
          c.enqueue(new Uint8Array([65]));
          c.close();
        },
      });
      return new Request("http://a/", { method: "POST", body, duplex: "half" }).text();
    },
    "from another": async () => {
      const a = new Request("http://a/", {
        method: "PUT",
        body: "x",
        headers: { q: "1" },
        redirect: "error",
      });
      const b = new Request(a, { headers: { r: "2" } });
      return [
        a.bodyUsed,
        b.bodyUsed,
        b.method,
        [...b.headers],
        b.redirect,
        await b.text(),
        await a.text().catch((e) => e.name),
      ];
    },
    "from another that is used": async () => {
      const a = new Request("http://a/", { method: "PUT", body: "x" });
      await a.text();
      return new Request(a);
    },
    "from another that is used, with a body": async () => {
      const a = new Request("http://a/", { method: "PUT", body: "x" });
      await a.text();
      return new Request(a, { body: "new" }).text();
    },
    "from another with a method of no body": () =>
      new Request(new Request("http://a/", { method: "PUT", body: "x" }), { method: "GET" }),
    "headers are copied": () => {
      const a = new Request("http://a/", { headers: { a: "1" } });
      const b = new Request(a);
      b.headers.set("a", "2");
      const c = a.clone();
      c.headers.set("a", "3");
      return [a, b, c].map((r) => r.headers.get("a"));
    },
    "headers of no init": () => new Request("http://a/", { headers: null }),
    "signals follow": async () => {
      const controller = new AbortController();
      const a = new Request("http://a/", { signal: controller.signal });
      const b = new Request(a);
      const c = b.clone();
      const d = new Request(a, { signal: null });
      const own = a.signal !== controller.signal;
      controller.abort(new RangeError("why"));
      const late = new Request(a);
      return [
        own,
        ...[a, b, c, d, late].map((r) => r.signal.aborted),
        a.signal.reason.name,
        c.signal.reason === a.signal.reason,
      ];
    },
    "a signal that aborted before": () =>
      new Request("http://a/", { signal: AbortSignal.abort("r") }).signal.reason,
    "a clone": async () => {
      const a = new Request("http://a/", { method: "POST", body: "text", headers: { x: "y" } });
      const b = a.clone();
      return [await a.text(), await b.text(), b.method, b.url, [...b.headers]];
    },
    "without arguments": () => new Request(),
    "getters of another object": () =>
      ["url", "method", "headers", "signal", "destination", "duplex"].map((name) => {
        try {
          Object.getOwnPropertyDescriptor(Request.prototype, name).get.call({});
          return "fine";
        } catch (e) {
          return e.name;
        }
      }),
    "order of the members that are read": () => {
      const order = [];
      new Request(
        "http://a/",
        new Proxy(
          {},
          {
            get(_, name) {
              order.push(name);
            },
          },
        ),
      );
      return order.filter((name) => !["priority", "dispatcher"].includes(name)).length;
    },
  };
  for (const name of Object.keys(equal)) test(`${name}, as Node`, () => agree(equal[name]));

  test("a stream that moved leaves the old one locked", () =>
    gives(async () => {
      const a = new Request("http://a/", { method: "POST", body: "x" });
      const stream = a.body;
      const b = new Request(a);
      return [stream.locked, b.body !== stream, await b.text(), a.bodyUsed];
    }, [true, true, "x", true]));
});
