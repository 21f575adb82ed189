"""From staged listings to `list` decisions: one batch, one transaction.

What one batch does, in this order
1. Look again at what is held here: a listing that met another one since it was staged is settled, not repeated.
2. Organisations that are new, their identifiers, their accreditations under fresh numbers.
3. One `list` decision each, citing the snapshot, in the ledger; both persons beside it; its status index.
4. What is listed now; the staged rows are marked; the snapshot counts on.

All of it commits or none, so a release that is killed goes on with the first listing that is not marked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_subject
from goodstanding.standing import Decision
from goodstanding.transitions import Standing, transition
from registry.accreditations.model import ENDED_FOR_GOOD
from registry.accreditations.numbers import fresh_numbers
from registry.accreditations.tables import AccreditationRow, DecisionRow
from registry.database import WriteTx
from registry.ids import fresh_id
from registry.intake import repository
from registry.intake.model import MAX_REASON, NOTHING, Key, Known, Outcome, StagedListing, Vocabulary, settle
from registry.intake.snapshots import ACT, Snapshot, Tally
from registry.intake.tables import ListedRow, StagedRow
from registry.issuance import ledger, publication, status
from registry.issuance.ledger import Entry, Stream
from registry.issuance.status import Allotment
from registry.organisations import repository as organisations
from registry.organisations.model import Organisation, organisation

REASON = "LISTED"
PLACE = "Place as published: "


@dataclass(frozen=True, slots=True)
class Release:
    """What stays the same over all batches of one release."""

    snapshot: Snapshot
    approver: str
    decided_at: datetime
    origin: str
    prefix: str
    vocabularies: Mapping[str, Vocabulary]
    under: Sequence[str]  # schemes in which its organisations may be listed already


@dataclass(frozen=True, slots=True)
class New:
    """One listing about to become an accreditation."""

    staged: StagedListing
    organisation: Organisation
    number: str
    subject: bytes
    event_id: str
    status: Allotment


async def release_batch(tx: WriteTx, release: Release, batch: Sequence[StagedListing], now: datetime) -> Tally:
    """Release these listings inside the caller's transaction."""
    claims = {staged.key: staged.claim for staged in batch}
    known = await repository.known(tx, release.snapshot.authority_id, claims, release.under)
    late = {key: settle(claim, known.get(key, NOTHING)) for key, claim in claims.items()}
    fresh = [s for s in batch if late[s.key] is None and known.get(s.key, NOTHING).number is None]
    held = [(staged, reason) for staged in batch if (reason := late[staged.key]) is not None]
    await _list(tx, release, fresh, known, now)
    await _hold(tx, release.snapshot.id, held)
    await repository.mark_released(tx, release.snapshot.id, [staged.n for staged in batch])
    return Tally(len(fresh), len(batch) - len(fresh) - len(held), len(held), sum(len(s.rows) for s, _ in held))


async def _hold(tx: WriteTx, snapshot_id: str, held: Sequence[tuple[StagedListing, str]]) -> None:
    rows = [
        {"snapshot_id": snapshot_id, "row": row, "outcome": Outcome.HELD, "reason": reason[:MAX_REASON]}
        for staged, reason in held
        for row in staged.rows
    ]
    await repository.add(tx, StagedRow, rows)


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
        New(staged, known_as[staged.claim.source_key], number, new_subject(), new_event_id(now), given)
        for staged, number, given in zip(fresh, numbers, allotted, strict=True)
    ]
    await repository.add(tx, AccreditationRow, [_accreditation(release, new, now) for new in made])
    bodies = [_body(release, new) for new in made]
    streams = [Stream(AccreditationRow, new.number, new.subject, None) for new in made]
    await ledger.append(tx, [Entry(body, stream) for body, stream in zip(bodies, streams, strict=True)], now=now)
    await repository.add(tx, DecisionRow, [_decision(release, new) for new in made])
    await status.assign(tx, [(new.status, new.number, new.event_id) for new in made])
    await repository.add(tx, ListedRow, [_listed(release, new) for new in made])
    histories = {body["number"]: [Decision.from_body(body, None, _standing(release, new.staged))]
                 for body, new in zip(bodies, made, strict=True)}  # fmt: skip
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


def _standing(release: Release, staged: StagedListing) -> Standing | None:
    return release.vocabularies[staged.claim.scheme_id].standings.get(staged.claim.word)


def _scope(staged: StagedListing) -> dict[str, Any]:
    return {"activities": as_set(staged.activities)} if staged.activities else {}


def _accreditation(release: Release, new: New, now: datetime) -> dict[str, Any]:
    standing = _standing(release, new.staged) or Standing.UNRECOGNISED
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
        "scope": _scope(new.staged),
        "valid_until": None,
        "created_at": now,
        "changed_at": now,
    }


def _body(release: Release, new: New) -> dict[str, Any]:
    """The `list` decision as it is logged (wire.md, "Event, leaf, feed")."""
    snapshot, claim = release.snapshot, new.staged.claim
    vocabulary = release.vocabularies[claim.scheme_id]
    decided_at = format_time(release.decided_at)
    optional = {
        "mapping_version": vocabulary.mapping_version,
        "asserted_by": snapshot.source,
        "public_text": f"{PLACE}{claim.place}" if claim.place else None,
    }
    return {
        "kind": "decision",
        "event_id": new.event_id,
        "authority": snapshot.authority_id,
        "scheme": claim.scheme_id,
        "scheme_version": vocabulary.version,
        "number": new.number,
        "organisation": new.organisation.id,
        "act": ACT,
        "reason": REASON,
        "basis": snapshot.basis,
        "local_word": claim.word,
        "snapshot": snapshot.id,
        "effective_from": decided_at,
        "decided_at": decided_at,
        "accreditation": {"organisation": new.organisation.public_object(), "scope": _scope(new.staged)},
        "status": {"uri": new.status.uri, "idx": new.status.idx},
        **{name: value for name, value in optional.items() if value is not None},
    }


def _decision(release: Release, new: New) -> dict[str, Any]:
    return {
        "event_id": new.event_id,
        "number": new.number,
        "act": ACT,
        "four_eyes": transition(ACT).four_eyes,
        "proposer": release.snapshot.uploaded_by,
        "approver": release.approver,
        "restricted_text": None,
        "evidence": [release.snapshot.file_hash],
        "decided_at": release.decided_at,
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
