// Intl.ListFormat for English. https://tc39.es/ecma402/#listformat-objects

import { resolveLocale, supportedLocales } from "./locale_tags.js";
import { addMembers, asParts } from "./number_format.js";
import { optionsObject, shape, States, textOption } from "./options.js";

const states = new States("Intl.ListFormat");
const where = "Intl.ListFormat";

export class ListFormat {
  constructor(locales = undefined, given = undefined) {
    const options = listOptions(given);
    const { locale, isBritish } = resolveLocale(locales, options, {}, {}, where);
    states.set(this, {
      locale,
      isBritish,
      type: textOption(options, "type", ["conjunction", "disjunction", "unit"], "conjunction", where),
      style: textOption(options, "style", ["long", "short", "narrow"], "long", where),
    });
  }
}

function listOptions(given) {
  if (given !== undefined && (given === null || (typeof given !== "object" && typeof given !== "function")))
    throw new TypeError("invalid_argument");
  return optionsObject(given);
}

/** What stands between two, and before the last of more. */
function separators({ type, style, isBritish }) {
  if (type === "unit") return style === "narrow" ? [" ", " ", " "] : [", ", ", ", ", "];
  if (type === "disjunction") return [" or ", ", ", isBritish ? " or " : ", or "];
  if (style === "narrow") return [", ", ", ", ", "];
  const word = style === "short" && !isBritish ? "&" : "and";
  return [` ${word} `, ", ", isBritish ? ` ${word} ` : `, ${word} `];
}

function pairs(state, list) {
  const texts = [];
  if (list !== undefined) {
    for (const item of list) {
      if (typeof item !== "string")
        throw new TypeError(`Iterable yielded ${shown(item)} which is not a string`);
      texts.push(item);
    }
  }
  const [two, between, last] = separators(state);
  const result = [];
  texts.forEach((text, at) => {
    if (at > 0) result.push(["literal", texts.length === 2 ? two : at === texts.length - 1 ? last : between]);
    result.push(["element", text]);
  });
  return result;
}

function shown(item) {
  return typeof item === "object" && item !== null
    ? Object.prototype.toString.call(item).replace("[object ", "#<").replace("]", ">")
    : String(item);
}

addMembers(ListFormat.prototype, {
  resolvedOptions() {
    const { locale, type, style } = states.get(this, "resolvedOptions");
    return { locale, type, style };
  },
  format(list) {
    return pairs(states.get(this, "format"), list)
      .map(([, text]) => text)
      .join("");
  },
  formatToParts(list) {
    return asParts(pairs(states.get(this, "formatToParts"), list));
  },
});
shape(ListFormat, "ListFormat", (locales, options) => supportedLocales(locales, options, where));
