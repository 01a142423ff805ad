import * as jose from "jose";

const secret = new TextEncoder().encode("cc7e0d44fd473002f1c42167459001140ec6389b7353f8088f4d9a95f2f596f2");
const jwt = await new jose.SignJWT({ "urn:example:claim": true }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(1700000000).setIssuer("urn:example:issuer").setAudience("urn:example:audience").sign(secret);
console.log(jwt);
const { payload, protectedHeader } = await jose.jwtVerify(jwt, secret, { issuer: "urn:example:issuer", audience: "urn:example:audience" });
console.log(payload, protectedHeader, jose.decodeJwt(jwt));
await jose.jwtVerify(jwt, secret, { issuer: "other" }).catch((error) => console.log(error.code, error.message));
for (const alg of ["ES256", "RS256", "PS256", "EdDSA"]) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  const token = await new jose.SignJWT({ alg }).setProtectedHeader({ alg }).sign(privateKey);
  const spki = await jose.exportSPKI(publicKey);
  console.log(alg, (await jose.jwtVerify(token, await jose.importSPKI(spki, alg))).payload, (await jose.exportJWK(publicKey)).kty);
}
const sealed = await new jose.EncryptJWT({ hidden: 1 }).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(secret.slice(0, 32));
console.log((await jose.jwtDecrypt(sealed, secret.slice(0, 32))).payload, await jose.calculateJwkThumbprint({ kty: "oct", k: "AAA" }));
