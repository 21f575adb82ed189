"""Bearer tokens: none is anonymous, a bad one is refused before anything is done for it.

A token is `typ: at+jwt` (RFC 9068), EdDSA, signed by a key from the configuration, for this origin (`aud`), unexpired.
What its holder may do is decided again where the data is. `openid.py` is for the tokens of a provider instead.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from goodstanding.clock import Clock
from goodstanding.errors import TokenError
from goodstanding.jws import check_times, verify_jws
from goodstanding.keys import key_set, usable

TYP: Final = "at+jwt"
LEEWAY: Final = 30
"""Seconds by which the issuer's clock may run ahead."""


class TokenRefused(Exception):
    """A token that cannot be accepted; `reason` is the code of `goodstanding.jws`, or one of ours."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a verified token."""

    subject: str
    token: str


class Guard(Protocol):
    """Whoever verifies bearer tokens."""

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this Authorization header: None for nobody, TokenRefused for a bad token."""


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header, None without one; TokenRefused for anything else."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("NOT_BEARER", "send the access token as 'Authorization: Bearer <token>'")
    return token.strip()


class TokenGuard:
    """Verifies the bearer tokens of one origin. KeyRefused when a configured key is not sound."""

    def __init__(self, keys: Iterable[Mapping[str, Any]], audience: str, clock: Clock) -> None:
        self._keys = key_set(keys)
        self._audience = audience
        self._clock = clock

    def trust(self, keys: Iterable[Mapping[str, Any]]) -> None:
        """Believe these keys from now on, and no others. KeyRefused."""
        self._keys = key_set(keys)

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this Authorization header: None for nobody, TokenRefused for a bad token."""
        token = bearer(authorization)
        return None if token is None else self._verified(token)

    def _verified(self, token: str) -> Caller:
        now = self._clock()
        try:
            payload = verify_jws(token, typ=TYP, algs=("EdDSA",), keys=usable(self._keys, now)).payload
            check_times(payload, now, LEEWAY)
        except TokenError as error:
            raise TokenRefused(error.reason, f"the access token is refused: {error.message}") from error
        audience = payload.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenRefused("WRONG_AUDIENCE", f"the access token is not for {self._audience}")
        subject = payload.get("sub")
        if not isinstance(subject, str) or not subject:
            raise TokenRefused("NO_SUBJECT", "the access token does not say whose it is")
        return Caller(subject, token)
