"""Statements that delete what erased events said, wherever the register has written it down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlmodel import col

from goodstanding.merkle import leaf_hash
from registry.accreditations.tables import AccreditationCorridorRow, AccreditationRow, DecisionRow, ProposalRow
from registry.assessments.tables import AssessmentRow, FindingRow, SelfAssessmentRow, SurveillanceRow
from registry.database import WriteTx
from registry.erasure.model import ERASED_STANDING
from registry.intake.tables import ListedRow, StagedListingRow
from registry.issuance.tables import DueRow, EventRow, RecordRow, StatusEntryRow
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.relations.tables import RelationRow


@dataclass(frozen=True, slots=True)
class Named:
    """What erased events are about."""

    numbers: tuple[str, ...]  # accreditations
    heads: tuple[bytes, ...]  # leaf hashes: a stream that ends in one of them has lost its facts


async def named(tx: WriteTx, event_ids: Sequence[str]) -> Named:
    """What these events are about."""
    statement = select(col(EventRow.number), col(EventRow.leaf)).where(col(EventRow.event_id).in_(event_ids))
    rows = (await tx.execute(statement)).all()
    numbers = sorted({row.number for row in rows if row.number is not None})
    return Named(tuple(numbers), tuple(leaf_hash(bytes(row.leaf)) for row in rows))


async def hold_organisations(tx: WriteTx, gone: Named) -> None:
    """Hold every organisation these are about, in the order of their ids."""
    concerned = select(col(AccreditationRow.organisation_id)).where(col(AccreditationRow.number).in_(gone.numbers))
    which = col(OrganisationRow.head).in_(gone.heads) | col(OrganisationRow.id).in_(concerned)
    ids = select(col(OrganisationRow.id)).where(which).order_by(col(OrganisationRow.id))
    await tx.execute(ids.with_for_update())


async def bodies(tx: WriteTx, event_ids: Sequence[str], erasure: str) -> None:
    """Leaf and index stay. The columns were made when no body could be missing: nothing is written as empty bytes."""
    gone = {"body": b"", "salt": b"", "erased_by": erasure}
    await tx.execute(update(EventRow).where(col(EventRow.event_id).in_(event_ids)).values(**gone))


async def drafts(tx: WriteTx, event_ids: Sequence[str]) -> None:
    """Texts and evidence behind decisions, and the proposals they were."""
    behind: dict[str, Any] = {"restricted_text": None, "evidence": []}
    await tx.execute(update(DecisionRow).where(col(DecisionRow.event_id).in_(event_ids)).values(**behind))
    await tx.execute(update(ProposalRow).where(col(ProposalRow.event_id).in_(event_ids)).values(content={}))


async def relations(tx: WriteTx, gone: Named) -> None:
    """A relation whose newest event is erased."""
    await tx.execute(delete(RelationRow).where(col(RelationRow.head).in_(gone.heads)))


async def accreditations(tx: WriteTx, numbers: Sequence[str]) -> None:
    """Projections, look-ups, records, due times, and what tells the next list which line this was."""
    listed = exists().where(
        col(ListedRow.number).in_(numbers),
        col(ListedRow.scheme_id) == col(StagedListingRow.scheme_id),
        col(ListedRow.source_key) == col(StagedListingRow.source_key),
    )
    await tx.execute(delete(StagedListingRow).where(col(StagedListingRow.released), listed))
    for row in (ListedRow, AccreditationCorridorRow, RecordRow, DueRow):
        await tx.execute(delete(row).where(col(row.number).in_(numbers)))
    await _assessments(tx, numbers)
    nothing: dict[str, Any] = {
        "standing": ERASED_STANDING,
        "public_standing": None,
        "open": False,
        "scope": {},
        "valid_until": None,
        "current": None,
    }
    await tx.execute(update(AccreditationRow).where(col(AccreditationRow.number).in_(numbers)).values(**nothing))


async def _assessments(tx: WriteTx, numbers: Sequence[str]) -> None:
    """What was assessed, and when to look again: decisions rest on it, and quote it."""
    assessed = select(col(AssessmentRow.id)).where(col(AssessmentRow.number).in_(numbers))
    await tx.execute(delete(FindingRow).where(col(FindingRow.assessment_id).in_(assessed)))
    for row in (SurveillanceRow, AssessmentRow, SelfAssessmentRow):
        await tx.execute(delete(row).where(col(row.number).in_(numbers)))


async def generations(tx: WriteTx, numbers: Sequence[str]) -> list[str]:
    """The events that opened generations of these accreditations."""
    return list(await tx.scalars(select(col(StatusEntryRow.event_id)).where(col(StatusEntryRow.number).in_(numbers))))


async def organisations(tx: WriteTx, gone: Named) -> None:
    """Names, identifiers and domains of an organisation whose newest event is erased.

    One that was only ever listed has no event of its own: its facts go when none of its accreditations is left.
    """
    of_these = select(col(AccreditationRow.organisation_id)).where(col(AccreditationRow.number).in_(gone.numbers))
    left = exists().where(
        col(AccreditationRow.organisation_id) == col(OrganisationRow.id),
        col(AccreditationRow.standing) != ERASED_STANDING,
    )
    only_listed = col(OrganisationRow.id).in_(of_these) & col(OrganisationRow.subject).is_(None) & ~left
    which = select(col(OrganisationRow.id)).where(col(OrganisationRow.head).in_(gone.heads) | only_listed)
    ids = list(await tx.scalars(which))
    await tx.execute(delete(OrganisationIdentifierRow).where(col(OrganisationIdentifierRow.organisation_id).in_(ids)))
    nothing = {"name": "", "names": [], "identifiers": [], "domains": []}
    await tx.execute(update(OrganisationRow).where(col(OrganisationRow.id).in_(ids)).values(**nothing))
