// The keys of elliptic curves: making them, and reading and writing their formats. NIST curves by
// SEC 1 and RFC 5915, Ed25519 and X25519 by RFC 8032, 7748, 8410 and 8037. A key is `{ point }`
// (uncompressed SEC 1, or 32 bytes) or, private, `{ scalar, point }` (of the curve's length;
// Ed25519's seed).

import { host } from "lily:host";
import { concatenate } from "./bytes.js";
import {
  dataError,
  decodePkcs8,
  decodeSpki,
  DerReader,
  encode,
  encodeBits,
  encodeInteger,
  encodePkcs8,
  encodeSpki,
  noParameters,
  OCTET_STRING,
  OID,
  SEQUENCE,
} from "./der.js";
import { fromBase64Url, toBase64Url } from "./jwk.js";

export const FIELD_BYTES = { "P-256": 32, "P-384": 48, "P-521": 66 };
const OKP_BYTES = 32;
const ONE = new Uint8Array([1]);
const PARAMETERS_0 = 0xa0;
const PUBLIC_KEY_1 = 0xa1;

/** NIST curves: kty "EC", points of two coordinates. */
function nistCurve(curve) {
  const size = FIELD_BYTES[curve];
  const checkCurve = (reader) => {
    if (!reader.skip(OID[curve])) throw dataError(`the key is not of the curve ${curve}`);
  };
  const validPoint = (bytes) => {
    const point = bytes.length === 0 ? null : host.crypto("ec-point", curve, bytes);
    if (point === null) throw dataError(`the key is no point of ${curve}`);
    return point;
  };
  const withPoint = (scalar) => {
    const point = scalar.length === size ? host.crypto("ec-public", curve, scalar) : null;
    if (point === null) throw dataError(`the key is no private key of ${curve}`);
    return { scalar, point };
  };
  return {
    generate: () => withPoint(host.crypto("ec-generate", curve)),
    importRaw: (bytes) => ({ point: validPoint(bytes) }),
    importSpki: (bytes) => ({ point: validPoint(decodeSpki(bytes, OID.EC, checkCurve)) }),
    importPkcs8(bytes) {
      const outer = new DerReader(decodePkcs8(bytes, OID.EC, checkCurve));
      const key = outer.enter(SEQUENCE); // ECPrivateKey, RFC 5915
      outer.end();
      if (key.small() !== 1) throw dataError("the EC private key has an unknown version");
      const pair = withPoint(key.read(OCTET_STRING));
      if (key.tag === PARAMETERS_0) {
        const inner = key.enter(PARAMETERS_0);
        checkCurve(inner);
      }
      if (
        key.tag === PUBLIC_KEY_1 &&
        !isSame(validPoint(key.enter(PUBLIC_KEY_1).bits()), pair.point)
      ) {
        throw dataError("the EC private key does not belong to the public key beside it");
      }
      return pair;
    },
    importJwk(jwk) {
      const x = fromBase64Url(jwk, "x");
      const y = fromBase64Url(jwk, "y");
      if (jwk.crv !== curve) throw dataError(`the JWK's crv is not "${curve}"`);
      if (x.length !== size || y.length !== size)
        throw dataError(`the JWK's coordinates are not of ${size} bytes`);
      const point = validPoint(concatenate([new Uint8Array([4]), x, y]));
      if (jwk.d === undefined) return { point };
      const pair = withPoint(fromBase64Url(jwk, "d"));
      if (!isSame(pair.point, point)) throw dataError("the JWK's d does not belong to its x and y");
      return pair;
    },
    exportSpki: ({ point }) => encodeSpki(OID.EC, OID[curve], point),
    exportPkcs8({ scalar, point }) {
      const key = encode(
        SEQUENCE,
        encodeInteger(ONE),
        encode(OCTET_STRING, scalar),
        encode(PUBLIC_KEY_1, encodeBits(point)),
      );
      return encodePkcs8(OID.EC, OID[curve], key);
    },
    exportJwk({ scalar, point }) {
      const x = toBase64Url(point.subarray(1, 1 + size));
      const y = toBase64Url(point.subarray(1 + size));
      const jwk = { crv: curve, kty: "EC", x, y };
      if (scalar !== undefined) jwk.d = toBase64Url(scalar);
      return jwk;
    },
  };
}

/** RFC 8037's curves: kty "OKP", 32 bytes each. */
function okpCurve(name) {
  const operation = `${name.toLowerCase()}-public`;
  const validPoint = (bytes) => {
    if (bytes.length !== OKP_BYTES) throw dataError(`a public key of ${name} has 32 bytes`);
    return bytes;
  };
  const withPoint = (scalar) => {
    if (scalar.length !== OKP_BYTES) throw dataError(`a private key of ${name} has 32 bytes`);
    return { scalar, point: host.crypto(operation, scalar) };
  };
  return {
    generate() {
      const scalar = new Uint8Array(OKP_BYTES);
      host.random(scalar);
      return withPoint(scalar);
    },
    importRaw: (bytes) => ({ point: validPoint(bytes) }),
    importSpki: (bytes) => ({ point: validPoint(decodeSpki(bytes, OID[name], noParameters)) }),
    importPkcs8(bytes) {
      const outer = new DerReader(decodePkcs8(bytes, OID[name], noParameters));
      const scalar = outer.read(OCTET_STRING);
      outer.end();
      return withPoint(scalar);
    },
    importJwk(jwk) {
      const point = validPoint(fromBase64Url(jwk, "x"));
      if (jwk.crv !== name) throw dataError(`the JWK's crv is not "${name}"`);
      if (jwk.d === undefined) return { point };
      const pair = withPoint(fromBase64Url(jwk, "d"));
      if (!isSame(pair.point, point)) throw dataError("the JWK's d does not belong to its x");
      return pair;
    },
    exportSpki: ({ point }) => encodeSpki(OID[name], null, point),
    exportPkcs8: ({ scalar }) => encodePkcs8(OID[name], null, encode(OCTET_STRING, scalar)),
    exportJwk({ scalar, point }) {
      const jwk = { crv: name, kty: "OKP", x: toBase64Url(point) };
      if (scalar !== undefined) jwk.d = toBase64Url(scalar);
      return jwk;
    },
  };
}

function isSame(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** By name; the NIST curves and RFC 8037's have one shape. */
export const curves = {
  "P-256": nistCurve("P-256"),
  "P-384": nistCurve("P-384"),
  "P-521": nistCurve("P-521"),
  Ed25519: okpCurve("Ed25519"),
  X25519: okpCurve("X25519"),
};
