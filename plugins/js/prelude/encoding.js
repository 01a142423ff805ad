// TextEncoder and TextDecoder; the coding itself is the host's. https://encoding.spec.whatwg.org/
// The host leaves byte order marks in: what to do with them is decided here.

import { host } from "lily:host";
import { byteLengthOf, bytesOf, charCodeAt, stringSlice, typedArrayName } from "./primordials.js";
import {
  boolean,
  dictionary,
  DOMString,
  illegalInvocation,
  isObject,
  needs,
  shape,
  sharedBytes,
} from "./webidl.js";

const NOTHING = new Uint8Array(0);
const BYTE_ORDER_MARK = 0xfeff;

export class TextEncoder {
  #brand = true;
  get encoding() {
    if (!(#brand in this)) illegalInvocation("TextEncoder");
    return "utf-8";
  }
  encode(input = "") {
    if (!(#brand in this)) illegalInvocation("TextEncoder");
    return host.utf8Encode(DOMString(input, "TextEncoder.encode: argument 1"));
  }
  encodeInto(source, destination) {
    if (!(#brand in this)) illegalInvocation("TextEncoder");
    needs(2, arguments.length, "TextEncoder.encodeInto");
    const text = DOMString(source, "TextEncoder.encodeInto: argument 1");
    const isBytes =
      isObject(destination) &&
      ArrayBuffer.isView(destination) &&
      typedArrayName(destination) === "Uint8Array";
    if (!isBytes) throw new TypeError("TextEncoder.encodeInto: argument 2 is not a Uint8Array");
    // What has no room; a detached buffer cannot be looked at.
    if (byteLengthOf(destination) === 0) return { read: 0, written: 0 };
    const { 0: read, 1: written } = host.utf8EncodeInto(text, bytesOf(destination));
    return { read, written };
  }
}
shape(TextEncoder);

const convertInit = dictionary([
  ["fatal", boolean, false],
  ["ignoreBOM", boolean, false],
]);
const NO_INIT = convertInit(undefined);

/** The Encoding Standard's name of a label; throws RangeError. */
export function encodingOf(label, where) {
  const text = DOMString(label, where);
  const name = text === "utf-8" ? text : host.encodingName(text);
  if (name !== null) return name;
  const error = new RangeError(`The "${text}" encoding is not supported`);
  error.code = "ERR_ENCODING_NOT_SUPPORTED";
  throw error;
}

function invalidData(name) {
  const error = new TypeError(`The encoded data was not valid for encoding ${name}`);
  error.code = "ERR_ENCODING_INVALID_ENCODED_DATA";
  return error;
}

// A decoder of the host that its owner lost in the middle of a text.
const abandoned = new FinalizationRegistry((handle) => host.dropDecoder(handle));

/** The state of one text in pieces, shared by TextDecoder and TextDecoderStream. */
export class Decoder {
  #name;
  #fatal;
  #keepsMark;
  #handle = 0; // 0: not in the middle of a text
  #atStart = true;

  constructor(name, fatal, ignoreBOM) {
    this.#name = name;
    this.#fatal = fatal;
    this.#keepsMark =
      ignoreBOM || !(name === "utf-8" || name === "utf-16le" || name === "utf-16be");
  }

  /** The text so far; `more` says whether another piece follows. */
  decode(bytes, more) {
    if (!more && this.#handle === 0) {
      // The whole text at once, which is nearly always: no decoder is made.
      const text = host.decode(this.#name, bytes, this.#fatal);
      if (text === null) throw invalidData(this.#name);
      return !this.#keepsMark && charCodeAt(text, 0) === BYTE_ORDER_MARK
        ? stringSlice(text, 1)
        : text;
    }
    if (this.#handle === 0) {
      this.#handle = host.newDecoder(this.#name, this.#fatal);
      this.#atStart = true;
      abandoned.register(this, this.#handle, this);
    }
    const text = host.pushDecoder(this.#handle, bytes, !more);
    if (!more || text === null) {
      abandoned.unregister(this);
      host.dropDecoder(this.#handle);
      this.#handle = 0;
    }
    if (text === null) throw invalidData(this.#name);
    if (!this.#atStart || text === "") return text;
    this.#atStart = false;
    return !this.#keepsMark && charCodeAt(text, 0) === BYTE_ORDER_MARK
      ? stringSlice(text, 1)
      : text;
  }
}

export class TextDecoder {
  #name;
  #fatal;
  #ignoreBOM;
  #decoder;
  constructor(label = "utf-8", options = undefined) {
    this.#name = encodingOf(label, "TextDecoder: argument 1");
    const { fatal, ignoreBOM } =
      options === undefined ? NO_INIT : convertInit(options, "TextDecoder: argument 2");
    this.#fatal = fatal;
    this.#ignoreBOM = ignoreBOM;
    this.#decoder = new Decoder(this.#name, fatal, ignoreBOM);
  }
  get encoding() {
    return this.#name;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }
  decode(input = undefined, options = undefined) {
    const decoder = this.#decoder;
    const bytes =
      input === undefined ? NOTHING : sharedBytes(input, "TextDecoder.decode: argument 1");
    if (options === undefined || options === null) return decoder.decode(bytes, false);
    if (!isObject(options)) throw new TypeError("TextDecoder.decode: argument 2: not an object");
    return decoder.decode(bytes, boolean(options.stream));
  }
}
shape(TextDecoder);
