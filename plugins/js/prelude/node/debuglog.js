// `util.debuglog`: lines on stderr for the sections that the environment variable NODE_DEBUG names.
// Follows https://nodejs.org/api/util.html#utildebuglogsection-callback.

import { host } from "lily:host";
import { formatWithOptions } from "../console/format.js";

/** Reads NODE_DEBUG at the first call, never while loading: `*` stands for any text. */
function isAsked(section) {
  const flat = host.environment();
  let asked = "";
  for (let at = 0; at < flat.length; at += 2) if (flat[at] === "NODE_DEBUG") asked = flat[at + 1];
  return asked.split(",").some((pattern) => {
    const parts = pattern
      .trim()
      .split("*")
      .map((part) => part.replace(/[|\\{}()[\]^$+?.]/g, "\\$&"));
    return pattern !== "" && new RegExp(`^${parts.join(".*")}$`, "i").test(section);
  });
}

export function debuglog(section, callback) {
  let enabled;
  const isEnabled = () => (enabled ??= isAsked(section));
  const log = (...values) => {
    if (!isEnabled()) return;
    host.print(2, `${section.toUpperCase()} 1: ${formatWithOptions({}, ...values)}\n`);
  };
  callback?.(log);
  return Object.defineProperty(log, "enabled", { get: isEnabled, configurable: true, enumerable: true });
}
