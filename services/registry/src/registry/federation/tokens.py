"""What entities sign for federations: made on request, once for all who ask, and kept until it is out of date.

Rules
1. What is signed is stored before it is signed, the token before it is shown; the stored bytes are what everyone gets.
   Of two processes that sign at once, one is first; a process that dies in between leaves what the next one signs.
2. A token is made anew when it would say something else, when it nears its end (`model.LIVES`), and when the key that
   signed it verifies nothing more.
3. Signing happens in a thread, at most so many at once: reading must not become a way to keep the registry busy.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from goodstanding.canonical import canonical_bytes
from goodstanding.clock import Clock
from goodstanding.jws import sign_jws
from registry.clock import moment
from registry.database import Database
from registry.federation import repository
from registry.federation.model import LIVES, Signed, Stored
from registry.federation.repository import Place
from registry.issuance.key_rows import FEDERATION
from registry.issuance.keys import KeyStore

AT_ONCE = 4  # tokens signed at the same time
_SOME_DAY = datetime(2000, 1, 2, tzinfo=UTC)

Build = Callable[[datetime, datetime, int], dict[str, Any]]
"""(iat, exp, issue) -> the claims."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said, by the federation key of `place`'s issuer. `ends`: no later than then, where that is known."""

    place: Place
    typ: str
    build: Build
    ends: datetime | None = None

    @property
    def digest(self) -> bytes:
        """Of what it says without its times: of claims made with times and issue that are always the same."""
        return hashlib.sha256(canonical_bytes(self.build(_SOME_DAY, _SOME_DAY + timedelta(hours=1), 0))).digest()

    def stored(self, issue: int, now: datetime) -> Stored:
        """The next issue, not signed yet. Times are whole seconds."""
        iat = now.replace(microsecond=0)
        exp = min(iat + LIVES[self.place[0]].lifetime, self.ends or datetime.max.replace(tzinfo=UTC))
        exp = exp.replace(microsecond=0)
        return Stored(issue, self.digest, iat, exp, canonical_bytes(self.build(iat, exp, issue)), None, None)


class SignedTokens:
    """The tokens of all entities."""

    def __init__(self, database: Database, keys: KeyStore, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._making: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        self._signing = asyncio.Semaphore(AT_ONCE)

    async def current(self, draft: Draft) -> Signed:
        """The token that says what the draft says. KeyRefused."""
        if (found := await self._found(draft)) is not None:
            return found
        lock = self._making.setdefault(draft.place, asyncio.Lock())
        async with lock:  # whoever waited here finds the work done
            return await self._found(draft) or await self._sign(draft)

    async def _found(self, draft: Draft) -> Signed | None:
        async with self._database.read() as tx:
            row = await repository.stored(tx, draft.place)
        if row is None or row.token is None or not self._says(row, draft):
            return None
        verifying = {key["kid"] for key in await self._keys.public_keys(draft.place[1], FEDERATION)}
        return Signed.of(row) if row.kid in verifying else None

    def _says(self, row: Stored, draft: Draft) -> bool:
        """Rule 2, but for the key."""
        short = draft.ends is not None and draft.ends < row.exp
        serves = LIVES[draft.place[0]].serves(row.iat, row.exp, self._clock())
        return row.digest == draft.digest and serves and not short

    async def _sign(self, draft: Draft) -> Signed:
        async with self._database.write() as tx:
            row = await repository.stored(tx, draft.place)
            if row is None or row.token is not None or not self._says(row, draft):
                await repository.store(tx, draft.place, draft.stored(row.issue + 1 if row else 1, moment(self._clock)))
                row = await repository.stored(tx, draft.place) or row
        while row is not None and row.token is None:  # again only where another process has moved on meanwhile
            row = await self._signed(draft, row)
        assert row is not None
        return Signed.of(row)

    async def _signed(self, draft: Draft, row: Stored) -> Stored | None:
        signer = await self._keys.federation_signer(draft.place[1])
        async with self._signing:
            token = await asyncio.to_thread(sign_jws, row.payload, typ=draft.typ, signer=signer)
        async with self._database.write() as tx:
            await repository.keep(tx, draft.place, row.issue, token, signer.kid)
            return await repository.stored(tx, draft.place)
