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
  if (given > 2)
    throw new TypeError(`${where}: argument 2 is not a Blob, so there is no argument 3`);
  return { name: key, value: USVString(value, `${where}: argument 2`) };
}

function find(entries, name) {
  for (let i = 0; i < entries.length; i++) if (entries[i].name === name) return i;
  return -1;
}

/** Removes the entries of that name from `start` on. */
function remove(entries, name, start) {
  let to = start;
  for (let i = start; i < entries.length; i++)
    if (entries[i].name !== name) entries[to++] = entries[i];
  entries.length = to;
}

export class FormData {
  #entries = [];

  constructor(form = undefined) {
    // The parameter is an HTML form, and a server has none.
    if (form !== undefined)
      throw new TypeError("FormData constructor: argument 1 is not an HTMLFormElement");
  }

  append(name, value, filename = undefined) {
    const entries = this.#entries;
    entries[entries.length] = toEntry(arguments.length, name, value, filename, "FormData.append");
  }

  delete(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.delete");
    const key = USVString(name, "FormData.delete: argument 1");
    remove(entries, key, 0);
  }

  get(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.get");
    const at = find(entries, USVString(name, "FormData.get: argument 1"));
    return at < 0 ? null : entries[at].value;
  }

  getAll(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.getAll");
    const key = USVString(name, "FormData.getAll: argument 1");
    const values = [];
    for (let i = 0; i < entries.length; i++) {
      if (entries[i].name === key) values[values.length] = entries[i].value;
    }
    return values;
  }

  has(name) {
    const entries = this.#entries;
    needs(1, arguments.length, "FormData.has");
    return find(entries, USVString(name, "FormData.has: argument 1")) >= 0;
  }

  set(name, value, filename = undefined) {
    const entries = this.#entries;
    const entry = toEntry(arguments.length, name, value, filename, "FormData.set");
    const at = find(entries, entry.name);
    if (at < 0) {
      entries[entries.length] = entry;
    } else {
      entries[at] = entry;
      remove(entries, entry.name, at + 1);
    }
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
          : {
              name: part.name,
              value: new File([new Blob([part.bytes])], part.filename, { type: part.type }),
            },
      );
      return form;
    };
  }
}

pairIterable(FormData, (form, index) => pairAt(form, index), "FormData");
shape(FormData);
inspectAs(FormData, (form) => Object.fromEntries(form));
