"""Reading decisions, and the log as far as this registry has seen it, for answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import SQLModel

from registry.columns import UtcInstant
from registry.database import ReadTx, WriteTx
from registry.issuance.ledger import batches
from registry.issuance.tables import EventRow, RecordRow
from registry.statements import MAX_KEYS, Prepared, among

_EVENTS = SQLModel.metadata.tables[str(EventRow.__tablename__)]
_RECORDS = SQLModel.metadata.tables[str(RecordRow.__tablename__)]
_COLUMNS = [
    _EVENTS.c[name]
    for name in ("event_id", "kind", "number", "body", "log_index", "tree_size", "logged_at", "erased_by")
]

_OF_NUMBERS = Prepared(select(*_COLUMNS).where(among(_EVENTS.c.number, "numbers")))
_BY_IDS = Prepared(select(*_COLUMNS).where(among(_EVENTS.c.event_id, "ids"), _EVENTS.c.erased_by.is_(None)))
_SIZES = select(_EVENTS.c.tree_size, _EVENTS.c.logged_at).where(_EVENTS.c.log_index.is_not(None))
_NEWEST_FIRST = _EVENTS.c.log_index.desc()
_NEWEST = Prepared(_SIZES.order_by(_NEWEST_FIRST).limit(1))
_NEWEST_AT = Prepared(
    _SIZES.where(_EVENTS.c.logged_at <= bindparam("at", type_=UtcInstant()))
    .order_by(_EVENTS.c.logged_at.desc(), _NEWEST_FIRST)
    .limit(1)
)
_RELEASED = Prepared(
    select(_RECORDS.c.number, _RECORDS.c.token)
    .where(among(_RECORDS.c.number, "numbers"), _RECORDS.c.token.is_not(None))
    .where(_RECORDS.c.exp > bindparam("now", type_=UtcInstant()))
    .order_by(_RECORDS.c.seq)
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is shown: its public body and where it is in the log."""

    event_id: str
    kind: str
    number: str | None
    body: dict[str, Any]  # empty: erased
    log_index: int | None  # None while pending
    tree_size: int | None  # of the published checkpoint that first covered it here
    logged_at: datetime | None
    erased_by: str | None = None

    @property
    def pending(self) -> bool:
        """True until a published checkpoint covers it."""
        return self.log_index is None


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Up to where the log is known: the size of a checkpoint and the time it was first cosigned."""

    size: int
    known_at: datetime | None  # None: nothing is in the log yet


async def decisions_of(tx: ReadTx, numbers: Sequence[str]) -> dict[str, list[Recorded]]:
    """The decisions of each number in the order of their ids, pending ones included; none where one was erased."""
    found: dict[str, list[Recorded]] = {number: [] for number in numbers}
    for some in batches(numbers, MAX_KEYS):
        for row in await _OF_NUMBERS.rows(tx, numbers=some):
            found[row.number].append(_recorded(row))
    return {
        number: [] if any(one.erased_by for one in these) else sorted(these, key=lambda one: one.event_id)
        for number, these in found.items()
    }


async def by_ids(tx: ReadTx | WriteTx, event_ids: Sequence[str]) -> dict[str, Recorded]:
    """The events with these ids that were not erased."""
    return {row.event_id: _recorded(row) for row in await _BY_IDS.rows(tx, ids=event_ids)}


async def stating(tx: ReadTx, keys: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the events that state the facts of each organisation or relation, the oldest first; no erased ones."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    these = _EVENTS.c.about.in_(keys) & _EVENTS.c.erased_by.is_(None)
    statement = select(_EVENTS.c.about, _EVENTS.c.event_id).where(these).order_by(_EVENTS.c.seq)
    for about, event_id in await tx.execute(statement):
        found[about].append(event_id)
    return found


async def changes(tx: ReadTx, after: int, limit: int) -> list[Recorded]:
    """Logged events with an index above `after`, in the order of the log, erased ones included."""
    statement = select(*_COLUMNS).where(_EVENTS.c.log_index > after).order_by(_EVENTS.c.log_index).limit(limit)
    return [_recorded(row) for row in await tx.execute(statement)]


async def log_position(tx: ReadTx, at: datetime | None) -> LogPosition:
    """The greatest size known here whose checkpoint was first cosigned at or before `at`; the newest without it."""
    found = await (_NEWEST.rows(tx) if at is None else _NEWEST_AT.rows(tx, at=at))
    row = found[0] if found else None
    return LogPosition(0, None) if row is None else LogPosition(row.tree_size, row.logged_at)


async def records(tx: ReadTx, numbers: Sequence[str], now: datetime) -> dict[str, str]:
    """The newest released record of each number that has one which is not expired."""
    return {row.number: row.token for row in await _RELEASED.rows(tx, numbers=numbers, now=now)}


def _recorded(row: Any) -> Recorded:
    return Recorded(
        row.event_id, row.kind, row.number, json.loads(row.body or b"{}"), row.log_index, row.tree_size, row.logged_at,
        row.erased_by,
    )  # fmt: skip
