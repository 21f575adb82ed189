"""Reading decisions, and the log as far as this registry has seen it, for answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from registry.database import ReadTx, WriteTx
from registry.issuance.ledger import batches
from registry.issuance.tables import EventRow, RecordRow

_EVENTS = SQLModel.metadata.tables[str(EventRow.__tablename__)]
_RECORDS = SQLModel.metadata.tables[str(RecordRow.__tablename__)]
_COLUMNS = [
    _EVENTS.c[name]
    for name in ("event_id", "kind", "number", "body", "log_index", "tree_size", "logged_at", "erased_by")
]


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
    for some in batches(numbers):
        statement = select(*_COLUMNS).where(_EVENTS.c.number.in_(some)).order_by(_EVENTS.c.event_id)
        for row in await tx.execute(statement):
            found[row.number].append(_recorded(row))
    return {number: [] if any(one.erased_by for one in these) else these for number, these in found.items()}


async def by_ids(tx: ReadTx | WriteTx, event_ids: Sequence[str]) -> dict[str, Recorded]:
    """The events with these ids that were not erased."""
    these = _EVENTS.c.event_id.in_(event_ids) & _EVENTS.c.erased_by.is_(None)
    found = await tx.execute(select(*_COLUMNS).where(these))
    return {row.event_id: _recorded(row) for row in found}


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
    statement = select(_EVENTS.c.tree_size, _EVENTS.c.logged_at).where(_EVENTS.c.log_index.is_not(None))
    if at is not None:
        statement = statement.where(_EVENTS.c.logged_at <= at)
    row = (await tx.execute(statement.order_by(_EVENTS.c.log_index.desc()).limit(1))).first()
    return LogPosition(0, None) if row is None else LogPosition(row.tree_size, row.logged_at)


async def records(tx: ReadTx, numbers: Sequence[str], now: datetime) -> dict[str, str]:
    """The newest released record of each number that has one which is not expired."""
    statement = (
        select(_RECORDS.c.number, _RECORDS.c.token)
        .where(_RECORDS.c.number.in_(numbers), _RECORDS.c.token.is_not(None), _RECORDS.c.exp > now)
        .order_by(_RECORDS.c.seq)
    )
    return {row.number: row.token for row in await tx.execute(statement)}


def _recorded(row: Any) -> Recorded:
    return Recorded(
        row.event_id, row.kind, row.number, json.loads(row.body or b"{}"), row.log_index, row.tree_size, row.logged_at,
        row.erased_by,
    )  # fmt: skip
