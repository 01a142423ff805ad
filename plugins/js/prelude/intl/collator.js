// Intl.Collator: Unicode's order (https://unicode.org/reports/tr10/) for Latin, Greek, Cyrillic, punctuation and symbols
// by the table `order`; other scripts go by their code points. Three levels: letters, accents, case.

import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { addMembers } from "./number_format.js";
import { booleanOption, shape, States, textOption } from "./options.js";
import { marks, order } from "./tables.js";

const states = new States("Intl.Collator");
const where = "Intl.Collator";
const FIRSTS = ["upper", "lower", "false"];

// First-level weights: symbols of the table, symbols that are not in it, currencies, digits and letters of the table, the rest.
const SYMBOLS = 0x10_000;
const CURRENCIES = 0x180_000;
const LETTERS = 0x200_000;
const OTHERS = 0x400_000;
/** What is sorted as two letters. */
const PAIRS = { æ: "ae", œ: "oe", ß: "ss", ĳ: "ij", ŉ: "ʼn", ǆ: "dž", ǉ: "lj", ǌ: "nj" };
const IGNORED = /[\p{Cc}\p{Cf}]/u;
const PUNCTUATION = /[\p{P}\p{Z}\s]/u;
const SYMBOL = /[\p{P}\p{S}\p{Z}]/u;
const MONEY = /\p{Sc}/u;
const MARK = /\p{M}/u;

let weights = null;
let markWeights = null;

/** Character → [first level, second level]. */
function read() {
  weights = new Map();
  markWeights = new Map();
  let rank = 0;
  let second = 0;
  let isLetter = false;
  let isEqual = false;
  for (const text of order) {
    if (text === "\u0001") {
      isEqual = true;
      continue;
    }
    if (text === "0") isLetter = true;
    if (isEqual) second += 1;
    else {
      rank += 1;
      second = 0;
    }
    isEqual = false;
    weights.set(text, [(isLetter ? LETTERS : MONEY.test(text) ? CURRENCIES : 0) + rank, second]);
  }
  let at = 2;
  for (const mark of marks) markWeights.set(mark, (at += 1));
}

/** Second-level weights: of a letter without marks, of marks, of letters that are like another. */
const PLAIN = 1;
const LIKE = 1000;

/** A digit of another script is like ours: every script has its ten in a row. */
function digitWeight(character) {
  if (!/\p{Nd}/u.test(character)) return undefined;
  let value = 0;
  let code = character.codePointAt(0);
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    value += 1;
  }
  return [weights.get(String(value))[0], 1];
}

/** The three levels of a text. */
function keyOf(text, { numeric, ignorePunctuation }) {
  const first = [];
  const second = [];
  const third = [];
  const plain = text.normalize("NFKD");
  const isCompatible = plain !== text && plain !== text.normalize("NFD");
  let characters = plain;
  if (/[æœßĳŉÆŒẞĲ]/.test(plain)) {
    characters = plain.replace(/[æœßĳŉÆŒẞĲ]/g, (letter) => {
      const pair = PAIRS[letter.toLowerCase()];
      return letter === letter.toLowerCase()
        ? `${pair[0]}\u0002${pair[1]}`
        : `${pair[0].toUpperCase()}\u0002${pair[1].toUpperCase()}`;
    });
  }
  let zeros = -1;
  for (let at = 0; at < characters.length;) {
    const character = String.fromCodePoint(characters.codePointAt(at));
    at += character.length;
    if (character === "\u0002") {
      second.push(LIKE);
      continue;
    }
    if (numeric && character >= "0" && character <= "9") {
      let end = at;
      while (characters[end] >= "0" && characters[end] <= "9") end += 1;
      const digits = characters.slice(at - 1, end).replace(/^0+(?=.)/, "");
      first.push(weights.get("0")[0], digits.length, ...Array.from(digits, (digit) => weights.get(digit)[0]));
      second.push(PLAIN);
      third.push(0);
      at = end;
      continue;
    }
    const lower = character.toLowerCase();
    const known = weights.get(lower) ?? digitWeight(character);
    if (known !== undefined) {
      if (ignorePunctuation && known[0] < SYMBOLS && PUNCTUATION.test(character)) continue;
      first.push(known[0]);
      second.push(PLAIN);
      if (known[1] > 0) second.push(LIKE + known[1]);
      third.push(lower === character ? 0 : 2);
      continue;
    }
    if (MARK.test(character)) {
      second.push(markWeights.get(character) ?? 200 + (character.codePointAt(0) & 0xff));
      continue;
    }
    if (IGNORED.test(character) || (ignorePunctuation && PUNCTUATION.test(character))) continue;
    let code = lower.codePointAt(0);
    let case_ = lower === character ? 0 : 2;
    if (code >= 0x30a1 && code <= 0x30f6) {
      // Katakana like Hiragana.
      code -= 0x60;
      case_ = 3;
    }
    first.push(SYMBOL.test(character) ? SYMBOLS + code : OTHERS + code);
    second.push(PLAIN);
    third.push(case_);
  }
  if (isCompatible && first.length > 0) third.push(1);
  return { first, second, third };
}

/** Of the third level what is case: 2 are capitals. */
const casesOf = ({ first, third }) => third.slice(0, first.length).map((level) => (level === 2 ? 2 : 0));
const upperFirst = (levels, caseFirst) =>
  caseFirst === "upper" ? levels.map((level) => (level === 2 ? -1 : level)) : levels;

function compareLists(one, other) {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  return one.length === other.length ? 0 : one.length < other.length ? -1 : 1;
}

/** First-level weights of ASCII with case in the lowest bit, for the common case; 0: not a simple character. */
let ascii = null;
function readAscii() {
  if (weights === null) read();
  ascii = new Uint32Array(128);
  for (let code = 9; code < 127; code += 1) {
    const character = String.fromCharCode(code);
    const known = weights.get(character.toLowerCase());
    if (known !== undefined) ascii[code] = known[0] * 2 + (character === character.toLowerCase() ? 0 : 1);
  }
}

/** Both of ASCII: -1, 0, 1; else undefined. Written for speed: sorting is what it is for. */
function compareAscii(one, other, state) {
  if (ascii === null) readAscii();
  const length = one.length < other.length ? one.length : other.length;
  let byCase = 0;
  for (let at = 0; at < length; at += 1) {
    const first = one.charCodeAt(at);
    const second = other.charCodeAt(at);
    if (first === second && first < 127 && first > 31) continue;
    const a = ascii[first];
    const b = ascii[second];
    if (!a || !b) return undefined;
    if (a >>> 1 !== b >>> 1) {
      // What comes next may be a mark, which belongs to this letter.
      if (one.charCodeAt(at + 1) > 126 || other.charCodeAt(at + 1) > 126) return undefined;
      return a < b ? -1 : 1;
    }
    if (byCase === 0) byCase = a - b;
  }
  if (one.length !== other.length) {
    const rest = one.length > other.length ? one : other;
    for (let at = length; at < rest.length; at += 1) if (!ascii[rest.charCodeAt(at)]) return undefined;
    return one.length < other.length ? -1 : 1;
  }
  if (byCase === 0 || state.sensitivity === "base" || state.sensitivity === "accent") return 0;
  return byCase < 0 ? -1 : 1;
}

export function compareWith(state, one, other) {
  if (one === other) return 0;
  if (state.isPlain) {
    const result = compareAscii(one, other, state);
    if (result !== undefined) return result;
  }
  if (weights === null) read();
  const [left, right] = [keyOf(one, state), keyOf(other, state)];
  const first = compareLists(left.first, right.first);
  if (first !== 0) return first;
  if (state.sensitivity === "accent" || state.sensitivity === "variant") {
    const second = compareLists(left.second, right.second);
    if (second !== 0) return second;
  }
  if (state.sensitivity === "case" || state.sensitivity === "variant") {
    const isCaseOnly = state.sensitivity === "case";
    const levels = (key) => upperFirst(isCaseOnly ? casesOf(key) : key.third, state.caseFirst);
    const third = compareLists(levels(left), levels(right));
    return third;
  }
  return 0;
}

export function initialise(locales, given) {
  if (given === null) throw new TypeError("Intl.Collator called on null or undefined");
  const options = given === undefined ? Object.create(null) : Object(given);
  const usage = textOption(options, "usage", ["sort", "search"], "sort", where);
  const numeric = booleanOption(options, "numeric", undefined);
  const caseFirst = textOption(options, "caseFirst", FIRSTS, undefined, where);
  const { locale, values } = resolveLocale(
    locales,
    options,
    { kn: ["true", "false"], kf: FIRSTS },
    { kn: numeric === undefined ? undefined : String(numeric), kf: caseFirst },
    where,
  );
  const state = {
    locale: locale.replace("en-GB", "en"),
    usage,
    numeric: values.kn === "true",
    caseFirst: values.kf ?? "false",
    bound: null,
    sensitivity: textOption(options, "sensitivity", ["base", "accent", "case", "variant"], "variant", where),
    ignorePunctuation: booleanOption(options, "ignorePunctuation", false),
  };
  state.isPlain = !state.numeric && !state.ignorePunctuation && state.caseFirst !== "upper";
  return state;
}

export function Collator(locales = undefined, options = undefined) {
  const state = initialise(locales, options);
  const target = new.target ?? Collator;
  return states.set(Reflect.construct(Object, [], target), state);
}

addMembers(Collator.prototype, {
  resolvedOptions() {
    const { locale, usage, sensitivity, ignorePunctuation, numeric, caseFirst } = states.get(
      this,
      "resolvedOptions",
    );
    return { locale, usage, sensitivity, ignorePunctuation, collation: "default", numeric, caseFirst };
  },
  get compare() {
    const state = states.get(this, "compare");
    state.bound ??= Object.defineProperty((one, other) => compareWith(state, `${one}`, `${other}`), "name", {
      value: "",
    });
    return state.bound;
  },
});
shape(Collator, "Collator", (locales, options) => supportedLocales(locales, options, where));

let plain = null;
export function collatorState(locales, options) {
  if (locales === undefined && options === undefined) return (plain ??= initialise(undefined, undefined));
  return initialise(locales, options);
}
