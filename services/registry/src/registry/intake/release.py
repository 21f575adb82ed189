"""From staged listings to decisions: one batch, one transaction.

What one batch does, in this order
1. Look again at what is held here: a listing that met another one since it was staged is settled, not repeated; an act
   that the history of its accreditation no longer allows is held. Those accreditations are held first, as in any decision.
2. Organisations that are new, their identifiers, their accreditations under fresh numbers.
3. One decision each, citing the snapshot, in the ledger; both persons beside it; its status index.
4. What is listed now; the staged rows are marked; the snapshot counts on.

All of it commits or none, so a release that is killed goes on with the first listing that is not marked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.events import new_event_id, new_subject
from goodstanding.standing import Decision
from goodstanding.transitions import Standing
from registry.accreditations.model import ENDED_FOR_GOOD
from registry.accreditations.numbers import fresh_numbers
from registry.accreditations.tables import AccreditationRow, DecisionRow
from registry.database import WriteTx
from registry.ids import fresh_id
from registry.intake import listed, repository
from registry.intake.acts import Release, Subject, body, decision_row, scope
from registry.intake.changing import change_all
from registry.intake.difference import NOTHING, Known
from registry.intake.model import Key, StagedListing
from registry.intake.snapshots import ACT, Tally
from registry.intake.sorting import Sorted
from registry.intake.tables import ListedRow
from registry.issuance import ledger, publication, status
from registry.issuance.ledger import Entry, Stream
from registry.issuance.status import Allotment
from registry.organisations import repository as organisations
from registry.organisations.model import Organisation, organisation


@dataclass(frozen=True, slots=True)
class New:
    """One listing about to become an accreditation."""

    staged: StagedListing
    organisation: Organisation
    number: str
    subject: bytes
    event_id: str
    status: Allotment
    decided_at: datetime

    @property
    def about(self) -> Subject:
        """Whom its decision is about."""
        return Subject(
            self.event_id, self.number, self.organisation.id, self.decided_at, self.organisation, self.status
        )


async def release_batch(tx: WriteTx, release: Release, batch: Sequence[StagedListing], now: datetime) -> Tally:
    """Release these listings inside the caller's transaction."""
    claims = {staged.key: staged.claim for staged in batch}
    known = await listed.known(tx, release.snapshot.series, claims, release.under)
    done = Sorted()
    for staged in batch:
        done.take(release, staged, known.get(staged.key, NOTHING))
    histories = await ledger.held_history(tx, [number for _, _, number in done.wanted]) if done.wanted else {}
    done.try_on(release, histories)
    await _list(tx, release, done.fresh, known, now)
    await change_all(tx, release, done.changes, histories, now=now)
    await repository.hold(tx, release.snapshot.id, done.held)
    await repository.mark_released(tx, release.snapshot.id, [staged.n for staged in batch])
    return done.tally()


async def _list(
    tx: WriteTx, release: Release, fresh: Sequence[StagedListing], known: Mapping[Key, Known], now: datetime
) -> None:
    if not fresh:
        return
    known_as = await _organisations(tx, fresh, known, now)
    authority = release.snapshot.authority_id
    numbers = await fresh_numbers(tx, release.prefix, len(fresh))
    allotted = await status.allot(tx, authority, len(fresh), origin=release.origin)
    made = [
        New(
            staged,
            known_as[staged.claim.source_key],
            number,
            new_subject(),
            new_event_id(now),
            given,
            release.decided_at,
        )
        for staged, number, given in zip(fresh, numbers, allotted, strict=True)
    ]
    await repository.add(tx, AccreditationRow, [_accreditation(release, new, now) for new in made])
    bodies = [body(release, new.staged, ACT, new.about) for new in made]
    streams = [Stream(AccreditationRow, new.number, new.subject, None) for new in made]
    await ledger.append(tx, [Entry(logged, stream) for logged, stream in zip(bodies, streams, strict=True)], now=now)
    await repository.add(tx, DecisionRow, [decision_row(release, ACT, new.about) for new in made])
    await status.assign(tx, [(new.status, new.number, new.event_id) for new in made])
    await repository.add(tx, ListedRow, [_listed(release, new) for new in made])
    histories = {new.number: [Decision.from_body(logged, None, release.means(new.staged))]
                 for logged, new in zip(bodies, made, strict=True)}  # fmt: skip
    await publication.project(tx, histories, now=now)


async def _organisations(
    tx: WriteTx, fresh: Sequence[StagedListing], known: Mapping[Key, Known], now: datetime
) -> dict[str, Organisation]:
    """The organisation of each source key: those known here, and new rows for the others."""
    ids = {s.claim.source_key: some for s in fresh for some in known.get(s.key, NOTHING).organisation_ids}
    kept = await organisations.by_ids(tx, sorted(set(ids.values())))
    found = {key: kept[organisation_id] for key, organisation_id in ids.items()}
    new = {s.claim.source_key: s.claim for s in fresh if s.claim.source_key not in found}
    made = {key: organisation(fresh_id("org", now), claim.draft()) for key, claim in new.items()}
    await repository.add_organisations(tx, list(made.values()), now)
    return found | made


def _accreditation(release: Release, new: New, now: datetime) -> dict[str, Any]:
    standing = release.means(new.staged) or Standing.UNRECOGNISED
    return {
        "number": new.number,
        "authority_id": release.snapshot.authority_id,
        "organisation_id": new.organisation.id,
        "scheme_id": new.staged.claim.scheme_id,
        "subject": new.subject,
        "head": None,
        "open": standing not in ENDED_FOR_GOOD,
        "standing": str(standing),
        "public_standing": None,
        "scope": scope(new.staged),
        "valid_until": None,
        "created_at": now,
        "changed_at": now,
    }


def _listed(release: Release, new: New) -> dict[str, Any]:
    return {
        "authority_id": release.snapshot.authority_id,
        "scheme_id": new.staged.claim.scheme_id,
        "source_key": new.staged.claim.source_key,
        "number": new.number,
        "local_word": new.staged.claim.word,
        "snapshot_id": release.snapshot.id,
    }
