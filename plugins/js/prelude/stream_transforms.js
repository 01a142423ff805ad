// TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream.
// https://encoding.spec.whatwg.org/#interface-textdecoderstream,
// https://compression.spec.whatwg.org/

import { host } from "lily:host";
import { Decoder, encodingOf } from "./encoding.js";
import { charCodeAt, stringSlice } from "./primordials.js";
import { TransformStream } from "./streams.js";
import {
  boolean,
  bytes,
  dictionary,
  DOMString,
  enumeration,
  needs,
  shape,
  sharedBytes,
} from "./webidl.js";

const NOTHING = new Uint8Array(0);

export class TextEncoderStream {
  #transform;
  constructor() {
    let surrogate = ""; // the first half of a pair whose second half is in the next chunk
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        let text = surrogate + DOMString(chunk, "TextEncoderStream: chunk");
        surrogate = "";
        if (text === "") return;
        const last = charCodeAt(text, text.length - 1);
        if (last >= 0xd800 && last <= 0xdbff) {
          surrogate = stringSlice(text, -1);
          text = stringSlice(text, 0, -1);
          if (text === "") return;
        }
        controller.enqueue(host.utf8Encode(text));
      },
      flush(controller) {
        if (surrogate !== "") controller.enqueue(host.utf8Encode(surrogate));
      },
    });
  }
  get encoding() {
    this.#transform;
    return "utf-8";
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
shape(TextEncoderStream);

const convertDecoderInit = dictionary([
  ["fatal", boolean, false],
  ["ignoreBOM", boolean, false],
]);

export class TextDecoderStream {
  #transform;
  #name;
  #fatal;
  #ignoreBOM;
  constructor(label = "utf-8", options = undefined) {
    this.#name = encodingOf(label, "TextDecoderStream: argument 1");
    const { fatal, ignoreBOM } = convertDecoderInit(options, "TextDecoderStream: argument 2");
    this.#fatal = fatal;
    this.#ignoreBOM = ignoreBOM;
    const decoder = new Decoder(this.#name, fatal, ignoreBOM);
    const push = (input, more, controller) => {
      const text = decoder.decode(input, more);
      if (text !== "") controller.enqueue(text);
    };
    this.#transform = new TransformStream({
      transform: (chunk, controller) =>
        push(sharedBytes(chunk, "TextDecoderStream: chunk"), true, controller),
      flush: (controller) => push(NOTHING, false, controller),
    });
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
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
shape(TextDecoderStream);

const convertFormat = enumeration("CompressionFormat", ["deflate", "deflate-raw", "gzip"]);

// A compressor of the host whose stream was given up.
const abandoned = new FinalizationRegistry((handle) => host.dropZip(handle));

function zipStream(format, compress, where) {
  // Made with the first chunk: a stream that nobody writes to costs the host nothing.
  let handle = 0;
  const token = {};
  const drop = () => {
    if (handle === 0) return;
    abandoned.unregister(token);
    host.dropZip(handle);
    handle = 0;
  };
  const push = (input, last, controller) => {
    if (handle === 0) {
      handle = host.zip(format, compress, false);
      abandoned.register(stream, handle, token);
    }
    let output;
    try {
      output = host.pushZip(handle, input, last);
    } catch (error) {
      drop();
      throw new TypeError(`${where}: ${typeof error === "string" ? error : error.message}`);
    }
    if (last) drop();
    if (output.byteLength > 0) controller.enqueue(output);
  };
  const stream = new TransformStream({
    transform: (chunk, controller) => push(bytes(chunk, `${where}: chunk`), false, controller),
    flush: (controller) => push(NOTHING, true, controller),
    cancel: drop,
  });
  return stream;
}

export class CompressionStream {
  #transform;
  constructor(format) {
    needs(1, arguments.length, "CompressionStream");
    this.#transform = zipStream(
      convertFormat(format, "CompressionStream: argument 1"),
      true,
      "CompressionStream",
    );
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
shape(CompressionStream);

export class DecompressionStream {
  #transform;
  constructor(format) {
    needs(1, arguments.length, "DecompressionStream");
    this.#transform = zipStream(
      convertFormat(format, "DecompressionStream: argument 1"),
      false,
      "DecompressionStream",
    );
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
shape(DecompressionStream);
