"""Queries of federations: who has a mandate, who is accredited, and what was signed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import col

from goodstanding.mandates import MandateEvent, known_mandates
from registry.accreditations.tables import AccreditationRow
from registry.database import ReadTx, WriteTx
from registry.federation.model import MARK, Accredited, Stored
from registry.federation.tables import FederationTokenRow
from registry.inserting import insert_if_new
from registry.issuance.status import ENDED
from registry.issuance.tables import RecordRow, StatusEntryRow
from registry.organisations.tables import OrganisationRow
from registry.schemes import repository as schemes
from registry.schemes.tables import MandateRow, SchemeRow

Place = tuple[str, str, str, str]  # kind, issuer, subject, about
MAX_LISTED = 10_000  # entities in one answer
MAX_OF_ONE = 16  # accreditations of one organisation that are federated

_TOKEN = FederationTokenRow
_STORED = (
    col(_TOKEN.issue), col(_TOKEN.digest), col(_TOKEN.iat), col(_TOKEN.exp), col(_TOKEN.payload), col(_TOKEN.token),
    col(_TOKEN.kid),
)  # fmt: skip


async def schemes_owned(tx: ReadTx, authority_id: str) -> list[str]:
    """The schemes an authority owns."""
    statement = select(col(SchemeRow.id)).where(col(SchemeRow.owner_id) == authority_id).order_by(col(SchemeRow.id))
    return list(await tx.scalars(statement))


async def owners_above(tx: ReadTx, authority_id: str, now: datetime) -> dict[str, str]:
    """Scheme -> its owner, of the schemes under which an authority has a current mandate that is logged."""
    statement = (
        select(col(SchemeRow.id), col(SchemeRow.owner_id))
        .join(MandateRow, col(MandateRow.scheme_id) == col(SchemeRow.id))
        .where(col(MandateRow.authority_id) == authority_id)
        .order_by(col(SchemeRow.id))
    )
    owners = {row.id: row.owner_id for row in await tx.execute(statement)}
    events = await schemes.mandate_events(tx, [authority_id])
    return {
        scheme: owner
        for scheme, owner in owners.items()
        if _mandated(events.get((authority_id, scheme), ()), authority_id, now)
    }


async def mandated(tx: ReadTx, scheme_ids: Collection[str], now: datetime) -> dict[str, list[str]]:
    """By scheme: the authorities with a current mandate under it that is logged, in the order of their ids."""
    under = await schemes.mandates_under(tx, list(scheme_ids))
    holders = sorted({one.authority_id for of in under.values() for one in of})
    events = await schemes.mandate_events(tx, holders)
    return {
        scheme: [one for one in holders if _mandated(events.get((one, scheme), ()), one, now)] for scheme in scheme_ids
    }


def _mandated(events: Collection[MandateEvent], authority_id: str, now: datetime) -> bool:
    """By all that is known and by what is logged alone: ending one counts at once, giving one when it is logged."""
    own = [event for event in events if event.authority == authority_id]
    views = known_mandates(own), known_mandates(event for event in own if event.index is not None)
    return all(any(_current(event, now) for event in view) for view in views)


def _current(event: MandateEvent, now: datetime) -> bool:
    return event.end is None and event.valid_from <= now and (event.valid_until is None or now < event.valid_until)


async def accredited(
    tx: ReadTx, now: datetime, *, authority: str | None = None, organisation: str | None = None
) -> list[Accredited]:
    """Accreditations with a record of the generation in force, at an authority, of an organisation, or both.

    At most 10,000, of one organisation 16, in the order of organisations and numbers.
    """
    number = col(AccreditationRow.number)
    facts = (
        number, col(AccreditationRow.authority_id), col(AccreditationRow.organisation_id),
        col(AccreditationRow.scheme_id), col(RecordRow.event_id),
    )  # fmt: skip
    place = (col(StatusEntryRow.list_id), col(StatusEntryRow.idx))
    statement = (
        select(*facts, func.max(col(RecordRow.exp)), *place)
        .join(RecordRow, col(RecordRow.number) == number)
        .join(StatusEntryRow, (col(StatusEntryRow.number) == number)
              & (col(StatusEntryRow.event_id) == col(RecordRow.event_id)))
        .where(col(RecordRow.token).is_not(None), col(RecordRow.exp) > now, col(StatusEntryRow.code) != ENDED)
        .group_by(*facts, *place)
        .order_by(col(AccreditationRow.organisation_id), number)
        .limit(MAX_LISTED if organisation is None else MAX_OF_ONE)
    )  # fmt: skip
    for column, wanted in (
        (AccreditationRow.authority_id, authority),
        (AccreditationRow.organisation_id, organisation),
    ):
        statement = statement if wanted is None else statement.where(col(column) == wanted)
    return [Accredited(*row) for row in await tx.execute(statement)]


async def organisation_name(tx: ReadTx, organisation_id: str) -> str | None:
    """The legal name of an organisation; None where there is none of this id."""
    named = select(col(OrganisationRow.name)).where(col(OrganisationRow.id) == organisation_id)
    return (await tx.execute(named)).scalar_one_or_none()


async def marked(tx: ReadTx, authority_id: str, scheme_id: str | None, now: datetime) -> list[tuple[str, str, int]]:
    """(organisation, status list, index) of the marks an authority has issued that have not ended, at most 10,000.

    Their accreditation has a record of the generation in force; what the list says is for the caller to look up.
    """
    place = col(StatusEntryRow.list_id), col(StatusEntryRow.idx)
    same = (
        (col(AccreditationRow.organisation_id) == col(_TOKEN.subject))
        & (col(AccreditationRow.scheme_id) == col(_TOKEN.about))
        & (col(AccreditationRow.authority_id) == col(_TOKEN.issuer))
    )
    statement = (
        select(col(_TOKEN.subject), *place)
        .join(AccreditationRow, same)
        .join(RecordRow, col(RecordRow.number) == col(AccreditationRow.number))
        .join(StatusEntryRow, col(StatusEntryRow.event_id) == col(RecordRow.event_id))
        .where(col(_TOKEN.kind) == MARK, col(_TOKEN.issuer) == authority_id, col(_TOKEN.token).is_not(None))
        .where(col(_TOKEN.exp) > now, col(RecordRow.exp) > now, col(StatusEntryRow.code) == 0)
        .distinct()
        .order_by(col(_TOKEN.subject), *place)
        .limit(MAX_LISTED)
    )
    if scheme_id is not None:
        statement = statement.where(col(_TOKEN.about) == scheme_id)
    return [(subject, list_id, idx) for subject, list_id, idx in await tx.execute(statement)]


async def stored(tx: ReadTx | WriteTx, place: Place) -> Stored | None:
    """What is stored at a place."""
    row = (await tx.execute(select(*_STORED).where(_at(place)))).first()
    return None if row is None else Stored(*row)


async def store(tx: WriteTx, place: Place, following: Stored) -> None:
    """Store what is to be signed next, unless another process was first."""
    values = {name: getattr(following, name) for name in Stored.__slots__}
    if following.issue == 1:
        kind, issuer, subject, about = place
        whole = {"kind": kind, "issuer": issuer, "subject": subject, "about": about, **values}
        await insert_if_new(tx, FederationTokenRow, whole)
        return
    before = _at(place) & (col(_TOKEN.issue) == following.issue - 1)
    await tx.execute(update(FederationTokenRow).where(before).values(**values))


async def keep(tx: WriteTx, place: Place, issue: int, token: str, kid: str) -> None:
    """Keep the token of an issue that has none yet."""
    unsigned = _at(place) & (col(_TOKEN.issue) == issue) & col(_TOKEN.token).is_(None)
    await tx.execute(update(FederationTokenRow).where(unsigned).values(token=token, kid=kid))


def _at(place: Place) -> ColumnElement[bool]:
    kind, issuer, subject, about = place
    return (
        (col(_TOKEN.kind) == kind) & (col(_TOKEN.issuer) == issuer) & (col(_TOKEN.subject) == subject)
        & (col(_TOKEN.about) == about)
    )  # fmt: skip
