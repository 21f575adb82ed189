"""The registry's signing keys: made on first need, followed by others, their life told by logged events.

Rules
1. The private half never leaves its signer; the database holds the public half.
2. A key counts once its row and its `key` event are committed; a private half without a row is taken up, not replaced.
   There is one current key of an owner and role: of two processes that make it at once, one is first. Where a vault
   let both make a private half, the database says whose counts, and the other one signs nothing, ever.
3. Each authority has its own record key, each entity of a federation (authority or organisation) its own federation key.
   The keys for status lists and access tokens are the registry's, whose name is that of its transcriber.
4. Which key is current is asked each time something is to be signed: a revoked one signs nothing more, in no process.
   A next key whose time has come becomes current then.
"""

import asyncio
from typing import Any

from goodstanding.clock import Clock
from goodstanding.errors import KeyRefused
from goodstanding.keys import Signer
from registry.clock import moment
from registry.database import Database, alone
from registry.issuance import key_rows as rows
from registry.issuance import rotation
from registry.issuance.key_files import Vault
from registry.issuance.key_rows import CURRENT, FEDERATION, RECORD, REGISTRY, STATUS, TOKEN, Key


class KeyStore:
    """Signers by owner and role. Ask outside of a transaction: a key's first use, and its turn, are written in one."""

    def __init__(self, vault: Vault, database: Database, clock: Clock) -> None:
        self._vault = vault
        self._database = database
        self._clock = clock
        self._signers: dict[str, Signer] = {}  # by kid
        self._making = asyncio.Lock()

    async def record_signer(self, authority_id: str) -> Signer:
        """The signer of an authority's records. KeyRefused when its key is missing, altered or within others' reach, KeyAway."""
        return await self._signer(authority_id, RECORD)

    async def status_signer(self) -> Signer:
        """The signer of status lists."""
        return await self._signer(REGISTRY, STATUS)

    async def token_signer(self) -> Signer:
        """The signer of access tokens, where the registry issues them itself."""
        return await self._signer(REGISTRY, TOKEN)

    async def federation_signer(self, owner: str) -> Signer:
        """The signer of what an authority, or an organisation that is hosted here, says in federations."""
        return await self._signer(owner, FEDERATION)

    async def public_keys(self, owner: str, role: str) -> list[dict[str, Any]]:
        """Public JWKs of a role that verify something now or will, oldest first."""
        now = self._clock()
        return [
            key.published for key in await self._keys(owner, role) if (end := key.verifies_until) is None or now < end
        ]

    async def all_keys(self, owner: str, role: str) -> list[dict[str, Any]]:
        """Public JWKs of an owner's role, those that have ended as well, oldest first."""
        return [key.published for key in await self._keys(owner, role)]

    async def historical_keys(self, role: str) -> dict[str, list[dict[str, Any]]]:
        """Public JWKs of a role by owner, those that have ended as well: what they signed before can still be judged."""
        found: dict[str, list[dict[str, Any]]] = {}
        for key in await self._keys(None, role):
            found.setdefault(key.owner, []).append(key.published)
        return found

    async def _keys(self, owner: str | None, role: str) -> list[Key]:
        async with self._database.read() as tx:
            return await rows.keys_of(tx, owner, role)

    async def _signer(self, owner: str, role: str) -> Signer:
        async with self._database.read() as tx:
            current, following = await rows.in_use(tx, owner, role)
        if rotation.is_due(following, self._clock()):
            current = await rotation.turn(self._database, owner, role, self._clock)
        if current is not None and (known := self._signers.get(current.kid)) is not None:
            return known
        async with self._making:
            current = current or await self._first(owner, role)
            return await self._load(current)

    async def _load(self, key: Key) -> Signer:
        signer = await asyncio.to_thread(self._vault.signer, key.owner, key.role, key.ordinal, key.kid)
        if signer is None:
            raise KeyRefused(
                f"the private half of the {key.role} key {key.kid} of {key.owner} is missing: restore it from its "
                f"backup, or run: registry keys revoke {key.kid}"
            )
        if signer.kid != key.kid:
            raise KeyRefused(
                f"what is kept as the current {key.role} key of {key.owner} is not it: restore the right one, or run: "
                f"registry keys revoke {key.kid}"
            )
        self._signers[key.kid] = signer
        return signer

    async def _first(self, owner: str, role: str) -> Key:
        """Rule 2, in one transaction; another process may have been first."""
        signer = await asyncio.to_thread(self._vault.make, owner, role, 1)
        async with self._database.write() as tx:
            await alone(tx, rotation.lock_name(owner, role))
            current, _ = await rows.in_use(tx, owner, role)
            now = moment(self._clock)
            return current or await rows.add(
                tx, owner, role, 1, dict(signer.public_jwk), CURRENT, now=now, current_from=now
            )
