"""Who is at the door: bearer tokens of the one issuer that the settings name, turned into actors.

Without a provider it is the register's own issuer (`tokens.py`). With one, it is that provider alone: its word says who
somebody is, by (issuer, subject), and the register's tables say which member that is, and what the member may do.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from goodstanding.clock import Clock
from goodstanding.errors import TokenError
from goodstanding.openid import Provider
from goodstanding.openid_reader import RELOAD, UNKNOWN_KEY, Fetch, OpenIdReader, fetch
from registry.access.model import Actor
from registry.access.repository import linked_member, token_keys
from registry.access.tokens import LEEWAY, TokenVerifier, bearer
from registry.database import Database
from registry.settings import Settings

KEPT = timedelta(seconds=5)
"""How long a key may be believed after it was revoked."""

_log = structlog.get_logger("registry.access")


class Door(Protocol):
    """Turns Authorization headers into actors."""

    async def actor(self, authorization: str | None) -> Actor:
        """The bearer, or the anonymous actor; TokenError for a token that is refused."""


def door_of(settings: Settings, database: Database, clock: Clock) -> Door:
    """The door these settings describe."""
    if not settings.oidc_issuer:
        return OwnDoor(database, clock, settings)
    return ProviderDoor(database, clock, settings)


class OwnDoor:
    """For tokens of the register's own issuer; learns new keys when a token names one, and soon which were revoked."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._verifier = TokenVerifier({}, settings.origin, clock, settings.token_lifetime)
        self._next_look = clock()
        self._looking = asyncio.Lock()

    async def actor(self, authorization: str | None) -> Actor:
        """The bearer, with the roles that token states; anonymous without one. TokenError."""
        if authorization is not None and self._clock() >= self._next_look + KEPT:
            await self._look_again()
        try:
            return self._verifier.actor(authorization)
        except TokenError as error:
            if error.reason != UNKNOWN_KEY:
                raise
        async with self._looking:  # whoever waited here finds the key learnt meanwhile
            await self._look_again()
        return self._verifier.actor(authorization)

    async def _look_again(self) -> None:
        now = self._clock()
        if now >= self._next_look:
            async with self._database.read() as tx:
                self._verifier.trust(await token_keys(tx))
            self._next_look = now + RELOAD


class ProviderDoor:
    """For tokens of an OpenID Connect provider. What such a token says of roles is not looked at."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, read: Fetch = fetch) -> None:
        self._database = database.as_registry()  # nobody is anybody yet
        lifetime = settings.token_lifetime.total_seconds()
        audience = settings.oidc_audience or settings.origin
        provider = Provider(settings.oidc_issuer, audience, settings.oidc_algs, lifetime, LEEWAY)
        self._reader = OpenIdReader(provider, clock, _unread, read)

    async def actor(self, authorization: str | None) -> Actor:
        """The member linked to the bearer, with its roles as they stand; anonymous without a token. TokenError."""
        token = bearer(authorization)
        if token is None:
            return Actor.anonymous
        identity = await self._reader.identity(token)
        async with self._database.read() as tx:
            member = await linked_member(tx, identity.issuer, identity.subject)
        if member is None:
            raise TokenError(
                "UNKNOWN_MEMBER",
                f"no member of this register is linked to {identity.subject[:60]!r} of {identity.issuer}; "
                "whoever operates the register links members",
            )
        return replace(member, client=member.client or identity.client)


def _unread(why: str) -> None:
    _log.warning("the OpenID Connect provider's keys cannot be read", why=why)
