"""Asking for an erasure, approving and rejecting it: one transaction per act. `dropping.py` does what was approved."""

from collections.abc import Callable, Sequence
from datetime import datetime

from goodstanding.canonical import format_time
from goodstanding.clock import Clock
from goodstanding.events import new_event_id, new_subject
from registry.access.idempotency import Request, claim
from registry.access.model import Actor, Role
from registry.access.service import need_person_with
from registry.accreditations.drafts import long_text
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.erasure import repository
from registry.erasure.model import MAX_REASON, Erasure, State, erasable, wanted
from registry.erasure.tables import ErasureRow
from registry.errors import Conflict, Forbidden, NotFound
from registry.ids import fresh_id
from registry.issuance.ledger import Entry, Stream, append
from registry.settings import Settings

WHO = Role.AUTHORITY_ADMIN  # asks, and approves


class Erasures:
    """The acts of erasing; `wake` tells the workers that an event is waiting."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._wake = wake

    async def request(self, actor: Actor, event_ids: Sequence[str], reason: str, *, key: str) -> str:
        """Ask for events to be erased; returns the erasure's id. Raises Invalid, NotFound, Forbidden, Conflict."""
        actor.need_identity()
        ids, why = wanted(event_ids), long_text("reason", reason, MAX_REASON)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            erasure_id = fresh_id("era", now)
            request = Request(actor, "requestErasure", key, {"events": list(ids), "reason": reason})
            if earlier := await claim(tx, request, result_id=erasure_id, now=now):
                return earlier
            authority = erasable(ids, await repository.logged(tx, ids))
            await need_person_with(tx, actor, authority, WHO, what="ask for an erasure")
            made = Erasure(
                erasure_id, authority, ids, why, State.REQUESTED, actor.sub, now, subject=new_subject(),
                expires_at=now + self._settings.proposal_lifetime,
            )  # fmt: skip
            await repository.store(tx, made)
        return erasure_id

    async def approve(self, actor: Actor, erasure_id: str, *, key: str) -> str:
        """Approve an erasure, as another person; returns its id. Raises NotFound, Forbidden, Conflict, Invalid.

        What it names is gone once the erasure event is in the log.
        """
        actor.need_identity()
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "approveErasure", key, {"erasure": erasure_id})
            if earlier := await claim(tx, request, result_id=erasure_id, now=now):
                return earlier
            held = await _requested(tx, actor, erasure_id, now, what="approve an erasure")
            erasable(held.event_ids, await repository.logged(tx, held.event_ids))
            body = {
                "kind": "erasure",
                "event_id": new_event_id(now),
                "authority": held.authority_id,
                "data": {"event_ids": list(held.event_ids)},
            }
            await append(tx, [Entry(body, Stream(ErasureRow, held.id, held.subject, held.head))], now=now)
            approved = {"state": str(State.APPROVED), "approved_by": actor.sub, "approved_at": now}
            await repository.change(tx, held.id, approved | {"event_id": body["event_id"]})
        self._wake()
        return erasure_id

    async def reject(self, actor: Actor, erasure_id: str, reason: str, *, key: str) -> str:
        """Reject an erasure, as another person; returns its id. The reason is kept, restricted.

        Raises Invalid, NotFound, Forbidden, Conflict.
        """
        actor.need_identity()
        why = long_text("reason", reason, MAX_REASON)
        async with self._database.write(actor.sub) as tx:
            now = moment(self._clock)
            request = Request(actor, "rejectErasure", key, {"erasure": erasure_id, "reason": reason})
            if earlier := await claim(tx, request, result_id=erasure_id, now=now):
                return earlier
            held = await _requested(tx, actor, erasure_id, now, what="reject an erasure")
            rejected = {"rejected_by": actor.sub, "rejected_at": now, "rejection": why}
            await repository.change(tx, held.id, rejected)
        return erasure_id


async def _requested(tx: WriteTx, actor: Actor, erasure_id: str, now: datetime, *, what: str) -> Erasure:
    """The erasure, held, if this actor may decide on it: a second person with the role, while it waits."""
    held = await repository.lock(tx, erasure_id[:40])
    if held is None or not actor.works_for(held.authority_id):
        raise NotFound(f"There is no erasure {erasure_id[:60]!r} at an authority you work for.")
    if actor.sub == held.requested_by:
        raise Forbidden(
            "Whoever asked for an erasure may not decide on it: this takes a second person.", code="FOUR_EYES"
        )
    await need_person_with(tx, actor, held.authority_id, WHO, what=what)
    _need_waiting(held, now)
    return held


def _need_waiting(held: Erasure, now: datetime) -> None:
    """Conflict unless it waits for a second person."""
    state = held.state_at(now)
    if state is State.EXPIRED and held.expires_at is not None:
        raise Conflict(
            f"The request expired on {format_time(held.expires_at)}; ask for the erasure again.", code="REQUEST_EXPIRED"
        )
    if state is not State.REQUESTED:
        became = "rejected" if state is State.REJECTED else "approved"
        raise Conflict(f"The erasure is {became} already.", blocked_by=held.event_id, code="ALREADY_DECIDED")
