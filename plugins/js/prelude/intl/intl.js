// The global Intl, and the methods of the language's own classes that stand on it. English alone: "en", "en-US", "en-GB".
// https://tc39.es/ecma402/

import { Collator, collatorState, compareWith } from "./collator.js";
import { DateTimeFormat, dateState, formatDate } from "./date_format.js";
import { CALENDAR_NAMES, DisplayNames } from "./display_names.js";
import { ListFormat } from "./list_format.js";
import { Locale } from "./locale.js";
import { canonicalList, parseTag } from "./locale_tags.js";
import { addMembers, formatNumber, NumberFormat, numberState } from "./number_format.js";
import { PluralRules } from "./plural_rules.js";
import { RelativeTimeFormat } from "./relative_time.js";
import { Segmenter } from "./segmenter.js";
import { currencyCodes, unitNames } from "./units.js";
import { zoneNames } from "./zones.js";

const COLLATIONS = ["compat", "emoji", "eor"];
const VALUES = {
  calendar: () => CALENDAR_NAMES,
  collation: () => COLLATIONS,
  currency: currencyCodes,
  numberingSystem: () => ["latn"],
  timeZone: zoneNames,
  unit: unitNames,
};

const Intl = Object.create(Object.prototype, { [Symbol.toStringTag]: { value: "Intl", configurable: true } });
addMembers(Intl, {
  getCanonicalLocales(locales) {
    return canonicalList(locales);
  },
  supportedValuesOf(key) {
    const name = `${key}`;
    if (!Object.hasOwn(VALUES, name)) throw new RangeError(`Invalid key : ${name}`);
    return [...VALUES[name]()];
  },
  DateTimeFormat,
  NumberFormat,
  Collator,
  PluralRules,
  RelativeTimeFormat,
  ListFormat,
  Locale,
  DisplayNames,
  Segmenter,
});
Object.defineProperty(globalThis, "Intl", {
  value: Intl,
  writable: true,
  enumerable: false,
  configurable: true,
});

// ---- prototypes ----

const numberValue = Number.prototype.valueOf;
const bigintValue = BigInt.prototype.valueOf;
const dateValue = Date.prototype.getTime;

const own = (read, value, text) => {
  try {
    return read.call(value);
  } catch {
    throw new TypeError(text);
  }
};
addMembers(Number.prototype, {
  toLocaleString() {
    const value = own(numberValue, this, "Number.prototype.toLocaleString requires that 'this' be a Number");
    return formatNumber(numberState(arguments[0], arguments[1]), value);
  },
});
addMembers(BigInt.prototype, {
  toLocaleString() {
    const value = own(bigintValue, this, "BigInt.prototype.toLocaleString requires that 'this' be a BigInt");
    return formatNumber(numberState(arguments[0], arguments[1]), value);
  },
});

function dateText(date, locales, options, required, defaults) {
  const ms = own(dateValue, date, "this is not a Date object.");
  if (Number.isNaN(ms)) return "Invalid Date";
  return formatDate(dateState(locales, options, required, defaults), ms);
}
addMembers(Date.prototype, {
  toLocaleString() {
    return dateText(this, arguments[0], arguments[1], "any", "all");
  },
  toLocaleDateString() {
    return dateText(this, arguments[0], arguments[1], "date", "date");
  },
  toLocaleTimeString() {
    return dateText(this, arguments[0], arguments[1], "time", "time");
  },
});

const thisText = (value, method) => {
  if (value === undefined || value === null)
    throw new TypeError(`String.prototype.${method} called on null or undefined`);
  return `${value}`;
};
const { toLowerCase, toUpperCase } = String.prototype;
const languageOf = (locales) => {
  const [tag] = canonicalList(locales);
  return tag === undefined ? "en" : parseTag(tag).language;
};
/** Turkish and Azerbaijani have two letters i. */
const isTurkic = (language) => language === "tr" || language === "az";
addMembers(String.prototype, {
  localeCompare(that, locales = undefined, options = undefined) {
    const text = typeof this === "string" ? this : thisText(this, "localeCompare");
    return compareWith(collatorState(locales, options), text, typeof that === "string" ? that : `${that}`);
  },
  toLocaleLowerCase() {
    const text = thisText(this, "toLocaleLowerCase");
    if (arguments[0] === undefined || !isTurkic(languageOf(arguments[0]))) return toLowerCase.call(text);
    return toLowerCase.call(
      text
        .replace(/I\u0307/g, "i")
        .replace(/\u0130/g, "i")
        .replace(/I/g, "\u0131"),
    );
  },
  toLocaleUpperCase() {
    const text = thisText(this, "toLocaleUpperCase");
    if (arguments[0] === undefined) return toUpperCase.call(text);
    const language = languageOf(arguments[0]);
    if (isTurkic(language)) return toUpperCase.call(text.replace(/i/g, "\u0130"));
    if (language === "el")
      return toUpperCase
        .call(text)
        .normalize("NFD")
        .replace(/[\u0300\u0301\u0342\u0345]/g, "")
        .normalize("NFC");
    return toUpperCase.call(text);
  },
});

/** Each element's own toLocaleString, with commas between; a list in itself is left out. */
const joining = [];
function listText(list, length, locales, options) {
  if (joining.includes(list)) return "";
  joining.push(list);
  try {
    const texts = [];
    for (let at = 0; at < length; at += 1) {
      const item = list[at];
      texts.push(item === undefined || item === null ? "" : `${item.toLocaleString(locales, options)}`);
    }
    return texts.join(",");
  } finally {
    joining.pop();
  }
}
addMembers(Array.prototype, {
  toLocaleString() {
    if (this === undefined || this === null)
      throw new TypeError("Array.prototype.toLocaleString called on null or undefined");
    const list = Object(this);
    return listText(
      list,
      Math.min(Math.max(Math.trunc(Number(list.length)) || 0, 0), Number.MAX_SAFE_INTEGER),
      arguments[0],
      arguments[1],
    );
  },
});
const typedPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const typedLength = Object.getOwnPropertyDescriptor(typedPrototype, "length").get;
const typedKeys = typedPrototype.keys;
addMembers(typedPrototype, {
  toLocaleString() {
    const length = typedLength.call(this);
    try {
      typedKeys.call(this); // Of a detached buffer the length alone would be 0.
    } catch {
      throw new TypeError("Cannot perform %TypedArray%.prototype.toLocaleString on a detached ArrayBuffer");
    }
    return listText(this, length, arguments[0], arguments[1]);
  },
});
