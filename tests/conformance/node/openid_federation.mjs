// What @openid-federation/core says of trust chains.
//
// stdin:  [{entity, anchor, anchor_keys: [jwk], published: {address: token}}]
// stdout: [{accepted, reason, metadata}]
// The library, which follows an earlier draft, adds `iss` to what it asks a fetch endpoint; a register passes over it.
// It fetches by the global fetch, which here answers from `published`; it asks its caller for the signature
// primitive. It takes a trust anchor's name and not its keys: the primitive here refuses what the anchor's name signs with
// another key.

import { getVerifier } from "@sd-jwt/crypto-nodejs";
import { resolveTrustChains } from "@openid-federation/core";
import { readCases, writeVerdicts } from "./runner.mjs";

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

const same = (address) => {
  const url = new URL(address);
  url.searchParams.delete("iss");
  return url.origin + url.pathname + JSON.stringify([...url.searchParams]);
};

const served = (published) => async (address) => {
  const token = Object.entries(published).find(([known]) => same(known) === same(address))?.[1];
  return token
    ? new Response(token, { status: 200, headers: { "content-type": "application/entity-statement+jwt" } })
    : new Response("{}", { status: 404, headers: { "content-type": "application/json" } });
};

const signed = ({ anchor, anchor_keys: anchorKeys }, failures) => async ({ data, signature, jwk, jwt }) => {
  const input = Buffer.from(data ?? jwt).toString();
  const claims = JSON.parse(Buffer.from(input.split(".")[1], "base64url").toString());
  const trusted = claims.iss !== anchor || anchorKeys.some((key) => key.x === jwk.x);
  const verify = await getVerifier(jwk, { name: "Ed25519" }, { name: "Ed25519" });
  const holds = trusted && (await verify(input, base64url(signature)));
  if (!holds) failures.push(trusted ? `signature of ${claims.iss}` : `key of ${claims.iss}`);
  return holds;
};

async function verdict(testCase) {
  const failures = [];
  globalThis.fetch = served(testCase.published);
  try {
    const chains = await resolveTrustChains({
      entityId: testCase.entity,
      trustAnchorEntityIds: [testCase.anchor],
      verifyJwtCallback: signed(testCase, failures),
    });
    if (chains.length === 0) return { accepted: false, reason: `no chain; ${failures.join(", ")}` };
    return { accepted: true, reason: "", metadata: chains[0].resolvedLeafMetadata };
  } catch (error) {
    return { accepted: false, reason: `${error.name}: ${error.message} ${failures.join(", ")}` };
  }
}

const verdicts = [];
for (const testCase of await readCases()) verdicts.push(await verdict(testCase)); // one fetch for all: one after another
writeVerdicts(verdicts);
