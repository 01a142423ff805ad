// The double's text coding, base64, URLs and compression, by Node's own.

import zlib from "node:zlib";

export function codingHost() {
  const handles = new Map();
  let lastHandle = 0;
  const keep = (value) => (handles.set(++lastHandle, value), lastHandle);
  const encoder = new TextEncoder();
  const fatally = (work) => {
    try {
      return work();
    } catch {
      return null;
    }
  };
  return {
    utf8Encode: (text) => encoder.encode(text),
    utf8EncodeInto(text, into) {
      const { read, written } = encoder.encodeInto(text, into);
      return [read, written];
    },
    decode(label, bytes, fatal) {
      if (label === "windows-1252") return windows1252(bytes);
      return fatally(() => new TextDecoder(label, { fatal, ignoreBOM: true }).decode(bytes));
    },
    encodingName: (label) => fatally(() => new TextDecoder(label).encoding),
    newDecoder: (label, fatal) => keep({ label, fatal, decoder: null }),
    pushDecoder(handle, bytes, last) {
      const state = handles.get(handle);
      if (state.label === "windows-1252") return windows1252(bytes);
      state.decoder ??= new TextDecoder(state.label, { fatal: state.fatal, ignoreBOM: true });
      const text = fatally(() => state.decoder.decode(bytes, { stream: !last }));
      if (last || text === null) state.decoder = null;
      return text;
    },
    dropDecoder: (handle) => void handles.delete(handle),
    hex: (bytes) => Buffer.from(bytes).toString("hex"),
    base64: (bytes, url) => Buffer.from(bytes).toString(url ? "base64url" : "base64"),
    unbase64: (text) => fatally(() => Buffer.from(atob(text), "latin1")),
    parseUrl: (text, base) => fatally(() => parts(new URL(text, base))),
    setUrl: (href, part, value) =>
      fatally(() => {
        const url = new URL(href);
        url[part] = value;
        return parts(url);
      }),
    zip: (format, compress) => keep(new Zip(format, compress)),
    pushZip: (handle, bytes, last) => handles.get(handle).push(bytes, last),
    dropZip: (handle) => void handles.delete(handle),
  };
}

// Node 20 takes windows-1252 for Latin-1.
const HIGH = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function windows1252(bytes) {
  return Buffer.from(bytes)
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (c) => HIGH[c.charCodeAt(0) - 0x80]);
}

function parts(url) {
  const {
    href,
    protocol,
    username,
    password,
    hostname,
    port,
    pathname,
    search,
    hash,
    origin,
    host,
  } = url;
  return [href, protocol, username, password, hostname, port, pathname, search, hash, origin, host];
}

// Node has no synchronous zlib stream: what was pushed so far is done again whole, the new part answered.
class Zip {
  #input = Buffer.alloc(0);
  #given = 0;
  constructor(format, compress) {
    this.compress = compress;
    const names = compress
      ? { gzip: "gzipSync", deflate: "deflateSync", "deflate-raw": "deflateRawSync" }
      : { gzip: "gunzipSync", deflate: "inflateSync", "deflate-raw": "inflateRawSync" };
    this.work = zlib[names[format]];
  }
  push(bytes, last) {
    this.#input = Buffer.concat([this.#input, bytes]);
    if (this.compress && !last) return new Uint8Array(0);
    try {
      const flush = this.compress || last ? {} : { finishFlush: zlib.constants.Z_SYNC_FLUSH };
      const { buffer, engine } = this.work(this.#input, { ...flush, info: true });
      if (!this.compress && engine.bytesWritten < this.#input.length)
        throw new Error("bytes after the end");
      const fresh = buffer.subarray(this.#given);
      this.#given = buffer.length;
      return new Uint8Array(fresh);
    } catch (error) {
      throw String(error.message);
    }
  }
}
