// Web Platform Tests' tables for URL and URLPattern, as the crates url and urlpattern carry them. The
// URL parser under test is the double's (Node's own); what is tested here is the interface over it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crate } from "./crates.mjs";
import { load } from "./host.mjs";

const lily = await load();
const {
  URL: Ours,
  URLPattern,
  TypeError: RealmTypeError,
} = lily.run("({ URL, URLPattern, TypeError })");
const table = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
const urls = join(crate("url", "2.5.8"), "tests");

/** Runs every case; the failing ones must be exactly those that are known. */
function all(cases, known, run, name) {
  const failed = [];
  for (const [index, entry] of cases.entries()) {
    try {
      run(entry);
    } catch (error) {
      if (!known.has(name(entry))) error.message = `case ${index} ${name(entry)}: ${error.message}`;
      failed.push({ entry: name(entry), error });
    }
  }
  const unknown = failed.filter(({ entry }) => !known.has(entry));
  if (unknown.length > 0) {
    throw new Error(
      `${unknown.length} of ${cases.length}:\n${unknown.map(({ error }) => error.message.split("\n").slice(0, 3).join(" ")).join("\n")}`,
    );
  }
  for (const entry of known)
    assert.ok(
      failed.some((one) => one.entry === entry),
      `${entry} passes now: take it from the list`,
    );
}

// Cases that the library urlpattern-polyfill 10.1.0 does otherwise than the specification: identifiers
// beyond the basic plane, ports and hosts that the URL parser would cut short, regular expressions
// with the flag v, a string pattern whose host has a group around a dot.
const LIBRARY_PATTERN = [
  '[[{"pathname":":a󠄀b"}],[]]',
  '[[{"pathname":"test/:a𐑐b"}],[{"pathname":"test/foo"}]]',
  '[[{"protocol":"http","port":"80 "}],[{"protocol":"http","port":"80"}]]',
  '[[{"port":"80"}],[{"port":"8\\t0"}]]',
  '[[{"port":"80"}],[{"port":"80x"}]]',
  '[[{"port":"80"}],[{"port":"80?x"}]]',
  '[[{"port":"80"}],[{"port":"80\\\\x"}]]',
  '[["https://{sub.}?example{.com/}foo"],["https://example.com/foo"]]',
  '[[{"hostname":"bad#hostname"}],[{"hostname":"bad"}]]',
  '[[{"hostname":"bad/hostname"}],[{"hostname":"bad"}]]',
  '[[{"hostname":"bad\\\\\\\\hostname"}],[{"hostname":"badhostname"}]]',
  '[[{"hostname":"bad\\nhostname"}],[{"hostname":"badhostname"}]]',
  '[[{"hostname":"bad\\rhostname"}],[{"hostname":"badhostname"}]]',
  '[[{"hostname":"bad\\thostname"}],[{"hostname":"badhostname"}]]',
  '[[{"pathname":"/([[a-z]--a])"}],[{"pathname":"/a"}]]',
  '[[{"pathname":"/([[a-z]--a])"}],[{"pathname":"/z"}]]',
  '[[{"pathname":"/([\\\\d&&[0-1]])"}],[{"pathname":"/0"}]]',
  '[[{"pathname":"/([\\\\d&&[0-1]])"}],[{"pathname":"/3"}]]',
  '[[{"protocol":"http","hostname":"example.com/ignoredpath"}],["http://example.com/"]]',
  '[[{"protocol":"http","hostname":"example.com\\\\?ignoredsearch"}],["http://example.com/"]]',
  '[[{"protocol":"http","hostname":"example.com#ignoredhash"}],["http://example.com/"]]',
];

const PARTS = [
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
  "hash",
];

test("urltestdata.json", () => {
  const cases = table(urls, "urltestdata.json").filter((entry) => typeof entry === "object");
  assert.ok(cases.length > 800);
  const run = (entry) => {
    const base = entry.base ?? undefined;
    if (entry.failure) {
      assert.throws(() => new Ours(entry.input, base), RealmTypeError);
      assert.equal(Ours.canParse(entry.input, base), false);
      assert.equal(Ours.parse(entry.input, base), null);
      return;
    }
    const url = new Ours(entry.input, base);
    for (const part of PARTS) if (part in entry) assert.equal(url[part], entry[part], part);
    if ("searchParams" in entry) assert.equal(String(url.searchParams), entry.searchParams);
    assert.equal(Ours.canParse(entry.input, base), true);
    assert.equal(Ours.parse(entry.input, base).href, entry.href);
    assert.equal(JSON.stringify(url), JSON.stringify(entry.href));
  };
  all(cases, new Set(), run, ({ input, base }) => JSON.stringify([input, base ?? null]));
});

test("setters_tests.json", () => {
  const tables = table(urls, "setters_tests.json");
  for (const part of PARTS.filter((part) => part in tables)) {
    const run = ({ href, new_value: value, expected }) => {
      const url = new Ours(href);
      const { searchParams } = url;
      url[part] = value;
      for (const key of Object.keys(expected)) assert.equal(url[key], expected[key], key);
      assert.equal(url.searchParams, searchParams);
      assert.equal([...searchParams].length, [...new URLSearchParams(url.search)].length);
    };
    all(tables[part], new Set(), run, ({ href, new_value: value }) =>
      JSON.stringify([part, href, value]),
    );
  }
});

const COMPONENTS = [
  "protocol",
  "username",
  "password",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
];
const EARLIER = {
  protocol: [],
  username: [],
  password: [],
  hostname: ["protocol"],
  port: ["protocol", "hostname"],
  pathname: ["protocol", "hostname", "port"],
  search: ["protocol", "hostname", "port", "pathname"],
  hash: ["protocol", "hostname", "port", "pathname", "search"],
};

function expectedComponent(
  { pattern, expected_obj: given, exactly_empty_components: empty },
  component,
) {
  if (given?.[component] !== undefined) return given[component];
  if (empty?.includes(component)) return "";
  const [first, second] = pattern;
  const isObject = typeof first === "object";
  if (isObject && first[component]) return first[component];
  if (isObject && EARLIER[component].some((name) => name in first)) return "*";
  const base = first?.baseURL ?? (typeof second === "string" ? second : undefined);
  if (base === undefined || component === "username" || component === "password") return "*";
  const value = new URL(base)[component];
  if (component === "protocol") return value.slice(0, -1);
  return component === "search" || component === "hash" ? value.slice(1) : value;
}

test("urlpatterntestdata.json", () => {
  const cases = table(
    crate("urlpattern", "0.4.2"),
    "src",
    "testdata",
    "urlpatterntestdata.json",
  ).filter((entry) => typeof entry === "object");
  assert.ok(cases.length > 300);
  const run = (entry) => {
    if (entry.expected_obj === "error") {
      assert.throws(() => new URLPattern(...entry.pattern), RealmTypeError);
      return;
    }
    const pattern = new URLPattern(...entry.pattern);
    for (const component of COMPONENTS)
      assert.equal(pattern[component], expectedComponent(entry, component), component);
    if (entry.expected_match === "error") {
      assert.throws(() => pattern.test(...entry.inputs), RealmTypeError);
      assert.throws(() => pattern.exec(...entry.inputs), RealmTypeError);
      return;
    }
    assert.equal(pattern.test(...(entry.inputs ?? [])), !!entry.expected_match, "test()");
    const result = pattern.exec(...(entry.inputs ?? []));
    if (!entry.expected_match || typeof entry.expected_match !== "object") {
      assert.equal(result, entry.expected_match ?? null, "exec()");
      return;
    }
    for (const component of COMPONENTS) {
      const groups = entry.exactly_empty_components?.includes(component) ? {} : { 0: "" };
      const expected = entry.expected_match[component] ?? { input: "", groups };
      const plain = { input: result[component].input, groups: { ...result[component].groups } };
      for (const key of Object.keys(plain.groups)) plain.groups[key] ??= null;
      assert.deepEqual(plain, { input: expected.input, groups: { ...expected.groups } }, component);
    }
  };
  all(cases, new Set(LIBRARY_PATTERN), run, ({ pattern, inputs }) =>
    JSON.stringify([pattern, inputs ?? null]),
  );
});
