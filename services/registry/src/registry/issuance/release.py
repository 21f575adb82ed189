"""Release (steps 6c, 6d of the issuance cycle): sign what was stored, store the token, and only then let it be seen.

The bytes to sign are stored already. A crash before the token is stored signs them again; what was never stored was
never shown, so nothing is issued twice. What a key signed that was revoked meanwhile is not stored, and signed again by
its successor: whoever revoked it could not have seen it.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import col

from goodstanding.clock import Clock
from goodstanding.jws import sign_jws
from goodstanding.keys import Signer
from goodstanding.record import TYP
from registry.clock import moment
from registry.database import Database, WriteTx, alone
from registry.issuance.faults import Fault, no_fault
from registry.issuance.key_rows import RECORD, REVOKED, by_kid
from registry.issuance.keys import KeyStore
from registry.issuance.leases import Lease, hold
from registry.issuance.ledger import RELEASE, batches
from registry.issuance.log_client import MAX_BATCH
from registry.issuance.rotation import lock_name
from registry.issuance.tables import OutboxRow, RecordRow


class Release:
    """Signs and releases records."""

    def __init__(self, database: Database, keys: KeyStore, clock: Clock, fault: Fault = no_fault) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._fault = fault

    async def sign(self, lease: Lease) -> int:
        """6c, 6d Sign and release what at most 1,000 outbox rows wait for; return how many rows are done. LostLease."""
        waiting, unsigned = await self._waiting()
        if not waiting:
            return 0
        # 6c Each record by the key of the authority that decided.
        payloads = [(row.seq, _authority(row.payload), row.payload) for row in unsigned]
        signers = {
            authority: await self._keys.record_signer(authority)
            for authority in dict.fromkeys(authority for _, authority, _ in payloads)
        }
        tokens = await asyncio.to_thread(_sign, payloads, signers)
        self._fault("6c signed")
        # 6d
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            if await _revoked(tx, signers):
                return 0
            await _store(tx, tokens, waiting)
        self._fault("6d released")
        return len(waiting)

    async def _waiting(self) -> tuple[list[int], list[Any]]:
        """Outbox rows to finish, oldest first, and the unsigned records behind them."""
        statement = (
            select(col(OutboxRow.seq), col(OutboxRow.event_id))
            .where(col(OutboxRow.stage) == RELEASE)
            .order_by(col(OutboxRow.seq))
            .limit(MAX_BATCH)
        )
        async with self._database.read() as tx:
            rows = (await tx.execute(statement)).all()
            unsigned: list[Any] = []
            for some in batches([row.event_id for row in rows]):
                of_these = select(col(RecordRow.seq), col(RecordRow.payload)).where(
                    col(RecordRow.event_id).in_(some), col(RecordRow.token).is_(None)
                )
                unsigned += await tx.execute(of_these)
        return [row.seq for row in rows], unsigned


def _authority(payload: bytes) -> str:
    """The authority's id, from the `iss` that is about to be signed: no other key may sign it."""
    return str(json.loads(payload)["iss"]).rpartition("/authorities/")[2]


async def _revoked(tx: WriteTx, signers: Mapping[str, Signer]) -> bool:
    """Whether a key of this batch was revoked since it was asked for; none is until this transaction ends."""
    for authority in sorted(signers):
        await alone(tx, lock_name(authority, RECORD))
    found = [await by_kid(tx, signer.kid) for signer in signers.values()]
    return any(key is not None and key.state == REVOKED for key in found)


def _sign(payloads: Sequence[tuple[int, str, bytes]], signers: Mapping[str, Signer]) -> list[dict[str, Any]]:
    return [
        {
            "record": seq,
            "signed": sign_jws(payload, typ=TYP, signer=signers[authority]) + "~",
            "signed_by": signers[authority].kid,
        }
        for seq, authority, payload in payloads
    ]


async def _store(tx: WriteTx, tokens: Sequence[dict[str, Any]], done: Sequence[int]) -> None:
    if tokens:
        unsigned = (col(RecordRow.seq) == bindparam("record")) & col(RecordRow.token).is_(None)
        signed: dict[str, Any] = {"token": bindparam("signed"), "kid": bindparam("signed_by")}
        await tx.execute(update(RecordRow).where(unsigned).values(**signed), list(tokens))
    for some in batches(done):
        await tx.execute(delete(OutboxRow).where(col(OutboxRow.seq).in_(some)))
