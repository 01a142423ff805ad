// The difference of two lists, by E. Myers' algorithm, and its print in assertion errors.
// Follows `lib/internal/assert/myers_diff.js` and `lib/internal/util/diff.js` of Node (MIT).

import { codes } from "./errors.js";

const removed = -1;
const kept = 0;
const added = 1;
/** Equal lines in a row that are printed before the rest is left out. */
const equalLinesMax = 5;

function sameLine(actual, expected, ignoresCommas) {
  return actual === expected || (ignoresCommas && (`${actual},` === expected || actual === `${expected},`));
}

/** The steps from `expected` to `actual`, last first: [−1 | 0 | 1, item]. */
export function steps(actual, expected, ignoresCommas = false) {
  const most = actual.length + expected.length;
  const reached = new Int32Array(2 * most + 1);
  const trace = [];
  for (let level = 0; level <= most; level += 1) {
    trace.push(reached.slice());
    for (let diagonal = -level; diagonal <= level; diagonal += 2) {
      const at = diagonal + most;
      const goesDown = diagonal === -level || (diagonal !== level && reached[at - 1] < reached[at + 1]);
      let x = goesDown ? reached[at + 1] : reached[at - 1] + 1;
      let y = x - diagonal;
      while (x < actual.length && y < expected.length && sameLine(actual[x], expected[y], ignoresCommas)) {
        x += 1;
        y += 1;
      }
      reached[at] = x;
      if (x >= actual.length && y >= expected.length)
        return backtrack(trace, actual, expected, ignoresCommas);
    }
  }
  return [];
}

function backtrack(trace, actual, expected, ignoresCommas) {
  const most = actual.length + expected.length;
  const result = [];
  let x = actual.length;
  let y = expected.length;
  for (let level = trace.length - 1; level >= 0; level -= 1) {
    const reached = trace[level];
    const diagonal = x - y;
    const at = diagonal + most;
    const goesDown = diagonal === -level || (diagonal !== level && reached[at - 1] < reached[at + 1]);
    const before = goesDown ? diagonal + 1 : diagonal - 1;
    const startX = reached[before + most];
    const startY = startX - before;
    while (x > startX && y > startY) {
      x -= 1;
      y -= 1;
      result.push([kept, ignoresCommas && !actual[x].endsWith(",") ? expected[y] : actual[x]]);
    }
    if (level === 0) break;
    if (x > startX) {
      x -= 1;
      result.push([added, actual[x]]);
    } else {
      y -= 1;
      result.push([removed, expected[y]]);
    }
  }
  return result;
}

/** Lines with `+`, `-` or nothing before them, long equal parts left out. */
export function printed(difference) {
  const lines = [];
  let isShortened = false;
  let equal = [];
  const flush = () => {
    lines.push(...equal.slice(0, equalLinesMax));
    const rest = equal.slice(equalLinesMax);
    if (rest.length > 2) {
      lines.push("...");
      isShortened = true;
      lines.push(rest[rest.length - 1]);
    } else lines.push(...rest);
    equal = [];
  };
  for (const [operation, line] of difference.toReversed()) {
    if (operation === kept) {
      equal.push(`  ${line}`);
      continue;
    }
    flush();
    lines.push(`${operation === added ? "+" : "-"} ${line}`);
  }
  lines.push(...equal.slice(0, equalLinesMax));
  return { text: `\n${lines.join("\n").trimEnd()}`, isShortened };
}

function check(value, name) {
  if (typeof value === "string") return;
  if (!Array.isArray(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, "string", value);
  const wrong = value.findIndex((one) => typeof one !== "string");
  if (wrong >= 0) throw new codes.ERR_INVALID_ARG_TYPE(`${name}[${wrong}]`, "string", value[wrong]);
}

/** `util.diff`. */
export function diff(actual, expected) {
  if (actual === expected) return [];
  check(actual, "actual");
  check(expected, "expected");
  return steps(actual, expected).reverse();
}
