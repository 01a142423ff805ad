// The prelude's Intl against Node's own, over generated cases: what each formatter says, its parts, its resolved options,
// its errors. Every difference is either mended or named in KNOWN with its reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";
import { COLLATED, DATES, INSTANTS, NUMBER_OPTIONS, NUMBERS, TEXTS, TIMES, ZONES } from "./intl_cases.mjs";

const lily = await load();
const ours = lily.run("Intl");
const LOCALES = ["en", "en-US", "en-GB"];
const DAY = 86_400_000;

/** Zones that had another name in 2015, or have by ICU in 2100. Names of today are all that tables.js has. */
const RENAMED = Object.entries({
  Africa: "Casablanca El_Aaiun Juba Khartoum Windhoek",
  America: "Cancun Chihuahua Ciudad_Juarez Coyhaique Dawson Edmonton Fort_Nelson Godthab Grand_Turk Metlakatla Ojinaga Punta_Arenas Santiago Scoresbysund Vancouver Whitehorse",
  Antarctica: "Palmer",
  Asia: "Almaty Amman Aqtau Aqtobe Atyrau Barnaul Chita Damascus Novosibirsk Oral Qostanay Qyzylorda Srednekolymsk Tomsk",
  Europe: "Astrakhan Istanbul Saratov Ulyanovsk Volgograd",
  Pacific: "Easter",
}).flatMap(([folder, names]) => names.split(" ").map((name) => `${folder}/${name}`)).join("|");

/** Differences that stay: what is asked for (a text that `Case.text` has), and why. */
const KNOWN = [
  [/^range .*\{(?:"fractionalSecondDigits":\d,?|"timeZone":"[^"]*",?|"timeZoneName":"\w+",?|"(?:minute|second)":"[\w-]+",?)*\} /,
    "ICU writes \"5 – 5\" where minutes or seconds alone are the same and the hours are not; we write them once"],
  [/^date en-GB .*"fractionalSecondDigits"/, "ICU pads the hour of a British clock with fractions of seconds by rules of its own"],
  [/^style .*Europe\/London.* 8640000000000000 /, "ICU's name of London's summer time does not end with the year 9999"],
  [new RegExp(`^zone \\S+ (?:${RENAMED}) (?:short|long) (?:1436054400000|4118515200000)$`), "a zone's name is today's, at any time"],
  [/^style en-GB .*"(?:h11|full)".* range /, "ICU takes other patterns for British ranges with weekdays, and with a 12-hour clock"],
  [/^range en-GB .*(?:weekday|"timeZoneName":"short","hour")/, "the same"],
  [/^style \S+ .*Europe\/London.* 0 $/, "London had summer time all year until 1971; what is summer we see by the offsets of its year"],
  [/^error date .*iso8601/, "the calendar iso8601 is written as the Gregorian one"],
  [/^program Date.prototype.toLocaleString.call\(\{\}\)/, "one error's text for all of Date's methods"],
  [/^segment word .*日本語/, "ICU has a dictionary of Chinese and Japanese words"],
  [/^collate \{"numeric":true\}.*[½¼²٣]/, "digits of other forms are not joined to numbers"],
  [/^tag en-840|^tag hy-arevela/, "the table of aliases has only the common ones"],
  [/^(?:new|call) \w+ (?:call|receiver)/, "the texts of these errors are V8's own"],
  [/^list .* 5$/, "the text of \"is not iterable\" is the engine's own"],
  [/^names currency \w+ XXX/, "XXX is no currency that is in use"],
  [/^names region \w+ xx/, "Node gives an unknown region back as it was written"],
];

const used = new Set();
let count = 0;

/** What `work` answers, as text; an error by its name and message. */
function outcome(work, Intl) {
  try {
    return JSON.stringify(work(Intl)) ?? "undefined";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

class Differences {
  #found = [];

  check(text, work) {
    this.checkOutcomes(text, outcome(work, Intl), outcome(work, ours));
  }

  checkOutcomes(text, node, own) {
    count += 1;
    if (node === own) return;
    const known = KNOWN.findIndex(([pattern]) => pattern.test(text));
    if (known >= 0) used.add(known);
    else this.#found.push(`${text}\n  node ${node}\n  ours ${own}`);
  }

  /** One formatter of each side, asked many things: [text, work on the formatter]. */
  formatter(name, locale, options, uses) {
    const make = (Intl) => {
      try {
        return new Intl[name](locale, options);
      } catch (error) {
        return error;
      }
    };
    const [node, own] = [make(Intl), make(ours)];
    const asked = (formatter, work) => outcome(() => {
      if ("stack" in formatter) throw formatter;
      return work(formatter);
    });
    for (const [text, work] of uses) this.checkOutcomes(text, asked(node, work), asked(own, work));
  }

  end() {
    assert.equal(this.#found.length, 0, `${this.#found.length} differences:\n${this.#found.slice(0, 200).join("\n")}`);
  }
}

const text = (value) => (typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value));

test("NumberFormat", () => {
  const differences = new Differences();
  for (const locale of LOCALES) {
    for (const options of NUMBER_OPTIONS) {
      const name = `number ${locale} ${JSON.stringify(options)}`;
      const uses = [[`${name} resolvedOptions`, (format) => format.resolvedOptions()]];
      for (const value of NUMBERS) {
        uses.push([`${name} ${text(value)}`, (format) => format.format(value)]);
        if (locale !== "en-US") uses.push([`${name} parts ${text(value)}`, (format) => format.formatToParts(value)]);
      }
      differences.formatter("NumberFormat", locale, options, uses);
    }
  }
  for (const currency of Intl.supportedValuesOf("currency")) {
    for (const currencyDisplay of ["symbol", "narrowSymbol", "name", "code"]) {
      for (const locale of ["en", "en-GB"]) {
        const options = { style: "currency", currency, currencyDisplay };
        const uses = [1, 2.5, -1000].map((value) => [`number ${JSON.stringify(options)} ${value}`, (format) => format.format(value)]);
        differences.formatter("NumberFormat", locale, options, uses);
      }
    }
  }
  differences.end();
});

test("NumberFormat: texts as numbers, and random numbers", () => {
  const differences = new Differences();
  let seed = 20261121;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const values = ["1.10", "0x1f", "abc", "  12  ", "1e400", "-0", "123456789.123456789123456789", "", ".5", "Infinity", "1_0"];
  for (let at = 0; at < 400; at += 1) values.push((random() - 0.5) * 10 ** Math.floor(random() * 24 - 4));
  for (const options of [undefined, { maximumFractionDigits: 20 }, { notation: "compact" }, { maximumSignificantDigits: 3 },
    { style: "currency", currency: "EUR" }, { style: "percent", maximumFractionDigits: 1 }, { notation: "engineering" }]) {
    const uses = values.map((value) => [`number ${JSON.stringify(options)} ${value}`, (format) => format.format(value)]);
    differences.formatter("NumberFormat", "en", options, uses);
  }
  differences.end();
});

test("PluralRules", () => {
  const differences = new Differences();
  for (const type of ["cardinal", "ordinal"]) {
    for (const more of [{}, { minimumFractionDigits: 1 }, { maximumFractionDigits: 0 }, { maximumSignificantDigits: 1 }]) {
      const uses = [["plural resolvedOptions", (rules) => rules.resolvedOptions()]];
      for (const value of [...Array(130).keys(), 1.5, 0.9, 1.2, -1, NaN, Infinity, "1", "1.0"])
        uses.push([`plural ${type} ${JSON.stringify(more)} ${value}`, (rules) => rules.select(value)]);
      for (const locale of LOCALES) differences.formatter("PluralRules", locale, { type, ...more }, uses);
    }
  }
  differences.end();
});

test("DateTimeFormat: components", () => {
  const differences = new Differences();
  for (const locale of LOCALES) {
    for (const options of [...DATES, ...TIMES, ...TIMES.flatMap((time) => DATES.filter((_, at) => at % 17 === 3).map((date) => ({ ...date, ...time })))]) {
      const name = `date ${locale} ${JSON.stringify(options)}`;
      const uses = [
        [`${name} resolvedOptions`, (format) => format.resolvedOptions()],
        [`${name} parts`, (format) => format.formatToParts(INSTANTS[0])],
      ];
      for (const ms of INSTANTS) uses.push([`${name} ${ms}`, (format) => format.format(ms)]);
      differences.formatter("DateTimeFormat", locale, options, uses);
    }
  }
  differences.end();
});

test("DateTimeFormat: styles and ranges", () => {
  const differences = new Differences();
  const styles = [undefined, "full", "long", "medium", "short"];
  for (const locale of LOCALES) {
    for (const dateStyle of styles) {
      for (const timeStyle of styles) {
        for (const more of [{}, { hour12: true }, { hour12: false }, { hourCycle: "h23" }, { hourCycle: "h11" }, { timeZone: "America/New_York" }, { timeZone: "Europe/London" }]) {
          const options = { ...more, ...(dateStyle && { dateStyle }), ...(timeStyle && { timeStyle }) };
          const name = `style ${locale} ${JSON.stringify(options)}`;
          const uses = INSTANTS.map((ms) => [`${name} ${ms} `, (format) => format.format(ms)]);
          uses.push([`${name} resolvedOptions`, (format) => format.resolvedOptions()]);
          if (more.hour12 === undefined) {
            for (const span of [60_000, 3_600_000, DAY, 40 * DAY, 400 * DAY, 0])
              uses.push([`${name} range ${span}`, (format) => format.formatRange(INSTANTS[0], INSTANTS[0] + span)]);
          }
          differences.formatter("DateTimeFormat", locale, options, uses);
        }
      }
    }
    for (const options of [...DATES, ...TIMES]) {
      const shown = JSON.stringify(options);
      if (/2-digit|era|dayPeriod|hourCycle|hour12/.test(shown)) continue;
      const uses = [60_000, 3_600_000, 10 * 3_600_000, DAY, 40 * DAY, 400 * DAY]
        .map((span) => [`range ${locale} ${shown} ${span}`, (format) => format.formatRange(INSTANTS[0], INSTANTS[0] + span)]);
      differences.formatter("DateTimeFormat", locale, options, uses);
    }
  }
  differences.end();
});

test("DateTimeFormat: every time zone and its names", () => {
  const differences = new Differences();
  const instants = [Date.UTC(2026, 0, 5), Date.UTC(2026, 6, 5), Date.UTC(2015, 6, 5), Date.UTC(1900, 1, 1), Date.UTC(2100, 6, 6)];
  for (const timeZone of [...Intl.supportedValuesOf("timeZone"), ...ZONES]) {
    for (const timeZoneName of ["short", "long", "shortOffset", "longOffset"]) {
      for (const locale of ["en", "en-GB"]) {
        const options = { timeZone, timeZoneName, hour: "numeric", minute: "numeric", year: "numeric", month: "short", day: "numeric" };
        const uses = instants.map((ms) => [`zone ${locale} ${timeZone} ${timeZoneName} ${ms}`, (format) => format.format(ms)]);
        uses.push([`zone ${timeZone} resolvedOptions`, (format) => format.resolvedOptions().timeZone]);
        differences.formatter("DateTimeFormat", locale, options, uses);
      }
    }
  }
  differences.end();
});

test("RelativeTimeFormat and ListFormat", () => {
  const differences = new Differences();
  const units = ["second", "minute", "hour", "day", "week", "month", "quarter", "year", "days", "x"];
  const styles = ["long", "short", "narrow"];
  for (const locale of LOCALES) {
    for (const style of styles) {
      for (const numeric of ["always", "auto"]) {
        const uses = units.flatMap((unit) => [1, -1, 0, -0, 2, -2, 1.5, -1234.5, 1e6, NaN].flatMap((value) => [
          [`relative ${style} ${value} ${unit}`, (format) => format.format(value, unit)],
          [`relative ${style} ${value} ${unit} parts`, (format) => format.formatToParts(value, unit)],
        ]));
        differences.formatter("RelativeTimeFormat", locale, { style, numeric }, uses);
      }
      for (const type of ["conjunction", "disjunction", "unit"]) {
        const lists = [[], ["A"], ["A", "B"], ["A", "B", "C"], ["a", "b", "c", "d"], [1], 5, undefined, "abc"];
        const uses = lists.flatMap((list) => [
          [`list ${type} ${style} ${list}`, (format) => format.format(list)],
          [`list ${type} ${style} ${list}`, (format) => format.formatToParts(list)],
        ]);
        differences.formatter("ListFormat", locale, { type, style }, uses);
      }
    }
  }
  differences.end();
});

test("Collator", () => {
  const differences = new Differences();
  for (const options of [{}, { sensitivity: "base" }, { sensitivity: "accent" }, { sensitivity: "case" }, { numeric: true },
    { caseFirst: "upper" }, { ignorePunctuation: true }]) {
    const uses = COLLATED.flatMap((one) => COLLATED.map((other) => [
      `collate ${JSON.stringify(options)} ${JSON.stringify([one, other])}`, (collator) => collator.compare(one, other),
    ]));
    uses.push(["collate resolvedOptions", (collator) => collator.resolvedOptions()]);
    differences.formatter("Collator", "en", options, uses);
  }
  differences.end();
});

test("Segmenter", () => {
  const differences = new Differences();
  for (const granularity of ["grapheme", "word", "sentence"]) {
    for (const input of TEXTS) {
      differences.check(`segment ${granularity} ${input}`, (Intl) =>
        [...new Intl.Segmenter("en", { granularity }).segment(input)].map((one) => [one.segment, one.index, one.isWordLike]));
      for (const at of [0, 1, 5, 100, -1, undefined, 2.5]) {
        differences.check(`segment ${granularity} ${input} containing ${at}`, (Intl) =>
          new Intl.Segmenter("en", { granularity }).segment(input).containing(at));
      }
    }
  }
  differences.end();
});

test("DisplayNames and supportedValuesOf", () => {
  const differences = new Differences();
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  const of = (type, code, more) => differences.check(`names ${type} ${JSON.stringify(more)} ${code}`.replace(/\{.*\}/, (own) => own.length === 2 ? "plain" : own.replace(/\W/g, "")),
    (Intl) => new Intl.DisplayNames(more.locale ?? "en", { type, ...more }).of(code) ?? null);
  for (const code of pairs) {
    of("region", code, {});
    of("language", code.toLowerCase(), {});
  }
  for (const languageDisplay of ["dialect", "standard"])
    for (const code of ["en", "en-US", "en-GB", "de-DE", "zh-Hans-CN", "zh-Hant", "fr-CA", "xx", "pt-BR", "es-419", "sr-Latn-RS", "en-Latn", "fil", "EN-us", "x", "en_US"])
      of("language", code, { languageDisplay });
  for (const code of ["Latn", "Hans", "Hant", "Cyrl", "latn", "Xxxx", "x"]) of("script", code, {});
  for (const code of [...Intl.supportedValuesOf("currency"), "usd", "XXX", "ZZZ", "x"])
    for (const style of ["long", "short", "narrow"]) of("currency", code, { style });
  for (const code of ["001", "150", "US", "ZZ", "xx"]) for (const style of ["long", "short"]) for (const fallback of ["code", "none"]) of("region", code, { style, fallback });
  for (const code of ["era", "year", "quarter", "month", "weekOfYear", "weekday", "day", "dayPeriod", "hour", "minute", "second", "timeZoneName", "x"])
    for (const style of ["long", "short", "narrow"]) of("dateTimeField", code, { style });
  for (const code of Intl.supportedValuesOf("calendar")) of("calendar", code, {});
  for (const key of ["currency", "unit", "timeZone", "calendar", "x"]) differences.check(`values ${key}`, (Intl) => Intl.supportedValuesOf(key));
  differences.end();
});

test("language tags and Locale", () => {
  const differences = new Differences();
  const tags = ["EN-us", "zh-hans-cn", "iw", "en-u-ca-gregory-nu-latn", "sr-latn", "x-foo", "en-x-foo", "en-a-bb", "a", "en--us", "en-US-", "de-1996-1901",
    ["en", "en"], undefined, null, 5, "", "i-klingon", "zh-min-nan", "en-u-kn-true", "en-u-co", "en-b-xx-a-yy", "sl-rozaj-biske", "UND", "en-840",
    "hy-arevela", "cmn-hans-cn", "en-GB-oed", "en_US", ["en-US", "de"], {}, "en-u-hc-h23-ca-iso8601"];
  for (const tag of tags) differences.check(`tag ${tag}`, (Intl) => Intl.getCanonicalLocales(tag));
  const members = ["toString", "maximize", "minimize", "language", "script", "region", "baseName", "calendar", "caseFirst", "collation", "hourCycle", "numeric",
    "numberingSystem", "numberingSystems", "textInfo"];
  for (const tag of ["en", "en-US", "zh", "zh-TW", "sr", "de-AT", "en-u-hc-h12-kn-nu-latn-ca-buddhist", "ar", "pt", "und", "ja-Jpan-JP", "xx", "en-Latn-US", "es-MX", "he"]) {
    for (const member of members) {
      differences.check(`locale ${tag} ${member}`, (Intl) => {
        const locale = new Intl.Locale(tag);
        return typeof locale[member] === "function" ? String(locale[member]()) : locale[member];
      });
    }
  }
  differences.check("locale options", (Intl) =>
    new Intl.Locale("en", { region: "gb", script: "latn", calendar: "gregory", hourCycle: "h23", numeric: true, caseFirst: "upper", numberingSystem: "latn" }).toString());
  for (const [tag, options] of [[""], [], ["en", { region: "x" }]]) differences.check(`locale error ${tag}`, (Intl) => new Intl.Locale(tag, options).toString());
  differences.end();
});

test("constructors: shapes, errors, what is resolved", () => {
  const differences = new Differences();
  for (const name of Object.getOwnPropertyNames(Intl).filter((key) => Intl[key].prototype !== undefined)) {
    differences.check(`shape ${name}`, (Intl) => [
      Intl[name].name, Intl[name].length, Object.getOwnPropertyNames(Intl[name]).sort(), Object.prototype.toString.call(Intl[name].prototype),
      Object.getOwnPropertyNames(Intl[name].prototype).sort().map((key) => {
        const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(Intl[name].prototype, key);
        return [key, value?.length, writable, enumerable, configurable];
      }),
    ]);
    if (name === "Locale" || name === "DisplayNames") continue;
    differences.check(`new ${name}`, (Intl) => new Intl[name]("en-GB").resolvedOptions());
    differences.check(`new ${name} null`, (Intl) => new Intl[name]("en", null));
    differences.check(`new ${name} call`, (Intl) => typeof Intl[name]());
    differences.check(`new ${name} receiver`, (Intl) => Intl[name].prototype.resolvedOptions.call({}));
    differences.check(`new ${name} tag`, (Intl) => new Intl[name]("x_y"));
    differences.check(`new ${name} supported`, (Intl) => Intl[name].supportedLocalesOf(["en", "en-US", "xx-yy"]));
  }
  const wrong = [{ style: "x" }, { style: "currency" }, { style: "currency", currency: "x" }, { style: "unit" }, { style: "unit", unit: "x" }, { minimumFractionDigits: -1 },
    { minimumFractionDigits: 5, maximumFractionDigits: 2 }, { maximumSignificantDigits: 0 }, { minimumIntegerDigits: 22 }, { roundingIncrement: 3 }, { roundingIncrement: 5 },
    { roundingIncrement: 5, maximumSignificantDigits: 2 }, { notation: "x" }, { useGrouping: "x" }, { useGrouping: "" }, { useGrouping: "true" }, { numberingSystem: "x" },
    { numberingSystem: "latn" }, 5, { localeMatcher: "x" }, { signDisplay: "" }];
  for (const options of wrong) differences.check(`error number ${JSON.stringify(options)}`, (Intl) => new Intl.NumberFormat("en", options).resolvedOptions());
  const dates = [{ timeZone: "x" }, { dateStyle: "x" }, { dateStyle: "short", year: "numeric" }, { fractionalSecondDigits: 4 }, { fractionalSecondDigits: 0 }, { calendar: "x" },
    { hourCycle: "h25" }, { weekday: "" }, { calendar: "iso8601" }, { timeZone: "+25:00" }];
  for (const options of dates) differences.check(`error date ${JSON.stringify(options)}`, (Intl) => new Intl.DateTimeFormat("en", options).resolvedOptions());
  for (const value of [NaN, Infinity, null, "x", 9e15]) differences.check(`error date ${value}`, (Intl) => new Intl.DateTimeFormat("en").format(value));
  for (const tag of ["en-u-hc-h23", "en-u-hc-h12", "en-US-u-ca-iso8601"]) differences.check(`resolved ${tag}`, (Intl) => new Intl.DateTimeFormat(tag, { hour: "numeric" }).resolvedOptions());
  differences.end();
});

test("methods of the language's own classes", () => {
  const programs = [
    "(1234.5).toLocaleString()", "(0.256).toLocaleString('en-GB', { style: 'percent' })", "12345678901234567890n.toLocaleString()", "[1234.5, new Date(0), [1e6], null].toLocaleString()",
    "new Date(0).toLocaleString()", "new Date(0).toLocaleDateString('en-GB')", "new Date(0).toLocaleTimeString('en', { timeZone: 'Asia/Tokyo' })", "new Date(NaN).toLocaleString()",
    "new Date(0).toLocaleDateString(undefined, { timeStyle: 'short' })", "new Date(0).toLocaleTimeString(undefined, { timeStyle: 'short' })", "new Date(0).toLocaleDateString('en', { hour: 'numeric' })",
    "new Date(0).toLocaleString('en', { weekday: 'long' })", "new Date(0).toLocaleTimeString('en', { month: 'long' })", "['résumé', 'resume', 'Resume', 'a', 'B', 'Z', 'z', 'ä'].sort((a, b) => a.localeCompare(b))",
    "['a10', 'a2', 'a1'].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))", "'a'.localeCompare('A', 'en', { sensitivity: 'base' })", "'i'.toLocaleUpperCase('tr')", "'Iİ'.toLocaleLowerCase('az')",
    "'ß'.toLocaleUpperCase()", "'άλφα'.toLocaleUpperCase('el')", "new Uint16Array([1, 1000]).toLocaleString()", "const bytes = new Uint8Array(1); bytes.buffer.transfer(); bytes.toLocaleString()", "'a'.localeCompare('b', 'x_')", "Number.prototype.toLocaleString.call('x')", "Date.prototype.toLocaleString.call({})",
    "String.prototype.localeCompare.call(null, '')", "Array.prototype.toLocaleString.length + Number.prototype.toLocaleString.length + String.prototype.localeCompare.length", "[].toLocaleString.name",
    "Object.keys(Number.prototype).concat(Object.keys(Intl)).length", "String(Intl)", "const list = [1]; list.push(list); list.toLocaleString()", "Intl.NumberFormat().constructor === Intl.NumberFormat",
    "new Intl.NumberFormat().format.name", "[3, 1].map(new Intl.NumberFormat('en', { minimumFractionDigits: 1 }).format)",
  ];
  const differences = new Differences();
  const evaluate = eval;
  for (const program of programs) {
    const run = (work) => outcome(() => work(program.replace(/^const/, "var")));
    differences.checkOutcomes(`program ${program}`, run(evaluate), run((source) => lily.run(source)));
  }
  differences.end();
});

test("what is known to differ does", () => {
  const unused = KNOWN.filter((_, at) => !used.has(at)).map(([pattern]) => String(pattern));
  assert.deepEqual(unused, []);
  assert.ok(count > 100_000, `${count} cases`);
});
