// Modules of Node whose work a program under LILY cannot do: processes, threads, sockets, name
// look-up. They can be imported, since packages import what they may never call; a call throws one
// sentence that says why. To refuse another module: one entry in `refused`.

import { codes } from "./errors.js";
import { EventEmitter } from "./events.js";

const sockets = "programs reach the network by fetch and WebSocket";
const alone = "a program is one thread of one process";

/** module → [why, the functions that throw, the classes that throw, what is true all the same]. */
const refused = {
  child_process: [alone, "exec execFile execFileSync execSync fork spawn spawnSync", "ChildProcess", {}],
  cluster: [
    alone,
    "fork setupPrimary setupMaster disconnect",
    "Worker",
    {
      isMaster: true,
      isPrimary: true,
      isWorker: false,
      workers: {},
      settings: {},
      SCHED_NONE: 1,
      SCHED_RR: 2,
      schedulingPolicy: 2,
    },
  ],
  dgram: [sockets, "createSocket", "Socket", {}],
  dns: [
    sockets,
    "lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTxt reverse setServers",
    "Resolver",
    {
      getServers: () => [],
      setDefaultResultOrder: () => {},
      getDefaultResultOrder: () => "verbatim",
      NODATA: "ENODATA",
      NOTFOUND: "ENOTFOUND",
      SERVFAIL: "ESERVFAIL",
      ADDRCONFIG: 32,
      V4MAPPED: 8,
      ALL: 16,
    },
  ],
  domain: ["domains are deprecated", "create createDomain", "Domain", { active: null }],
  http2: [
    sockets,
    "connect createServer createSecureServer getDefaultSettings getPackedSettings getUnpackedSettings performServerHandshake",
    "Http2ServerRequest Http2ServerResponse",
    { constants: {}, sensitiveHeaders: Symbol("nodejs.http2.sensitiveHeaders") },
  ],
  inspector: [
    "there is no debugger",
    "open close waitForDebugger",
    "Session",
    { url: () => undefined, console: {} },
  ],
  net: [
    sockets,
    "connect createConnection createServer",
    "Server Socket Stream BlockList SocketAddress",
    { getDefaultAutoSelectFamily: () => true, setDefaultAutoSelectFamily: () => {} },
  ],
  repl: [alone, "start", "REPLServer Recoverable", { builtinModules: [] }],
  tls: [
    sockets,
    "connect createServer createSecureContext checkServerIdentity getCiphers",
    "TLSSocket Server SecureContext",
    {
      rootCertificates: [],
      DEFAULT_ECDH_CURVE: "auto",
      DEFAULT_MAX_VERSION: "TLSv1.3",
      DEFAULT_MIN_VERSION: "TLSv1.2",
    },
  ],
  trace_events: ["nothing is traced", "createTracing", "", { getEnabledCategories: () => undefined }],
  v8: [
    "the engine is QuickJS",
    "serialize deserialize setFlagsFromString getHeapSnapshot writeHeapSnapshot takeCoverage stopCoverage",
    "Serializer Deserializer DefaultSerializer DefaultDeserializer",
    {
      getHeapStatistics: () => ({ total_heap_size: 0, used_heap_size: 0, heap_size_limit: 0 }),
      getHeapSpaceStatistics: () => [],
      cachedDataVersionTag: () => 0,
    },
  ],
  wasi: [alone, "", "WASI", {}],
  worker_threads: [
    alone,
    "moveMessagePortToContext receiveMessageOnPort",
    "Worker",
    {
      isMainThread: true,
      isInternalThread: false,
      parentPort: null,
      threadId: 0,
      workerData: null,
      resourceLimits: {},
      SHARE_ENV: Symbol.for("nodejs.worker_threads.SHARE_ENV"),
      markAsUntransferable: () => {},
      isMarkedAsUntransferable: () => false,
      getEnvironmentData: () => undefined,
      setEnvironmentData: () => {},
    },
  ],
};

const words = (text) => text.split(" ").filter(Boolean);

function made(name, [why, functions, classes, truths]) {
  const sentence = (what) => `node:${name}: ${what} is not available under LILY: ${why}`;
  const module = {};
  for (const each of words(functions)) {
    module[each] = {
      [each]: () => {
        throw new codes.ERR_METHOD_REFUSED(sentence(`${each}()`));
      },
    }[each];
  }
  // Classes can be extended, not constructed.
  for (const each of words(classes)) {
    module[each] = {
      [each]: class extends EventEmitter {
        constructor() {
          super();
          throw new codes.ERR_METHOD_REFUSED(sentence(each));
        }
      },
    }[each];
  }
  return Object.assign(module, truths);
}

const modules = Object.fromEntries(Object.entries(refused).map(([name, entry]) => [name, made(name, entry)]));

for (const name of ["MessageChannel", "MessagePort", "BroadcastChannel"]) {
  Object.defineProperty(modules.worker_threads, name, {
    enumerable: true,
    configurable: true,
    get: () => globalThis[name],
  });
}

const rejecting = (module) =>
  Object.fromEntries(
    Object.entries(module).map(([name, value]) => [
      name,
      typeof value === "function" && /^(lookup|resolve|reverse)/.test(name)
        ? async (...values) => value(...values)
        : value,
    ]),
  );
modules.dns.promises = rejecting(modules.dns);
modules["dns/promises"] = modules.dns.promises;
modules["inspector/promises"] = modules.inspector;

const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv6 address: eight groups, one run of zeros as `::`, perhaps an IPv4 address at the end and a zone. */
function isIPv6(text) {
  let address = `${text}`.replace(/%[0-9a-zA-Z\-.:]+$/, "");
  const tail = /(^|:)([^:]*\.[^:]*)$/.exec(address);
  if (tail !== null) {
    if (!v4.test(tail[2])) return false;
    address = `${address.slice(0, -tail[2].length)}0:0`;
  }
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  return (
    groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) &&
    (halves.length === 2 ? groups.length < 8 : groups.length === 8)
  );
}

const isIPv4 = (text) => v4.test(`${text}`);
Object.assign(modules.net, { isIPv4, isIPv6, isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0) });

export default modules;
