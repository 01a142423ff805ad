// console. https://console.spec.whatwg.org/, with the text that Node prints
// (lib/internal/console/constructor.js). A method calls `log` or `warn` of its console as the
// program left it, as Node's do.

import { host } from "lily:host";
import { formatAll } from "./console/format.js";
import { inspect } from "./console/inspect.js";
import { stackText } from "./console/errors.js";
import { table } from "./console/table.js";
import { late } from "./report.js";

const STDOUT = 1;
const STDERR = 2;
const capture = Error.captureStackTrace;

/** A console over `write(stream, text)`; node:console makes others. */
export function makeConsole(
  write,
  { target = {}, inspectOptions = undefined, groupIndentation = 2 } = {},
) {
  const counts = new Map();
  const started = new Map();
  let indentation = "";

  const print = (stream, text) => {
    if (indentation !== "") {
      if (text.includes("\n")) text = text.replaceAll("\n", `\n${indentation}`);
      text = indentation + text;
    }
    write(stream, `${text}\n`);
  };
  const warning = (text) => write(STDERR, `Warning: ${text}\n`);

  const logTime = (method, label, data) => {
    const start = started.get(label);
    if (start === undefined) {
      warning(`No such label '${label}' for console.${method}()`);
      return false;
    }
    target.log("%s: %s", label, formatTime(host.monotonic() - start), ...data);
    return true;
  };

  const log = (name) =>
    ({
      [name](...data) {
        print(STDOUT, formatAll(inspectOptions, data));
      },
    })[name];
  const warn = (name) =>
    ({
      [name](...data) {
        print(STDERR, formatAll(inspectOptions, data));
      },
    })[name];
  const group = (name) =>
    ({
      [name](...data) {
        if (data.length > 0) Reflect.apply(target.log, target, data);
        indentation += " ".repeat(groupIndentation);
      },
    })[name];

  const methods = {
    log: log("log"),
    warn: warn("warn"),
    dir(item = undefined, options = undefined) {
      print(STDOUT, inspect(item, { customInspect: false, ...inspectOptions, ...options }));
    },
    time(label = "default") {
      const name = `${label}`;
      if (started.has(name)) warning(`Label '${name}' already exists for console.time()`);
      else started.set(name, host.monotonic());
    },
    timeEnd(label = "default") {
      const name = `${label}`;
      if (logTime("timeEnd", name, [])) started.delete(name);
    },
    timeLog(label = "default", ...data) {
      logTime("timeLog", `${label}`, data);
    },
    trace(...data) {
      const error = { name: "Trace", message: formatAll(inspectOptions, data) };
      if (capture !== undefined) capture(error, methods.trace);
      const title = error.message === "" ? "Trace" : `Trace: ${error.message}`;
      const stack = stackText(error);
      target.error(stack.startsWith("Trace") ? stack : `${title}\n${stack}`);
    },
    assert(condition = false, ...data) {
      if (condition) return;
      if (typeof data[0] === "string") data[0] = `Assertion failed: ${data[0]}`;
      else data.unshift("Assertion failed");
      Reflect.apply(target.warn, target, data);
    },
    clear() {},
    count(label = "default") {
      const name = `${label}`;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      target.log(`${name}: ${count}`);
    },
    countReset(label = "default") {
      const name = `${label}`;
      if (!counts.delete(name)) warning(`Count for '${name}' does not exist`);
    },
    group: group("group"),
    groupEnd() {
      indentation = indentation.slice(0, Math.max(0, indentation.length - groupIndentation));
    },
    table(tabularData = undefined, properties = undefined) {
      if (properties !== undefined && !Array.isArray(properties)) {
        throw new TypeError('The "properties" argument must be an instance of Array.');
      }
      const text = table(tabularData, properties);
      target.log(text === null ? tabularData : text);
    },
    debug: log("debug"),
    info: log("info"),
    dirxml: log("dirxml"),
    error: warn("error"),
    groupCollapsed: group("groupCollapsed"),
  };
  return Object.assign(target, methods);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function formatTime(ms) {
  const hours = Math.floor(ms / HOUR);
  const minutes = Math.floor((ms % HOUR) / MINUTE);
  const seconds = (ms % MINUTE) / SECOND;
  const two = (value) => `${value}`.padStart(2, "0");
  if (hours !== 0 || minutes !== 0) {
    const [whole, fraction] = seconds.toFixed(3).split(".");
    const start = hours !== 0 ? `${hours}:${two(minutes)}` : minutes;
    return `${start}:${two(whole)}.${fraction} (${hours !== 0 ? "h:m" : ""}m:ss.mmm)`;
  }
  if (seconds >= 1) return `${seconds.toFixed(3)}s`;
  return `${Number(ms.toFixed(3))}ms`;
}

/** The namespace object: its prototype is an empty object, as WebIDL has it. */
export const console = makeConsole(host.print, { target: Object.create({}) });
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });

late.inspect = (value) => inspect(value);
