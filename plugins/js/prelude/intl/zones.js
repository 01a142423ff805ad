// Time zones: which names there are, what an instant's offset is and what it is called. The offsets are the host's
// (zoneOffset), the names are in tables.js: metazones "standard;summer;short names;zones" of today. A zone that had
// another name in the past is called by today's.

import { host } from "lily:host";
import { zones } from "./tables.js";

const MINUTE = 60_000;
/** The names of zones begin in 1970 and end with the year 9999. */
const NAMED_UNTIL = 253_402_300_800_000;
let ids = null;
let metazones = null;

/** Reads the table: a name without a folder is in the one before; "=" is followed by links to it. */
function read() {
  ids = new Map();
  metazones = new Map();
  for (const row of zones.split("|")) {
    const [name, usual, abbreviations, list] = row.split(";");
    const standard = name.replace("^", " Time");
    const word = { D: "Daylight", S: "Summer" }[usual];
    const summer = word === undefined ? usual : standard.replace("Standard", word);
    const metazone = { standard, summer, short: abbreviations.split(",") };
    let folder = "";
    for (const group of list.split(" ")) {
      let canonical = null;
      for (const item of group.split("=")) {
        const at = item.lastIndexOf("/") + 1;
        if (at > 0) folder = at === 1 ? "" : item.slice(0, at);
        const id = folder + item.slice(at);
        canonical ??= id;
        ids.set(id.toLowerCase(), canonical);
      }
      metazones.set(canonical, metazone);
    }
  }
}

/** The canonical name of a zone or offset; throws for what is none. */
export function canonicalZone(given) {
  const text = `${given}`;
  if (text === "UTC") return text;
  const offset = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/.exec(text);
  if (offset !== null) {
    const [, sign, hours, minutes = "00"] = offset;
    return `${hours === "00" && minutes === "00" ? "+" : sign}${hours}:${minutes}`;
  }
  if (ids === null) read();
  const id = ids.get(text.toLowerCase());
  if (id === undefined || host.zoneOffset(id, 0) === null)
    throw new RangeError(`Invalid time zone specified: ${text}`);
  return id;
}

export function zoneNames() {
  if (ids === null) read();
  return [...new Set(ids.values())].filter((id) => id !== "UTC" && !id.startsWith("Etc/")).sort();
}

/** Milliseconds east of UTC. */
export function offsetAt(zone, ms) {
  if (zone === "UTC") return 0;
  if (zone[0] === "+" || zone[0] === "-") {
    const size = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
    return (zone[0] === "-" ? -size : size) * MINUTE;
  }
  return Math.round((host.zoneOffset(zone, ms) ?? 0) * 60) * 1000;
}

const two = (value) => String(value).padStart(2, "0");

function offsetText(offset, isLong) {
  const seconds = Math.abs(offset) / 1000;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const sign = offset < 0 ? "-" : "+";
  const after = rest === 0 ? "" : `:${two(rest)}`;
  if (isLong) return `GMT${sign}${two(hours)}:${two(minutes)}${after}`;
  return `GMT${sign}${hours}${minutes === 0 && after === "" ? "" : `:${two(minutes)}`}${after}`;
}

/** Summer time: more than the least offset of that year. */
function summerOf(zone, ms, offset) {
  const year = new Date(ms + offset).getUTCFullYear();
  const [january, july] = [offsetAt(zone, Date.UTC(year, 0, 1)), offsetAt(zone, Date.UTC(year, 6, 1))];
  return { isSummer: offset > Math.min(january, july), hasSummer: january !== july };
}

/** `style` is an option value of timeZoneName. */
export function zoneName(zone, ms, style, isBritish) {
  const offset = offsetAt(zone, ms);
  const isLong = style.startsWith("long");
  if (zone === "+00:00" && ms >= 0 && !style.endsWith("Offset"))
    return isLong ? "Greenwich Mean Time" : "GMT";
  if (ids === null) read();
  const metazone = metazones.get(zone);
  const isNamed = metazone !== undefined && ((ms >= 0 && ms < NAMED_UNTIL) || zone === "UTC");
  if (style.endsWith("Offset") || !isNamed) return offsetText(offset, isLong);
  const { isSummer, hasSummer } = summerOf(zone, ms, offset);
  if (style.endsWith("Generic"))
    return genericName(metazone, hasSummer, isLong) ?? offsetText(offset, isLong);
  const short = metazone.short[(isBritish ? 2 : 0) + (isSummer ? 1 : 0)] ?? "";
  const name = isLong ? (isSummer ? metazone.summer : metazone.standard) : short;
  if (name === "") return offsetText(offset, isLong);
  return isBritish ? name.replace("St. ", "St ") : name;
}

function genericName({ standard, short }, hasSummer, isLong) {
  if (standard === "Coordinated Universal Time") return undefined;
  if (isLong || (short[0] ?? "") === "")
    return hasSummer ? standard.replace("Standard ", "") : standard || undefined;
  return hasSummer ? short[0].replace("ST", "T") : short[0];
}
