"""The registry's signing keys: made on first need, kept as PEM files, their life told by logged events.

Rules
1. The private half is a file of mode 0600 that never leaves its signer; the database holds the public half.
2. A key counts once its row and its `key` event are committed; a file without a row is taken up, not replaced. There
   is one current key of an owner and role: of two processes that make it at once, one is first.
3. Each authority has its own record key. The keys for status lists and access tokens are the registry's, whose name
   is that of its transcriber.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from goodstanding.canonical import format_time
from goodstanding.clock import Clock
from goodstanding.errors import KeyRefused
from goodstanding.events import new_event_id, new_subject
from goodstanding.keys import PemSigner, Signer
from registry.clock import moment
from registry.database import Database, alone
from registry.issuance.ledger import Entry, Stream, append
from registry.issuance.tables import KeyRow

REGISTRY = "aut_registry"  # owner of the registry-wide keys
RECORD, STATUS, TOKEN = "record", "status", "token"  # roles
CURRENT, REVOKED = "current", "revoked"  # states, beside `next` and `retired`

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)


class KeyStore:
    """Signers by owner and role. Ask outside of a transaction: the first request for a key writes one of its own."""

    def __init__(self, folder: Path, database: Database, clock: Clock) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._signers: dict[tuple[str, str], Signer] = {}  # guarded by _making when it grows
        self._making = asyncio.Lock()

    async def record_signer(self, authority_id: str) -> Signer:
        """The signer of an authority's records. KeyRefused when its file is missing, altered or readable by others."""
        return await self._signer(authority_id, RECORD)

    async def status_signer(self) -> Signer:
        """The signer of status lists."""
        return await self._signer(REGISTRY, STATUS)

    async def token_signer(self) -> Signer:
        """The signer of access tokens, where the registry issues them itself."""
        return await self._signer(REGISTRY, TOKEN)

    async def public_keys(self, owner: str, role: str) -> list[dict[str, Any]]:
        """Public JWKs of a role that verify something: all but revoked ones, oldest first."""
        statement = (
            select(col(KeyRow.jwk))
            .where(col(KeyRow.owner) == owner, col(KeyRow.role) == role, col(KeyRow.state) != REVOKED)
            .order_by(col(KeyRow.created_at), col(KeyRow.kid))
        )
        async with self._database.read() as tx:
            return list(await tx.scalars(statement))

    async def _signer(self, owner: str, role: str) -> Signer:
        if (signer := self._signers.get((owner, role))) is None:
            async with self._making:
                signer = self._signers.get((owner, role)) or await self._load(owner, role)
                self._signers[owner, role] = signer
        return signer

    async def _load(self, owner: str, role: str) -> Signer:
        path = self._path(owner, role)
        async with self._database.read() as tx:
            known = await _current(tx, owner, role)
        if known and not path.exists():
            raise KeyRefused(
                f"the {role} key of {owner} is missing: restore {path.name} from its backup, or rotate the key"
            )
        signer = await asyncio.to_thread(PemSigner.load_or_create, path)
        if signer.kid not in (known or await self._publish(owner, role, signer)):
            raise KeyRefused(
                f"{path.name} is not the current {role} key of {owner}: restore the right file, or rotate the key"
            )
        return signer

    def _path(self, owner: str, role: str) -> Path:
        if not _FILE_NAME.fullmatch(owner):
            raise KeyRefused(f"no key for {owner[:40]!r}: this is not the id of an authority")
        return self._folder / f"{owner}.{role}.pem"

    async def _publish(self, owner: str, role: str, signer: Signer) -> Sequence[str]:
        """Rule 2, in one transaction; returns the current key's id: another process may have been first."""
        async with self._database.write() as tx:
            await alone(tx, f"the {role} key of {owner}")
            if known := await _current(tx, owner, role):
                return known
            now = moment(self._clock)
            subject = new_subject()
            row = {"kid": signer.kid, "owner": owner, "role": role, "jwk": signer.public_jwk, "state": CURRENT,
                   "created_at": now, "subject": subject, "head": None}  # fmt: skip
            await tx.execute(insert(KeyRow), [row])
            stream = Stream(KeyRow, signer.kid, subject, None)
            await append(tx, [Entry(_body(owner, role, signer, now), stream)], now=now)
        return [signer.kid]


async def _current(tx: Any, owner: str, role: str) -> Sequence[str]:
    statement = select(col(KeyRow.kid)).where(
        col(KeyRow.owner) == owner, col(KeyRow.role) == role, col(KeyRow.state) == CURRENT
    )
    return list(await tx.scalars(statement))


def _body(owner: str, role: str, signer: Signer, now: datetime) -> dict[str, Any]:
    return {
        "kind": "key",
        "event_id": new_event_id(now),
        "authority": owner,
        "data": {"owner": owner, "role": role, "jwk": signer.public_jwk, "state": CURRENT, "at": format_time(now)},
    }
