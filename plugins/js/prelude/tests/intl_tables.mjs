// Writes prelude/intl/tables.js: names of currencies, units, regions, languages and time zones, as Node 22's own Intl has them
// (CLDR, Unicode licence). Standard input has the names of the IANA database, separated by blanks:
//   python3 -c 'import zoneinfo; print(*zoneinfo.available_timezones())' | node intl_tables.mjs

import { readFileSync, writeFileSync } from "node:fs";

const currencies = Intl.supportedValuesOf("currency");
const currencyPart = (locale, currency, currencyDisplay) =>
  new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay }).formatToParts(1)
    .find(({ type }) => type === "currency").value;

/** "USD$" for each code whose text is not what `base` gives. */
const differing = (text, base) => currencies
  .filter((code) => text(code) !== base(code)).map((code) => code + text(code)).join("|");
const symbol = (code) => currencyPart("en", code, "symbol");
const symbols = differing(symbol, (code) => code);
const british = differing((code) => currencyPart("en-GB", code, "symbol"), symbol);
const narrow = differing((code) => currencyPart("en", code, "narrowSymbol"), symbol);
const digits = currencies.map((code) => [
  code, new Intl.NumberFormat("en", { style: "currency", currency: code }).resolvedOptions().maximumFractionDigits,
]).filter(([, count]) => count !== 2).map((pair) => pair.join("")).join(" ");

/** Title, one, other: left out where the next is made of the one before as most are. */
function currencyNames(code) {
  const title = new Intl.DisplayNames("en", { type: "currency" }).of(code);
  const format = (value) => new Intl.NumberFormat("en", {
    style: "currency", currency: code, currencyDisplay: "name", maximumFractionDigits: 0,
  }).format(value).slice(2);
  const one = format(1);
  const other = format(2);
  const usualOne = title.replace(/ (?!.* )\p{Lu}/u, (text) => text.toLowerCase());
  const names = [code + title];
  if (one !== usualOne || other !== one + "s") names.push(one === usualOne ? "" : one);
  if (other !== one + "s") names.push(other);
  return names.join("~");
}

// ---- zones ----

const given = readFileSync(0, "utf8").split(/\s+/).filter((name) => name !== "");
const known = new Map();
for (const name of [...given, ...Intl.supportedValuesOf("timeZone")].sort()) {
  try {
    known.set(name, new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone);
  } catch {
    // "Factory" and the like.
  }
}
const zoneName = (zone, ms, style, locale = "en") =>
  new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: style }).formatToParts(ms)
    .find(({ type }) => type === "timeZoneName").value;
const offset = (zone, ms) => zoneName(zone, ms, "longOffset").replace("GMT", "") || "+00:00";
const minutes = (text) => (text[0] === "-" ? -1 : 1) * (+text.slice(1, 3) * 60 + +text.slice(4, 6));
const times = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)];

const summers = new Map();
const metazones = new Map();
for (const zone of new Set(known.values())) {
  const [low, high] = [...times].sort((a, b) => minutes(offset(zone, a)) - minutes(offset(zone, b)));
  const short = (ms, locale) => {
    const text = zoneName(zone, ms, "short", locale);
    return /^GMT./.test(text) ? "" : text;
  };
  const long = zoneName(zone, low, "long");
  const name = /^GMT[+-]/.test(long) ? "" : long;
  const british = short(low, "en-GB");
  const summer = offset(zone, low) === offset(zone, high) ? "" : zoneName(zone, high, "long");
  const isUsual = summer.replace(/Daylight|Summer/, "Standard") === name;
  const key = [name, short(low), british === short(low) ? "" : british, isUsual ? "" : summer].join(";");
  if (!metazones.has(key)) metazones.set(key, { name, zones: [], low: [short(low), british], high: null });
  const metazone = metazones.get(key);
  metazone.zones.push(zone);
  const isSame = offset(zone, low) === offset(zone, high);
  if (!isSame) {
    metazone.high ??= [zoneName(zone, high, "long"), short(high), short(high, "en-GB")];
  } else if (!summers.has(name) && name !== "") {
    for (let year = 1972; year < 2026; year += 1) {
      for (const month of [0, 6]) {
        const text = zoneName(zone, Date.UTC(year, month, 15), "long");
        if (text !== name && /Daylight|Summer/.test(text) && text.replace(/Daylight|Summer/, "Standard") === name)
          summers.set(name, text);
      }
    }
  }
}

let folder = "";
/** A name without its folder if the one before has the same. */
const brief = (name) => {
  const at = name.lastIndexOf("/");
  const own = name.slice(0, at + 1);
  if (own === folder && own !== "") return name.slice(at + 1);
  folder = own;
  return own === "" ? `/${name}` : name;
};
const links = (zone) => [...known].filter(([name, canonical]) => canonical === zone && name !== zone).map(([name]) => name);
const zones = [...metazones.values()].map(({ name, zones, low, high }) => {
  folder = "";
  const text = high?.[0] === undefined || /^GMT[+-]/.test(high[0]) ? summers.get(name) ?? "" : high[0];
  const usual = text === "" ? "" : text === name.replace("Standard", "Daylight") ? "D"
    : text === name.replace("Standard", "Summer") ? "S" : text;
  const abbreviations = [low[0], high?.[1] ?? "", low[1], high?.[2] ?? ""].join(",").replace(/,+$/, "");
  const list = zones.map((zone) => [zone, ...links(zone)].map(brief).join("=")).join(" ");
  return `${name.replace(/ Time$/, "^")};${usual};${abbreviations};${list}`;
}).join("|");

// ---- regions, languages, scripts ----

const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const pairs = letters.flatMap((first) => letters.map((second) => first + second));
const display = (type, codes) => codes
  .map((code) => [code, new Intl.DisplayNames("en", { type, fallback: "none" }).of(code)])
  .filter(([, text]) => text !== undefined).map(([code, text]) => code + text).join("|");
const more = "ang ars ast bho brx ceb chr ckb cop csb dsb egy fil frp fur gsw haw hsb kok lad mai mni non nds pap prs rom sah sat scn sco shn syr szl tlh tok tpi yue und zxx mul".split(" ");
const longer = ["en-US", "en-GB", "en-CA", "en-AU", "es-419", "es-ES", "es-MX", "fr-CA", "fr-CH", "de-AT", "de-CH", "nl-BE", "pt-BR", "pt-PT", "zh-Hans", "zh-Hant", "ar-001", "fa-AF", "ro-MD", "sw-CD"];
const scripts = "Arab Armn Beng Bopo Brai Cans Cher Copt Cyrl Deva Egyp Ethi Geor Goth Grek Gujr Guru Hang Hani Hans Hant Hebr Hira Hrkt Jpan Kana Khmr Knda Kore Laoo Latn Mlym Mong Mymr Orya Runr Sinh Syrc Taml Telu Thaa Thai Tibt Xsux Zmth Zsye Zsym Zxxx Zyyy Zzzz".split(" ");

// ---- likely subtags: language, script, region ----

const likely = pairs.map((code) => code.toLowerCase()).filter((code) => display("language", [code]) !== "")
  .map((code) => [code, new Intl.Locale(code).maximize()]).filter(([code, { language, region }]) => language === code && region)
  .map(([code, { script, region }]) => code + script + region).join("|");

// ---- collation: what is no letter with marks, in order of its first level; U+0001 stands before what is equal to the one before ----

const collator = new Intl.Collator("en", { sensitivity: "base" });
const isOrdered = (text) => text.normalize("NFKD") === text && text.toLowerCase() === text && !/\p{M}|\p{Cn}/u.test(text) &&
  collator.compare(text, "") !== 0;
const ordered = [];
for (let code = 9; code < 0x2700; code += 1) {
  const text = String.fromCharCode(code);
  const isTaken = code < 0x530 || (code >= 0x2000 && /[\p{P}\p{S}\p{Z}]/u.test(text));
  if (isTaken && isOrdered(text)) ordered.push(text);
}
// Those that are sorted as two letters are known to collator.js.
const single = ordered.filter((text) => !"æœßĳŉǆǉǌ".includes(text));
single.sort((one, other) => collator.compare(one, other) || (one < other ? -1 : 1));
const order = single.map((text, at) => (at > 0 && collator.compare(single[at - 1], text) === 0 ? "\u0001" : "") + text).join("");
const accents = new Intl.Collator("en", { sensitivity: "accent" });
const marks = Array.from({ length: 0x70 }, (_, at) => String.fromCharCode(0x300 + at))
  .filter((mark) => mark.normalize("NFD") === mark && accents.compare("a", `a${mark}`) < 0)
  .sort((one, other) => accents.compare(`a${one}`, `a${other}`)).join("");

const tables = {
  symbols, british, narrow, digits, currencies: currencies.map(currencyNames).join("|"), zones,
  regions: display("region", [...pairs, "001", "002", "003", "005", "009", "011", "013", "014", "015", "017", "018", "019", "021", "029", "030", "034", "035", "039", "053", "054", "057", "061", "142", "143", "145", "150", "151", "154", "155", "202", "419"]),
  languages: display("language", [...pairs.map((code) => code.toLowerCase()), ...more]),
  dialects: longer.map((code) => code + new Intl.DisplayNames("en", { type: "language" }).of(code)).join("|"),
  scripts: display("script", scripts), likely, order, marks,
};
const text = Object.entries(tables).map(([name, table]) => `export const ${name} =\n  ${JSON.stringify(table)};\n`);
writeFileSync(new URL("../intl/tables.js", import.meta.url), `// Written by tests/intl_tables.mjs from the data of Node 22 (CLDR, Unicode licence): do not change by hand.
// Rows are parted by "|"; what a row has is said where it is read.

${text.join("\n")}`);
