// Names of units and currencies in English, as number_format.js writes them.

import { british, currencies, digits, narrow, symbols } from "./tables.js";
import { table } from "./options.js";

// Name, short form (one~other), narrow form with what stands before it, where they are not the name's own.
const UNITS =
  "acre,ac|bit,bit|byte,byte,B|celsius,°C,°C,degree~degrees Celsius|centimeter,cm|day,day~days,d|degree,deg,°|" +
  "fahrenheit,°F,°,degree~degrees Fahrenheit|fluid-ounce,fl oz,fl oz,fluid ounce~fluid ounces|foot,ft,′,foot~feet|gallon,gal|" +
  "gigabit,Gb|gigabyte,GB|gram,g|hectare,ha|hour,hr,h|inch,in,″,inch~inches|kilobit,kb|kilobyte,kB|kilogram,kg|" +
  "kilometer,km|liter,L|megabit,Mb|megabyte,MB|meter,m|microsecond,μs|mile,mi|mile-scandinavian,smi,smi,mile-scandinavian~miles-scandinavian|" +
  "milliliter,mL|millimeter,mm|millisecond,ms|minute,min,m|month,mth~mths,m|nanosecond,ns|ounce,oz|" +
  "percent,%,%,percent~percent|petabyte,PB|pound,lb,#|second,sec,s|stone,st|terabit,Tb|terabyte,TB|week,wk~wks,w|yard,yd|year,yr~yrs,y";
const BRITISH_UNITS =
  "fahrenheit,°F,°F,degree~degrees Fahrenheit|fluid-ounce,US fl oz,US fl oz,US fluid ounce~US fluid ounces|" +
  "gallon,US gal,USgal,US gallon~US gallons|hour,hr~hrs,h|liter,l|milliliter,ml|mile-scandinavian,smi,smi,Scandinavian mile~Scandinavian miles|" +
  "minute,min~mins,m|percent,%,%,per cent~per cent|pound,lb|second,sec~secs,s|stone,st,st,stone~stone";
/** A pair's own short form, in British English with "US" where a gallon is another's. */
const PER = { "mile-per-hour": "mph", "mile-per-gallon": "mpg" };
/** How long forms and short forms are said "per". */
const PER_SHORT = {
  hour: "h",
  day: "d",
  week: "w",
  month: "m",
  year: "y",
  second: "s",
  minute: "min",
  inch: "in",
  foot: "ft",
};

let american = null;
let britishOnly = null;

function rows(text) {
  return new Map(
    text.split("|").map((row) => {
      const [name, short, narrow = short, long = `${name}~${name}s`] = row.split(",");
      const pair = (form) => (form.includes("~") ? form.split("~") : [form, form]);
      const longs = pair(long);
      // "degree~degrees Celsius": what follows the other form belongs to both.
      const space = name === "celsius" || name === "fahrenheit" ? longs[1].indexOf(" ") : -1;
      if (space > 0) longs[0] += longs[1].slice(space);
      return [name, { short: pair(short), narrow: pair(narrow), long: longs }];
    }),
  );
}

export function unitRow(name, isBritish) {
  american ??= rows(UNITS);
  if (!isBritish) return american.get(name);
  britishOnly ??= rows(BRITISH_UNITS);
  const row = britishOnly.get(name) ?? american.get(name);
  if (row === undefined || !/(?:meter|liter)$/.test(name)) return row;
  return { ...row, long: row.long.map((text) => text.replace(/(met|lit)er/, "$1re")) };
}

export const unitNames = () => [...(american ??= rows(UNITS)).keys()];

/** Whether it is one of ECMA-402's units, or two with "-per-". */
export function isUnit(text) {
  const at = text.indexOf("-per-");
  if (at < 0) return unitRow(text, false) !== undefined;
  return unitRow(text.slice(0, at), false) !== undefined && unitRow(text.slice(at + 5), false) !== undefined;
}

/** [one, other] of a unit, and whether a blank stands before it. */
export function unitForms(unit, display, isBritish) {
  const simple = unitRow(unit, isBritish);
  if (simple !== undefined)
    return { forms: simple[display], hasBlank: hasBlank(simple[display][0], display) };
  const at = unit.indexOf("-per-");
  const [first, second] = [unitRow(unit.slice(0, at), isBritish), unitRow(unit.slice(at + 5), isBritish)];
  if (display === "long") {
    return { forms: first.long.map((form) => `${form} per ${second.long[0]}`), hasBlank: true };
  }
  const whole = PER[unit];
  if (whole !== undefined) {
    const text =
      isBritish && unit === "mile-per-gallon" ? (display === "narrow" ? "mpgUS" : "mpg US") : whole;
    return { forms: [text, text], hasBlank: display !== "narrow" };
  }
  const per = PER_SHORT[unit.slice(at + 5)] ?? second[display][0];
  const forms = first[display].map((form) => `${form}/${per}`);
  return { forms, hasBlank: hasBlank(forms[0], display) };
}

const hasBlank = (form, display) => display !== "narrow" && !/^[°%′″]/.test(form);

const symbolOf = table(symbols, 3);
const britishSymbolOf = table(british, 3);
const narrowOf = table(narrow, 3);
const nameOf = table(currencies, 3);
let digitsOf = null;

export function currencyDigits(code) {
  digitsOf ??= new Map(digits.split(" ").map((row) => [row.slice(0, 3), Number(row[3])]));
  return digitsOf.get(code) ?? 2;
}

export function currencySymbol(code, display, isBritish) {
  if (display === "code") return code;
  if (display === "narrowSymbol") {
    const own = narrowOf(code);
    if (own !== undefined) return own;
    return symbolOf(code) ?? code;
  }
  return (isBritish ? britishSymbolOf(code) : undefined) ?? symbolOf(code) ?? code;
}

const BRITISH_NAMES =
  "AFNAfghan Afghani|BMDBermudian Dollar|BYNBelarusian Rouble|ETBEthiopian Birr~~Ethiopian birr|LSLLesotho Loti~~Lesotho maloti|" +
  "MGAMalagasy Ariary~~Malagasy ariary|MVRMaldivian Rufiyaa~~Maldivian rufiyaa|RUBRussian Rouble|SHPSt Helena Pound|VUVVanuatu Vatu~~Vanuatu vatu";
const britishNameOf = table(BRITISH_NAMES, 3);

/** [title, one, other]; undefined: not known. */
export function currencyNames(code, isBritish) {
  const row = (isBritish ? britishNameOf(code) : undefined) ?? nameOf(code);
  if (row === undefined) return undefined;
  const [title, own = "", plural] = row.split("~");
  const last = title.lastIndexOf(" ") + 1;
  const one =
    own !== "" ? own : title.slice(0, last) + (last === 0 ? title : title.slice(last).toLowerCase());
  return [title, one, plural ?? `${one}s`];
}

export const currencyCodes = () => currencies.split("|").map((row) => row.slice(0, 3));
