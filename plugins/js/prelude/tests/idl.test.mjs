// The shape of every interface against the specifications' own WebIDL (npm @webref/idl), as the
// idlharness of Web Platform Tests checks it: descriptors, lengths, brands, constants, iteration.
// What is left out on purpose is named in OMITTED, each with its reason.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { load } from "./host.mjs";
import { library } from "./libraries.mjs";

const { parse } = await import(pathToFileURL(library("webidl2")).href);

const SPECIFICATIONS = [
  "webidl",
  "dom",
  "html",
  "encoding",
  "url",
  "urlpattern",
  "streams",
  "compression",
  "hr-time",
  "user-timing",
  "performance-timeline",
  "fetch",
  "FileAPI",
  "xhr",
  "websockets",
  "webcrypto",
  "webcrypto-secure-curves",
];

// The minimum common API of WinterTC (https://min-common-api.proposal.wintertc.org/), and what goes with it.
const INTERFACES =
  `AbortController AbortSignal Blob ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy Crypto CryptoKey
  CustomEvent DecompressionStream DOMException ErrorEvent Event EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Performance
  PerformanceEntry PerformanceMark PerformanceMeasure PromiseRejectionEvent ReadableByteStreamController ReadableStream ReadableStreamBYOBReader
  ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader Request Response SubtleCrypto TextDecoder TextDecoderStream
  TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern URLSearchParams WebSocket WritableStream
  WritableStreamDefaultController WritableStreamDefaultWriter`.split(/\s+/);

const OMITTED = {
  "Performance.setResourceTimingBufferSize": "no resource timing",
  "Blob.textStream": "newer than the minimum common API",
  "Request.textStream": "newer than the minimum common API",
  "Response.textStream": "newer than the minimum common API",
  "PerformanceEntry.id": "of a later level",
  "PerformanceEntry.navigationId": "of a later level",
};

const definitions = new Map();
const mixins = new Map();
for (const name of SPECIFICATIONS) {
  for (const item of parse(readFileSync(library(`@webref/idl/${name}.idl`), "utf8"))) {
    if (item.type === "interface" || item.type === "interface mixin") {
      const known = definitions.get(item.name);
      if (known === undefined)
        definitions.set(item.name, { members: [...item.members], inheritance: item.inheritance });
      else {
        known.members.push(...item.members);
        known.inheritance ??= item.inheritance;
      }
    } else if (item.type === "includes") {
      mixins.set(item.target, [...(mixins.get(item.target) ?? []), item.includes]);
    }
  }
}

function membersOf(name) {
  const own = definitions.get(name).members;
  const mixed = (mixins.get(name) ?? []).flatMap((mixin) => definitions.get(mixin)?.members ?? []);
  return [...own, ...mixed].filter(
    (member) => isExposed(member) && !(`${name}.${member.name}` in OMITTED),
  );
}

function isExposed(member) {
  const exposed = member.extAttrs.find(({ name }) => name === "Exposed");
  if (exposed === undefined || exposed.rhs.type === "*") return true;
  const scopes = [].concat(exposed.rhs.value).map((value) => value.value ?? value);
  return scopes.some((scope) => /Worker/.test(scope));
}

const required = (member) =>
  member.arguments.filter(({ optional, variadic }) => !optional && !variadic).length;
const isPromise = (type) => type?.generic === "Promise";

const lily = await load();
const { global } = lily;
const describe = (target, key) => {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  return descriptor === undefined ? undefined : { ...descriptor };
};

for (const name of INTERFACES) {
  test(`idl: ${name}`, async (t) => {
    const Class = global[name];
    assert.equal(typeof Class, "function", `${name} is missing`);
    const { inheritance } = definitions.get(name);
    const members = membersOf(name);
    const outer = describe(global, name);
    assert.deepEqual(
      [outer.writable, outer.enumerable, outer.configurable],
      [true, false, true],
      "the global property",
    );
    const constructors = members.filter(({ type }) => type === "constructor");
    assert.equal(Class.name, name);
    assert.equal(
      Class.length,
      constructors.length === 0 ? 0 : Math.min(...constructors.map(required)),
      "length",
    );
    assert.throws(() => Class(), { name: "TypeError" }, "a call without new");
    if (constructors.length === 0)
      assert.throws(() => new Class(), { name: "TypeError" }, "an illegal constructor");
    else if (Class.length > 0)
      assert.throws(() => new Class(), { name: "TypeError" }, "too few arguments");
    const { FunctionPrototype, ObjectPrototype, ErrorPrototype } = lily.run(
      "({ FunctionPrototype: Function.prototype, ObjectPrototype: Object.prototype, ErrorPrototype: Error.prototype })",
    );
    assert.equal(
      Object.getPrototypeOf(Class),
      inheritance ? global[inheritance] : FunctionPrototype,
      "the constructor's prototype",
    );
    const above = inheritance
      ? global[inheritance].prototype
      : name === "DOMException"
        ? ErrorPrototype
        : ObjectPrototype;
    assert.equal(Object.getPrototypeOf(Class.prototype), above, "the prototype's prototype");
    const own = describe(Class, "prototype");
    assert.deepEqual(
      [own.writable, own.enumerable, own.configurable],
      [false, false, false],
      "prototype",
    );
    assert.deepEqual(describe(Class.prototype, "constructor"), {
      value: Class,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    assert.deepEqual(describe(Class.prototype, Symbol.toStringTag), {
      value: name,
      writable: false,
      enumerable: false,
      configurable: true,
    });

    const lengths = new Map();
    for (const member of members) {
      if (member.type !== "operation" || !member.name) continue;
      const key = `${member.special} ${member.name}`; // a static may share its name with another
      lengths.set(key, Math.min(lengths.get(key) ?? Infinity, required(member)));
    }
    for (const member of members) {
      const label = `${name}.${member.name}`;
      const target = member.special === "static" ? Class : Class.prototype;
      if (member.type === "const") {
        for (const side of [Class, Class.prototype]) {
          const { writable, enumerable, configurable } = describe(side, member.name);
          assert.deepEqual([writable, enumerable, configurable], [false, true, false], label);
        }
      } else if (
        member.type === "attribute" &&
        !member.extAttrs.some((x) => x.name === "LegacyUnforgeable")
      ) {
        const property = describe(target, member.name);
        assert.ok(property, `${label} is missing`);
        assert.deepEqual([property.enumerable, property.configurable], [true, true], label);
        assert.equal(typeof property.get, "function", label);
        const settable =
          !member.readonly ||
          member.extAttrs.some((x) => /^(Replaceable|PutForwards)$/.test(x.name));
        assert.equal(typeof property.set, settable ? "function" : "undefined", `${label}: setter`);
        assert.equal(property.get.name, `get ${member.name}`, label);
        if (member.special !== "static")
          await refuses(
            () => Reflect.apply(property.get, lily.run("({})"), []),
            isPromise(member.idlType),
            `${label} of another object`,
          );
      } else if (member.type === "operation" && (member.name || member.special === "stringifier")) {
        const key = member.name || "toString";
        const property = describe(target, key);
        assert.ok(property, `${label} is missing`);
        assert.deepEqual(
          [property.writable, property.enumerable, property.configurable],
          [true, true, true],
          label,
        );
        assert.equal(property.value.name, key, label);
        assert.equal(
          property.value.length,
          member.name ? lengths.get(`${member.special} ${key}`) : 0,
          `${label}.length`,
        );
        const promises = isPromise(member.idlType);
        if (member.special !== "static")
          await refuses(
            () => Reflect.apply(property.value, lily.run("({})"), Array(9).fill(undefined)),
            promises,
            `${label} of another object`,
          );
        else if (property.value.length > 0)
          await refuses(
            () => Reflect.apply(property.value, Class, []),
            promises,
            `${label} with too few arguments`,
          );
      } else if (member.type === "iterable" && !member.async && member.idlType.length === 2) {
        for (const key of ["entries", "keys", "values", "forEach"]) {
          const property = describe(Class.prototype, key);
          assert.deepEqual(
            [property?.writable, property?.enumerable, property?.configurable],
            [true, true, true],
            `${name}.${key}`,
          );
        }
        assert.equal(Class.prototype[Symbol.iterator], Class.prototype.entries);
      } else if (member.type === "async_iterable" || (member.type === "iterable" && member.async)) {
        assert.equal(typeof Class.prototype.values, "function");
        assert.equal(Class.prototype[Symbol.asyncIterator], Class.prototype.values);
      }
    }
    // Nothing enumerable that the specification does not have.
    const known = new Set(members.map((member) => member.name || "toString"));
    if (members.some(({ type }) => /iterable/.test(type)))
      for (const key of ["entries", "keys", "values", "forEach"]) known.add(key);
    const extra = Object.keys(Class.prototype).filter((key) => !known.has(key));
    if (extra.length > 0) t.diagnostic(`${name} also has ${extra.join(", ")}`);
    assert.deepEqual(extra, []);
  });
}

async function refuses(work, promises, label) {
  let result;
  try {
    result = work();
  } catch (error) {
    assert.equal(error?.name, "TypeError", label);
    assert.ok(!promises, `${label}: throws instead of rejecting`);
    return;
  }
  assert.ok(promises, `${label}: no TypeError`);
  await assert.rejects(result, (error) => error?.name === "TypeError", label);
}

test("idl: operations and attributes of the global object", () => {
  for (const name of [
    "atob",
    "btoa",
    "setTimeout",
    "setInterval",
    "clearTimeout",
    "clearInterval",
    "queueMicrotask",
    "structuredClone",
    "reportError",
  ]) {
    const { value, ...rest } = describe(global, name);
    assert.deepEqual(rest, { writable: true, enumerable: true, configurable: true }, name);
    assert.equal(value.name, name);
    const members = definitions
      .get("WindowOrWorkerGlobalScope")
      .members.filter((member) => member.name === name);
    assert.equal(value.length, Math.min(...members.map(required)), `${name}.length`);
    if (value.length > 0) assert.throws(() => value(), { name: "TypeError" }, name);
  }
});
