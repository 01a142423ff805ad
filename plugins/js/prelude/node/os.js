// `node:os`: what there is to tell of a machine that a program does not see. Follows
// https://nodejs.org/api/os.html.

import { host } from "lily:host";
import process from "./process.js";
import { systemErrors } from "./errors.js";

const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};
const priority = {
  PRIORITY_LOW: 19,
  PRIORITY_BELOW_NORMAL: 10,
  PRIORITY_NORMAL: 0,
  PRIORITY_ABOVE_NORMAL: -7,
  PRIORITY_HIGH: -14,
  PRIORITY_HIGHEST: -20,
};
const errno = Object.fromEntries(Object.entries(systemErrors).map(([name, [number]]) => [name, -number]));

export default {
  arch: () => process.arch,
  availableParallelism: () => 1,
  cpus: () => [{ model: "LILY", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  endianness: () => "LE",
  freemem: () => host.memory(),
  getPriority: () => 0,
  homedir: () => process.env.HOME ?? "/",
  hostname: () => "localhost",
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  platform: () => "linux",
  release: () => "6.0.0",
  setPriority: () => {},
  tmpdir: () => (process.env.TMPDIR ?? process.env.TMP ?? process.env.TEMP ?? "/tmp").replace(/(.)\/$/, "$1"),
  totalmem: () => host.memory(),
  type: () => "Linux",
  userInfo: () => ({ uid: 1000, gid: 1000, username: "lily", homedir: process.env.HOME ?? "/", shell: null }),
  uptime: () => host.monotonic() / 1000,
  version: () => "LILY",
  machine: () => "x86_64",
  constants: Object.freeze({
    UV_UDP_REUSEADDR: 4,
    dlopen: Object.freeze({}),
    errno: Object.freeze(errno),
    signals: Object.freeze(signals),
    priority: Object.freeze(priority),
  }),
  EOL: "\n",
  devNull: "/dev/null",
};
