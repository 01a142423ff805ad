// The double's time zones, by Node's own Intl.

const formats = new Map();
const TWO_DAYS = 2 * 86_400_000;

function formatOf(zone) {
  if (!formats.has(zone)) {
    let format = null;
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        era: "short",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      // Unknown.
    }
    formats.set(zone, format);
  }
  return formats.get(zone);
}

export function zoneOffset(zone, ms) {
  const format = formatOf(zone);
  if (format === null) return null;
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const local = new Date(0);
  local.setUTCFullYear(
    parts.era === "BC" ? 1 - parts.year : Number(parts.year),
    parts.month - 1,
    Number(parts.day),
  );
  local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
  // Beyond the ends of time a Date has no value.
  if (Number.isNaN(local.getTime())) return zoneOffset(zone, ms < 0 ? ms + TWO_DAYS : ms - TWO_DAYS);
  return (local.getTime() - Math.floor(ms / 1000) * 1000) / 60_000;
}

export const zonesHost = () => ({ zoneOffset });
