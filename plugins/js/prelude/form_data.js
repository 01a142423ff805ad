// FormData. https://xhr.spec.whatwg.org/#interface-formdata

import { Blob, blobBytes, blobType, File, fileName, isFile } from "./blob.js";
import { inspectAs } from "./inspect_custom.js";
import { isObject, needs, pairIterable, shape, USVString } from "./webidl.js";

/** The entries of a FormData as multipart.js takes them, or undefined for other values. */
export let formDataEntries;
/** The FormData of what multipart.js read, or of [name, string] fields. */
export let formDataOver;

let pairAt;

const isBlob = (value) => isObject(value) && blobBytes(value) !== undefined;

/** https://html.spec.whatwg.org/#create-an-entry */
function fileOf(blob, filename) {
  if (isFile(blob) && filename === undefined) return blob;
  const options = { type: blobType(blob) };
  if (isFile(blob)) options.lastModified = blob.lastModified;
  return new File([blob], filename ?? "blob", options);
}

/** The overloads of append and set: a name with a string, or with a blob and a file's name. */
function toEntry(given, name, value, filename, where) {
  needs(2, given, where);
  const key = USVString(name, `${where}: argument 1`);
  if (isBlob(value)) {
    const as = filename === undefined ? undefined : USVString(filename, `${where}: argument 3`);
    return { name: key, value: fileOf(value, as) };
  }
  if (given > 2) throw new TypeError(`${where}: argument 2 is not a Blob, so there is no argument 3`);
  return { name: key, value: USVString(value, `${where}: argument 2`) };
}

export class FormData {
  #entries = [];

  constructor(form = undefined) {
    // The parameter is an HTML form, and a server has none.
    if (form !== undefined) throw new TypeError("FormData constructor: argument 1 is not an HTMLFormElement");
  }

  append(name, value, filename = undefined) {
    const entries = this.#entries;
    entries[entries.length] = toEntry(arguments.length, name, value, filename, "FormData.append");
  }

  delete(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.delete");
    const key = USVString(name, "FormData.delete: argument 1");
    this.#entries = entries.filter((entry) => entry.name !== key);
  }

  get(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.get");
    const key = USVString(name, "FormData.get: argument 1");
    for (const entry of entries) if (entry.name === key) return entry.value;
    return null;
  }

  getAll(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.getAll");
    const key = USVString(name, "FormData.getAll: argument 1");
    return entries.filter((entry) => entry.name === key).map((entry) => entry.value);
  }

  has(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.has");
    const key = USVString(name, "FormData.has: argument 1");
    return entries.some((entry) => entry.name === key);
  }

  set(name, value, filename = undefined) {
    const entries = this.#entries;
    const entry = toEntry(arguments.length, name, value, filename, "FormData.set");
    const at = entries.findIndex((other) => other.name === entry.name);
    if (at < 0) entries[entries.length] = entry;
    else this.#entries = entries.filter((other, i) => i <= at || other.name !== entry.name).with(at, entry);
  }

  static {
    pairAt = (form, index) => {
      const entry = form.#entries[index];
      return entry === undefined ? undefined : [entry.name, entry.value];
    };
    formDataEntries = (value) => {
      if (!(#entries in value)) return undefined;
      return value.#entries.map(({ name, value }) =>
        typeof value === "string"
          ? { name, value }
          : { name, bytes: blobBytes(value), filename: fileName(value), type: blobType(value) },
      );
    };
    formDataOver = (parts) => {
      const form = new FormData();
      form.#entries = parts.map((part) =>
        part.bytes === undefined
          ? { name: part.name, value: part.value }
          : { name: part.name, value: new File([new Blob([part.bytes])], part.filename, { type: part.type }) },
      );
      return form;
    };
  }
}

pairIterable(FormData, (form, index) => pairAt(form, index));
shape(FormData);
inspectAs(FormData, (form) => Object.fromEntries(form));
