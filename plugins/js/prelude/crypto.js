// Crypto, the interface behind `crypto`. https://w3c.github.io/webcrypto/#crypto-interface

import { host } from "lily:host";
import { DOMException } from "./dom_exception.js";
import { bytesOf, isSharedArrayBuffer, isView, matches, typedArrayName } from "./primordials.js";
import { uuid } from "./random.js";
import { SubtleCrypto } from "./subtle.js";
import { illegalConstructor, INTERNAL, needs, shape } from "./webidl.js";

const RANDOM_BYTES_MAX = 65536; // The standard's own limit.

export class Crypto {
  #subtle;

  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    this.#subtle = new SubtleCrypto(INTERNAL);
  }

  get subtle() {
    return this.#subtle;
  }

  getRandomValues(array) {
    this.#subtle;
    const where = "Crypto.getRandomValues";
    needs(1, arguments.length, where);
    if (!isView(array) || isSharedArrayBuffer(bytesOf(array).buffer)) {
      throw new TypeError(`${where}: argument 1 is not a view of an ArrayBuffer`);
    }
    const name = typedArrayName(array);
    if (name === undefined || matches(/^Float/, name)) {
      throw new DOMException(
        `${where}: argument 1 is not an array of integers`,
        "TypeMismatchError",
      );
    }
    const bytes = bytesOf(array);
    if (bytes.length > RANDOM_BYTES_MAX) {
      throw new DOMException(
        `${where}: ${bytes.length} bytes are more than ${RANDOM_BYTES_MAX}`,
        "QuotaExceededError",
      );
    }
    if (bytes.length > 0) host.random(bytes);
    return array;
  }

  randomUUID() {
    this.#subtle;
    return uuid();
  }
}

shape(Crypto);

export const crypto = new Crypto(INTERNAL);
