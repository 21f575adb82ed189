"""Queries on what is due for surveillance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlmodel import SQLModel, col

from goodstanding.canonical import format_time, parse_time
from goodstanding.errors import EventError
from registry.accreditations.tables import AccreditationRow
from registry.assessments.model import DUE_ID, HELD, Due
from registry.assessments.tables import SurveillanceRow
from registry.database import ReadTx, WriteTx
from registry.pages import Page, PageRequest, cut

_TABLE = SQLModel.metadata.tables[str(SurveillanceRow.__tablename__)]
_ACCREDITATIONS = SQLModel.metadata.tables[str(AccreditationRow.__tablename__)]
_OPEN = _TABLE.c.closed_by.is_(None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands in the list, which is in the order of due times."""

    due_at: datetime
    id: str

    @classmethod
    def of(cls, text: str) -> "Place | None":
        """The place a cursor names; None when it is none."""
        time, _, due_id = text.partition(" ")
        try:
            return cls(parse_time(time), due_id) if DUE_ID.fullmatch(due_id) else None
        except EventError:
            return None

    def __str__(self) -> str:
        return f"{format_time(self.due_at)} {self.id}"


async def store(tx: WriteTx, made: Sequence[Due], *, by: str) -> None:
    """Insert what is planned."""
    rows = [
        {
            "id": one.id,
            "number": one.number,
            "authority_id": one.authority_id,
            "due_at": one.due_at,
            "every_days": None if one.interval is None else one.interval.days,
            "planned_by": by,
        }
        for one in made
    ]
    await tx.execute(insert(SurveillanceRow), rows)


async def drop_plan(tx: WriteTx, number: str) -> None:
    """Delete what is planned and not done."""
    await tx.execute(delete(SurveillanceRow).where(col(SurveillanceRow.number) == number, _OPEN))


async def earliest(tx: WriteTx, number: str) -> Due | None:
    """What is due first, of what is not done."""
    statement = select(_TABLE).where(_TABLE.c.number == number, _OPEN).order_by(_TABLE.c.due_at, _TABLE.c.id)
    row = (await tx.execute(statement.limit(1))).first()
    return None if row is None else _due(row)


async def close(tx: WriteTx, due_id: str, assessment_id: str) -> None:
    """Note by which assessment an item is done."""
    await tx.execute(update(SurveillanceRow).where(col(SurveillanceRow.id) == due_id).values(closed_by=assessment_id))


async def of_number(tx: ReadTx | WriteTx, numbers: Sequence[str]) -> dict[str, list[Due]]:
    """What is planned for each number and not done, the earliest first."""
    found: dict[str, list[Due]] = {number: [] for number in numbers}
    statement = select(_TABLE).where(_TABLE.c.number.in_(numbers), _OPEN).order_by(_TABLE.c.due_at, _TABLE.c.id)
    for row in await tx.execute(statement):
        found[row.number].append(_due(row))
    return found


async def page(tx: ReadTx, request: PageRequest, authority_id: str, before: datetime | None) -> Page[Due]:
    """What is planned at an authority and not done, of accreditations that are held, the earliest first."""
    held = select(_ACCREDITATIONS.c.number).where(_ACCREDITATIONS.c.standing.in_(sorted(HELD)))
    statement = select(_TABLE).where(_TABLE.c.authority_id == authority_id, _OPEN, _TABLE.c.number.in_(held))
    if before is not None:
        statement = statement.where(_TABLE.c.due_at < before)
    if request.after is not None and (last := Place.of(request.after)):
        later = and_(_TABLE.c.due_at == last.due_at, _TABLE.c.id > last.id)
        statement = statement.where(or_(_TABLE.c.due_at > last.due_at, later))
    found = await tx.execute(statement.order_by(_TABLE.c.due_at, _TABLE.c.id).limit(request.limit))
    return cut([_due(row) for row in found], request)


def _due(row: Any) -> Due:
    interval = None if row.every_days is None else timedelta(days=row.every_days)
    return Due(row.id, row.number, row.authority_id, row.due_at, interval)
