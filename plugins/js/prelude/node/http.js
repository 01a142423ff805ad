// `node:http` and `node:https`: the client (http_client.js), and a server that names what to write instead.
// Follows https://nodejs.org/api/http.html.

import { codes } from "./errors.js";
import { EventEmitter } from "./events.js";
import { ClientRequest, IncomingMessage, OutgoingMessage } from "./http_client.js";
import { METHODS, STATUS_CODES } from "./http_values.js";

/** Connections are the host's: an agent only carries its settings. */
class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = { ...options };
    this.protocol = undefined;
    this.defaultPort = undefined;
    this.maxSockets = options.maxSockets ?? Infinity;
    this.maxFreeSockets = options.maxFreeSockets ?? 256;
    this.maxTotalSockets = options.maxTotalSockets ?? Infinity;
    this.keepAlive = options.keepAlive ?? false;
    this.requests = Object.create(null);
    this.sockets = Object.create(null);
    this.freeSockets = Object.create(null);
  }

  getName({ host = "localhost", port = "", localAddress = "" } = {}) {
    return `${host}:${port}:${localAddress}`;
  }

  destroy() {}
}

class ServerResponse extends OutgoingMessage {
  statusCode = 200;
  statusMessage = "";

  writeHead(statusCode, reason, headers) {
    this.statusCode = statusCode;
    if (typeof reason === "string") this.statusMessage = reason;
    for (const [name, value] of Object.entries((typeof reason === "string" ? headers : reason) ?? {}))
      this.setHeader(name, value);
    return this;
  }
}

class Server extends EventEmitter {
  constructor(options, listener = options) {
    super();
    if (typeof listener === "function") this.on("request", listener);
    this.listening = false;
  }

  listen() {
    throw new codes.ERR_METHOD_REFUSED(
      "http: a server that listens is not available; write `export default { fetch(request) { … } }` instead",
    );
  }

  close(callback) {
    callback?.();
    return this;
  }

  address() {
    return null;
  }
}

const token = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;

function validateHeaderName(name, label = "Header name") {
  if (typeof name === "string" && token.test(name)) return;
  throw Object.assign(new TypeError(`${label} must be a valid HTTP token ["${name}"]`), {
    code: "ERR_INVALID_HTTP_TOKEN",
  });
}

function validateHeaderValue(name, value) {
  if (value === undefined)
    throw Object.assign(new TypeError(`Invalid value "${value}" for header "${name}"`), {
      code: "ERR_HTTP_INVALID_HEADER_VALUE",
    });
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
    throw Object.assign(new TypeError(`Invalid character in header content ["${name}"]`), {
      code: "ERR_INVALID_CHAR",
    });
}

function made(protocol) {
  const globalAgent = new Agent({ keepAlive: true });
  const request = (input, options, callback) => new ClientRequest(protocol, input, options, callback);
  const get = (input, options, callback) => request(input, options, callback).end();
  return {
    Agent,
    globalAgent,
    request,
    get,
    Server,
    createServer: (options, listener) => new Server(options, listener),
  };
}

export const https = made("https:");

const http = {
  ...made("http:"),
  METHODS,
  STATUS_CODES,
  ClientRequest: class extends ClientRequest {
    constructor(input, options, callback) {
      super("http:", input, options, callback);
    }
  },
  IncomingMessage,
  OutgoingMessage,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
  setMaxIdleHTTPParsers: () => {},
  maxHeaderSize: 16384,
};
for (const name of ["WebSocket", "CloseEvent", "MessageEvent"]) {
  Object.defineProperty(http, name, { enumerable: true, configurable: true, get: () => globalThis[name] });
}

export default http;
