"""Acts on what is listed already: `unlist`, `relist`, `unrecognise`, `recognise`, each under the number it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from goodstanding.decisions import Decision
from goodstanding.events import new_event_id
from goodstanding.standing import fold
from goodstanding.transitions import transition
from registry.accreditations.tables import AccreditationRow, DecisionRow
from registry.database import WriteTx
from registry.intake import listed, repository
from registry.intake.acts import Release, Subject, body, decision_row
from registry.intake.difference import UNLIST
from registry.intake.model import StagedListing
from registry.issuance import ledger, publication, status
from registry.issuance.ledger import Entry, Stream
from registry.issuance.status import Allotment
from registry.organisations import repository as organisations
from registry.organisations.model import Organisation


@dataclass(frozen=True, slots=True)
class ToChange:
    """One listed accreditation and the act that changes it."""

    staged: StagedListing
    act: str
    number: str
    at: datetime  # of the decision: never before an earlier one of its history

    @property
    def opens(self) -> bool:
        """Whether the act opens a generation."""
        return transition(self.act).opens_generation


async def change_all(
    tx: WriteTx, release: Release, changes: Sequence[ToChange], histories: Mapping[str, Sequence[Decision]], *,
    now: datetime,
) -> None:  # fmt: skip
    """Decide these acts, which were found legal on these histories, held by the caller."""
    if not changes:
        return
    rows = await _rows(tx, [change.number for change in changes])
    about = await _subjects(tx, release, changes, rows, histories, now)
    bodies = [body(release, one.staged, one.act, it) for one, it in zip(changes, about, strict=True)]
    entries = [Entry(made, _stream(rows[made["number"]])) for made in bodies]
    await ledger.append(tx, entries, now=now)
    await repository.add(
        tx, DecisionRow, [decision_row(release, one.act, it) for one, it in zip(changes, about, strict=True)]
    )
    await status.assign(tx, [(it.status, it.number, it.event_id) for it in about if it.status is not None])
    await listed.change(tx, release.snapshot.authority_id, [_listed(release, one) for one in changes])
    after = {
        one.number: [
            *histories[one.number],
            Decision.from_body(made, None, release.act(one.act, one.staged, one.at).means),
        ]
        for one, made in zip(changes, bodies, strict=True)
    }
    await publication.project(tx, after, now=now)


async def _rows(tx: WriteTx, numbers: Sequence[str]) -> dict[str, Any]:
    """Organisation and stream of each number."""
    number = col(AccreditationRow.number)
    columns = col(AccreditationRow.organisation_id), col(AccreditationRow.subject), col(AccreditationRow.head)
    found = await tx.execute(select(number, *columns).where(number.in_(numbers)))
    return {row.number: row for row in found}


def _stream(row: Any) -> Stream:
    return Stream(AccreditationRow, row.number, row.subject, row.head)


async def _subjects(
    tx: WriteTx, release: Release, changes: Sequence[ToChange], rows: Mapping[str, Any],
    histories: Mapping[str, Sequence[Decision]], now: datetime,
) -> list[Subject]:  # fmt: skip
    """Whom each act is about; those that open a generation with claims and a fresh status index."""
    opening = [change.number for change in changes if change.opens]
    authority = release.snapshot.authority_id
    given = await status.allot(tx, authority, len(opening), origin=release.origin) if opening else []
    allotted = dict(zip(opening, given, strict=True))
    named = await organisations.by_ids(tx, sorted({rows[number].organisation_id for number in opening}))
    return [
        _subject(change, rows[change.number].organisation_id, named, allotted, histories[change.number], now)
        for change in changes
    ]


def _subject(
    change: ToChange, organisation: str, named: Mapping[str, Organisation],
    allotted: Mapping[str, Allotment], history: Sequence[Decision], now: datetime,
) -> Subject:  # fmt: skip
    event_id = new_event_id(now)
    if change.opens:
        claims, given = named[organisation], allotted[change.number]
        return Subject(event_id, change.number, organisation, change.at, claims, given)
    state = fold(history, change.at)
    opened = state.generation.event_id if state and state.generation else None
    return Subject(event_id, change.number, organisation, change.at, generation=opened)


def _listed(release: Release, change: ToChange) -> dict[str, Any]:
    claim, snapshot = change.staged.claim, release.snapshot.id
    gone = snapshot if change.act == UNLIST.act else None
    return {"of_scheme": claim.scheme_id, "of_key": claim.source_key, "word": claim.word, "snapshot": snapshot,
            "gone_in": gone}  # fmt: skip
