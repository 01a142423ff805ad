// `node:process` and the global `process`. Follows https://nodejs.org/api/process.html. Nothing is
// read from the host while this loads: the snapshot must not know the build's environment. What a
// program may not do (signals, other processes, changing the user) throws one sentence.

import { host } from "lily:host";
import { hooks } from "../hooks.js";
import { policy } from "../report.js";
import { codes, systemError } from "./errors.js";
import { EventEmitter } from "./events.js";
import { cwdWith, resolve } from "./path.js";
import { parseEnv } from "./parse_env.js";
import { standardStream } from "./process_streams.js";
import { nextTick } from "./ticks.js";
import { emitWarning, warnings } from "./warning.js";
import { validateInteger, validateObject, validateString } from "./validate.js";

const { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE } = codes;

/** Packages choose by this version what they call; the modules here are those of Node 22. */
const version = "v22.12.0";
const execPath = "/usr/bin/lily";

/** The class of `process`, so that it is shown and tagged as Node's. */
function Process() {
  EventEmitter.call(this);
}
Process.prototype = Object.create(EventEmitter.prototype, {
  constructor: { value: Process, writable: true, configurable: true },
  [Symbol.toStringTag]: { value: "process", configurable: true },
});
Object.defineProperty(Process, "name", { value: "process" });

const process = new Process();

// ---- what the program was given ----

function pairs(flat) {
  const object = {};
  for (let at = 0; at < flat.length; at += 2) object[flat[at]] = flat[at + 1];
  return object;
}

let variables = null;
let values = null;

// At the build there is no environment, and asking again costs nothing; once there is one, it is the
// program's own.
function environment() {
  if (variables !== null) return variables;
  const flat = host.environment();
  const object = pairs(flat);
  if (flat.length > 0) variables = object;
  return object;
}

function text(value) {
  if (typeof value === "symbol") throw new TypeError("Cannot convert a Symbol value to a string");
  return `${value}`;
}

const env = new Proxy(
  {},
  {
    get: (_target, name) => (typeof name === "string" ? environment()[name] : undefined),
    has: (_target, name) => typeof name === "string" && Object.hasOwn(environment(), name),
    set(_target, name, value) {
      variables ??= environment();
      variables[text(name)] = text(value);
      return true;
    },
    defineProperty(_target, name, { value, configurable, writable, enumerable }) {
      if (!configurable || !writable || !enumerable) {
        throw Object.assign(
          new TypeError(
            "'process.env' only accepts a configurable, writable, and enumerable data descriptor",
          ),
          { code: "ERR_INVALID_OBJECT_DEFINE_PROPERTY" },
        );
      }
      variables ??= environment();
      variables[text(name)] = text(value);
      return true;
    },
    deleteProperty(_target, name) {
      if (variables !== null && typeof name === "string") delete variables[name];
      return true;
    },
    ownKeys: () => Object.keys(environment()),
    getOwnPropertyDescriptor(_target, name) {
      const own = environment();
      if (typeof name !== "string" || !Object.hasOwn(own, name)) return undefined;
      return { value: own[name], writable: true, enumerable: true, configurable: true };
    },
  },
);

function argv() {
  if (values !== null) return values;
  const given = host.arguments();
  const list = [execPath, ...given];
  if (given.length > 0) values = list;
  return list;
}

let directory = null;

function cwd() {
  return directory ?? host.currentDirectory();
}
cwdWith(cwd);

function chdir(path) {
  validateString(path, "directory");
  const target = resolve(path);
  try {
    if (host.statFile(target, true)[0] !== "folder") throw "ENOTDIR";
  } catch (code) {
    throw systemError(typeof code === "string" ? code : code.message, "chdir", cwd(), path);
  }
  directory = target;
}

// ---- the end ----

let code;
let isExiting = false;

function checkCode(value) {
  if (value === undefined || value === null) return;
  validateInteger(
    typeof value === "string" && value !== "" && Number.isInteger(+value) ? +value : value,
    "code",
  );
}

function emitExit() {
  if (isExiting) return;
  isExiting = true;
  process._exiting = true;
  process.emit("exit", code ?? 0);
}

function exit(value) {
  checkCode(value);
  if (value !== undefined) code = value;
  emitExit();
  host.exit(Number(code ?? 0));
}

hooks.beforeExit = () => process.emit("beforeExit", code ?? 0);
hooks.exiting = () => {
  emitExit();
  host.exitCode(Number(code ?? 0));
};

hooks.unsettled = (path) => {
  code ??= 13;
  host.print(2, `Warning: Detected unsettled top-level await at file:///${path}\n`);
};

let captured = null;

policy.uncaughtException = (error, origin) => {
  process.emit("uncaughtExceptionMonitor", error, origin);
  if (captured !== null) {
    captured(error);
    return true;
  }
  if (process.listenerCount("uncaughtException") > 0) return process.emit("uncaughtException", error, origin);
  return false;
};

policy.exiting = () => {
  code = 1;
  emitExit();
};

// As with Node's `--unhandled-rejections=throw`: without a listener the rejection is an uncaught exception.
policy.unhandledRejection = (reason, promise) =>
  process.emit("unhandledRejection", reason, promise) ||
  policy.uncaughtException(reason, "unhandledRejection");
policy.rejectionHandled = (promise) => process.emit("rejectionHandled", promise);
warnings.emit = (warning) => process.emit("warning", warning);

function setUncaughtExceptionCaptureCallback(callback) {
  if (callback !== null && typeof callback !== "function")
    throw new ERR_INVALID_ARG_TYPE("fn", ["Function", "null"], callback);
  captured = callback;
}

// ---- time and memory ----

function nanoseconds() {
  return BigInt(Math.round(host.monotonic() * 1e6));
}

function hrtime(before) {
  const now = nanoseconds();
  const time = [Number(now / 1_000_000_000n), Number(now % 1_000_000_000n)];
  if (before === undefined) return time;
  if (!Array.isArray(before)) throw new ERR_INVALID_ARG_TYPE("time", "Array", before);
  if (before.length !== 2) throw new ERR_OUT_OF_RANGE("time", "2", before.length);
  const borrow = time[1] < before[1];
  return [time[0] - before[0] - (borrow ? 1 : 0), time[1] - before[1] + (borrow ? 1e9 : 0)];
}
hrtime.bigint = nanoseconds;

function memoryUsage() {
  const size = host.memory();
  return { rss: size, heapTotal: size, heapUsed: size, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = () => host.memory();

function cpuUsage(before) {
  if (before !== undefined) validateObject(before, "prevValue");
  return { user: Math.round(host.monotonic() * 1000) - (before?.user ?? 0), system: 0 };
}

function refused(name) {
  const sentence = `process.${name}() is not available: a program under LILY has no other processes, users or signals`;
  return () => {
    throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(sentence);
  };
}

function loadEnvFile(path = ".env") {
  const file = resolve(path);
  let bytes;
  try {
    bytes = host.readFile(file);
  } catch (error) {
    throw systemError(error.message, "open", path);
  }
  for (const [name, value] of Object.entries(parseEnv(host.decode("utf-8", bytes, false))))
    if (!(name in env)) env[name] = value;
}

let modules = () => undefined;

/** `process.getBuiltinModule`, given by builtins.js, which imports this file. */
export function builtinsWith(find) {
  modules = find;
}

Object.assign(process, {
  version,
  versions: { node: version.slice(1), quickjs: "ng-0.16.2", modules: "127", unicode: "17.0" },
  // The names of prebuilt binaries that packages look for; none of them can be loaded.
  arch: "x64",
  platform: "linux",
  release: { name: "node", lts: "Jod" },
  title: "lily",
  pid: 1,
  ppid: 0,
  execArgv: [],
  execPath,
  argv0: "lily",
  debugPort: 0,
  config: Object.freeze({ target_defaults: Object.freeze({}), variables: Object.freeze({}) }),
  features: Object.freeze({
    inspector: false,
    debug: false,
    uv: false,
    ipv6: true,
    tls_alpn: true,
    tls_sni: true,
    tls_ocsp: true,
    tls: true,
    cached_builtins: true,
    require_module: true,
    typescript: false,
  }),
  allowedNodeEnvironmentFlags: new Set(),
  env,
  cwd,
  chdir,
  exit,
  reallyExit: (value) => host.exit(Number(value ?? code ?? 0)),
  abort: () => host.exit(134),
  nextTick,
  emitWarning,
  hrtime,
  uptime: () => host.monotonic() / 1000,
  memoryUsage,
  constrainedMemory: () => 0,
  availableMemory: () => host.memory(),
  cpuUsage,
  resourceUsage: () => ({
    userCPUTime: cpuUsage().user,
    systemCPUTime: 0,
    maxRSS: Math.round(host.memory() / 1024),
  }),
  umask: () => 0o22,
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  getgroups: () => [1000],
  setUncaughtExceptionCaptureCallback,
  hasUncaughtExceptionCaptureCallback: () => captured !== null,
  getActiveResourcesInfo: () => [],
  getBuiltinModule: (name) => modules(name),
  loadEnvFile,
  binding: refused("binding"),
  dlopen: refused("dlopen"),
  kill: refused("kill"),
  setuid: refused("setuid"),
  setgid: refused("setgid"),
});

const accessors = {
  argv: { get: argv, set: (list) => void (values = list) },
  exitCode: {
    get: () => code,
    set(value) {
      checkCode(value);
      code = value;
      host.exitCode(Number(value ?? 0));
    },
  },
  stdout: { get: () => standardStream(1) },
  stderr: { get: () => standardStream(2) },
  stdin: { get: () => standardStream(0) },
  noDeprecation: {
    get: () => warnings.noDeprecation || undefined,
    set: (value) => void (warnings.noDeprecation = Boolean(value)),
  },
  throwDeprecation: {
    get: () => warnings.throwDeprecation || undefined,
    set: (value) => void (warnings.throwDeprecation = Boolean(value)),
  },
};
for (const [name, accessor] of Object.entries(accessors)) {
  Object.defineProperty(process, name, { enumerable: true, configurable: true, ...accessor });
}

export default process;
