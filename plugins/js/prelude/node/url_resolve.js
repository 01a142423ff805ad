// `url.resolve` of the first URL API: a reference against a base, by the rules that Node has always had
// (not those of the URL standard). Follows `lib/url.js` of Node (MIT), whose order of cases is kept.

import { Url, hostless, slashed, urlParse } from "./url_legacy.js";

function setPath(url) {
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname || "") + (url.search || "");
}

function finished(url) {
  url.href = url.format();
  return url;
}

// `mailto:local@domain`: what was before the `@` lies in the host.
function splitHost(url) {
  if (!(url.host && url.host.indexOf("@") > 0)) return;
  const parts = url.host.split("@");
  url.auth = parts[0];
  url.host = parts[1];
  url.hostname = parts[1];
}

/** The reference has a protocol of its own. */
function ofOtherProtocol(result, relative) {
  if (!slashed.has(relative.protocol)) return finished(Object.assign(result, relative));
  result.protocol = relative.protocol;
  if (!relative.host && !/^file:?$/.test(relative.protocol) && !hostless.has(relative.protocol)) {
    const path = (relative.pathname || "").split("/");
    while (path.length > 0 && !relative.host) relative.host = path.shift();
    relative.host ||= "";
    relative.hostname ||= "";
    if (path[0] !== "") path.unshift("");
    if (path.length < 2) path.unshift("");
    result.pathname = path.join("/");
  } else result.pathname = relative.pathname;
  result.search = relative.search;
  result.query = relative.query;
  result.host = relative.host || "";
  result.auth = relative.auth;
  result.hostname = relative.hostname || relative.host;
  result.port = relative.port;
  if (result.pathname || result.search) result.path = (result.pathname || "") + (result.search || "");
  result.slashes ||= relative.slashes;
  return finished(result);
}

/** Removes dots from the end backwards; how many `..` lead above the start. */
function removeDots(segments) {
  let up = 0;
  for (let at = segments.length - 1; at >= 0; at -= 1) {
    const segment = segments[at];
    if (segment === ".") segments.splice(at, 1);
    else if (segment === "..") {
      segments.splice(at, 1);
      up += 1;
    } else if (up > 0) {
      segments.splice(at, 1);
      up -= 1;
    }
  }
  return up;
}

const startsInSlash = (text) => Boolean(text) && text[0] === "/";

Url.prototype.resolveObject = function resolveObject(reference) {
  const relative = typeof reference === "string" ? new Url().parse(reference, false, true) : reference;
  const result = Object.assign(new Url(), this);
  result.hash = relative.hash;
  if (relative.href === "") return finished(result);
  if (relative.slashes && !relative.protocol) {
    const { protocol } = result;
    Object.assign(result, relative, { protocol });
    if (slashed.has(protocol) && result.hostname && !result.pathname) {
      result.pathname = "/";
      result.path = "/";
    }
    return finished(result);
  }
  if (relative.protocol && relative.protocol !== result.protocol) return ofOtherProtocol(result, relative);
  return merged(result, relative);
};

/** The protocol stays: paths are joined. */
function merged(result, relative) {
  const isRelativeAbsolute = relative.host || startsInSlash(relative.pathname);
  let mustBeAbsolute =
    isRelativeAbsolute || startsInSlash(result.pathname) || (result.host && relative.pathname);
  const dropsDots = mustBeAbsolute;
  let path = (result.pathname && result.pathname.split("/")) || [];
  const added = (relative.pathname && relative.pathname.split("/")) || [];
  // Without `//` the host takes part in the path: `..` may remove it.
  const isBare = result.protocol && !slashed.has(result.protocol);
  if (isBare) {
    result.hostname = "";
    result.port = null;
    if (result.host) {
      if (path[0] === "") path[0] = result.host;
      else path.unshift(result.host);
    }
    result.host = "";
    if (relative.protocol) {
      relative.hostname = null;
      relative.port = null;
      result.auth = null;
      if (relative.host) {
        if (added[0] === "") added[0] = relative.host;
        else added.unshift(relative.host);
      }
      relative.host = null;
    }
    mustBeAbsolute &&= added[0] === "" || path[0] === "";
  }
  if (isRelativeAbsolute) {
    takeHost(result, relative);
    path = added;
  } else if (added.length > 0) {
    path = path.slice(0, -1).concat(added);
    result.search = relative.search;
    result.query = relative.query;
  } else if (relative.search !== null && relative.search !== undefined) {
    if (isBare) {
      result.host = path.shift();
      result.hostname = result.host;
      splitHost(result);
    }
    result.search = relative.search;
    result.query = relative.query;
    setPath(result);
    return finished(result);
  }
  if (path.length === 0) {
    result.pathname = null;
    result.path = result.search ? `/${result.search}` : null;
    return finished(result);
  }
  return withPath(result, relative, path, { isBare, mustBeAbsolute, dropsDots });
}

function takeHost(result, relative) {
  if (relative.host || relative.host === "") {
    if (result.host !== relative.host) result.auth = null;
    result.host = relative.host;
    result.port = relative.port;
  }
  if (relative.hostname || relative.hostname === "") {
    if (result.hostname !== relative.hostname) result.auth = null;
    result.hostname = relative.hostname;
  }
  result.search = relative.search;
  result.query = relative.query;
}

function withPath(result, relative, path, { isBare, mustBeAbsolute, dropsDots }) {
  const last = path[path.length - 1];
  const isDots = last === "." || last === "..";
  const endsInSlash = last === "" || (isDots && (result.host || relative.host || path.length > 1));
  let up = removeDots(path);
  if (!mustBeAbsolute && !dropsDots) for (; up > 0; up -= 1) path.unshift("..");
  if (mustBeAbsolute && path[0] !== "" && !startsInSlash(path[0])) path.unshift("");
  if (endsInSlash && !path.join("/").endsWith("/")) path.push("");
  const isAbsolute = path[0] === "" || startsInSlash(path[0]);
  if (isBare) {
    result.host = isAbsolute ? "" : path.length > 0 ? path.shift() : "";
    result.hostname = result.host;
    splitHost(result);
  }
  mustBeAbsolute ||= result.host && path.length > 0;
  if (mustBeAbsolute && !isAbsolute) path.unshift("");
  if (path.length === 0) {
    result.pathname = null;
    result.path = null;
  } else result.pathname = path.join("/");
  setPath(result);
  result.auth = relative.auth || result.auth;
  result.slashes ||= relative.slashes;
  return finished(result);
}

Url.prototype.resolve = function resolve(relative) {
  return this.resolveObject(urlParse(relative, false, true)).format();
};

export function urlResolve(source, relative) {
  return urlParse(source, false, true).resolve(relative);
}

export function urlResolveObject(source, relative) {
  return source ? urlParse(source, false, true).resolveObject(relative) : relative;
}
