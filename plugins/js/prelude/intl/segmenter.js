// Intl.Segmenter: graphemes, words and sentences by Unicode's rules (https://unicode.org/reports/tr29/), written as
// regular expressions. Words of scripts without blanks between them are their single characters: no dictionary is here.

import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { addMembers } from "./number_format.js";
import { optionsObject, shape, States, textOption } from "./options.js";

const states = new States("Intl.Segmenter");
const segments = new States("%SegmentsPrototype%");
const where = "Intl.Segmenter";

const CONTROL = "\\p{Cc}\\p{Zl}\\p{Zp}\\u200b\\u200e\\u200f\\u2060-\\u206f\\ufeff";
const EXTEND = "[\\p{M}\\p{Emoji_Modifier}\\u200c\\u{e0020}-\\u{e007f}]";
const PICTURE = `\\p{Extended_Pictographic}(?:${EXTEND}*\\u200d\\p{Extended_Pictographic})*`;
const FLAG = "\\p{Regional_Indicator}{2}";
const HANGUL =
  "[\\u1100-\\u115f\\ua960-\\ua97c]*[\\uac00-\\ud7a3\\u1160-\\u11a7][\\u1160-\\u11a7]*[\\u11a8-\\u11ff]*";
const AFTER = `(?:${EXTEND}|\\u200d)*`;
// Consonants of Indic scripts that a virama binds.
const CONSONANT =
  "[\\u0915-\\u0939\\u0958-\\u095f\\u0978-\\u097f\\u0995-\\u09b9\\u09dc-\\u09df\\u0a95-\\u0ab9\\u0b15-\\u0b39\\u0b5c-\\u0b5f\\u0b71\\u0c15-\\u0c39\\u0c58-\\u0c5a\\u0d15-\\u0d3a]";
const CONJUNCT = `${CONSONANT}(?:${AFTER}[\\u094d\\u09cd\\u0acd\\u0b4d\\u0c4d\\u0d4d]${AFTER}${CONSONANT})+`;
const GRAPHEME = `\\r\\n|[${CONTROL}]|(?:${FLAG}|${PICTURE}|${CONJUNCT}|${HANGUL}|[\\u1100-\\u115f]+|[^${CONTROL}])${AFTER}|[^]`;

const LETTER = `(?:[\\p{Alphabetic}--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{M}\\p{So}]]${AFTER})`;
const DIGIT = `(?:\\p{Nd}${AFTER})`;
const JOIN = `(?:[_\\u203f\\u2040]${AFTER})`;
const KANA = `(?:[\\p{Script=Katakana}ー]${AFTER})+`;
const PIECE = `(?:${LETTER}(?:[.'’·‧](?=${LETTER}))?|${DIGIT}(?:[.,;'’](?=${DIGIT}))?|${JOIN})`;
const WORD = `${PIECE}+|${KANA}|[\\p{Script=Han}\\p{Script=Hiragana}]${AFTER}`;
const GAP = `\\r\\n|[\\r\\n\\v\\f\\u0085\\u2028\\u2029]|[\\u0020\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u205f\\u3000]+${AFTER}|${FLAG}${AFTER}|${PICTURE}${AFTER}|[^]${AFTER}`;
const SENTENCE =
  "(?:[^.!?…。\\r\\n\\u2028\\u2029]|[.](?=[\\p{L}\\p{N}]|['\"”’)\\]]*\\s*\\p{Ll}))*(?:[.!?…。]+['\"”’)\\]]*\\s*|\\r\\n|[\\r\\n\\u2028\\u2029]|$)";

const compiled = new Map();
function expression(name, source, flags) {
  if (!compiled.has(name)) compiled.set(name, new RegExp(source, flags));
  return compiled.get(name);
}

/** The end of the segment that starts at `start`, and whether it is a word. */
function next({ granularity }, text, start) {
  if (granularity === "word") {
    const word = expression("word", WORD, "vy");
    word.lastIndex = start;
    const found = word.exec(text);
    if (found !== null && found[0] !== "") return { end: start + found[0].length, isWord: true };
  }
  const pattern =
    granularity === "grapheme"
      ? expression("grapheme", GRAPHEME, "uy")
      : granularity === "word"
        ? expression("gap", GAP, "uy")
        : expression("sentence", SENTENCE, "uy");
  pattern.lastIndex = start;
  const found = pattern.exec(text);
  return { end: start + Math.max(1, found?.[0].length ?? 1), isWord: false };
}

function segmentAt(state, text, start) {
  const { end, isWord } = next(state, text, start);
  const result = { segment: text.slice(start, end), index: start, input: text };
  if (state.granularity === "word") result.isWordLike = isWord;
  return result;
}

const iterators = new States("%SegmentIteratorPrototype%");
const iteratorPrototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
addMembers(iteratorPrototype, {
  next() {
    const own = iterators.get(this, "next");
    if (own.at >= own.text.length) return { value: undefined, done: true };
    const value = segmentAt(own.state, own.text, own.at);
    own.at += value.segment.length;
    return { value, done: false };
  },
});
Object.defineProperty(iteratorPrototype, Symbol.toStringTag, {
  value: "Segmenter String Iterator",
  configurable: true,
});

const segmentsPrototype = {};
addMembers(segmentsPrototype, {
  containing(index) {
    const { state, text } = segments.get(this, "containing");
    const at = Math.trunc(Number(index)) || 0;
    if (at < 0 || at >= text.length) return undefined;
    for (let start = 0; ;) {
      const found = segmentAt(state, text, start);
      start += found.segment.length;
      if (at < start) return found;
    }
  },
});
Object.defineProperty(segmentsPrototype, Symbol.iterator, {
  value: {
    [Symbol.iterator]() {
      const { state, text } = segments.get(this, "[Symbol.iterator]");
      return iterators.set(Object.create(iteratorPrototype), { state, text, at: 0 });
    },
  }[Symbol.iterator],
  writable: true,
  enumerable: false,
  configurable: true,
});

export class Segmenter {
  constructor(locales = undefined, given = undefined) {
    if (given !== undefined && (given === null || (typeof given !== "object" && typeof given !== "function")))
      throw new TypeError("invalid_argument");
    const options = optionsObject(given);
    const { locale } = resolveLocale(locales, options, {}, {}, where);
    states.set(this, {
      locale,
      granularity: textOption(options, "granularity", ["grapheme", "word", "sentence"], "grapheme", where),
    });
  }
}
addMembers(Segmenter.prototype, {
  resolvedOptions() {
    const { locale, granularity } = states.get(this, "resolvedOptions");
    return { locale, granularity };
  },
  segment(text) {
    const state = states.get(this, "segment");
    return segments.set(Object.create(segmentsPrototype), { state, text: `${text}` });
  },
});
shape(Segmenter, "Segmenter", (locales, options) => supportedLocales(locales, options, where));
