// blob: URLs. https://w3c.github.io/FileAPI/#url-model
// Gives URL its createObjectURL and revokeObjectURL. An instance is its own store; its origin is
// opaque, so the URLs begin with "blob:null/".

import { host } from "lily:host";
import { blobBytes } from "./blob.js";
import { SafeMap } from "./primordials.js";
import { uuid } from "./random.js";
import { URL } from "./url.js";
import { interfaceType, needs, USVString } from "./webidl.js";

const blobs = new SafeMap();
const toBlob = interfaceType("Blob", (value) => blobBytes(value) !== undefined);

function createObjectURL(obj) {
  needs(1, arguments.length, "URL.createObjectURL");
  const blob = toBlob(obj, "URL.createObjectURL: argument 1");
  const url = `blob:null/${uuid()}`;
  blobs.set(url, blob);
  return url;
}

function revokeObjectURL(url) {
  needs(1, arguments.length, "URL.revokeObjectURL");
  blobs.delete(serialized(USVString(url, "URL.revokeObjectURL: argument 1")));
}

/** The blob of a URL, or undefined. */
export function blobOfUrl(url) {
  return blobs.get(serialized(url));
}

const statics = { createObjectURL, revokeObjectURL };
for (const name of Object.keys(statics)) {
  Object.defineProperty(URL, name, {
    value: statics[name],
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function serialized(url) {
  const parts = host.parseUrl(url, undefined);
  return parts === null ? url : parts[0].slice(0, parts[0].length - parts[8].length);
}
