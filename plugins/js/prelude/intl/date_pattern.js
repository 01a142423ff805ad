// The patterns of English dates and times, made of the components that are asked for. They are written as in
// Unicode's own notation (https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table).

const letters = (letter, option) =>
  letter.repeat({ numeric: 1, "2-digit": 2, short: 3, long: 4, narrow: 5 }[option] ?? 0);

const DATE_STYLES = {
  american: { full: "EEEE, MMMM d, y", long: "MMMM d, y", medium: "MMM d, y", short: "M/d/yy" },
  british: { full: "EEEE, d MMMM y", long: "d MMMM y", medium: "d MMM y", short: "dd/MM/y" },
};
const TIME_STYLES = {
  full: "h:mm:ss\u202fa zzzz",
  long: "h:mm:ss\u202fa z",
  medium: "h:mm:ss\u202fa",
  short: "h:mm\u202fa",
};
const AT = " 'at' ";

export function stylePattern(dateStyle, timeStyle, hourCycle, isBritish) {
  const date = dateStyle === undefined ? "" : DATE_STYLES[isBritish ? "british" : "american"][dateStyle];
  if (timeStyle === undefined) return date;
  const isHalf = hourCycle === "h11" || hourCycle === "h12";
  let time = TIME_STYLES[timeStyle];
  if (!isHalf) time = time.replace("\u202fa", "");
  // Other than the locale's own clock, the hour keeps its width.
  const width = isHalf ? (isBritish ? 2 : 1) : 2;
  time = time.replace("h", HOURS[hourCycle].repeat(width));
  if (date === "") return time;
  return date + (dateStyle === "full" || dateStyle === "long" ? AT : ", ") + time;
}

const HOURS = { h11: "K", h12: "h", h23: "H", h24: "k" };

/** The pattern of single components; `options` has those that were asked for. */
export function componentPattern(options, hourCycle, isBritish) {
  const date = datePattern(options, isBritish);
  const time = timePattern(options, hourCycle, isBritish);
  if (date === "" || time === "") return date + time;
  const { weekday, era, year, month, day, minute } = options;
  if (month === "long") return date + AT + time;
  const isWeekday = weekday !== undefined && (era ?? year ?? month ?? day) === undefined;
  const isHalf = hourCycle === "h11" || hourCycle === "h12";
  const isClock =
    options.hour !== undefined &&
    (minute !== undefined || isHalf) &&
    options.timeZoneName === undefined &&
    options.fractionalSecondDigits === undefined;
  return date + (isWeekday && isClock ? " " : ", ") + time;
}

function datePattern({ weekday, era, year, month, day }, isBritish) {
  const E = letters("E", weekday);
  const G = era === "long" ? "GGGG" : era === "narrow" ? "GGGGG" : era === undefined ? "" : "G";
  const y = letters("y", year);
  let M = letters("M", month);
  let d = letters("d", day);
  const isText = M.length > 2;
  const own = G === "" ? "" : ` ${G}`;
  if (d === "" || M === "") return loosePattern(E, G, y, M, d, isBritish, isText);
  if (isBritish && !isText) {
    if (E !== "" || M.length === d.length || (G !== "" && y !== "")) [M, d] = ["MM", "dd"];
  }
  let date;
  if (isText) date = isBritish ? `${d} ${M}` : `${M} ${d}`;
  else date = isBritish ? `${d}/${M}` : `${M}/${d}`;
  if (y !== "") date += isText ? (isBritish ? ` ${y}` : `, ${y}`) : `/${y}`;
  date += own;
  if (E === "") return date;
  return isBritish && y === "" ? `${E} ${date}` : `${E}, ${date}`;
}

/** Without a month or without a day: what Unicode's patterns have not is put one after the other. */
function loosePattern(E, G, y, M, d, isBritish, isText) {
  const own = G === "" ? "" : ` ${G}`;
  if (M !== "") {
    const month = isText ? M : isBritish && y !== "" && G === "" ? "MM" : M;
    if (y !== "") return `${month}${isText ? " " : "/"}${y}${own}${E === "" ? "" : ` ${E}`}`;
    if (G !== "") return `${E === "" ? "" : `${E} `}${G} ('month': ${month})`;
    if (E.length === 3 && M.length === 4) return `${E} ('month': ${M})`;
    return E === "" ? month.replace(/M/g, "L") : `${month} ${E}`;
  }
  if (d !== "") {
    const both = E === "" ? d : isBritish ? `${E} ${d}` : `${d} ${E}`;
    if (y !== "") {
      if (G !== "") return `${y} ${G} ('day': ${both})`;
      if (E !== "") return `${both} ${y}`;
      return y === "yy" && d === "d" ? `${d} ${y}` : `${y} ('day': ${d})`;
    }
    if (G !== "") return E === "" ? `${G} ('day': ${d})` : `${both} ${G}`;
    return both;
  }
  return [y === "" ? "" : y, G, E].filter((text) => text !== "").join(" ");
}

function timePattern(options, hourCycle, isBritish) {
  const { hour, minute, fractionalSecondDigits, timeZoneName, dayPeriod } = options;
  const fraction = fractionalSecondDigits === undefined ? "" : "S".repeat(fractionalSecondDigits);
  let { second } = options;
  if (fraction !== "" && minute !== undefined) second ??= "2-digit";
  const isHalf = hourCycle === "h11" || hourCycle === "h12";
  let time = "";
  if (hour !== undefined) {
    const isShort = isBritish && hour === "numeric" && !padsHour(options, second);
    time = HOURS[hourCycle].repeat(hour === "2-digit" || (!isHalf && !isShort) ? 2 : 1);
    if (minute !== undefined) time += ":mm";
    if (minute !== undefined && second !== undefined) time += ":ss";
    if (fraction !== "" && minute !== undefined) time += `.${fraction}`;
    if (isHalf) time += dayPeriod === undefined ? "\u202fa" : ` ${letters("B", dayPeriod)}`;
  } else {
    if (minute !== undefined) time = second === undefined ? "m" : "mm:ss";
    else if (second !== undefined) time = letters("s", second).slice(0, 1);
    if (fraction !== "") time += time === "" ? fraction : `.${fraction}`;
    if (dayPeriod !== undefined) time += `${time === "" ? "" : " "}${letters("B", dayPeriod)}`;
  }
  if (timeZoneName !== undefined) time += `${time === "" ? "" : " "}${zonePattern(timeZoneName)}`;
  if (hour !== undefined && minute === undefined && second !== undefined) time += ` ('second': ${"s"})`;
  return time;
}

/** Whether the British 24-hour clock writes 02:04 for "numeric": so its patterns are found, and others adjusted. */
function padsHour({ weekday, year, month, day, minute, timeZoneName }, second) {
  if (timeZoneName !== undefined) {
    return (
      second === undefined ||
      (timeZoneName.endsWith("Offset") && minute === "numeric" && second === "numeric")
    );
  }
  const isWeekday = weekday !== undefined && (year ?? month ?? day) === undefined;
  return minute !== "2-digit" || second === "numeric" || isWeekday;
}

const ZONES = {
  short: "z",
  long: "zzzz",
  shortOffset: "O",
  longOffset: "OOOO",
  shortGeneric: "v",
  longGeneric: "vvvv",
};
const zonePattern = (style) => ZONES[style];
export const zoneStyle = (letters) => Object.keys(ZONES).find((style) => ZONES[style] === letters);

const tokenized = new Map();

/** A pattern as a list of texts and fields [letter, count]; there are not so many that they must be forgotten. */
export function tokens(pattern) {
  const known = tokenized.get(pattern);
  if (known !== undefined) return known;
  const list = [];
  for (const [text, quoted, field] of pattern.matchAll(/'([^']*)'|([a-zA-Z])\2*|[^a-zA-Z']+/g)) {
    if (field !== undefined) list.push([field, text.length]);
    else {
      const literal = quoted ?? text;
      if (typeof list.at(-1) === "string") list.push(list.pop() + literal);
      else list.push(literal);
    }
  }
  tokenized.set(pattern, list);
  return list;
}
