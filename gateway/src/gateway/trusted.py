"""Whom this gateway trusts, looked at again while it runs: keys are announced, retired and revoked without a restart.

What cannot be read, or is not sound, changes nothing: the keys known before go on, and the follower's failure shows in
`/readyz`. The log itself, and its keys, are read at the start alone: another log is another gateway.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.followers import Follower
from gateway.guards.tokens import Guard, TokenGuard
from gateway.settings import Settings
from gateway.verification.edge import Edge
from goodstanding.trust import Trust

LOOK_EVERY: Final = 2.0
"""Seconds between two looks: for so long a key may be believed after it was revoked where the keys come from."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The trust configuration, and the public keys that sign access tokens."""

    trust: Trust
    access: Sequence[Mapping[str, Any]]


Look = Callable[[], Awaitable[Keys]]
"""Reads the keys as they are now. TrustError, ValueError and OSError for what cannot be used."""


def files_of(settings: Settings) -> Look:
    """Look into the files that the settings name; access keys given without a file stay as they are."""

    def read() -> Keys:
        fresh = settings if settings.access_keys_file is None else Settings()
        return Keys(Trust.load(settings.trust), fresh.access_keys)

    return lambda: asyncio.to_thread(read)


def follow(look: Look, edge: Edge, guard: Guard) -> Follower:
    """Keep an edge and a guard to the keys that `look` finds."""

    async def step() -> bool:
        found = await look()
        edge.trust(found.trust)
        if isinstance(guard, TokenGuard):
            guard.trust(found.access)
        return False

    return Follower("keys", step, LOOK_EVERY)
