// `path.win32`: paths as Windows writes them, for programs that read such paths; none of LILY's own are.
// Follows https://nodejs.org/api/path.html#pathwin32 and `lib/path.js` of Node (MIT), but for the names of devices
// (`\\.\`, `\\?\`, `CON:`), which are no paths here.

import path, { basename as posixBasename, cwd, extensionOf, formatWith, withoutDots } from "./path.js";
import { validateString } from "./validate.js";

const isSeparator = (one) => one === "/" || one === "\\";

/** What a path begins with: a drive or a share, where it ends, and whether a root follows. */
function rootOf(text) {
  if (isSeparator(text[0])) {
    const share = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)/.exec(text);
    if (share === null) return { device: "", end: 1, isAbsolute: true, isShare: false };
    return { device: `\\\\${share[1]}\\${share[2]}`, end: share[0].length, isAbsolute: true, isShare: true };
  }
  if (!/^[A-Za-z]:/.test(text)) return { device: "", end: 0, isAbsolute: false, isShare: false };
  const isAbsolute = isSeparator(text[2]);
  return { device: text.slice(0, 2), end: isAbsolute ? 3 : 2, isAbsolute, isShare: false };
}

const joinedSegments = (text, isAbsolute) => withoutDots(text.split(/[\\/]/), isAbsolute).join("\\");

function normalize(text) {
  validateString(text, "path");
  if (text === "") return ".";
  if (text.length === 1) return isSeparator(text) ? "\\" : text;
  const { device, end, isAbsolute, isShare } = rootOf(text);
  if (isShare && end === text.length) return `${device}\\`;
  let tail = joinedSegments(text.slice(end), isAbsolute);
  if (tail === "" && !isAbsolute) tail = ".";
  if (tail !== "" && isSeparator(text[text.length - 1])) tail += "\\";
  // What is relative must not become a drive, nor look like one.
  const isSpoof = (/^[A-Za-z]:/.test(tail) && text.includes(":")) || /:([\\/]|$)/.test(text);
  if (!isAbsolute && device === "" && isSpoof) return `.\\${tail}`;
  return `${device}${isAbsolute ? "\\" : ""}${tail}`;
}

function join(...paths) {
  for (const one of paths) validateString(one, "path");
  const given = paths.filter((one) => one !== "");
  if (given.length === 0) return ".";
  let joined = given.join("\\");
  // Two separators at the start are a share only if the first path says so itself.
  const isShare = /^[\\/]{2}[^\\/]/.test(given[0]);
  if (!isShare) joined = joined.replace(/^[\\/]{2,}/, "\\");
  return normalize(joined);
}

function resolve(...paths) {
  let device = "";
  let tail = "";
  let isAbsolute = false;
  for (let at = paths.length - 1; at >= -1 && !(isAbsolute && device !== ""); at -= 1) {
    let text;
    if (at >= 0) {
      text = paths[at];
      validateString(text, `paths[${at}]`);
      if (text === "") continue;
    } else {
      text = cwd();
      // The folder that a drive has as its own is unknown: its root.
      const isOther = text.slice(0, 2).toLowerCase() !== device.toLowerCase();
      if (device !== "" && isOther && text[2] === "\\") text = `${device}\\`;
    }
    const root = rootOf(text);
    if (root.device !== "") {
      if (device === "") device = root.device;
      else if (root.device.toLowerCase() !== device.toLowerCase()) continue;
    }
    if (isAbsolute) continue;
    tail = `${text.slice(root.end)}\\${tail}`;
    isAbsolute = root.isAbsolute;
  }
  const resolved = joinedSegments(tail, isAbsolute);
  return isAbsolute ? `${device}\\${resolved}` : `${device}${resolved}` || ".";
}

function relative(from, to) {
  validateString(from, "from");
  validateString(to, "to");
  if (from === to) return "";
  const source = resolve(from);
  const target = resolve(to);
  if (source.toLowerCase() === target.toLowerCase()) return "";
  const start = source.split("\\").filter(Boolean);
  const goal = target.split("\\").filter(Boolean);
  let common = 0;
  while (common < start.length && start[common].toLowerCase() === goal[common]?.toLowerCase()) common += 1;
  if (common === 0 && start.length > 0) return target;
  return [...start.slice(common).fill(".."), ...goal.slice(common)].join("\\");
}

function dirname(text) {
  validateString(text, "path");
  if (text === "") return ".";
  const { end: rootEnd, isShare } = rootOf(text);
  if (isShare && rootEnd === text.length) return text;
  const least = isShare ? rootEnd + 1 : rootEnd;
  let end = text.length;
  while (end > least && isSeparator(text[end - 1])) end -= 1;
  while (end > least && !isSeparator(text[end - 1])) end -= 1;
  if (end <= least) return least === 0 ? "." : text.slice(0, least);
  return text.slice(0, end - 1) || text[0];
}

function basename(text, suffix) {
  if (suffix !== undefined) validateString(suffix, "suffix");
  validateString(text, "path");
  const rest = text.slice(/^[A-Za-z]:/.test(text) ? 2 : 0);
  // Nothing but separators stays when a suffix is looked for, in Node too.
  if (suffix && suffix.length <= text.length && /^[\\/]+$/.test(rest)) return rest;
  return posixBasename(rest.replaceAll("\\", "/"), suffix);
}

function extname(text) {
  validateString(text, "path");
  return extensionOf(basename(text));
}

function parse(text) {
  validateString(text, "path");
  const { end, isShare } = rootOf(text);
  const rootEnd = isShare && end < text.length ? end + 1 : end;
  const root = text.slice(0, rootEnd);
  const base = posixBasename(text.slice(rootEnd).replaceAll("\\", "/"));
  const ext = extensionOf(base);
  const name = ext === "" ? base : base.slice(0, -ext.length);
  if (base === "") return { root, dir: root, base, ext, name };
  const folder = dirname(text);
  return { root, dir: folder === "." && root === "" && !/^\.[\\/]/.test(text) ? "" : folder, base, ext, name };
}

function isAbsolute(text) {
  validateString(text, "path");
  return rootOf(text).isAbsolute;
}

/** The form that Windows takes without a limit of length. */
function toNamespacedPath(text) {
  if (typeof text !== "string" || text.length === 0) return text;
  const resolved = resolve(text);
  if (resolved.length <= 2) return text;
  if (/^\\\\[^?.]/.test(resolved)) return `\\\\?\\UNC\\${resolved.slice(2)}`;
  return /^[A-Za-z]:\\/.test(resolved) ? `\\\\?\\${resolved}` : resolved;
}

const win32 = {
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
  format: (pathObject) => formatWith("\\", pathObject),
  parse,
  matchesGlob: path.matchesGlob,
  sep: "\\",
  delimiter: ";",
  posix: path,
  win32: null,
};
win32.win32 = win32;
path.win32 = win32;

export default win32;
