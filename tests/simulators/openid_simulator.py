"""An OpenID Connect provider as far as a resource server sees one: discovery, keys, and tokens it would have issued."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from goodstanding.errors import TrustError

ISSUER = "https://login.example/realm"
_JWK = {"ES256": jwt.algorithms.ECAlgorithm, "EdDSA": jwt.algorithms.OKPAlgorithm, "RS256": jwt.algorithms.RSAAlgorithm}
_MADE = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


class OpenIdSimulator:
    """`read` stands for the network; `away` cuts it. `reads` is what was asked for."""

    def __init__(self, clock, issuer=ISSUER):
        self.clock, self.issuer = clock, issuer
        self.away = False
        self.reads = []
        self.keys = {}  # kid -> (alg, private key)
        self.documents = {}  # path -> bytes to answer instead
        self.rotate("first")

    def rotate(self, kid, alg="ES256"):
        """Publish one key, and no other any more; it signs from now on."""
        self.keys = {kid: (alg, _MADE["RS256" if alg == "PS256" else alg]())}

    async def read(self, address):
        """A document, as the registry and the gateway read them."""
        self.reads.append(address)
        if self.away:
            raise TrustError(f"{address} cannot be read (ConnectError)")
        return self.documents.get(address.removeprefix(self.issuer)) or self._document(address)

    def _document(self, address):
        if address == f"{self.issuer}/.well-known/openid-configuration":
            return json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}).encode()
        assert address == f"{self.issuer}/jwks"
        return json.dumps({"keys": [self.public(kid) for kid in self.keys]}).encode()

    def public(self, kid):
        """The public JWK of a key."""
        alg, key = self.keys[kid]
        made = _JWK["RS256" if alg == "PS256" else alg].to_jwk(key.public_key(), as_dict=True)
        return {name: value for name, value in made.items() if name != "key_ops"} | {"kid": kid, "use": "sig"}

    def token(self, subject, audience, *, kid=None, header=(), **claims):
        """An access token of a person; with `client_id` equal to the subject, one of a client."""
        kid = kid or next(iter(self.keys))
        alg, key = self.keys[kid]
        second = int(self.clock().timestamp())
        said = {"iss": self.issuer, "sub": subject, "aud": audience, "client_id": "register-desk", "jti": "1",
                "iat": second, "exp": second + 600} | claims  # fmt: skip
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, alg, headers={"kid": kid, "typ": "at+jwt"} | dict(header))
