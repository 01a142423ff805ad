// Intl.Locale. https://tc39.es/ecma402/#locale-objects

import { keywordsOf, knowLocales, parseTag, tagText } from "./locale_tags.js";
import { addMembers } from "./number_format.js";
import { booleanOption, shape, States, table, textOption } from "./options.js";
import { likely } from "./tables.js";

const states = new States("Intl.Locale");
const where = "Intl.Locale";
const KEYS = {
  calendar: "ca",
  collation: "co",
  hourCycle: "hc",
  caseFirst: "kf",
  numeric: "kn",
  numberingSystem: "nu",
};
const likelyOf = table(likely, 2);
/** What a script or a region says of the other. */
const LIKELY_MORE = {
  "zh-TW": "Hant",
  "zh-HK": "Hant",
  "zh-MO": "Hant",
  "zh-Hant": "TW",
  "sr-Latn": "RS",
  "sr-ME": "Latn",
  "pa-PK": "Arab",
  "pa-Arab": "PK",
  "uz-AF": "Arab",
  "az-IR": "Arab",
  "kk-CN": "Arab",
  "mn-CN": "Mong",
};

knowLocales((value) => (states.has(value) ? tagText(states.get(value, "toString")) : false));

export class Locale {
  constructor(tag, options = undefined) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null))
      throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
    const text = states.has(tag) ? tagText(states.get(tag, "toString")) : `${tag}`;
    if (text === "")
      throw new RangeError("First argument to Intl.Locale constructor can't be empty or missing");
    if (options === null) throw new TypeError("Cannot convert undefined or null to object");
    const parts = parseTag(text);
    states.set(this, options === undefined ? parts : withOptions(parts, Object(options)));
  }
}

function withOptions(parts, options) {
  const one = (name, form) => {
    const value = textOption(options, name, null, undefined, where);
    if (value !== undefined && !form.test(value))
      throw new RangeError("Incorrect locale information provided");
    return value;
  };
  const language = one("language", /^(?:[a-z]{2,3}|[a-z]{5,8})$/i);
  const script = one("script", /^[a-z]{4}$/i);
  const region = one("region", /^(?:[a-z]{2}|\d{3})$/i);
  const keywords = keywordsOf(parts);
  const type = /^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i;
  for (const name of Object.keys(KEYS)) {
    let value;
    if (name === "hourCycle")
      value = textOption(options, name, ["h11", "h12", "h23", "h24"], undefined, where);
    else if (name === "caseFirst")
      value = textOption(options, name, ["upper", "lower", "false"], undefined, where);
    else if (name === "numeric") {
      value = booleanOption(options, name, undefined);
      if (value !== undefined) value = value ? "" : "false";
    } else value = one(name, type);
    if (value !== undefined) keywords[KEYS[name]] = value;
  }
  const own = Object.keys(keywords)
    .sort()
    .flatMap((key) => [key, ...(keywords[key] === "" ? [] : keywords[key].split("-"))]);
  const others = parts.extensions.filter(([singleton]) => singleton !== "u");
  const made = {
    ...parts,
    language: language ?? parts.language,
    script: script ?? parts.script,
    region: region ?? parts.region,
    extensions: own.length === 0 ? others : [...others, ["u", own]],
  };
  return parseTag(tagText(made));
}

function maximized(parts) {
  const { language, script, region } = parts;
  const row = likelyOf(language) ?? (language === "und" ? "LatnUS" : undefined);
  if (row === undefined) return parts;
  const own = language === "und" ? "en" : language;
  return {
    ...parts,
    language: own,
    script: script || LIKELY_MORE[`${own}-${region}`] || row.slice(0, 4),
    region: region || LIKELY_MORE[`${own}-${script}`] || row.slice(4),
  };
}

function minimized(parts) {
  const full = maximized(parts);
  const same = (other) => {
    const made = maximized({ ...full, script: "", region: "", ...other });
    return made.script === full.script && made.region === full.region;
  };
  if (same({})) return { ...full, script: "", region: "" };
  if (same({ region: full.region })) return { ...full, script: "" };
  if (same({ script: full.script })) return { ...full, region: "" };
  return full;
}

const made = (parts) => new Locale(tagText(parts));
const base = ({ language, script, region, variants }) =>
  tagText({ language, script, region, variants, extensions: [], privateUse: "" });
const keyword = (locale, key, method) => keywordsOf(states.get(locale, method))[key];
const RIGHT_TO_LEFT = /^(?:Arab|Hebr|Thaa|Syrc|Nkoo|Adlm|Mand|Rohg|Samr)$/;

addMembers(Locale.prototype, {
  toString() {
    return tagText(states.get(this, "toString"));
  },
  maximize() {
    return made(maximized(states.get(this, "maximize")));
  },
  minimize() {
    return made(minimized(states.get(this, "minimize")));
  },
  get language() {
    const { language } = states.get(this, "language");
    return language === "und" ? undefined : language;
  },
  get script() {
    return states.get(this, "script").script || undefined;
  },
  get region() {
    return states.get(this, "region").region || undefined;
  },
  get baseName() {
    return base(states.get(this, "baseName"));
  },
  get calendar() {
    return keyword(this, "ca", "calendar");
  },
  get caseFirst() {
    return keyword(this, "kf", "caseFirst");
  },
  get collation() {
    return keyword(this, "co", "collation");
  },
  get hourCycle() {
    return keyword(this, "hc", "hourCycle");
  },
  get numeric() {
    const value = keyword(this, "kn", "numeric");
    return value === "" || value === "true";
  },
  get numberingSystem() {
    return keyword(this, "nu", "numberingSystem");
  },
  get calendars() {
    return [keyword(this, "ca", "calendars") ?? "gregory"];
  },
  get collations() {
    return [keyword(this, "co", "collations") ?? "emoji", "eor"].slice(
      0,
      keyword(this, "co", "collations") === undefined ? 2 : 1,
    );
  },
  get hourCycles() {
    const own = keyword(this, "hc", "hourCycles");
    const { region } = maximized(states.get(this, "hourCycles"));
    return [own ?? (/^(?:US|CA|AU|IN|NZ|PH|PK|EG|SA|KR|MX|CO)$/.test(region) ? "h12" : "h23")];
  },
  get numberingSystems() {
    return [keyword(this, "nu", "numberingSystems") ?? "latn"];
  },
  get textInfo() {
    const { script } = maximized(states.get(this, "textInfo"));
    return { direction: RIGHT_TO_LEFT.test(script) ? "rtl" : "ltr" };
  },
  get timeZones() {
    return states.get(this, "timeZones").region === "" ? undefined : [];
  },
  get weekInfo() {
    const { region } = maximized(states.get(this, "weekInfo"));
    const isSunday = /^(?:US|CA|MX|BR|JP|KR|IN|IL|TW|HK|PH|TH|ZA|CO)$/.test(region);
    const isEuropean = /^(?:GB|DE|FR|IT|ES|PT|NL|BE|AT|CH|SE|NO|DK|FI|PL|CZ|HU|GR|IE|BG)$/.test(region);
    return { firstDay: isSunday ? 7 : 1, weekend: [6, 7], minimalDays: isEuropean ? 4 : 1 };
  },
});
shape(Locale, "Locale", undefined);
Object.defineProperty(Locale, "length", { value: 1, configurable: true });
