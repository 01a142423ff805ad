// Frames of a stack that need not be printed: those that the cause's stack shows as well, and the
// repetitions of a recursion. After Node's lib/internal/util/inspect.js (MIT, © Node.js contributors),
// whose output this equals.

/** `frames` with the run that it shares with `others` (the cause's) cut to its ends. */
export function withoutShared(frames, others, style) {
  const { length, offset } = commonRun(frames, others);
  if (length === 0) return frames;
  const skipped = length - 2;
  const line = `    ... ${skipped} lines matching cause stack trace ...`;
  return [...frames.slice(0, offset + 1), style(line), ...frames.slice(offset + 1 + skipped)];
}

/** The first run of more than three lines that both have. */
function commonRun(a, b) {
  for (let i = 0; i < a.length - 3; i++) {
    const at = b.indexOf(a[i]);
    if (at === -1) continue;
    const rest = b.length - at;
    if (rest <= 3) continue;
    let length = 1;
    const max = Math.min(a.length - i, rest);
    while (max > length && a[i + length] === b[at + length]) length++;
    if (length > 3) return { length, offset: i };
  }
  return { length: 0, offset: 0 };
}

// Shorter stacks are shown whole; so many lines at least must repeat.
const LONG = 10;
const REPEATED_MIN = 3;

/** `frames` with each repetition of a block of lines told of in one line. */
export function withoutRepeated(frames, style) {
  if (frames.length <= LONG) return frames;
  const kept = [...frames];
  for (const { offset, length, times } of repetitions(frames).reverse()) {
    const above = times > 1 ? `${length} lines ${times} times...` : "lines ...";
    const line = `    ... collapsed ${length * times} duplicate lines matching above ${above}`;
    kept.splice(offset, length * times, style(line));
  }
  return kept;
}

/** Blocks that follow their like: where the first repetition begins, its length, how often it comes. */
function repetitions(frames) {
  const found = [];
  const places = new Map();
  for (let i = 0; i < frames.length; i++) {
    const list = places.get(frames[i]);
    if (list === undefined) places.set(frames[i], [i]);
    else list.push(i);
  }
  if (frames.length - places.size <= REPEATED_MIN) return found;

  for (let i = 0; i < frames.length - REPEATED_MIN; i++) {
    const list = places.get(frames[i]);
    const next = list.indexOf(i) + 1;
    if (next === list.length) continue;
    const block = longestBlock(frames, i, list, next);
    if (block === null || block.length * block.times < REPEATED_MIN) continue;
    found.push({ offset: i + block.length, ...block });
    i += block.length * (block.times + 1) - 1;
  }
  return found;
}

// Candidates for the block's length are the distances to the same line further down: first their
// greatest common divisor, which is the length of a plain recursion, then the steps on the way to it.
function longestBlock(frames, start, list, next) {
  let length = list[list.length - 1] - start;
  if (length < REPEATED_MIN) return null;
  let others = [];
  if (next + 1 < list.length) {
    const steps = new Set();
    let divisor = 0;
    for (let j = next; j < list.length; j++) {
      let distance = list[j] - start;
      while (distance !== 0) {
        const remainder = divisor % distance;
        if (divisor !== 0) steps.add(divisor);
        divisor = distance;
        distance = remainder;
      }
      if (divisor === 1) break;
    }
    length = divisor;
    steps.delete(length);
    others = [...steps];
  }
  let best = { length, times: 0 };
  let times = 0;
  for (let at = start + length; ; at += length) {
    if (isSame(frames, start, at, length)) {
      times++;
      continue;
    }
    if (others.length === 0) break;
    if (times !== 0 && best.length * best.times < length * times) best = { length, times };
    length = others.pop();
    at = start;
    times = 0;
  }
  return best.times !== 0 && best.length * best.times >= length * times ? best : { length, times };
}

function isSame(frames, a, b, length) {
  for (let i = 0; i < length; i++) if (frames[a + i] !== frames[b + i]) return false;
  return true;
}
