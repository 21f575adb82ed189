"""Queries on organisations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlmodel import SQLModel, col

from registry.database import ReadTx, WriteTx
from registry.organisations.model import Organisation
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.pages import Page, PageRequest, cut

_TABLE = SQLModel.metadata.tables["organisations"]
_COLUMNS = [_TABLE.c[name] for name in ("id", "kind", "name", "names", "identifiers", "domains", "jurisdiction")]


async def store(tx: WriteTx, organisation: Organisation, *, subject: bytes, now: datetime) -> None:
    """Insert an organisation and the look-up rows of its identifiers."""
    row = {
        "id": organisation.id,
        "kind": organisation.kind,
        "name": organisation.name,
        "names": list(organisation.names),
        "identifiers": list(organisation.identifiers),
        "domains": list(organisation.domains),
        "jurisdiction": organisation.jurisdiction,
        "subject": subject,
        "created_at": now,
    }
    await tx.execute(insert(OrganisationRow), [row])
    lookups = {(entry["scheme"], entry["value"]) for entry in organisation.identifiers}
    if lookups:
        rows = [{"scheme": scheme, "value": value, "organisation_id": organisation.id} for scheme, value in lookups]
        await tx.execute(insert(OrganisationIdentifierRow), rows)


async def by_ids(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Organisation]:
    """The organisations with these ids."""
    found = await tx.execute(select(*_COLUMNS).where(_TABLE.c.id.in_(ids)))
    return {row.id: _organisation(row) for row in found}


async def page(
    tx: ReadTx, request: PageRequest, *, kind: str | None = None, jurisdiction: str | None = None
) -> Page[Organisation]:
    """Organisations in the order of their registration."""
    statement = _filtered(select(*_COLUMNS), kind, jurisdiction).order_by(_TABLE.c.id).limit(request.limit)
    if request.after is not None:
        statement = statement.where(_TABLE.c.id > request.after)
    return cut([_organisation(row) for row in await tx.execute(statement)], request)


async def count(tx: ReadTx, *, kind: str | None = None, jurisdiction: str | None = None) -> int:
    """How many organisations pass the filter."""
    statement = _filtered(select(func.count()).select_from(_TABLE), kind, jurisdiction)
    return int((await tx.execute(statement)).scalar_one())


def _filtered(statement: Select[Any], kind: str | None, jurisdiction: str | None) -> Select[Any]:
    if kind is not None:
        statement = statement.where(col(OrganisationRow.kind) == kind)
    if jurisdiction is not None:
        statement = statement.where(col(OrganisationRow.jurisdiction) == jurisdiction)
    return statement


def _organisation(row: Any) -> Organisation:
    return Organisation(
        row.id, row.kind, row.name, tuple(row.names), tuple(row.identifiers), tuple(row.domains), row.jurisdiction
    )
