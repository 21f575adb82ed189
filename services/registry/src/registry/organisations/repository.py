"""Queries on organisations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlmodel import SQLModel, col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.organisations.model import Organisation
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.pages import Page, PageRequest, cut
from registry.statements import Prepared, among

_TABLE = SQLModel.metadata.tables["organisations"]
_ACCREDITATIONS = SQLModel.metadata.tables[str(AccreditationRow.__tablename__)]
_COLUMNS = [_TABLE.c[name] for name in ("id", "kind", "name", "names", "identifiers", "domains", "jurisdiction")]

_BY_IDS = Prepared(select(*_COLUMNS).where(among(_TABLE.c.id, "ids")))


@dataclass(frozen=True, slots=True)
class Held:
    """An organisation whose row nobody else changes until the transaction ends, and where its stream stands."""

    organisation: Organisation
    subject: bytes | None
    head: bytes | None


async def store(tx: WriteTx, organisation: Organisation, *, subject: bytes, authority: str, now: datetime) -> None:
    """Insert an organisation an authority has registered, and the look-up rows of its identifiers."""
    row = {
        **_facts(organisation),
        "id": organisation.id,
        "kind": organisation.kind,
        "jurisdiction": organisation.jurisdiction,
        "subject": subject,
        "created_at": now,
        "registered_by": authority,
    }
    await tx.execute(insert(OrganisationRow), [row])
    await _look_up(tx, organisation)


async def lock(tx: WriteTx, organisation_id: str) -> Held | None:
    """Read an organisation and hold its row; None when there is none."""
    columns = (*_COLUMNS, _TABLE.c.subject, _TABLE.c.head)
    row = (await tx.execute(select(*columns).where(_TABLE.c.id == organisation_id).with_for_update())).first()
    return None if row is None else Held(_organisation(row), row.subject, row.head)


async def amend(tx: WriteTx, organisation: Organisation, *, subject: bytes) -> None:
    """Store changed names, identifiers and domains; `subject` is the stream that its events are in from now on."""
    await tx.execute(
        update(OrganisationRow)
        .where(col(OrganisationRow.id) == organisation.id)
        .values(subject=subject, **_facts(organisation))
    )
    await forget_lookups(tx, organisation.id)
    await _look_up(tx, organisation)


async def forget_lookups(tx: WriteTx, organisation_id: str) -> None:
    """Delete the look-up rows of an organisation's identifiers."""
    of_this = col(OrganisationIdentifierRow.organisation_id) == organisation_id
    await tx.execute(delete(OrganisationIdentifierRow).where(of_this))


async def registers_of(tx: ReadTx | WriteTx, organisations: Sequence[str]) -> frozenset[str]:
    """The authorities that have one of these in their register: they registered it, or have an accreditation of it."""
    by = select(_TABLE.c.registered_by).where(_TABLE.c.id.in_(organisations), _TABLE.c.registered_by.is_not(None))
    at = select(_ACCREDITATIONS.c.authority_id).where(_ACCREDITATIONS.c.organisation_id.in_(organisations))
    return frozenset(await tx.scalars(by.union(at)))


def _facts(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "names": list(organisation.names),
        "identifiers": list(organisation.identifiers),
        "domains": list(organisation.domains),
    }


async def _look_up(tx: WriteTx, organisation: Organisation) -> None:
    lookups = {(entry["scheme"], entry["value"]) for entry in organisation.identifiers}
    if lookups:
        rows = [{"scheme": scheme, "value": value, "organisation_id": organisation.id} for scheme, value in lookups]
        await tx.execute(insert(OrganisationIdentifierRow), rows)


async def by_ids(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Organisation]:
    """The organisations with these ids."""
    return {row.id: _organisation(row) for row in await _BY_IDS.rows(tx, ids=ids)}


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
