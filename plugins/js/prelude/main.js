// The entry of the prelude: puts the web platform's names on the global object, as WebIDL shapes
// them, and gives the engine its hooks. Evaluated once, when the engine's snapshot is built:
// nothing here or in what it imports may read a clock, randomness or the outside while it loads.
//
// To add a global: import it here and name it in one of the three tables.

import { host } from "lily:host";
import { AbortController, AbortSignal } from "./abort_signal.js";
import { atob, btoa } from "./base64.js";
import { Blob, File } from "./blob.js";
import { console } from "./console.js";
import { Crypto, crypto } from "./crypto.js";
import { CryptoKey } from "./crypto_key.js";
import { DOMException } from "./dom_exception.js";
import { TextDecoder, TextEncoder } from "./encoding.js";
import {
  CloseEvent,
  CustomEvent,
  ErrorEvent,
  Event,
  MessageEvent,
  PromiseRejectionEvent,
} from "./event.js";
import { EventTarget } from "./event_target.js";
import { fetch } from "./fetch.js";
import { ExtendableEvent, FetchEvent } from "./fetch_event.js";
import { FormData } from "./form_data.js";
import {
  addEventListener,
  dispatchEvent,
  handlers,
  removeEventListener,
  reportError,
} from "./global_events.js";
import { Headers } from "./headers.js";
import { hooks } from "./hooks.js";
import "./intl/intl.js";
import { MessageChannel, MessagePort } from "./message_channel.js";
import { queueMicrotask } from "./microtasks.js";
import { Navigator, navigator } from "./navigator.js";
import "./node/globals.js";
import "./node_texts.js";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "./node/timers.js";
import {
  Performance,
  performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
} from "./performance.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import "./serve.js";
import "./stack_trace.js";
import {
  CompressionStream,
  DecompressionStream,
  TextDecoderStream,
  TextEncoderStream,
} from "./stream_transforms.js";
import * as streams from "./streams.js";
import { structuredClone } from "./structured_clone.js";
import { SubtleCrypto } from "./subtle.js";
import { URL } from "./url.js";
import { URLPattern } from "./url_pattern.js";
import { URLSearchParams } from "./url_search_params.js";
import { WebSocket } from "./websocket.js";

// Interfaces and namespaces: writable, not enumerable, configurable.
const interfaces = {
  AbortController,
  AbortSignal,
  Blob,
  ByteLengthQueuingStrategy: streams.ByteLengthQueuingStrategy,
  CloseEvent,
  CompressionStream,
  console,
  CountQueuingStrategy: streams.CountQueuingStrategy,
  Crypto,
  CryptoKey,
  CustomEvent,
  DecompressionStream,
  DOMException,
  ErrorEvent,
  Event,
  EventTarget,
  ExtendableEvent,
  FetchEvent,
  File,
  FormData,
  Headers,
  MessageChannel,
  MessageEvent,
  MessagePort,
  Navigator,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PromiseRejectionEvent,
  ReadableByteStreamController: streams.ReadableByteStreamController,
  ReadableStream: streams.ReadableStream,
  ReadableStreamBYOBReader: streams.ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest: streams.ReadableStreamBYOBRequest,
  ReadableStreamDefaultController: streams.ReadableStreamDefaultController,
  ReadableStreamDefaultReader: streams.ReadableStreamDefaultReader,
  Request,
  Response,
  SubtleCrypto,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream: streams.TransformStream,
  TransformStreamDefaultController: streams.TransformStreamDefaultController,
  URL,
  URLPattern,
  URLSearchParams,
  WebSocket,
  WritableStream: streams.WritableStream,
  WritableStreamDefaultController: streams.WritableStreamDefaultController,
  WritableStreamDefaultWriter: streams.WritableStreamDefaultWriter,
};

// Operations of the global scope: enumerable, as WebIDL makes them.
const operations = {
  addEventListener,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  dispatchEvent,
  fetch,
  queueMicrotask,
  removeEventListener,
  reportError,
  setInterval,
  setTimeout,
  structuredClone,
};

// Attributes of the global scope, which a program may replace.
const attributes = {
  crypto: () => crypto,
  navigator: () => navigator,
  performance: () => performance,
  self: () => globalThis,
};

// Classes and functions are called as the platform calls them, whatever a bundler made of their
// names.
function setName(value, name) {
  Object.defineProperty(value, "name", { value: name, configurable: true });
}

for (const name of Object.keys(interfaces)) {
  const value = interfaces[name];
  if (typeof value === "function") {
    setName(value, name);
    Object.defineProperty(value.prototype, Symbol.toStringTag, { value: name, configurable: true });
  }
  Object.defineProperty(globalThis, name, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
for (const name of Object.keys(operations)) {
  const value = operations[name];
  setName(value, name);
  Object.defineProperty(globalThis, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
for (const name of Object.keys(attributes)) {
  const read = attributes[name];
  const accessor = {
    get [name]() {
      return read();
    },
    // [Replaceable]: an assignment makes it a plain property.
    set [name](value) {
      Object.defineProperty(globalThis, name, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
  };
  Object.defineProperty(globalThis, name, Object.getOwnPropertyDescriptor(accessor, name));
}
Object.defineProperties(globalThis, handlers);

host.listen(hooks);
