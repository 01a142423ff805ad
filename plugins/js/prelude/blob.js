// Blob and File. https://w3c.github.io/FileAPI/#blob-section
// A blob is one Uint8Array that nobody else can reach, and a type; slices share it.

import { host } from "lily:host";
import { concatenate, copyOf, decodeUtf8, EMPTY } from "./bytes.js";
import { inspectAs } from "./inspect_custom.js";
import { isArrayBuffer, isView, toLowerCase } from "./primordials.js";
import { ReadableStream } from "./streams.js";
import { serializable } from "./structured_clone.js";
import {
  BufferSource,
  dictionary,
  DOMString,
  enumeration,
  isObject,
  longLong,
  longLongClamp,
  needs,
  sequence,
  shape,
  USVString,
} from "./webidl.js";

/** The bytes of a Blob (not copied: never hand them to a program), undefined for other values. */
export let blobBytes;
/** The type of a Blob, whatever its prototype says. */
export let blobType;
/** The Blob over bytes that are the blob's own from now on. */
export let blobOver;
export let isFile;
export let fileName;

// Chunks of a blob's stream: large enough for few turns, small enough not to double a large blob.
const CHUNK_BYTES = 65536;

const toParts = sequence(part);
const toOptions = dictionary([
  ["endings", enumeration("EndingType", ["transparent", "native"]), "transparent"],
  ["type", DOMString, ""],
]);
const toFileOptions = dictionary([
  ["endings", enumeration("EndingType", ["transparent", "native"]), "transparent"],
  ["type", DOMString, ""],
  ["lastModified", longLong],
]);

function part(value, where) {
  if (isView(value) || isArrayBuffer(value)) return BufferSource(value, where);
  return isObject(value) && blobBytes(value) !== undefined ? value : USVString(value, where);
}

function bytesOfParts(parts, endings) {
  const chunks = [];
  for (let i = 0; i < parts.length; i++) {
    const value = parts[i];
    if (typeof value === "string") {
      const text = endings === "native" ? value.replace(/\r\n|\r/g, "\n") : value;
      chunks[i] = host.utf8Encode(text);
    } else {
      chunks[i] = blobBytes(value) ?? copyOf(value);
    }
  }
  return concatenate(chunks);
}

/** https://w3c.github.io/FileAPI/#constructorBlob: what is no printable ASCII is no type. */
function cleanType(type) {
  return /^[\x20-\x7e]*$/.test(type) ? toLowerCase(type) : "";
}

export class Blob {
  #bytes = EMPTY;
  #type = "";

  constructor(blobParts = undefined, options = undefined) {
    const where = "Blob constructor";
    const parts = blobParts === undefined ? [] : toParts(blobParts, `${where}: argument 1`);
    const { endings, type } = toOptions(options, `${where}: argument 2`);
    if (parts.length > 0) this.#bytes = bytesOfParts(parts, endings);
    this.#type = cleanType(type);
  }

  get size() {
    return this.#bytes.length;
  }

  get type() {
    return this.#type;
  }

  slice(start = undefined, end = undefined, contentType = undefined) {
    const bytes = this.#bytes;
    const size = bytes.length;
    const offset = (value, fallback, where) => {
      if (value === undefined) return fallback;
      const at = longLongClamp(value, where);
      return at < 0 ? Math.max(size + at, 0) : Math.min(at, size);
    };
    const from = offset(start, 0, "Blob.slice: argument 1");
    const to = offset(end, size, "Blob.slice: argument 2");
    const type = contentType === undefined ? "" : DOMString(contentType, "Blob.slice: argument 3");
    return blobOver(bytes.subarray(from, Math.max(from, to)), cleanType(type));
  }

  async arrayBuffer() {
    return copyOf(this.#bytes).buffer;
  }

  async bytes() {
    return copyOf(this.#bytes);
  }

  async text() {
    return decodeUtf8(this.#bytes);
  }

  stream() {
    return streamOfBytes(this.#bytes);
  }

  static {
    blobBytes = (value) => (#bytes in value ? value.#bytes : undefined);
    blobType = (blob) => blob.#type;
    blobOver = (bytes, type) => {
      const blob = new Blob();
      blob.#bytes = bytes;
      blob.#type = type;
      return blob;
    };
  }
}

export class File extends Blob {
  #name;
  #lastModified;

  constructor(fileBits, fileName, options = undefined) {
    needs(2, arguments.length, "File constructor");
    const where = "File constructor";
    const parts = toParts(fileBits, `${where}: argument 1`);
    const name = USVString(fileName, `${where}: argument 2`);
    const { endings, type, lastModified } = toFileOptions(options, `${where}: argument 3`);
    super(parts, { endings, type });
    this.#name = name;
    this.#lastModified = lastModified ?? Math.floor(host.now());
  }

  get name() {
    return this.#name;
  }

  get lastModified() {
    return this.#lastModified;
  }

  static {
    isFile = (value) => #name in value;
    fileName = (file) => file.#name;
  }
}

shape(Blob);
shape(File);
inspectAs(Blob, ({ size, type }) => ({ size, type }));
inspectAs(File, ({ size, type, name, lastModified }) => ({ size, type, name, lastModified }));

// The bytes never change, so a clone shares them.
serializable({
  is: (value) => isFile(value),
  serialize: (file) => ({
    blob: blobOver(blobBytes(file), blobType(file)),
    name: fileName(file),
    lastModified: file.lastModified,
  }),
  deserialize: ({ blob, name, lastModified }) =>
    new File([blob], name, { type: blobType(blob), lastModified }),
});
serializable({
  is: (value) => blobBytes(value) !== undefined,
  serialize: (blob) => blobOver(blobBytes(blob), blobType(blob)),
  deserialize: (blob) => blobOver(blobBytes(blob), blobType(blob)),
});

/**
 * A byte stream of what others still hold: each chunk is a copy, as the stream takes its memory.
 */
export function streamOfBytes(bytes) {
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at + CHUNK_BYTES));
        at += CHUNK_BYTES;
      }
      if (at < bytes.length) return;
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}
