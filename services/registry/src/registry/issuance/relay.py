"""The relay (step 4 of the issuance cycle) and what it does with the log's proofs (6a, 6b).

Rules
1. Events go out in the order in which they were recorded, so an accreditation's leaves go in order.
2. Sending again is harmless: the log accepts the same bytes under the same id again. So an effect here is written
   after the log has answered, and a crash between the two only repeats the question.
3. What the log refuses for good is set aside, visibly; everything else goes on.
4. Where the log's witnesses have not cosigned as the policy in the settings asks, nothing is taken as logged but
   erasures: what raises trust waits in the outbox, and `held` says so. What lowers it was in the status list at commit.
5. What does not verify is not written. Everything written is written under the lease's fence.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from goodstanding.clock import Clock
from goodstanding.events import SealedEvent
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.issuance import ledger, proofs, publication, records, reissue, status
from registry.issuance.errors import LogConflict, LogLied, LogUnavailable
from registry.issuance.faults import Fault, no_fault
from registry.issuance.leases import Lease, hold
from registry.issuance.ledger import ASIDE, PROVE, RELEASE, SUBMIT, batches
from registry.issuance.log_client import MAX_BATCH, LogClient
from registry.issuance.policy import Policy
from registry.issuance.tables import EventRow, OutboxRow
from registry.schemes import repository as schemes

ERASURE = "erasure"  # kind of event
_UNWITNESSED = "the log's witnesses have not cosigned as the policy asks: what raises trust waits for them"

_log = structlog.get_logger("registry.relay")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox."""

    seq: int
    number: str | None  # of the accreditation, for a decision
    event: SealedEvent


class Relay:
    """Takes events from the outbox to the log and back with a proof."""

    def __init__(
        self, database: Database, log: LogClient, policy: Policy, clock: Clock, fault: Fault = no_fault
    ) -> None:
        self._database = database
        self._log = log
        self._policy = policy
        self._clock = clock
        self._fault = fault
        self.held: str | None = None  # why what is proved is not released

    async def submit(self, lease: Lease) -> int:
        """4 Send the oldest events waiting, at most 1,000; return how many moved on. LogUnavailable, LostLease."""
        waiting = await self._waiting(SUBMIT)
        if not waiting:
            return 0
        self._fault("4 before sending")
        try:
            await self._log.submit([row.event for row in waiting])
        except LogConflict as conflict:
            return await self._set_aside(lease, waiting, conflict)
        self._fault("4 sent")
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            await _move(tx, waiting, PROVE)
        self._fault("4 noted as sent")
        return len(waiting)

    async def prove(self, lease: Lease) -> int:
        """6a, 6b Take proofs for at most 1,000 events sent; return how many. LogLied, LogUnavailable, LostLease."""
        sent = await self._waiting(PROVE)
        if not sent:
            self.held = None
            return 0
        answer = await self._log.proofs([row.event.event_id for row in sent])
        leaves = {row.event.event_id: row.event.leaf for row in sent}
        # 6a Hashing a thousand proofs takes tens of milliseconds: not on the event loop.
        logged = await asyncio.to_thread(proofs.check, answer, leaves, self._policy)
        self.held = None if logged.witnessed else _UNWITNESSED
        proved = [row for row in sent if row.event.event_id in logged.indices and _free(row, logged)]
        if not proved:
            return 0
        self._fault("6a proof verified")
        # 6b
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            await _mark(tx, logged, [row.event.event_id for row in proved])
            await _move(tx, proved, RELEASE)
            histories = await ledger.held_history(tx, [row.number for row in proved if row.number])
            now = moment(self._clock)
            await publication.project(tx, histories, now=now)
            await records.prepare(tx, histories, self._policy, now=now)
            await reissue.act(tx, histories, self._policy, now=now)
            await status.outdate(tx, await _raised(tx, proved))
        self._fault("6b stored what to sign")
        return len(proved)

    async def _waiting(self, stage: str) -> list[Waiting]:
        """The oldest events at a stage."""
        columns = (EventRow.event_id, EventRow.kind, EventRow.body, EventRow.leaf, EventRow.salt)
        statement = (
            select(col(OutboxRow.seq), col(EventRow.number), *(col(column) for column in columns))
            .join(EventRow, col(OutboxRow.seq) == col(EventRow.seq))
            .where(col(OutboxRow.stage) == stage)
            .order_by(col(OutboxRow.seq))
            .limit(MAX_BATCH)
        )
        async with self._database.read() as tx:
            return [Waiting(seq, number, SealedEvent(*event)) for seq, number, *event in await tx.execute(statement)]

    async def _set_aside(self, lease: Lease, sent: Sequence[Waiting], conflict: LogConflict) -> int:
        refused = [row for row in sent if row.event.event_id == conflict.event_id]
        if not refused:
            raise LogUnavailable(f"the log refuses a batch without naming one of its events: {conflict}")
        async with self._database.write() as tx:
            await hold(tx, lease, moment(self._clock))
            await _move(tx, refused, ASIDE)
        _log.error("event set aside: the log refuses it for good", event_id=conflict.event_id, why=str(conflict))
        return len(refused)


async def _raised(tx: WriteTx, proved: Iterable[Waiting]) -> set[str]:
    """The authorities whose mandates or lists changed: now that it is logged, this may raise trust as well."""
    bodies = [json.loads(row.event.body) for row in proved if row.event.kind in ("mandate", "list", "scheme")]
    changed = {body["data"]["id"] for body in bodies if body["kind"] == "scheme"}
    named = {body["data"]["authority"] for body in bodies if body["kind"] != "scheme"}
    return await schemes.kin(tx, named | await schemes.mandated_under(tx, changed))


async def _move(tx: WriteTx, rows: Iterable[Waiting], stage: str) -> None:
    for some in batches([row.seq for row in rows]):
        await tx.execute(update(OutboxRow).where(col(OutboxRow.seq).in_(some)).values(stage=stage))


def _free(row: Waiting, logged: proofs.Logged) -> bool:
    """Rule 4."""
    return logged.witnessed or row.event.kind == ERASURE


async def _mark(tx: WriteTx, logged: proofs.Logged, proved: Sequence[str]) -> None:
    """Set index, tree size and time of each event proved, once."""
    statement = (
        update(EventRow)
        .where(col(EventRow.event_id) == bindparam("proved"), col(EventRow.log_index).is_(None))
        .values(log_index=bindparam("at"), tree_size=logged.size, logged_at=logged.time)
    )
    try:
        await tx.execute(statement, [{"proved": event, "at": logged.indices[event]} for event in proved])
    except IntegrityError as error:
        raise LogLied("the log proved an index that belongs to another event: it keeps two trees") from error
