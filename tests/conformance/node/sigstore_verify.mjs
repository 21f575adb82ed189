// What @sigstore/verify says of a record's inclusion in the log: the checkpoint's signature, then the Merkle path.
//
// stdin:  [{record, leaf: base64 | null, proof: text of a .tlog-proof, vkey}]    leaf null: rebuilt from the record
// stdout: [{accepted, reason, leaf: base64}]
// The library's front door wants a whole Sigstore bundle; this is the function behind it that judges a log entry.

import { createHash, createPublicKey } from "node:crypto";
import { verifyTLogInclusion } from "@sigstore/verify/dist/tlog/index.js";
import { leafOf } from "./leaf.mjs";
import { readCases, writeVerdicts } from "./runner.mjs";

function logOf(vkey) {
  const [, name, keyId, encoded] = vkey.match(/^(.+)\+([0-9a-f]{8})\+(.+)$/);
  const material = Buffer.from(encoded, "base64");
  const logID = createHash("sha256").update(`${name}\n`).update(material).digest();
  if (logID.subarray(0, 4).toString("hex") !== keyId) throw new Error("the vkey's key ID is not that of its key");
  const jwk = { kty: "OKP", crv: "Ed25519", x: material.subarray(1).toString("base64url") };
  return { logID, baseURL: name, publicKey: createPublicKey({ key: jwk, format: "jwk" }) };
}

function inclusionOf(proof) {
  const end = proof.indexOf("\n\n");
  const [header, index, ...hashes] = proof.slice(0, end).split("\n");
  if (header !== "c2sp.org/tlog-proof@v1" || !index.startsWith("index ")) throw new Error("not a tlog-proof");
  return {
    logIndex: index.slice("index ".length),
    hashes: hashes.map((hash) => Buffer.from(hash, "base64")),
    checkpoint: { envelope: proof.slice(end + 2) },
  };
}

function verdict({ record, leaf, proof, vkey }) {
  const body = leaf ? Buffer.from(leaf, "base64") : leafOf(record);
  const log = logOf(vkey);
  const entry = { logId: { keyId: log.logID }, canonicalizedBody: body, inclusionProof: inclusionOf(proof) };
  try {
    verifyTLogInclusion(entry, [log]);
    return { accepted: true, reason: "", leaf: body.toString("base64") };
  } catch (error) {
    return { accepted: false, reason: `${error.code ?? error.name}: ${error.message}`, leaf: body.toString("base64") };
  }
}

writeVerdicts((await readCases()).map(verdict));
