// The table of Node's modules: the only place that knows all of them. To add a module: one line in
// `table`. The engine asks `builtin("node:fs")` when a program imports or requires one; what an ES
// module sees is the keys of the answer as names, and the answer itself as `default`.

import punycode from "punycode";
import { Modules } from "../commonjs.js";
import { hooks } from "../hooks.js";
import assert, { strict } from "./assert.js";
import asyncHooks from "./async_hooks.js";
import buffer from "./buffer.js";
import console from "./console.js";
import crypto from "./crypto.js";
import diagnosticsChannel from "./diagnostics_channel.js";
import events from "./events_await.js";
import fs from "./fs.js";
import http, { https } from "./http.js";
import module, { builtinsFrom, programFrom } from "./module.js";
import os from "./os.js";
import path from "./path.js";
import win32 from "./path_win32.js";
import perfHooks from "./perf_hooks.js";
import process, { builtinsWith } from "./process.js";
import querystring from "./querystring.js";
import readline, { promises as readlinePromises } from "./readline.js";
import refused from "./refused.js";
import stream, { promises as streamPromises } from "./stream.js";
import consumers, { web } from "./stream_consumers.js";
import stringDecoder from "./string_decoder.js";
import timers, { promises as timersPromises } from "./timers.js";
import tty from "./tty.js";
import url from "./url.js";
import util, { types } from "./util.js";
import vm from "./vm.js";
import zlib from "./zlib.js";

const constants = { ...os.constants.errno, ...os.constants.signals, ...fs.constants, ...crypto.constants };

const table = {
  __proto__: null,
  assert,
  "assert/strict": strict,
  async_hooks: asyncHooks,
  buffer,
  console,
  constants,
  crypto,
  diagnostics_channel: diagnosticsChannel,
  events,
  fs,
  "fs/promises": fs.promises,
  http,
  https,
  module,
  os,
  path,
  "path/posix": path,
  "path/win32": win32,
  perf_hooks: perfHooks,
  process,
  punycode,
  querystring,
  readline,
  "readline/promises": readlinePromises,
  stream,
  "stream/consumers": consumers,
  "stream/promises": streamPromises,
  "stream/web": web,
  _stream_duplex: stream.Duplex,
  _stream_passthrough: stream.PassThrough,
  _stream_readable: stream.Readable,
  _stream_transform: stream.Transform,
  _stream_writable: stream.Writable,
  string_decoder: stringDecoder,
  sys: util,
  timers,
  "timers/promises": timersPromises,
  tty,
  url,
  util,
  "util/types": types,
  vm,
  zlib,
  ...refused,
};

/** The exports of `fs` or `node:fs`; undefined for what Node has not. */
export function builtin(name) {
  return table[name.startsWith("node:") ? name.slice(5) : name];
}

builtinsFrom(Object.keys(table), builtin);
builtinsWith(builtin);

/**
 * The modules of a program, from the rows that `lower` wrote (../commonjs.js); `root` is where its
 * paths begin.
 */
export function programModules(rows, root) {
  const modules = new Modules(rows, builtin, root);
  programFrom(modules);
  return modules;
}

hooks.builtin = builtin;
hooks.program = programModules;
