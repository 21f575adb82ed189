"""Row 31 of the transition table: the same claims again, as a generation of their own, decided by the registry itself.

A status index that was 1 stays 1. So when what is logged says live or suspended again while the index of the
generation in force is 1 (a suspensive appeal holds a revocation, a correction takes it back), a new generation is
opened, and with it come a new index and a new record. It changes no dimension, and needs nobody's approval.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert, select
from sqlmodel import col

from goodstanding.acting import check_act
from goodstanding.canonical import format_time
from goodstanding.errors import ActNotAllowed
from goodstanding.events import new_event_id
from goodstanding.standing import Decision
from goodstanding.transitions import transition
from registry.accreditations import events
from registry.accreditations.tables import AccreditationRow, DecisionRow
from registry.clock import not_before
from registry.database import WriteTx
from registry.issuance import ledger, publication, records, status
from registry.issuance.ledger import Entry, Stream, batches
from registry.issuance.policy import Policy
from registry.issuance.status import ENDED, Allotment
from registry.issuance.tables import StatusEntryRow

ACT = "reissue"
REASON = "INDEX_SPENT"
_NONE = Allotment("", "urn:goodstanding:not-allotted", 0)

_COPIED = ("authority", "scheme", "scheme_version", "number", "organisation", "basis", "asserted_by", "accreditation")
_log = structlog.get_logger("registry.reissue")


async def act(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], policy: Policy, *, now: datetime) -> int:
    """Reissue where it is needed among these accreditations, which are held; return how many decisions were made."""
    spent = await _spent(tx, histories, now)
    if not spent:
        return 0
    rows = await _rows(tx, list(spent))
    opened = await events.by_ids(tx, list(spent.values()))
    made = 0
    for number, event_id in spent.items():
        history = histories[number]
        at = not_before(history, now)
        body = _body(opened[event_id].body, rows[number].authority_id, at)
        if not _possible(history, Decision.from_body(_with(body, _NONE), None)):
            continue
        (given,) = await status.allot(tx, body["authority"], 1, origin=policy.origin)
        await status.assign(tx, [(given, number, body["event_id"])])
        await _store(tx, rows[number], _with(body, given), history, at)
        made += 1
    return made


async def _spent(tx: WriteTx, histories: Mapping[str, Sequence[Decision]], now: datetime) -> dict[str, str]:
    """Number -> id of the act that opened the generation in force, where that is good for something and its index not."""
    opened = {}
    for number, history in histories.items():
        found = records.logged_generation(history, not_before(history, now))
        on_its_way = any(d.index is None and d.generation is not None for d in history)
        if found is not None and found[1] != ENDED and not on_its_way:
            opened[found[0].event_id] = number
    spent: dict[str, str] = {}
    for some in batches(list(opened)):
        ended = select(col(StatusEntryRow.event_id)).where(
            col(StatusEntryRow.event_id).in_(some), col(StatusEntryRow.code) == ENDED
        )
        spent |= {opened[event_id]: event_id for event_id in await tx.scalars(ended)}
    return spent


async def _rows(tx: WriteTx, numbers: Sequence[str]) -> dict[str, Any]:
    number = col(AccreditationRow.number)
    columns = (number, col(AccreditationRow.subject), col(AccreditationRow.head), col(AccreditationRow.authority_id))
    found = await tx.execute(select(*columns).where(number.in_(numbers)))
    return {row.number: row for row in found}


def _body(opening: Mapping[str, Any], authority: str, now: datetime) -> dict[str, Any]:
    """The same claims; what was decided is issued by whoever decides now, what was listed by whose list it is."""
    copied = {name: opening[name] for name in _COPIED if name in opening}
    copied |= {"authority": authority} if opening["basis"] == "decided" else {}
    at, later = format_time(now), now + timedelta(milliseconds=1)  # ids sort by time: this one comes after its cause
    return {
        "kind": "decision", "event_id": new_event_id(later), "act": ACT, "reason": REASON, "effective_from": at,
        "decided_at": at, **copied,
    }  # fmt: skip


def _with(body: Mapping[str, Any], given: Allotment) -> dict[str, Any]:
    return {**body, "status": {"uri": given.uri, "idx": given.idx}}


def _possible(history: Sequence[Decision], decision: Decision) -> bool:
    """Not while other claims are to come that were decided before: those will have an index of their own."""
    try:
        check_act(history, decision)
    except ActNotAllowed as error:
        _log.info("no new generation for now", number=decision.number, why=str(error))
        return False
    return True


async def _store(tx: WriteTx, row: Any, body: dict[str, Any], history: Sequence[Decision], now: datetime) -> None:
    stream = Stream(AccreditationRow, row.number, row.subject, row.head)
    await ledger.append(tx, [Entry(body, stream)], now=now)
    kept = {"event_id": body["event_id"], "number": row.number, "act": ACT, "four_eyes": transition(ACT).four_eyes,
            "evidence": [], "decided_at": now}  # fmt: skip
    await tx.execute(insert(DecisionRow), [kept])
    await publication.project(tx, {row.number: [*history, Decision.from_body(body, None)]}, now=now)
