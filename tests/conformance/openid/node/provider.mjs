// An OpenID Connect provider on loopback, on a free port. Anybody signs in by a name; access tokens are RFC 9068 JWTs.
// Prints its issuer when it serves. A line on its input makes it publish one new key and no other; it prints "rotated".
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const { audience, secret } = JSON.parse(process.argv[2]);

function key() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: "ES256", use: "sig" };
}

function provider(issuer) {
  const register = { scope: "register", audience, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: "ES256" } } };
  return new Provider(issuer, {
    jwks: { keys: [key()] },
    cookies: { keys: [secret] },
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    clients: [
      {
        client_id: "desk", token_endpoint_auth_method: "none", application_type: "native",
        grant_types: ["authorization_code"], response_types: ["code"], redirect_uris: ["http://127.0.0.1/back"],
      },
      {
        client_id: "robot", client_secret: secret, grant_types: ["client_credentials"], response_types: [], redirect_uris: [],
      },
    ],
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    pkce: { required: () => true },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => register,
        useGrantedResource: () => true,
      },
    },
  });
}

let answer;
const server = createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  answer = provider(issuer).callback();
  console.log(issuer);
  createInterface({ input: process.stdin }).on("line", () => {
    answer = provider(issuer).callback();
    console.log("rotated");
  });
});
