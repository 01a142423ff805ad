// `node:path` (POSIX). Follows https://nodejs.org/api/path.html and `lib/path.js` of Node (MIT).
// `path.win32` is in path_win32.js.

import { codes } from "./errors.js";
import { validateObject, validateString } from "./validate.js";

let currentDirectory = () => "/";

/** The folder that relative paths begin at. */
export const cwd = () => currentDirectory();

/** `process.cwd`, given by process.js, whose imports include this file's users. */
export function cwdWith(cwd) {
  currentDirectory = cwd;
}

/** Segments without `.` and with `..` applied; above the start they stay, unless the path is absolute. */
export function withoutDots(segments, isAbsolute) {
  const kept = [];
  for (const segment of segments) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept[kept.length - 1] !== "..") kept.pop();
    else if (!isAbsolute) kept.push("..");
  }
  return kept;
}

const absolute = (path) => path.charCodeAt(0) === 47;

function resolve(...paths) {
  let resolved = "";
  for (let at = paths.length - 1; at >= 0 && !absolute(resolved); at -= 1) {
    validateString(paths[at], `paths[${at}]`);
    if (paths[at] !== "") resolved = `${paths[at]}/${resolved}`;
  }
  if (!absolute(resolved)) resolved = `${currentDirectory()}/${resolved}`;
  const isAbsolute = absolute(resolved);
  const path = withoutDots(resolved.split("/"), isAbsolute).join("/");
  return isAbsolute ? `/${path}` : path || ".";
}

function normalize(path) {
  validateString(path, "path");
  if (path === "") return ".";
  const isAbsolute = absolute(path);
  const endsInSlash = path.endsWith("/");
  let normal = withoutDots(path.split("/"), isAbsolute).join("/");
  if (normal === "") return isAbsolute ? "/" : endsInSlash ? "./" : ".";
  if (endsInSlash) normal += "/";
  return isAbsolute ? `/${normal}` : normal;
}

function join(...paths) {
  for (const path of paths) validateString(path, "path");
  const joined = paths.filter((path) => path !== "").join("/");
  return joined === "" ? "." : normalize(joined);
}

function relative(from, to) {
  validateString(from, "from");
  validateString(to, "to");
  if (from === to) return "";
  const start = resolve(from).split("/").filter(Boolean);
  const target = resolve(to).split("/").filter(Boolean);
  let common = 0;
  while (common < start.length && start[common] === target[common]) common += 1;
  return [...start.slice(common).fill(".."), ...target.slice(common)].join("/");
}

/** Where the last segment ends: before the slashes at the end. */
function endOf(path) {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) === 47) end -= 1;
  return end;
}

function dirname(path) {
  validateString(path, "path");
  if (path === "") return ".";
  const end = path.lastIndexOf("/", endOf(path) - 1);
  if (end <= 0) return absolute(path) ? "/" : ".";
  return end === 1 && absolute(path) ? "//" : path.slice(0, end);
}

function basename(path, suffix) {
  if (suffix !== undefined) validateString(suffix, "suffix");
  validateString(path, "path");
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === 47) end -= 1;
  if (suffix !== undefined && suffix.length > 0 && suffix.length <= path.length)
    return withoutSuffix(path, suffix);
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

// As Node does it: the suffix is matched backwards from the path's very end, slashes there included,
// and nothing but slashes stays as it is.
function withoutSuffix(path, suffix) {
  if (suffix === path) return "";
  let matching = suffix.length - 1;
  let cut = -1;
  let firstOther = -1;
  let at = path.length - 1;
  for (; at >= 0; at -= 1) {
    const code = path.charCodeAt(at);
    if (code === 47) {
      if (firstOther !== -1) break;
      continue;
    }
    if (firstOther === -1) firstOther = at + 1;
    if (matching < 0) continue;
    if (code === suffix.charCodeAt(matching)) {
      matching -= 1;
      if (matching === -1) cut = at;
    } else {
      matching = -1;
      cut = firstOther;
    }
  }
  const start = at + 1;
  if (cut === start) cut = firstOther;
  else if (cut === -1) cut = path.length;
  return path.slice(start, cut);
}

/** The extension of a base name: from the last dot, unless it is the first character or the name is `..`. */
export function extensionOf(base) {
  const dot = base.lastIndexOf(".");
  return dot <= 0 || base === ".." ? "" : base.slice(dot);
}

function extname(path) {
  validateString(path, "path");
  return extensionOf(basename(path));
}

/** `path.format` with the separator of the platform. */
export function formatWith(separator, pathObject) {
  validateObject(pathObject, "pathObject");
  const { dir, root, name, ext } = pathObject;
  const folder = dir || root;
  const base = pathObject.base || `${name || ""}${ext ? `${ext[0] === "." ? "" : "."}${ext}` : ""}`;
  if (!folder) return base;
  return folder === root ? `${folder}${base}` : `${folder}${separator}${base}`;
}

function parse(path) {
  validateString(path, "path");
  const root = absolute(path) ? "/" : "";
  const base = basename(path);
  // In Node `..` right below the root has an extension; elsewhere it has none.
  const ext = path.startsWith("/..") && endOf(path) === 3 ? "." : extensionOf(base);
  const name = ext === "" ? base : base.slice(0, -ext.length);
  if (path === "" || base === "") return { root, dir: root, base, ext, name };
  const start = path.lastIndexOf("/", endOf(path) - 1);
  return { root, dir: start > 0 ? path.slice(0, start) : root, base, ext, name };
}

function isAbsolute(path) {
  validateString(path, "path");
  return absolute(path);
}

const toNamespacedPath = (path) => path;

function matchesGlob() {
  throw new codes.ERR_METHOD_NOT_IMPLEMENTED("path.matchesGlob()");
}

const path = {
  resolve,
  normalize,
  isAbsolute,
  join,
  relative,
  toNamespacedPath,
  _makeLong: toNamespacedPath,
  dirname,
  basename,
  extname,
  format: (pathObject) => formatWith("/", pathObject),
  parse,
  matchesGlob,
  sep: "/",
  delimiter: ":",
  posix: null,
  win32: null,
};
path.posix = path;

export { basename, dirname, extname, isAbsolute, join, normalize, parse, relative, resolve };
export default path;
