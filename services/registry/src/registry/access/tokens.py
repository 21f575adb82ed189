"""Access tokens: JWTs of typ `at+jwt` (RFC 9068) by the registry's own issuer, for setups without another one.

Claims: `iss`, `sub` (person or client), `aud` = the register's origin, `iat`, `exp`, `roles` [{authority, role}], and
`client` true for API keys. A token never lives longer than the settings allow, 15 minutes by default.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from goodstanding.clock import Clock
from goodstanding.errors import TokenError
from goodstanding.jws import check_times, sign_jws, verify_jws
from goodstanding.keys import Signer, usable
from registry.access.model import Actor

TYP = "at+jwt"
ALGS = ("EdDSA", "ES256")
LIFETIME = timedelta(minutes=15)
LEEWAY = 5  # seconds another machine's clock may be ahead
MAX_ROLES = 200
CACHED = 4096  # verified tokens remembered until they expire
_SCHEME = "bearer "


def bearer(authorization: str | None) -> str | None:
    """The token of an ``Authorization`` header, None without one. TokenError for another scheme."""
    if not authorization:
        return None
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise TokenError("NOT_BEARER", "the Authorization header is not of the form 'Bearer <token>'")
    return authorization[len(_SCHEME) :].strip()


class TokenIssuer:
    """Issues tokens to members."""

    def __init__(self, signer: Signer, origin: str, clock: Clock) -> None:
        self._signer = signer
        self._origin = origin
        self._clock = clock

    def issue(self, actor: Actor, ttl: timedelta = LIFETIME) -> str:
        """A token with the actor's roles as they are given; who holds it acts as the actor until it expires."""
        now = int(self._clock().timestamp())
        claims: dict[str, Any] = {
            "iss": self._origin,
            "sub": actor.sub,
            "aud": self._origin,
            "iat": now,
            "exp": now + int(ttl.total_seconds()),
            "roles": [{"authority": authority, "role": role} for authority, role in sorted(actor.roles)],
        }
        if actor.client:
            claims["client"] = True
        return sign_jws(claims, typ=TYP, signer=self._signer)


class TokenVerifier:
    """Verifies tokens, each once: a verified one is remembered, by its hash, until it expires.

    `keys` (kid -> public JWK) may be replaced with `trust`, which forgets every verified token where they differ.
    """

    def __init__(
        self, keys: Mapping[str, dict[str, Any]], origin: str, clock: Clock, lifetime: timedelta = LIFETIME
    ) -> None:
        self._keys = dict(keys)
        self._origin = origin
        self._clock = clock
        self._lifetime = lifetime
        self._verified: OrderedDict[bytes, tuple[Actor, int]] = OrderedDict()

    def trust(self, keys: Mapping[str, dict[str, Any]]) -> None:
        """Replace the trusted keys."""
        if keys != self._keys:
            self._keys = dict(keys)
            self._verified.clear()

    def actor(self, authorization: str | None) -> Actor:
        """The bearer of an ``Authorization`` header, anonymous without one. TokenError for a token that is refused."""
        token = bearer(authorization)
        if token is None:
            return Actor.anonymous
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(name)
        if known and self._clock().timestamp() < known[1]:
            return known[0]
        actor, exp = self._verify(token)
        self._remember(name, actor, exp)
        return actor

    def _verify(self, token: str) -> tuple[Actor, int]:
        claims = verify_jws(token, typ=TYP, algs=ALGS, keys=usable(self._keys, self._clock())).payload
        check_times(claims, self._clock(), LEEWAY)
        if claims.get("iss") != self._origin:
            raise TokenError("WRONG_ISSUER", "the token was issued by somebody else")
        audience = claims.get("aud")
        if self._origin not in (audience if isinstance(audience, list) else [audience]):
            raise TokenError("WRONG_AUDIENCE", "the token is meant for another register")
        if claims["exp"] - claims.get("iat", 0) > self._lifetime.total_seconds():
            raise TokenError("TOO_LONG", "the token lives longer than this register accepts")
        return _actor(claims), claims["exp"]

    def _remember(self, name: bytes, actor: Actor, exp: int) -> None:
        self._verified.pop(name, None)
        while len(self._verified) >= CACHED:
            self._verified.popitem(last=False)
        self._verified[name] = actor, exp


def _actor(claims: Mapping[str, Any]) -> Actor:
    sub, roles, client = claims.get("sub"), claims.get("roles", []), claims.get("client", False)
    if not isinstance(sub, str) or not 0 < len(sub) <= 200:
        raise TokenError("NO_SUBJECT", "the token does not say whom it was issued to")
    if not isinstance(client, bool):
        raise TokenError("BAD_CLIENT", "the token's client claim must be true or false")
    if not isinstance(roles, list) or len(roles) > MAX_ROLES or not all(map(_is_role, roles)):
        raise TokenError("BAD_ROLES", f"the token's roles must be at most {MAX_ROLES} pairs of authority and role")
    return Actor(sub, client, frozenset((entry["authority"], entry["role"]) for entry in roles))


def _is_role(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == {"authority", "role"}
        and all(isinstance(value, str) for value in entry.values())
    )
