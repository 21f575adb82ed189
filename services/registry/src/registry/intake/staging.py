"""From bytes to a snapshot: read a list once, gather its rows, and store what they come to.

Reading touches no database. Memory grows with the rows of the file, which are bounded.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from goodstanding.canonical import b64u
from registry.intake.assertions import Assertion
from registry.intake.layouts import Layout
from registry.intake.model import (
    MAX_REASON,
    Change,
    Claim,
    Gathering,
    Key,
    Listing,
    Outcome,
    Plan,
    RowRefused,
    StagedListing,
    alike,
)
from registry.intake.reading import ListReader
from registry.intake.snapshots import STAGED, Snapshot

Progress = Callable[[int, int], None]  # rows and bytes read; or listings released and to release

EVERY = 1_000  # rows between two calls of progress


def no_progress(_done: int, _of: int) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Read:
    """A list read to its end."""

    gathering: Gathering
    file_hash: str  # base64url SHA-256 of the upload


def read_list(stream: BinaryIO, layout: Layout, progress: Progress) -> Read:
    """Read every row; FileRefused when the file as a whole cannot be trusted."""
    reader, gathering = ListReader(stream, layout.columns), Gathering()
    for row, fields in reader:
        try:
            gathering.take(row, layout.claim(fields))
        except RowRefused as refused:
            gathering.refuse(row, refused, layout.key(fields))
        if row % EVERY == 0:
            progress(row, reader.uploaded)
    progress(gathering.rows, reader.uploaded)
    return Read(gathering, b64u(reader.digest))


@dataclass(frozen=True, slots=True)
class Absent:
    """One accreditation that a list had and does not name any more."""

    key: Key
    name: str
    kind: str
    jurisdiction: str
    word: str
    plan: Plan

    def staged(self, n: int) -> StagedListing:
        """As it waits for release, or is held."""
        claim = Claim(self.key[0], self.key[1], self.name, self.kind, self.jurisdiction, self.word)
        fault = self.plan.fault and self.plan.fault[:MAX_REASON]
        return StagedListing(n, claim, (), (), replace(self.plan, fault=fault), self.word)


@dataclass(frozen=True, slots=True)
class Staged:
    """A list compared with what is held here, ready to be stored."""

    read: Read
    spellings: Mapping[str, Mapping[str, str]]  # scheme -> word as compared -> the scheme's own spelling
    listed_before: int  # accreditations the list had when it was compared
    absent: Sequence[Absent]  # those of them it does not name

    def listings(self) -> Iterator[StagedListing]:
        """What is new or changed, in the file's order; then what the file does not name."""
        n = 0
        for listing in self.read.gathering.good():
            if listing.plan.act is not None:
                n += 1
                yield self._staged(n, listing)
        yield from (one.staged(n) for n, one in enumerate(self.absent, n + 1))

    def _staged(self, n: int, listing: Listing) -> StagedListing:
        claim = listing.claim
        word = self.spellings[claim.scheme_id].get(alike(claim.word), claim.word)
        activities = tuple(sorted(listing.activities.values()))
        return StagedListing(n, replace(claim, word=word), activities, tuple(listing.rows), listing.plan, listing.was)

    def snapshot(
        self, snapshot_id: str, layout: Layout, assertion: Assertion, *, file_name: str, uploaded_by: str, now: datetime
    ) -> Snapshot:
        """The snapshot these rows make."""
        gathering = self.read.gathering
        outcomes = Counter(refusal.outcome for refusal in gathering.refused())
        good = list(gathering.good())
        changes = Counter(listing.plan.change for listing in good)
        held_gone = sum(one.plan.fault is not None for one in self.absent)
        return Snapshot(
            id=snapshot_id,
            authority_id=assertion.authority_id,
            layout=layout.name,
            basis=assertion.basis,
            source=assertion.source,
            file_name=file_name,
            file_hash=self.read.file_hash,
            rows=gathering.rows,
            accepted=sum(len(listing.rows) for listing in good),
            held=outcomes[Outcome.HELD],
            rejected=outcomes[Outcome.REJECTED],
            listings=changes[Change.NEW],
            unchanged=changes[Change.NONE],
            absent=len(self.absent),
            listed_before=self.listed_before,
            released_listings=0,
            gone=len(self.absent) - held_gone,
            back=changes[Change.BACK],
            changed=changes[Change.CHANGED],
            held_gone=held_gone,
            released_changes=0,
            removals_confirmed=None,
            state=STAGED,
            uploaded_by=uploaded_by,
            uploaded_at=now,
            released_by=None,
            released_at=None,
        )
