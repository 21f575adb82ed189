"""From bytes to a snapshot: read a list once, gather its rows, compare them with what is held here.

Reading touches no database; comparing only reads. Memory grows with the rows of the file, which are bounded.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from goodstanding.canonical import b64u
from registry.database import ReadTx, WriteTx
from registry.intake import repository
from registry.intake.founding import no_mandate
from registry.intake.layouts import Layout
from registry.intake.model import (
    NOTHING,
    Gathering,
    Key,
    Listing,
    Outcome,
    RowRefused,
    StagedListing,
    alike,
    hold_unlistable,
    settle,
)
from registry.intake.reading import ListReader
from registry.intake.repository import BATCH
from registry.intake.snapshots import STAGED, Assertion, Snapshot

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
            gathering.refuse(row, refused)
        if row % EVERY == 0:
            progress(row, reader.uploaded)
    progress(gathering.rows, reader.uploaded)
    return Read(gathering, b64u(reader.digest))


@dataclass(frozen=True, slots=True)
class Staged:
    """A list compared with what is held here, ready to be stored."""

    read: Read
    spellings: Mapping[tuple[str, str], str]  # (scheme, word as compared) -> the scheme's own spelling
    listed_before: int  # accreditations listed under these schemes when it was compared
    absent: int  # those of them the list does not name

    def listings(self) -> Iterator[StagedListing]:
        """The accreditations that are new, in the file's order."""
        new = (listing for listing in self.read.gathering.good() if not listing.unchanged)
        return (self._staged(n, listing) for n, listing in enumerate(new, 1))

    def _staged(self, n: int, listing: Listing) -> StagedListing:
        claim = listing.claim
        word = self.spellings.get((claim.scheme_id, alike(claim.word)), claim.word)
        return StagedListing(
            n, replace(claim, word=word), tuple(sorted(listing.activities.values())), tuple(listing.rows)
        )

    def snapshot(
        self, snapshot_id: str, layout: Layout, assertion: Assertion, *, file_name: str, uploaded_by: str, now: datetime
    ) -> Snapshot:
        """The snapshot these rows make."""
        gathering = self.read.gathering
        outcomes = Counter(refusal.outcome for refusal in gathering.refused())
        good = list(gathering.good())
        unchanged = sum(listing.unchanged for listing in good)
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
            listings=len(good) - unchanged,
            unchanged=unchanged,
            absent=self.absent,
            listed_before=self.listed_before,
            released_listings=0,
            state=STAGED,
            uploaded_by=uploaded_by,
            uploaded_at=now,
            released_by=None,
            released_at=None,
        )


async def compare(tx: ReadTx, read: Read, layout: Layout, authority_id: str, *, now: datetime) -> Staged:
    """Hold what cannot be listed, mark what is listed already, count what the list leaves out."""
    gathering = read.gathering
    named = {scheme for scheme, _ in gathering.listings}
    vocabularies = await repository.vocabularies(tx, named)
    unusable = {scheme: await no_mandate(tx, authority_id, scheme, now) for scheme in vocabularies}
    hold_unlistable(gathering, unusable)
    schemes = await schemes_of(tx, layout, authority_id, vocabularies)
    found = 0
    for some in _chunks(gathering.listings.items()):
        found += await _settle(tx, authority_id, some, schemes)
    spellings = {
        (scheme, alike(word)): word for scheme, vocabulary in vocabularies.items() for word in vocabulary.standings
    }
    listed_before = await repository.listed_count(tx, authority_id, schemes)
    return Staged(read, spellings, listed_before, listed_before - found)


async def schemes_of(tx: ReadTx | WriteTx, layout: Layout, authority_id: str, named: Iterable[str]) -> list[str]:
    """The schemes a list of this layout and authority is compared under; ``named`` are those it names itself."""
    return list(layout.schemes) or sorted({*named, *await repository.listed_schemes(tx, authority_id)})


async def _settle(tx: ReadTx, authority_id: str, some: Mapping[Key, Listing], schemes: list[str]) -> int:
    """Compare some listings with what is held about them; how many of them are listed already."""
    claims = {key: listing.claim for key, listing in some.items()}
    known = await repository.known(tx, authority_id, claims, schemes)
    for key, listing in some.items():
        if listing.fault is None:
            held = known.get(key, NOTHING)
            listing.fault = settle(listing.claim, held)
            listing.unchanged = listing.fault is None and held.number is not None
    return sum(held.listed_word is not None for held in known.values())


def _chunks(items: Iterable[tuple[Key, Listing]]) -> Iterator[dict[Key, Listing]]:
    remaining = iter(items)
    while some := dict(islice(remaining, BATCH)):
        yield some
