// JSON Web Keys: the dictionary, the checks that every algorithm shares, and base64url.
// https://w3c.github.io/webcrypto/#JsonWebKey-dictionary, RFC 7517 §4

import { host } from "lily:host";
import { dataError } from "./der.js";
import { boolean, dictionary, DOMString, sequence } from "./webidl.js";

const other = dictionary([
  ["d", DOMString],
  ["r", DOMString],
  ["t", DOMString],
]);

export const JsonWebKey = dictionary([
  ["alg", DOMString],
  ["crv", DOMString],
  ["d", DOMString],
  ["dp", DOMString],
  ["dq", DOMString],
  ["e", DOMString],
  ["ext", boolean],
  ["k", DOMString],
  ["key_ops", sequence(DOMString)],
  ["kty", DOMString],
  ["n", DOMString],
  ["oth", sequence(other)],
  ["p", DOMString],
  ["q", DOMString],
  ["qi", DOMString],
  ["use", DOMString],
  ["x", DOMString],
  ["y", DOMString],
]);

/** `use` is "sig" or "enc" by the algorithm; it is only held against a key that is used at all. */
export function checkJwk(jwk, { kty, use, extractable, usages }) {
  if (jwk.kty !== kty) throw dataError(`the JWK's kty is not "${kty}"`);
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use)
    throw dataError(`the JWK's use is not "${use}"`);
  if (jwk.key_ops !== undefined) {
    if (new Set(jwk.key_ops).size < jwk.key_ops.length)
      throw dataError("the JWK's key_ops has doubles");
    for (const usage of usages) {
      if (!jwk.key_ops.includes(usage))
        throw dataError(`the JWK's key_ops does not have "${usage}"`);
    }
  }
  if (jwk.ext === false && extractable)
    throw dataError("the JWK's ext is false, but an extractable key is wanted");
}

export function checkAlg(jwk, ...names) {
  if (jwk.alg !== undefined && !names.includes(jwk.alg))
    throw dataError(`the JWK's alg is not "${names[0]}"`);
}

/** The bytes of a member, which must be there. */
export function fromBase64Url(jwk, member) {
  const text = jwk[member];
  if (text === undefined) throw dataError(`the JWK has no "${member}"`);
  const plain = /^[A-Za-z0-9_-]*$/.test(text) ? text.replace(/-/g, "+").replace(/_/g, "/") : "?";
  const bytes = host.unbase64(plain);
  if (bytes === null) throw dataError(`the JWK's "${member}" is not base64url`);
  return bytes;
}

export function toBase64Url(bytes) {
  return host.base64(bytes, true);
}
