// blob: URLs. https://w3c.github.io/FileAPI/#url-model
// Gives URL its createObjectURL and revokeObjectURL. An instance is its own store; its origin is
// opaque, so the URLs begin with "blob:null/".

import { host } from "lily:host";
import { blobBytes } from "./blob.js";
import { SafeMap, stringSlice } from "./primordials.js";
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
  const text = USVString(url, "URL.revokeObjectURL: argument 1");
  // A URL with a fragment finds the blob and does not take it away.
  const parts = host.parseUrl(text, undefined);
  if (parts !== null) blobs.delete(parts[0]);
}

/** The blob of a URL, or undefined. */
export function blobOfUrl(url) {
  const parts = host.parseUrl(url, undefined);
  if (parts === null) return undefined;
  return blobs.get(stringSlice(parts[0], 0, parts[0].length - parts[8].length));
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
