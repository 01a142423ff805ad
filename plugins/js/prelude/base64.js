// atob and btoa. https://html.spec.whatwg.org/#atob

import { host } from "lily:host";
import { DOMException } from "./dom_exception.js";
import { binaryString } from "./binary_string.js";
import { charCodeAt } from "./primordials.js";
import { DOMString, needs } from "./webidl.js";

export function btoa(data) {
  needs(1, arguments.length, "btoa");
  const text = DOMString(data, "btoa: argument 1");
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = charCodeAt(text, i);
    if (code > 255) throw new DOMException("Invalid character", "InvalidCharacterError");
    bytes[i] = code;
  }
  return host.base64(bytes, false);
}

export function atob(data) {
  needs(1, arguments.length, "atob");
  const bytes = host.unbase64(DOMString(data, "atob: argument 1"));
  if (bytes === null)
    throw new DOMException(
      "The string to be decoded is not correctly encoded.",
      "InvalidCharacterError",
    );
  return binaryString(bytes);
}
