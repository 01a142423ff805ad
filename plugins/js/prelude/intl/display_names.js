// Intl.DisplayNames in English. https://tc39.es/ecma402/#intl-displaynames-objects

import { parseTag, resolveLocale, supportedLocales, tagText } from "./locale_tags.js";
import { addMembers } from "./number_format.js";
import { shape, States, table, textOption } from "./options.js";
import { dialects, languages, regions, scripts } from "./tables.js";
import { currencyNames } from "./units.js";

const states = new States("Intl.DisplayNames");
const where = "Intl.DisplayNames";
const TYPES = ["language", "region", "script", "currency", "calendar", "dateTimeField"];

const regionOf = table(regions, 2);
const areaOf = table(regions, 3);
let languageTable = null;
const languageOf = (code) => {
  languageTable ??= new Map(languages.split("|").map((row) => /^([a-z]+)(.*)$/.exec(row).slice(1)));
  return languageTable.get(code);
};
const scriptOf = table(scripts, 4);
let dialectTable = null;
const dialectOf = (tag) => {
  dialectTable ??= new Map(
    dialects
      .split("|")
      .map((row) => /^([a-z]+-(?:[A-Z][a-z]+(?=[A-Z])|[A-Z]{2}(?=[A-Z])|\d{3}))(.*)$/.exec(row).slice(1)),
  );
  return dialectTable.get(tag);
};
const SHORT_REGIONS = {
  US: "US",
  GB: "UK",
  HK: "Hong Kong",
  MO: "Macao",
  PS: "Palestine",
  MM: "Myanmar",
  BA: "Bosnia",
};
const CALENDARS = {
  buddhist: "Buddhist Calendar",
  chinese: "Chinese Calendar",
  coptic: "Coptic Calendar",
  dangi: "Dangi Calendar",
  ethioaa: "Ethiopic Amete Alem Calendar",
  ethiopic: "Ethiopic Calendar",
  gregory: "Gregorian Calendar",
  hebrew: "Hebrew Calendar",
  indian: "Indian National Calendar",
  islamic: "Hijri Calendar",
  "islamic-civil": "Hijri Calendar (tabular, civil epoch)",
  "islamic-rgsa": "Hijri Calendar (Saudi Arabia, sighting)",
  "islamic-tbla": "Hijri Calendar (tabular, astronomical epoch)",
  "islamic-umalqura": "Hijri Calendar (Umm al-Qura)",
  iso8601: "Gregorian Calendar (ISO 8601 Weeks)",
  japanese: "Japanese Calendar",
  persian: "Persian Calendar",
  roc: "Minguo Calendar",
};
export const CALENDAR_NAMES = Object.keys(CALENDARS);
// Long, short, narrow.
const FIELDS = {
  era: ["era"],
  year: ["year", "yr.", "yr"],
  quarter: ["quarter", "qtr.", "qtr"],
  month: ["month", "mo.", "mo"],
  weekOfYear: ["week", "wk.", "wk"],
  weekday: ["day of the week", "day of wk."],
  day: ["day"],
  dayPeriod: ["AM/PM"],
  hour: ["hour", "hr.", "hr"],
  minute: ["minute", "min.", "min"],
  second: ["second", "sec.", "sec"],
  timeZoneName: ["time zone", "zone"],
};

export class DisplayNames {
  constructor(locales, given) {
    if (given === undefined || given === null || (typeof given !== "object" && typeof given !== "function"))
      throw new TypeError("invalid_argument");
    const { locale, isBritish } = resolveLocale(locales, given, {}, {}, where);
    const style = textOption(given, "style", ["narrow", "short", "long"], "long", where);
    const type = textOption(given, "type", TYPES, undefined, where);
    if (type === undefined) throw new TypeError("invalid_argument");
    const fallback = textOption(given, "fallback", ["code", "none"], "code", where);
    const languageDisplay = textOption(given, "languageDisplay", ["dialect", "standard"], "dialect", where);
    states.set(this, { locale, isBritish, style, type, fallback, languageDisplay });
  }
}

const bad = () => new RangeError("invalid_argument");

/** [canonical code, its name or undefined] */
function lookUp(state, code) {
  switch (state.type) {
    case "region": {
      if (!/^(?:[a-z]{2}|\d{3})$/i.test(code)) throw bad();
      const own = code.toUpperCase();
      const short = state.style === "long" ? undefined : SHORT_REGIONS[own];
      return [own, short ?? (own.length === 2 ? regionOf(own) : areaOf(own))];
    }
    case "script": {
      if (!/^[a-z]{4}$/i.test(code)) throw bad();
      return [code, scriptOf(code)];
    }
    case "currency": {
      if (!/^[a-z]{3}$/i.test(code)) throw bad();
      const own = code.toUpperCase();
      return [own, currencyNames(own, state.isBritish)?.[0]];
    }
    case "calendar":
      if (!/^[a-z0-9]{3,8}(?:-[a-z0-9]{3,8})*$/i.test(code)) throw bad();
      return [code.toLowerCase(), CALENDARS[code.toLowerCase()]];
    case "dateTimeField": {
      if (!Object.hasOwn(FIELDS, code)) throw bad();
      const names = FIELDS[code];
      const name = names[["long", "short", "narrow"].indexOf(state.style)] ?? names.at(-1);
      return [code, state.isBritish ? name.replace(".", "") : name];
    }
    default:
      return languageName(state, code);
  }
}

function languageName({ languageDisplay }, code) {
  let parts;
  try {
    parts = parseTag(code);
  } catch {
    throw bad();
  }
  const tag = tagText(parts);
  const base = parts.language;
  let { script, region } = parts;
  let name;
  if (languageDisplay === "dialect") {
    const both = `${base}-${region}`;
    if (region !== "" && script === "" && dialectOf(both) !== undefined)
      [name, region] = [dialectOf(both), ""];
    else if (script !== "" && region === "" && dialectOf(`${base}-${script}`) !== undefined)
      [name, script] = [dialectOf(`${base}-${script}`), ""];
  }
  name ??= languageOf(base);
  if (name === undefined) return [tag, undefined];
  const details = [];
  if (script !== "") details.push(scriptOf(script) ?? script);
  if (region !== "") details.push((region.length === 2 ? regionOf(region) : areaOf(region)) ?? region);
  details.push(...parts.variants.map((variant) => variant.toUpperCase()));
  return [tag, details.length === 0 ? name : `${name} (${details.join(", ")})`];
}

addMembers(DisplayNames.prototype, {
  of(code) {
    const state = states.get(this, "of");
    const [canonical, name] = lookUp(state, `${code}`);
    return name ?? (state.fallback === "code" ? canonical : undefined);
  },
  resolvedOptions() {
    const { locale, style, type, fallback, languageDisplay } = states.get(this, "resolvedOptions");
    const result = { locale, style, type, fallback };
    if (type === "language") result.languageDisplay = languageDisplay;
    return result;
  },
});
shape(DisplayNames, "DisplayNames", (locales, options) => supportedLocales(locales, options, where));
Object.defineProperty(DisplayNames, "length", { value: 2, configurable: true });
