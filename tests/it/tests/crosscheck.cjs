// Sigstore's own verifier on one of our signatures. Nothing of ours is used here.
//
//   node crosscheck.cjs NODE_MODULES BUNDLE LOG_KEY.pem key PUBLIC.pem
//   node crosscheck.cjs NODE_MODULES BUNDLE LOG_KEY.pem authority CA.pem IDENTITY [TSA_CHAIN.pem]
const { createHash, createPublicKey, X509Certificate } = require('crypto');
const { readFileSync } = require('fs');
const [modules, bundlePath, logKey, how, signer, identity, stamper] = process.argv.slice(2);
const { bundleFromJSON } = require(`${modules}/@sigstore/bundle`);
const { TrustedRoot, PublicKeyDetails } = require(`${modules}/@sigstore/protobuf-specs`);
const { Verifier, toSignedEntity, toTrustMaterial } = require(`${modules}/@sigstore/verify`);

const spki = (pem) => createPublicKey(readFileSync(pem)).export({ type: 'spki', format: 'der' });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const certificate = (pem) => ({ rawBytes: new X509Certificate(pem).raw.toString('base64') });
const chain = (pem) => readFileSync(pem, 'utf8').match(/-----BEGIN[^]*?END CERTIFICATE-----/g).map(certificate);
const since = { start: '1970-01-01T00:00:00Z' };

const log = spki(logKey);
const root = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [{
    baseUrl: 'https://rc', // the name with which RC signs its checkpoints is looked for here
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: log.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: since },
    logId: { keyId: sha256(log).toString('base64') },
  }],
  certificateAuthorities: how === 'authority'
    ? [{ uri: '', certChain: { certificates: chain(signer) }, validFor: since }]
    : [],
  ctlogs: [],
  timestampAuthorities: stamper ? [{ uri: '', certChain: { certificates: chain(stamper) }, validFor: since }] : [],
};
const keys = {};
if (how === 'key') {
  const rawBytes = spki(signer);
  keys[sha256(rawBytes).toString('base64')] = { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256 };
}
const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath)));
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root), keys), {
  tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: stamper ? 2 : 1, // the log's own time counts, too
});
const policy = identity ? { subjectAlternativeName: identity } : undefined;
verifier.verify(toSignedEntity(bundle), policy);
console.log('verified');
