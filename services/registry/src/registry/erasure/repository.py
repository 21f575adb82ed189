"""Queries on erasures and on what is to be erased."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.erasure.model import Erasure, Logged, State
from registry.erasure.tables import ErasureRow
from registry.issuance.tables import EventRow

_COLUMNS = [
    col(getattr(ErasureRow, name))
    for name in (
        "id", "authority_id", "event_ids", "reason", "state", "requested_by", "requested_at", "event_id", "subject",
        "head", "expires_at", "rejected_at",
    )
]  # fmt: skip


async def logged(tx: WriteTx, event_ids: Sequence[str]) -> dict[str, Logged]:
    """What there is of these events; a decision is of whoever decides on its accreditation now."""
    columns = (EventRow.event_id, EventRow.kind, EventRow.body, EventRow.log_index, EventRow.erased_by)
    statement = (
        select(*map(col, columns), col(AccreditationRow.authority_id).label("decides"))
        .outerjoin(AccreditationRow, col(AccreditationRow.number) == col(EventRow.number))
        .where(col(EventRow.event_id).in_(event_ids))
    )
    return {row.event_id: _logged(row) for row in await tx.execute(statement)}


async def store(tx: WriteTx, made: Erasure) -> None:
    """Insert an erasure somebody asks for."""
    row = {
        "id": made.id, "authority_id": made.authority_id, "event_ids": list(made.event_ids), "reason": made.reason,
        "state": str(made.state), "requested_by": made.requested_by, "requested_at": made.requested_at,
        "subject": made.subject, "expires_at": made.expires_at,
    }  # fmt: skip
    await tx.execute(insert(ErasureRow), [row])


async def lock(tx: WriteTx, erasure_id: str) -> Erasure | None:
    """Read an erasure and hold its row; None when there is none."""
    statement = select(*_COLUMNS).where(col(ErasureRow.id) == erasure_id).with_for_update()
    row = (await tx.execute(statement)).first()
    return None if row is None else _erasure(row)


async def change(tx: WriteTx, erasure_id: str, changes: Mapping[str, Any]) -> None:
    """Move an erasure on."""
    await tx.execute(update(ErasureRow).where(col(ErasureRow.id) == erasure_id).values(**changes))


async def by_ids(tx: ReadTx, ids: Sequence[str]) -> dict[str, Erasure]:
    """The erasures with these ids."""
    return {row.id: _erasure(row) for row in await tx.execute(select(*_COLUMNS).where(col(ErasureRow.id).in_(ids)))}


async def oldest_logged(tx: ReadTx) -> Erasure | None:
    """The oldest approved erasure whose event is in the log: what it names is to be dropped now."""
    statement = (
        select(*_COLUMNS)
        .join(EventRow, col(EventRow.event_id) == col(ErasureRow.event_id))
        .where(col(ErasureRow.state) == str(State.APPROVED), col(EventRow.log_index).is_not(None))
        .order_by(col(EventRow.log_index))
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    return None if row is None else _erasure(row)


async def again(tx: WriteTx) -> int:
    """Have every erasure that was done be done once more; returns how many."""
    was_done = col(ErasureRow.state) == str(State.DONE)
    found = await tx.execute(update(ErasureRow).where(was_done).values(state=str(State.APPROVED)))
    return found.rowcount


def done(now: datetime) -> dict[str, Any]:
    """The changes by which an erasure is done."""
    return {"state": str(State.DONE), "done_at": now}


def _logged(row: Any) -> Logged:
    authority = row.decides or (json.loads(row.body)["authority"] if row.body else "")
    return Logged(row.event_id, row.kind, authority, row.log_index, row.erased_by)


def _erasure(row: Any) -> Erasure:
    return Erasure(
        row.id, row.authority_id, tuple(row.event_ids), row.reason, State(row.state), row.requested_by,
        row.requested_at, row.event_id, row.subject, row.head, row.expires_at, row.rejected_at,
    )  # fmt: skip
