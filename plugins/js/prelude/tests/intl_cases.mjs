// The cases of intl.test.mjs: values and options, as products of what each option may be.

export const NUMBERS = [
  0, -0, 1, -1, 2, 5, 10, 11, 0.5, 1.5, 2.5, 0.1, 0.05, 1.005, 1.25, 12.345, 999, 999.5, 999.999, 1000, 1234, -1234.5, 9999, 10000, 12345.678, 99999,
  100000, 999499, 999500, 999999, 1e6, 1234567.891, -7654321.5, 1e9, 999999999999, 1e12, 1.5e15, 1e18, 1e21, 1.234e25, 1e-5, 1.5e-7, 1e-10, NaN,
  Infinity, -Infinity, 123456789012345678901234567890n, -5n, Number.MAX_SAFE_INTEGER,
];

const modes = ["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"];
const plain = [
  {}, { maximumFractionDigits: 2 }, { minimumFractionDigits: 2 }, { minimumFractionDigits: 2, maximumFractionDigits: 4 }, { maximumSignificantDigits: 3 },
  { minimumSignificantDigits: 4 }, { minimumIntegerDigits: 5 }, { useGrouping: false }, { useGrouping: "min2" }, { useGrouping: "always" },
  { useGrouping: true }, { notation: "scientific" }, { notation: "engineering" }, { notation: "compact" }, { notation: "compact", compactDisplay: "long" },
  { notation: "compact", maximumFractionDigits: 2 }, { notation: "compact", maximumSignificantDigits: 4 }, { signDisplay: "always" },
  { signDisplay: "never" }, { signDisplay: "exceptZero" }, { signDisplay: "negative" }, { signDisplay: "negative", maximumFractionDigits: 0 },
  { trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 }, { roundingPriority: "morePrecision", maximumFractionDigits: 1, maximumSignificantDigits: 2 },
  { roundingPriority: "lessPrecision", maximumFractionDigits: 1, maximumSignificantDigits: 2 },
  { roundingIncrement: 5, minimumFractionDigits: 2, maximumFractionDigits: 2 }, { roundingIncrement: 25, maximumFractionDigits: 2, minimumFractionDigits: 2 },
  { roundingIncrement: 50, maximumFractionDigits: 0 }, { notation: "scientific", maximumFractionDigits: 1 }, { notation: "engineering", signDisplay: "always" },
  { minimumFractionDigits: 20 }, { maximumFractionDigits: 0 }, { maximumFractionDigits: 100 },
  ...modes.map((roundingMode) => ({ roundingMode, maximumFractionDigits: 1 })),
];
const money = [
  {}, { currencySign: "accounting" }, { signDisplay: "always" }, { notation: "compact" }, { notation: "compact", compactDisplay: "long" },
  { maximumFractionDigits: 0 }, { minimumFractionDigits: 0 }, { notation: "scientific" }, { signDisplay: "exceptZero", currencySign: "accounting" },
];
const currencies = ["USD", "EUR", "GBP", "JPY", "CHF", "KWD", "SEK", "INR", "XOF", "XYZ", "BRL", "usd"];
const units = [
  ...Intl.supportedValuesOf("unit"), "kilometer-per-hour", "mile-per-gallon", "liter-per-kilometer", "mile-per-hour", "meter-per-second",
  "megabyte-per-second", "byte-per-day", "celsius-per-hour", "foot-per-inch", "gram-per-liter", "kilobyte-per-minute",
];

export const NUMBER_OPTIONS = [
  undefined,
  ...["decimal", "percent"].flatMap((style) => plain.map((more) => ({ style, ...more }))),
  ...currencies.flatMap((currency) => ["symbol", "code", "narrowSymbol", "name"].flatMap((currencyDisplay) =>
    money.map((more) => ({ style: "currency", currency, currencyDisplay, ...more })))),
  ...units.flatMap((unit) => ["short", "narrow", "long"].map((unitDisplay) => ({ style: "unit", unit, unitDisplay }))),
  { style: "unit", unit: "liter", notation: "compact", unitDisplay: "long" }, { style: "unit", unit: "day", unitDisplay: "long", minimumFractionDigits: 1 },
  { style: "unit", unit: "day", unitDisplay: "long", notation: "scientific" },
];

export const INSTANTS = [
  Date.UTC(2026, 0, 2, 15, 4, 5, 678), Date.UTC(2026, 0, 2), Date.UTC(2025, 8, 30, 12), Date.UTC(1969, 11, 31, 23, 59, 59, 999), Date.UTC(2024, 6, 4, 9, 30),
  Date.UTC(-5, 3, 1), -62198755200000, 8.64e15, -8.64e15, 0,
];

const choices = (table) => Object.entries(table).reduce(
  (list, [name, values]) => list.flatMap((one) => values.map((value) => (value === undefined ? one : { ...one, [name]: value }))), [{}]);

/**
 * Odd company is left out: for a weekday or an era with half a date, ICU takes the nearest pattern that it has, down to
 * "AD (month: Jan)", and nobody asks for that.
 */
const isUsual = ({ weekday, era, year, month, day }) => {
  if (weekday && (year === "2-digit" || month === "2-digit")) return false;
  if (weekday && month && !day) return false;
  if (era && ((!year && (month || day)) || (!month && day))) return false;
  return !(era && weekday && (month === "numeric" || !month));
};
export const DATES = choices({
  weekday: [undefined, "short", "long", "narrow"], era: [undefined, "short"], year: [undefined, "numeric", "2-digit"],
  month: [undefined, "numeric", "2-digit", "short", "long", "narrow"], day: [undefined, "numeric", "2-digit"],
}).filter(isUsual);

const clocks = [
  {}, { hour12: true }, { hour12: false }, { hourCycle: "h23" }, { hourCycle: "h12" }, { hourCycle: "h11" }, { fractionalSecondDigits: 3 },
  { timeZoneName: "short" }, { dayPeriod: "short" }, { timeZoneName: "long", timeZone: "America/New_York" },
];
const size = [undefined, "numeric", "2-digit"];
export const TIMES = clocks.flatMap((clock) => choices({ hour: size, minute: size, second: size }).map((time) => ({ ...clock, ...time })))
  .filter(({ hour, minute, second, dayPeriod, fractionalSecondDigits }) => !(dayPeriod && !hour && (minute || second)) &&
    !(hour && !minute && (second || fractionalSecondDigits)));

export const ZONES = [
  "UTC", "GMT", "Etc/GMT+5", "+05:30", "-0330", "+00", "us/eastern", "Asia/Kolkata", "EST", "EST5EDT", "CET", "PST8PDT", "Japan", "Europe/Kyiv", "bad/zone",
  "+24:00", "Etc/UTC", "Zulu", "GB",
];

export const COLLATED = [
  "a", "A", "b", "B", "á", "à", "â", "ä", "å", "Á", "aa", "ab", "Ab", "AB", "aB", "z", "Z", "é", "e", "E", "É", "f", "ñ", "n", "o", "ö", "ø", "O", "Ø", "ß",
  "ss", "sz", "æ", "ae", "af", "œ", "0", "1", "2", "10", "a1", "a2", "a10", "A10", "-", "_", " ", "  a", " b", "a b", "a-b", "a_b", "ab ", "!", "?", ".", ",", "$",
  "€", "(", "[", "{", "@", "#", "%", "&", "*", "/", "\\", "^", "`", "~", "|", "<", "=", ">", "+", '"', "'", "e\u0301\u0301", "ж", "Ж", "а", "я", "α", "Ω", "β", "中",
  "文", "あ", "ア", "가", "나", "😀", "🎉", "ﬁ", "fi", "½", "1", "co-op", "coop", "CO-OP", "résumé", "resume", "Résumé", "Resume", "resumes", "cote", "côte",
  "coté", "côté", "\t", "\n", "\u00ad", "a\u00adb", "", "ı", "i", "İ", "I", "đ", "d", "þ", "th", "ŋ", "Łódź", "Lodz", "Zürich", "Zurich", "naïve", "naive", "©", "®",
  "™", "¡", "¿", "«", "…", "—", "–", "“", "”", "‘", "’", "°", "±", "×", "÷", "¼", "²", "٣", "א", "ب", "ก",
];

export const TEXTS = [
  "hello world", "a\r\nb", "👨‍👩‍👧‍👦🇩🇪🇫🇷x", "e\u0301a", "가각힣", "It's 3.14, isn't it? Yes! OK.", "foo_bar 1,234.5 a.b", "日本語テスト", "  two  spaces\n", "नमस्ते",
  "Hello. World! How?", "https://a.b/c?d=e", "e-mail 5th 3D", "👍🏽 ok", "", "\u0000\u0001", "can’t stop", "_x_ __ a_1", "ÅÄÖ åäö", '"quoted" (paren)',
  "U.S.A. is big. Dr. No", "١٢٣ عربي",
];
