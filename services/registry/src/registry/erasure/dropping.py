"""Doing what was approved, once its event is in the log: the log forgets, then the register does (rule 3 of the model).

Telling the log again is harmless, and the register drops everything in one transaction that also says it is done; so
whatever stops in between is done again from the start.
"""

from collections.abc import Sequence

import structlog

from goodstanding.clock import Clock
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.erasure import drops, repository
from registry.erasure.model import ASSERTS_NOTHING, Erasure, State
from registry.issuance import ledger, status
from registry.issuance.errors import LogConflict
from registry.issuance.faults import Fault, no_fault
from registry.issuance.leases import Lease, hold
from registry.issuance.log_client import LogClient

_log = structlog.get_logger("registry.erasure")


class Dropping:
    """Drops what erasures name."""

    def __init__(self, database: Database, log: LogClient, clock: Clock, fault: Fault = no_fault) -> None:
        self._database = database
        self._log = log
        self._clock = clock
        self._fault = fault

    async def waiting(self) -> bool:
        """Whether an erasure is logged and not done."""
        async with self._database.read() as tx:
            return await repository.oldest_logged(tx) is not None

    async def act(self, lease: Lease) -> int:
        """Do the oldest erasure that is logged; return how many were done. LogUnavailable, LostLease."""
        async with self._database.read() as tx:
            erasure = await repository.oldest_logged(tx)
        if erasure is None or erasure.event_id is None:
            return 0
        self._fault("erasure logged")
        try:
            await self._log.erase(erasure.event_id, erasure.event_ids)
        except LogConflict as conflict:
            return await self._set_aside(lease, erasure, conflict)
        self._fault("erasure told the log")
        async with self._database.write() as tx:
            now = moment(self._clock)
            await hold(tx, lease, now)
            await drop(tx, erasure.event_ids, erasure.event_id)
            await repository.change(tx, erasure.id, repository.done(now))
        self._fault("erasure done")
        return 1

    async def _set_aside(self, lease: Lease, erasure: Erasure, conflict: LogConflict) -> int:
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            await repository.change(tx, erasure.id, {"state": str(State.ASIDE)})
        _log.error("erasure set aside: the log refuses it for good", erasure=erasure.id, why=str(conflict))
        return 1


async def drop(tx: WriteTx, event_ids: Sequence[str], erasure: str) -> None:
    """Delete from the register whatever says what these events said."""
    named = await drops.named(tx, event_ids)
    await drops.hold_organisations(tx, named)
    await ledger.hold_accreditations(tx, named.numbers)
    await drops.bodies(tx, event_ids, erasure)
    await drops.drafts(tx, event_ids)
    await drops.relations(tx, named)
    if named.numbers:
        await drops.accreditations(tx, named.numbers)
        generations = await drops.generations(tx, named.numbers)
        await status.set_codes(tx, named.numbers, dict.fromkeys(generations, ASSERTS_NOTHING))
    await drops.organisations(tx, named)
