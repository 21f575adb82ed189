// What @sd-jwt/sd-jwt-vc says of accreditation records.
//
// stdin:  [{record, issuer_keys: [jwk], status_keys: [jwk], status_lists: {uri: token} | null, type_metadata: bool}]
// stdout: [{accepted, reason, status, payload}]
// With status_lists null the library fetches the list itself; with type_metadata it fetches and checks the vct's document.
// The library asks its caller for the signature primitive: WebCrypto here, with the key that the header's kid names.

import { digest, generateSalt, getVerifier } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";
import { readCases, writeVerdicts } from "./runner.mjs";

const ALGORITHMS = {
  EdDSA: [{ name: "Ed25519" }, { name: "Ed25519" }],
  ES256: [{ name: "ECDSA", namedCurve: "P-256" }, { name: "ECDSA", hash: "SHA-256" }],
};
const STATUS_NAMES = { 1: "revoked", 2: "suspended" };

const signedBy = (keys) => async (data, signature) => {
  const { alg, kid } = JSON.parse(Buffer.from(data.split(".")[0], "base64url").toString());
  const jwk = keys.find((key) => key.kid === kid && key.alg === alg);
  if (!jwk) throw new Error(`none of the trusted keys is ${kid} for ${alg}`);
  const verify = await getVerifier(jwk, ...ALGORITHMS[alg]);
  return verify(data, signature);
};

async function verdict(testCase) {
  let status = null;
  const library = new SDJwtVcInstance({
    hasher: digest,
    hashAlg: "sha-256",
    saltGenerator: generateSalt,
    verifier: signedBy(testCase.issuer_keys),
    statusVerifier: signedBy(testCase.status_keys),
    statusListFetcher: testCase.status_lists ? async (uri) => testCase.status_lists[uri] : undefined,
    statusValidator: async (code) => {
      status = code;
      if (code !== 0) throw new Error(`status ${code}: ${STATUS_NAMES[code] ?? "for the application to read"}`);
    },
    loadTypeMetadataFormat: testCase.type_metadata,
  });
  try {
    const { payload } = await library.verify(testCase.record);
    return { accepted: true, reason: "", status, payload };
  } catch (error) {
    return { accepted: false, reason: `${error.name}: ${error.message}`, status };
  }
}

writeVerdicts(await Promise.all((await readCases()).map(verdict)));
