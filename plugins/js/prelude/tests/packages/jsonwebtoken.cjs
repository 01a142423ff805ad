const jwt = require("jsonwebtoken");
const { generateKeyPairSync } = require("crypto");
const token = jwt.sign({ foo: "bar", iat: 1700000000 }, "shhhhh");
console.log(token, jwt.verify(token, "shhhhh"), jwt.decode(token, { complete: true }).header);
try { jwt.verify(token, "wrong"); } catch (error) { console.log(error.name, error.message); }
try { jwt.verify(jwt.sign({ exp: 1 }, "k"), "k"); } catch (error) { console.log(error.name, error.message, error.expiredAt.toISOString()); }
for (const [alg, type, options] of [["RS256", "rsa", { modulusLength: 2048 }], ["ES256", "ec", { namedCurve: "P-256" }], ["PS256", "rsa", { modulusLength: 2048 }]]) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  const signed = jwt.sign({ data: alg, iat: 1 }, privateKey, { algorithm: alg });
  console.log(alg, jwt.verify(signed, publicKey), jwt.verify(signed, publicKey.export({ type: "spki", format: "pem" })).data);
}
jwt.verify(token, (header, callback) => callback(null, "shhhhh"), (error, decoded) => console.log(error, decoded.foo));
try { jwt.sign({}, "x", { expiresIn: "junk" }); } catch (error) { console.log(error.message); }
