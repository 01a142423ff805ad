// Language tags: their canonical form, and which locale a formatter resolves to. The data here is that of English
// alone: "en", "en-US" and "en-GB"; every other tag resolves to "en-US". https://tc39.es/ecma402/#sec-language-tags

import { textOption } from "./options.js";

export const DEFAULT_LOCALE = "en-US";
const AVAILABLE = new Set(["en", "en-US", "en-GB"]);

const LANGUAGE = /^(?:[a-z]{2,3}|[a-z]{5,8})$/;
const VARIANT = /^(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3})$/;
const ALIASES = {
  iw: "he",
  in: "id",
  ji: "yi",
  jw: "jv",
  mo: "ro",
  tl: "fil",
  cmn: "zh",
  sh: "sr-Latn",
  bh: "bho",
  aam: "aas",
  no: "no",
};
const REGIONS = { UK: "GB", BU: "MM", DD: "DE", FX: "FR", TP: "TL", YD: "YE", ZR: "CD", QU: "EU" };
const WHOLE = {
  "art-lojban": "jbo",
  "zh-guoyu": "zh",
  "zh-hakka": "hak",
  "zh-xiang": "hsn",
  "cel-gaulish": "xtg",
};

function bad(tag) {
  return new RangeError(
    /^[a-zA-Z]{2,8}[a-zA-Z0-9-]*-$/.test(tag)
      ? `Invalid language tag: ${tag.toLowerCase()}`
      : "Incorrect locale information provided",
  );
}

const parsed = new Map();
/** Programs use few tags; those that are made up must not fill the memory. */
const parsedMax = 100;

/** The parts of a tag in canonical form, not to be changed; throws what Node throws for a bad one. */
export function parseTag(tag) {
  const known = parsed.get(tag);
  if (known !== undefined) return known;
  const parts = readTag(tag);
  if (parsed.size < parsedMax) parsed.set(tag, parts);
  return parts;
}

function readTag(tag) {
  const whole = WHOLE[tag.toLowerCase()];
  const pieces = (whole ?? tag).toLowerCase().split("-");
  let at = 0;
  if (!LANGUAGE.test(pieces[0])) throw bad(tag);
  const parts = {
    language: pieces[at++],
    script: "",
    region: "",
    variants: [],
    extensions: [],
    privateUse: "",
  };
  if (/^[a-z]{4}$/.test(pieces[at] ?? "")) {
    parts.script = pieces[at][0].toUpperCase() + pieces[at].slice(1);
    at += 1;
  }
  if (/^(?:[a-z]{2}|[0-9]{3})$/.test(pieces[at] ?? "")) parts.region = pieces[at++].toUpperCase();
  while (at < pieces.length && VARIANT.test(pieces[at])) {
    if (parts.variants.includes(pieces[at])) throw bad(tag);
    parts.variants.push(pieces[at++]);
  }
  const seen = new Set();
  while (at < pieces.length && pieces[at] !== "x") {
    const singleton = pieces[at++];
    if (!/^[a-z0-9]$/.test(singleton) || seen.has(singleton)) throw bad(tag);
    seen.add(singleton);
    const own = [];
    while (at < pieces.length && /^[a-z0-9]{2,8}$/.test(pieces[at])) own.push(pieces[at++]);
    if (own.length === 0) throw bad(tag);
    parts.extensions.push([singleton, own]);
  }
  if (at < pieces.length) {
    const own = pieces.slice(at + 1);
    if (own.length === 0 || own.some((piece) => !/^[a-z0-9]{1,8}$/.test(piece))) throw bad(tag);
    parts.privateUse = own.join("-");
  }
  return canonicalParts(parts);
}

function canonicalParts(parts) {
  const alias = Object.hasOwn(ALIASES, parts.language) ? ALIASES[parts.language] : undefined;
  if (alias !== undefined) {
    const [language, script] = alias.split("-");
    parts.language = language;
    if (script !== undefined && parts.script === "") parts.script = script;
  }
  if (Object.hasOwn(REGIONS, parts.region)) parts.region = REGIONS[parts.region];
  parts.variants.sort();
  parts.extensions.sort(([one], [other]) => (one < other ? -1 : 1));
  for (const extension of parts.extensions)
    if (extension[0] === "u") extension[1] = canonicalUnicode(extension[1]);
  return parts;
}

/** Attributes, then keywords by their keys; "true" is left out. */
function canonicalUnicode(pieces) {
  const first = pieces.findIndex((piece) => piece.length === 2);
  const attributes = first < 0 ? pieces : pieces.slice(0, first);
  const keywords = new Map();
  if (first >= 0) {
    let key = "";
    for (const piece of pieces.slice(first)) {
      if (piece.length === 2) {
        key = keywords.has(piece) ? "" : piece;
        if (key !== "") keywords.set(key, []);
      } else if (key !== "") keywords.get(key).push(piece);
    }
  }
  const result = [...new Set(attributes)].sort();
  for (const key of [...keywords.keys()].sort()) {
    const value = keywords
      .get(key)
      .join("-")
      .replace(/^(?:true|yes)$/, "");
    result.push(key, ...(value === "" ? [] : canonicalKeyword(key, value).split("-")));
  }
  return result;
}

function canonicalKeyword(key, value) {
  if (key === "ca")
    return (
      { gregorian: "gregory", islamicc: "islamic-civil", "ethiopic-amete-alem": "ethioaa" }[value] ?? value
    );
  return value;
}

export function tagText({ language, script, region, variants, extensions, privateUse }) {
  const pieces = [language];
  if (script !== "") pieces.push(script);
  if (region !== "") pieces.push(region);
  pieces.push(...variants);
  for (const [singleton, own] of extensions) pieces.push(singleton, ...own);
  if (privateUse !== "") pieces.push("x", privateUse);
  return pieces.join("-");
}

/** The keywords of `-u-` as an object. */
export function keywordsOf(parts) {
  const keywords = {};
  const own = parts.extensions.find(([singleton]) => singleton === "u")?.[1] ?? [];
  let key = "";
  for (const piece of own) {
    if (piece.length === 2) keywords[(key = piece)] = "";
    else if (key !== "") keywords[key] += (keywords[key] === "" ? "" : "-") + piece;
  }
  return keywords;
}

let isLocale = () => false;
/** locale.js tells how an Intl.Locale is known, and its tag. */
export function knowLocales(tagOf) {
  isLocale = tagOf;
}

export function canonicalList(locales) {
  if (locales === undefined) return [];
  const own = typeof locales === "object" && locales !== null ? isLocale(locales) : false;
  if (typeof locales === "string" || own) locales = [locales];
  if (locales === null) throw new TypeError("Cannot convert undefined or null to object");
  const list = Object(locales);
  const length = Math.min(Math.max(Math.trunc(Number(list.length)) || 0, 0), Number.MAX_SAFE_INTEGER);
  const seen = [];
  for (let at = 0; at < length; at += 1) {
    if (!(at in list)) continue;
    const item = list[at];
    if (typeof item !== "string" && (typeof item !== "object" || item === null))
      throw new TypeError("Language ID should be string or object.");
    const tag = isLocale(item) || tagText(parseTag(String(item)));
    if (!seen.includes(tag)) seen.push(tag);
  }
  return seen;
}

/** The longest available prefix of a tag without its extensions; undefined if there is none. */
function available({ language, script, region }) {
  if (language !== "en" || (script !== "" && script !== "Latn")) return undefined;
  const tag = `en-${region}`;
  return AVAILABLE.has(tag) ? tag : "en";
}

/**
 * The locale that a formatter uses, and the values of the keywords that it knows: `keys` maps a key to what it
 * allows; `given` has the options that go before the tag's own keywords.
 */
export function resolveLocale(locales, options, keys, given, where) {
  const requested = canonicalList(locales);
  textOption(options, "localeMatcher", ["lookup", "best fit"], "best fit", where);
  let locale = DEFAULT_LOCALE;
  let keywords = {};
  for (const tag of requested) {
    const parts = parseTag(tag);
    const found = available(parts);
    if (found === undefined) continue;
    locale = found;
    keywords = keywordsOf(parts);
    break;
  }
  const values = {};
  let extension = "";
  for (const key of Object.keys(keys).sort()) {
    const own = Object.hasOwn(keywords, key) ? keywords[key] || "true" : undefined;
    const option = given[key];
    const isOwn = own !== undefined && keys[key].includes(own);
    if (option !== undefined && keys[key].includes(option)) {
      values[key] = option;
      if (isOwn && own === option) extension += `-${key}${own === "true" ? "" : `-${own}`}`;
    } else if (isOwn) {
      values[key] = own;
      extension += `-${key}${own === "true" ? "" : `-${own}`}`;
    }
  }
  return {
    locale: extension === "" ? locale : `${locale}-u${extension}`,
    isBritish: locale === "en-GB",
    values,
  };
}

export function supportedLocales(locales, options, where) {
  const requested = canonicalList(locales);
  if (options !== undefined) {
    if (options === null) throw new TypeError("Cannot convert undefined or null to object");
    textOption(Object(options), "localeMatcher", ["lookup", "best fit"], "best fit", where);
  }
  return requested.filter((tag) => available(parseTag(tag)) !== undefined);
}
