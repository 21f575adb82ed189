"""Queries on people."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import SQLModel, col

from registry.access.tables import IdempotencyRow
from registry.database import ReadTx, WriteTx
from registry.people.model import Person
from registry.people.tables import ErasedPersonRow, PersonRow

_TABLE = SQLModel.metadata.tables[str(PersonRow.__tablename__)]
_COLUMNS = [
    _TABLE.c[name] for name in ("id", "organisation_id", "authority_id", "name", "role", "valid_from", "valid_until")
]


async def store(tx: WriteTx, made: Person, *, now: datetime) -> None:
    """Insert a person."""
    row = {column.name: getattr(made, column.name) for column in _COLUMNS}
    await tx.execute(insert(PersonRow), [row | {"created_at": now}])


async def of_organisations(
    tx: ReadTx, organisations: Sequence[str], authorities: Collection[str]
) -> dict[str, list[Person]]:
    """The people of each organisation in the files of these authorities, the oldest entry first."""
    found: dict[str, list[Person]] = {organisation: [] for organisation in organisations}
    these = _TABLE.c.organisation_id.in_(organisations) & _TABLE.c.authority_id.in_(authorities)
    for row in await tx.execute(select(*_COLUMNS).where(these).order_by(_TABLE.c.id)):
        found[row.organisation_id].append(_person(row))
    return found


async def lock(tx: WriteTx, person_id: str) -> Person | None:
    """Read a person and hold the row; None when there is none."""
    row = (await tx.execute(select(*_COLUMNS).where(_TABLE.c.id == person_id).with_for_update())).first()
    return None if row is None else _person(row)


async def erased_at(tx: WriteTx, person_id: str) -> datetime | None:
    """When a person was erased."""
    found: datetime | None = await tx.scalar(
        select(col(ErasedPersonRow.erased_at)).where(col(ErasedPersonRow.id) == person_id)
    )
    return found


async def erase(tx: WriteTx, person_id: str, *, now: datetime) -> None:
    """Delete a person, and before it what could be guessed from: the digest of the input it came with."""
    made_it = (col(IdempotencyRow.result_id) == person_id) & (col(IdempotencyRow.operation) == "addPerson")
    await tx.execute(update(IdempotencyRow).where(made_it).values(input_digest=b""))
    await tx.execute(delete(PersonRow).where(col(PersonRow.id) == person_id))
    await tx.execute(insert(ErasedPersonRow), [{"id": person_id, "erased_at": now}])


def _person(row: Any) -> Person:
    return Person(row.id, row.organisation_id, row.authority_id, row.name, row.role, row.valid_from, row.valid_until)
