"""Queries on accreditations, the restricted half of decisions, and proposals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlmodel import SQLModel, col

from registry.accreditations.model import Accreditation, Proposal, ProposalState
from registry.accreditations.tables import AccreditationCorridorRow, AccreditationRow, DecisionRow, ProposalRow
from registry.database import ReadTx, WriteTx
from registry.inserting import insert_if_new
from registry.organisations.tables import OrganisationRow
from registry.pages import Page, PageRequest, cut
from registry.schemes.tables import MandateRow
from registry.statements import Prepared, among

_ACCREDITATIONS = SQLModel.metadata.tables[str(AccreditationRow.__tablename__)]
_MANDATES = SQLModel.metadata.tables[str(MandateRow.__tablename__)]
_PROPOSALS = SQLModel.metadata.tables[str(ProposalRow.__tablename__)]
_KEPT = [
    _ACCREDITATIONS.c[name]
    for name in (
        "number",
        "authority_id",
        "organisation_id",
        "scheme_id",
        "subject",
        "head",
        "scope",
        "public_standing",
        "current",
        "opened_by",
    )
]
_DOUBTFUL = exists().where(  # of one that was taken over, any mandate of its line may be the one
    (_MANDATES.c.authority_id == _ACCREDITATIONS.c.authority_id) | _ACCREDITATIONS.c.opened_by.is_not(None),
    _MANDATES.c.scheme_id == _ACCREDITATIONS.c.scheme_id,
    _MANDATES.c.changed,
)
_READ = [*_KEPT, _DOUBTFUL.label("doubtful")]

_PAGE = Prepared(
    select(*_READ)
    .where(_ACCREDITATIONS.c.public_standing.is_not(None) | among(_ACCREDITATIONS.c.authority_id, "staff_of"))
    .where(_ACCREDITATIONS.c.number > bindparam("after", type_=String()))
    .order_by(_ACCREDITATIONS.c.number)
    .limit(bindparam("limit", type_=Integer()))
)
_BY_NUMBERS = Prepared(select(*_READ).where(among(_ACCREDITATIONS.c.number, "numbers")))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which accreditations a list holds; `staff_of` are the authorities whose pending decisions the reader sees."""

    staff_of: Collection[str] = ()
    authority: str | None = None
    scheme: str | None = None
    organisation: str | None = None
    standing: Collection[str] | None = None
    jurisdiction: str | None = None  # of the organisation
    origin: str | None = None  # with destination: of one corridor
    destination: str | None = None
    changed_since: datetime | None = None


async def insert_accreditation(tx: WriteTx, row: Mapping[str, Any]) -> bool:
    """Store a new accreditation; False when the organisation has an open one in this scheme at this authority."""
    return await insert_if_new(tx, AccreditationRow, row)


async def open_accreditation(tx: WriteTx, *, authority_id: str, organisation_id: str, scheme_id: str) -> str | None:
    """The number under which the organisation already is, or applied to be, in this scheme at this authority."""
    statement = select(col(AccreditationRow.number)).where(
        col(AccreditationRow.authority_id) == authority_id,
        col(AccreditationRow.organisation_id) == organisation_id,
        col(AccreditationRow.scheme_id) == scheme_id,
        col(AccreditationRow.open),
    )
    return (await tx.scalars(statement)).first()


async def lock_accreditation(tx: WriteTx, number: str) -> Accreditation | None:
    """The accreditation, locked until the transaction ends: its decisions are taken one after another."""
    found = (await tx.execute(select(*_KEPT).where(_ACCREDITATIONS.c.number == number).with_for_update())).first()
    return None if found is None else _accreditation(found)


async def touch(tx: WriteTx, number: str, now: datetime) -> None:
    """Note that something was decided."""
    await tx.execute(update(AccreditationRow).where(col(AccreditationRow.number) == number).values(changed_at=now))


async def hand_over(tx: WriteTx, scheme_id: str, predecessor: str, successor: str, now: datetime) -> None:
    """Make the predecessor's accreditations under a scheme the successor's; they keep who opened them."""
    table = _ACCREDITATIONS.c
    theirs = (table.authority_id == predecessor) & (table.scheme_id == scheme_id)
    await tx.execute(select(table.number).where(theirs).order_by(table.number).with_for_update())
    opener = func.coalesce(table.opened_by, table.authority_id)
    changes = {"authority_id": successor, "opened_by": opener, "changed_at": now}
    await tx.execute(update(_ACCREDITATIONS).where(theirs).values(changes))


async def open_at_both(tx: WriteTx, scheme_id: str, predecessor: str, successor: str) -> str | None:
    """A number of the predecessor's whose organisation has an open accreditation at the successor as well."""
    theirs, ours = _ACCREDITATIONS.alias(), _ACCREDITATIONS.alias()
    same = (theirs.c.organisation_id == ours.c.organisation_id) & (ours.c.scheme_id == scheme_id) & ours.c.open
    statement = (
        select(theirs.c.number)
        .join(ours, same & (ours.c.authority_id == successor))
        .where(theirs.c.authority_id == predecessor, theirs.c.scheme_id == scheme_id, theirs.c.open)
        .order_by(theirs.c.number)
        .limit(1)
    )
    return (await tx.scalars(statement)).first()


async def by_numbers(tx: ReadTx | WriteTx, numbers: Sequence[str]) -> dict[str, Accreditation]:
    """The accreditations with these numbers."""
    return {row.number: _accreditation(row) for row in await _BY_NUMBERS.rows(tx, numbers=numbers)}


async def page(tx: ReadTx, request: PageRequest, wanted: Filter) -> Page[Accreditation]:
    """Accreditations in the order of their numbers."""
    if wanted == Filter(wanted.staff_of):
        asked = {"staff_of": list(wanted.staff_of), "after": request.after or "", "limit": request.limit}
        return cut([_accreditation(row) for row in await _PAGE.rows(tx, **asked)], request)
    statement = _filtered(select(*_READ), wanted).order_by(_ACCREDITATIONS.c.number).limit(request.limit)
    if request.after is not None:
        statement = statement.where(_ACCREDITATIONS.c.number > request.after)
    return cut([_accreditation(row) for row in await tx.execute(statement)], request)


async def pages_of(
    tx: ReadTx, organisation_ids: Sequence[str], request: PageRequest, staff_of: Collection[str]
) -> dict[str, Page[Accreditation]]:
    """The same page of each organisation's accreditations, in one statement."""
    place = func.row_number().over(partition_by=_ACCREDITATIONS.c.organisation_id, order_by=_ACCREDITATIONS.c.number)
    own = _ACCREDITATIONS.c.organisation_id.in_(organisation_ids)
    numbered = _filtered(select(*_READ, place.label("place")), Filter(staff_of)).where(own)
    if request.after is not None:
        numbered = numbered.where(_ACCREDITATIONS.c.number > request.after)
    some = numbered.subquery()
    statement = select(some).where(some.c.place <= request.limit).order_by(some.c.number)
    found: dict[str, list[Accreditation]] = {organisation: [] for organisation in organisation_ids}
    for row in await tx.execute(statement):
        found[row.organisation_id].append(_accreditation(row))
    return {organisation: cut(items, request) for organisation, items in found.items()}


async def counts_of(tx: ReadTx, organisation_ids: Sequence[str], staff_of: Collection[str]) -> dict[str, int]:
    """How many accreditations each organisation has that the reader may see."""
    own = _ACCREDITATIONS.c.organisation_id
    statement = _filtered(select(own, func.count().label("held")), Filter(staff_of)).where(own.in_(organisation_ids))
    found = {row.organisation_id: int(row.held) for row in await tx.execute(statement.group_by(own))}
    return dict.fromkeys(organisation_ids, 0) | found


async def count(tx: ReadTx, wanted: Filter) -> int:
    """How many accreditations pass the filter."""
    statement = _filtered(select(func.count()).select_from(_ACCREDITATIONS), wanted)
    return int((await tx.execute(statement)).scalar_one())


async def insert_decision(tx: WriteTx, row: Mapping[str, Any]) -> None:
    """Store the restricted half of a decision."""
    await tx.execute(insert(DecisionRow), [dict(row)])


async def restricted_texts(tx: ReadTx, event_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Authority and restricted text of each of these decisions."""
    columns = col(DecisionRow.event_id), _ACCREDITATIONS.c.authority_id, col(DecisionRow.restricted_text)
    statement = select(*columns).join(_ACCREDITATIONS, _ACCREDITATIONS.c.number == col(DecisionRow.number))
    found = await tx.execute(statement.where(col(DecisionRow.event_id).in_(event_ids)))
    return {row.event_id: (row.authority_id, row.restricted_text) for row in found}


async def insert_proposal(tx: WriteTx, row: Mapping[str, Any]) -> None:
    """Store a proposal."""
    await tx.execute(insert(ProposalRow), [dict(row)])


async def lock_proposal(tx: WriteTx, proposal_id: str) -> Proposal | None:
    """The proposal, locked until the transaction ends: two approvers come one after the other."""
    statement = select(_PROPOSALS).where(_PROPOSALS.c.id == proposal_id).with_for_update()
    found = (await tx.execute(statement)).first()
    return None if found is None else _proposal(found)


async def close_proposal(tx: WriteTx, proposal_id: str, changes: Mapping[str, Any]) -> None:
    """Note how a proposal was decided, and by whom."""
    await tx.execute(update(ProposalRow).where(col(ProposalRow.id) == proposal_id).values(dict(changes)))


async def proposals(tx: ReadTx, ids: Sequence[str]) -> dict[str, Proposal]:
    """The proposals with these ids."""
    found = await tx.execute(select(_PROPOSALS).where(_PROPOSALS.c.id.in_(ids)))
    return {row.id: _proposal(row) for row in found}


async def proposal_page(
    tx: ReadTx, request: PageRequest, *, authorities: Collection[str], state: ProposalState | None, now: datetime
) -> Page[Proposal]:
    """Proposals of these authorities in the order in which they were made."""
    statement = select(_PROPOSALS).where(_PROPOSALS.c.authority_id.in_(authorities))
    if state is not None:
        statement = statement.where(_in_state(state, now))
    if request.after is not None:
        statement = statement.where(_PROPOSALS.c.id > request.after)
    found = await tx.execute(statement.order_by(_PROPOSALS.c.id).limit(request.limit))
    return cut([_proposal(row) for row in found], request)


def _in_state(state: ProposalState, now: datetime) -> ColumnElement[bool]:
    if state is ProposalState.OPEN:
        return and_(_PROPOSALS.c.state == state, _PROPOSALS.c.expires_at > now)
    if state is ProposalState.EXPIRED:
        return and_(_PROPOSALS.c.state == ProposalState.OPEN, _PROPOSALS.c.expires_at <= now)
    return _PROPOSALS.c.state == state


def _filtered(statement: Select[Any], wanted: Filter) -> Select[Any]:
    """Only what the reader may see, only what was asked for."""
    table, staff = _ACCREDITATIONS.c, _ACCREDITATIONS.c.authority_id.in_(wanted.staff_of)
    statement = statement.where(or_(table.public_standing.is_not(None), staff))
    if wanted.standing is not None:
        statement = statement.where(case((staff, table.standing), else_=table.public_standing).in_(wanted.standing))
    for column, value in ((table.authority_id, wanted.authority), (table.scheme_id, wanted.scheme),
                          (table.organisation_id, wanted.organisation)):  # fmt: skip
        if value is not None:
            statement = statement.where(column == value)
    if wanted.changed_since is not None:
        statement = statement.where(table.changed_at >= wanted.changed_since)
    if wanted.jurisdiction is not None:
        there = select(col(OrganisationRow.id)).where(col(OrganisationRow.jurisdiction) == wanted.jurisdiction)
        statement = statement.where(table.organisation_id.in_(there))
    if wanted.origin is not None or wanted.destination is not None:
        statement = statement.where(_has_corridor(wanted))
    return statement


def _has_corridor(wanted: Filter) -> ColumnElement[bool]:
    corridor = exists().where(col(AccreditationCorridorRow.number) == _ACCREDITATIONS.c.number)
    if wanted.origin is not None:
        corridor = corridor.where(col(AccreditationCorridorRow.origin) == wanted.origin)
    if wanted.destination is not None:
        corridor = corridor.where(col(AccreditationCorridorRow.destination) == wanted.destination)
    return corridor


def _accreditation(row: Any) -> Accreditation:
    return Accreditation(
        number=row.number,
        authority_id=row.authority_id,
        organisation_id=row.organisation_id,
        scheme_id=row.scheme_id,
        subject=row.subject,
        head=row.head,
        scope=row.scope,
        public=row.public_standing is not None,
        current=row.current,
        doubtful=getattr(row, "doubtful", True),
        opened_by=row.opened_by or row.authority_id,
    )


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row.id, row.authority_id, row.number, row.act, row.reason, row.content, row.digest, row.proposer, row.state,
        row.effective_from, row.expires_at, row.event_id,
    )  # fmt: skip
