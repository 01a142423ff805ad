// What a driver is told on stdin, as JSON, and how it answers: lines that begin with MARK, so that what a test prints
// itself is not taken for an answer. Everything is taken from the globals before a test can break them.

const { parse, stringify } = JSON;
const { exit, stdout } = process;
const write = stdout.write.bind(stdout);
const { toWellFormed } = String.prototype;

const MARK = "\u0001lily:";

/** The job. */
export async function input() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return parse(Buffer.concat(chunks).toString("utf8"));
}

/** One answer: a value that JSON can say. Names of tests may have halves of surrogates, which not every reader takes. */
export function answer(value) {
  const text = stringify(value, (_, part) => (typeof part === "string" ? toWellFormed.call(part) : part));
  write(`${MARK}${text}\n`);
}

/** Ends the program when all answers have left, whatever still waits. */
export function end() {
  write("", () => exit.call(process, 0));
}

/** An error's name and message, whatever was thrown. */
export function told(thrown) {
  try {
    if (thrown !== null && typeof thrown === "object") return `${thrown.name ?? thrown.constructor?.name}: ${thrown.message}`;
    return String(thrown);
  } catch {
    return "something that cannot be told";
  }
}
