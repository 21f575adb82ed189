"""Bearer tokens of an OpenID Connect provider, where one is configured instead of access keys.

Whoever a token belongs to is passed on with it, unread: the registry knows its members.
"""

from typing import Final

import structlog

from gateway.guards.tokens import LEEWAY, Caller, TokenRefused, bearer
from goodstanding.clock import Clock
from goodstanding.errors import TokenError
from goodstanding.openid import Provider
from goodstanding.openid_reader import Fetch, OpenIdReader, fetch

LONGEST: Final = 86_400.0
"""Seconds a token may live for this door; the registry's own is narrower."""

_log = structlog.get_logger("gateway.guards")


class OpenIdGuard:
    """Verifies the access tokens of one provider for one audience."""

    def __init__(self, issuer: str, audience: str, algs: tuple[str, ...], clock: Clock, read: Fetch = fetch) -> None:
        self._reader = OpenIdReader(Provider(issuer, audience, algs, LONGEST, LEEWAY), clock, _unread, read)

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who sends this Authorization header: None for nobody, TokenRefused for a bad token."""
        token = bearer(authorization)
        if token is None:
            return None
        try:
            return Caller((await self._reader.identity(token)).subject, token)
        except TokenError as error:
            raise TokenRefused(error.reason, f"the access token is refused: {error.message}") from error


def _unread(why: str) -> None:
    _log.warning("the OpenID Connect provider's keys cannot be read", why=why)
