"""Queries on signals, and on which authorities they reach."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Select, String, func, insert, literal, or_, select, update
from sqlmodel import SQLModel, col

from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.organisations.tables import OrganisationRow
from registry.pages import Page, PageRequest, cut
from registry.signals.model import Change, Kind, Report, Signal, State
from registry.signals.tables import SignalChangeRow, SignalRow

_TABLE = SQLModel.metadata.tables[str(SignalRow.__tablename__)]
_CHANGES = SQLModel.metadata.tables[str(SignalChangeRow.__tablename__)]
_COLUMNS = [_TABLE.c[name] for name in Signal.__slots__]
_SAID = [_TABLE.c[name] for name in Report.__slots__]


async def store(tx: WriteTx, made: Signal, said: Report, *, anonymous: bool) -> None:
    """Insert a signal."""
    row = {name: getattr(made, name) for name in Signal.__slots__}
    row |= {name: getattr(said, name) for name in Report.__slots__} | {"evidence": list(said.evidence)}
    await tx.execute(insert(SignalRow), [row | {"anonymous": anonymous}])


async def lock(tx: WriteTx, signal_id: str) -> Signal | None:
    """Read a signal and hold its row; None when there is none."""
    row = (await tx.execute(select(*_COLUMNS).where(_TABLE.c.id == signal_id).with_for_update())).first()
    return None if row is None else _signal(row)


async def change(tx: WriteTx, after: Signal, made: Change) -> None:
    """Store where a signal stands now, and how it came there."""
    values = {"state": after.state, "authority_id": after.authority_id, "assigned_to": after.assigned_to}
    await tx.execute(update(SignalRow).where(col(SignalRow.id) == after.id).values(values))
    row = {name: getattr(made, name) for name in Change.__slots__}
    row |= {"signal_id": after.id}
    await tx.execute(insert(SignalChangeRow).inline(), [row])  # who refers a signal may not read it any more


async def by_ids(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Signal]:
    """The signals with these ids."""
    return {row.id: _signal(row) for row in await tx.execute(select(*_COLUMNS).where(_TABLE.c.id.in_(ids)))}


async def reports(tx: ReadTx, ids: Sequence[str]) -> dict[str, Report]:
    """What these signals say."""
    found = await tx.execute(select(_TABLE.c.id, *_SAID).where(_TABLE.c.id.in_(ids)))
    return {row.id: Report(row.text, tuple(row.evidence), row.occurred_on, row.country) for row in found}


async def changes(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, list[Change]]:
    """What became of each of these signals, the oldest first."""
    found: dict[str, list[Change]] = {one: [] for one in ids}
    for row in await tx.execute(select(_CHANGES).where(_CHANGES.c.signal_id.in_(ids)).order_by(_CHANGES.c.seq)):
        made = Change(
            State(row.source), State(row.target), row.authority_id, row.actor, row.at, row.assigned_to, row.note
        )
        found[row.signal_id].append(made)
    return found


async def reach(tx: ReadTx | WriteTx, organisations: Collection[str]) -> dict[str, set[str]]:
    """The authorities that have each organisation in their register: they registered it, or accredit it."""
    organisation, holder = col(AccreditationRow.organisation_id), col(AccreditationRow.authority_id)
    known, by = col(OrganisationRow.id), col(OrganisationRow.registered_by)
    accrediting = select(organisation, holder).where(organisation.in_(organisations))
    registering = select(known, by).where(known.in_(organisations), by.is_not(None))
    found: dict[str, set[str]] = {one: set() for one in organisations}
    for one, authority in await tx.execute(accrediting.union(registering)):
        found[one].add(authority)
    return found


async def page(
    tx: ReadTx, request: PageRequest, authority_id: str, kind: Kind | None, state: State | None
) -> Page[Signal]:
    """The signals that reach an authority, in the order in which they came."""
    statement = _reaching(select(*_COLUMNS), authority_id, kind, state)
    if request.after is not None:
        statement = statement.where(_TABLE.c.id > request.after)
    found = await tx.execute(statement.order_by(_TABLE.c.id).limit(request.limit))
    return cut([_signal(row) for row in found], request)


async def count(tx: ReadTx, authority_id: str, kind: Kind | None, state: State | None) -> int:
    """How many signals reach an authority."""
    statement = _reaching(select(func.count()).select_from(_TABLE), authority_id, kind, state)
    return int((await tx.execute(statement)).scalar_one())


async def substantiated(tx: ReadTx, organisations: Sequence[str], since: datetime) -> dict[str, dict[Kind, int]]:
    """By organisation and kind: how many different reports since then were found true; also for who may see none."""
    found: dict[str, dict[Kind, int]] = {one: {} for one in organisations}
    statement = _counted(organisations, since) if tx.dialect.name == "sqlite" else _kept_count(organisations, since)
    for organisation, kind, number in await tx.execute(statement):
        found[organisation][Kind(kind)] = number
    return found


def _counted(organisations: Sequence[str], since: datetime) -> Select[Any]:
    these = (
        _TABLE.c.organisation_id.in_(organisations)
        & (_TABLE.c.state == State.SUBSTANTIATED)
        & (_TABLE.c.received_at > since)
    )
    statement = select(_TABLE.c.organisation_id, _TABLE.c.kind, func.count(_TABLE.c.text.distinct())).where(these)
    return statement.group_by(_TABLE.c.organisation_id, _TABLE.c.kind)


def _kept_count(organisations: Sequence[str], since: datetime) -> Select[Any]:
    """The same, where row security hides the signals from those who may know how many there are."""
    given = literal(list(organisations), ARRAY(String)), literal(since, DateTime(timezone=True))
    found = func.goodstanding_found_true(*given).table_valued("organisation", "about", "number")
    return select(found.c.organisation, found.c.about, found.c.number)


async def count_anonymous(tx: WriteTx, organisation_id: str, since: datetime) -> int:
    """How many reports without an account an organisation has had since then."""
    these = (_TABLE.c.organisation_id == organisation_id) & (_TABLE.c.received_at > since) & _TABLE.c.anonymous
    return int(await tx.scalar(select(func.count()).select_from(_TABLE).where(these)) or 0)


async def count_waiting(tx: WriteTx, most: int) -> int:
    """How many reports without an account nobody has taken up; counted up to `most`."""
    these = (_TABLE.c.state == State.RECEIVED) & _TABLE.c.anonymous
    some = select(_TABLE.c.id).where(these).limit(most).subquery()
    return int(await tx.scalar(select(func.count()).select_from(some)) or 0)


def _reaching(statement: Select[Any], authority_id: str, kind: Kind | None, state: State | None) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = [_reached_by(authority_id)]
    wanted += [] if kind is None else [_TABLE.c.kind == kind]
    wanted += [] if state is None else [_TABLE.c.state == state]
    return statement.where(*wanted)


def _reached_by(authority_id: str) -> ColumnElement[bool]:
    accrediting = select(col(AccreditationRow.organisation_id)).where(
        col(AccreditationRow.authority_id) == authority_id
    )
    registering = select(col(OrganisationRow.id)).where(col(OrganisationRow.registered_by) == authority_id)
    return or_(_TABLE.c.organisation_id.in_(accrediting), _TABLE.c.organisation_id.in_(registering))


def _signal(row: Any) -> Signal:
    return Signal(
        row.id, row.organisation_id, row.number, Kind(row.kind), State(row.state), row.received_at, row.authority_id,
        row.assigned_to,
    )  # fmt: skip
