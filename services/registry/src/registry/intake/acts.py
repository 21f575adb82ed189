"""What a released list decides: the bodies that are logged, and the persons who stand for them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.transitions import Standing, transition
from registry.intake.difference import Act
from registry.intake.model import Change, StagedListing, Vocabulary
from registry.intake.snapshots import Snapshot
from registry.issuance.status import Allotment
from registry.organisations.model import Organisation

PLACE = "Place as published: "
_REASONS = {
    "list": "LISTED",
    "unlist": "NOT_LISTED",
    "relist": "WORD_CHANGED",
    "unrecognise": "WORD_NOT_MAPPED",
    "recognise": "WORD_MAPPED",
}
_BACK = "LISTED_AGAIN"


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

    def means(self, staged: StagedListing) -> Standing | None:
        """What the word of a listing means; None where nothing does."""
        return self.vocabularies[staged.claim.scheme_id].standings.get(staged.claim.word)

    def act(self, act: str, staged: StagedListing, at: datetime) -> Act:
        """An act on what is listed, to be tried."""
        word, means = (staged.claim.word, self.means(staged)) if staged.rows else (None, None)
        return Act(act, self.snapshot.basis, at, word, means)


@dataclass(frozen=True, slots=True)
class Subject:
    """The accreditation a decision is about, and the generation it opens or names."""

    event_id: str
    number: str
    organisation: str  # id
    decided_at: datetime
    claims: Organisation | None = None  # of a generation that it opens
    status: Allotment | None = None  # and where that one's code is
    generation: str | None = None  # else: the event that opened the one in force


def scope(staged: StagedListing) -> dict[str, Any]:
    """The scope a listing states."""
    return {"activities": as_set(staged.activities)} if staged.activities else {}


def body(release: Release, staged: StagedListing, act: str, about: Subject) -> dict[str, Any]:
    """The decision as it is logged (wire.md, "Event, leaf, feed")."""
    snapshot, claim = release.snapshot, staged.claim
    vocabulary = release.vocabularies[claim.scheme_id]
    decided_at = format_time(about.decided_at)
    optional = {
        "mapping_version": vocabulary.mapping_version,
        "asserted_by": snapshot.source,
        "local_word": claim.word if staged.rows else None,
        "public_text": f"{PLACE}{claim.place}" if claim.place else None,
        **_generation(staged, about),
    }
    return {
        "kind": "decision",
        "event_id": about.event_id,
        "authority": snapshot.authority_id,
        "scheme": claim.scheme_id,
        "scheme_version": vocabulary.version,
        "number": about.number,
        "organisation": about.organisation,
        "act": act,
        "reason": _BACK if staged.plan.change is Change.BACK else _REASONS[act],
        "basis": snapshot.basis,
        "snapshot": snapshot.id,
        "effective_from": decided_at,
        "decided_at": decided_at,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _generation(staged: StagedListing, about: Subject) -> dict[str, Any]:
    if about.claims is None or about.status is None:
        return {"generation": about.generation}
    return {
        "accreditation": {"organisation": about.claims.public_object(), "scope": scope(staged)},
        "status": {"uri": about.status.uri, "idx": about.status.idx},
    }


def decision_row(release: Release, act: str, about: Subject) -> dict[str, Any]:
    """The restricted half: who uploaded and who released."""
    return {
        "event_id": about.event_id,
        "number": about.number,
        "act": act,
        "four_eyes": transition(act).four_eyes,
        "proposer": release.snapshot.uploaded_by,
        "approver": release.approver,
        "restricted_text": None,
        "evidence": [release.snapshot.file_hash],
        "decided_at": about.decided_at,
    }
