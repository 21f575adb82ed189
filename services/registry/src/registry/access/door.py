"""Who is at the door: bearer tokens against the keys this register's own issuer has published."""

import asyncio
from datetime import timedelta

from goodstanding.clock import Clock
from goodstanding.errors import TokenError
from registry.access.model import Actor
from registry.access.repository import token_keys
from registry.access.tokens import TokenVerifier
from registry.database import Database
from registry.settings import Settings

UNKNOWN_KEY = "UNKNOWN_KEY"  # a reason of `goodstanding.jws`
RELOAD = timedelta(seconds=1)  # unknown keys are looked for at most this often, so that nobody can make us busy


class Door:
    """Turns Authorization headers into actors; learns new keys when a token names one."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._verifier = TokenVerifier({}, settings.origin, clock, settings.token_lifetime)
        self._next_look = clock()
        self._looking = asyncio.Lock()

    async def actor(self, authorization: str | None) -> Actor:
        """The bearer, or the anonymous actor; TokenError for a token that is refused."""
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
