"""What a snapshot's sections hold, as the tables that are asked; all empty where there is no snapshot yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.verification.keys import SIZE
from gateway.verification.labels import LABEL_ROW, LabelColumns
from gateway.verification.snapshot import Snapshot, SnapshotRefused
from gateway.verification.tables import EMPTY, Blobs, Rows
from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import LogError
from goodstanding.merkle import HASH_SIZE, CompactRange
from goodstanding.mirror import Heads, MirrorState
from goodstanding.sizes import Column, SizeTable
from goodstanding.trust import TrustedLog

NUMBER = 8
SUBJECT = 16

# width, and how many bytes of a row are its own
_KEY = (SIZE + NUMBER, SIZE + NUMBER)
_VERIFIED = (2 * SIZE, 2 * SIZE)
_SUBJECT = (SUBJECT + HASH_SIZE + NUMBER, SUBJECT)


@dataclass(frozen=True, slots=True)
class Base:
    """The tables of one snapshot."""

    size: int = 0  # of the tree
    length: int = 0  # bytes of the file
    labels: LabelColumns = field(default_factory=LabelColumns)
    accounts: Blobs = field(default_factory=lambda: Blobs(NUMBER))
    organisations: Blobs = field(default_factory=lambda: Blobs(SIZE))
    keys: Rows = field(default_factory=lambda: Rows(*_KEY))
    verified: Rows = field(default_factory=lambda: Rows(*_VERIFIED))
    subjects: Rows = field(default_factory=lambda: Rows(*_SUBJECT))
    meta: Mapping[str, Any] = field(default_factory=dict)
    range: CompactRange = field(default_factory=CompactRange.empty)
    sizes: tuple[memoryview, memoryview, memoryview, memoryview] = (EMPTY, EMPTY, EMPTY, EMPTY)  # last: the roots
    newest: VerifiedCheckpoint | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, log: TrustedLog) -> "Base":
        """The tables of a snapshot of this log; SnapshotRefused when it is another's, or does not hold together."""
        return cls(
            size=snapshot.size,
            length=snapshot.length,
            labels=LabelColumns(
                snapshot.section("label.text"),
                snapshot.section("label.ends", "Q"),
                _rows(snapshot, "label", LABEL_ROW, LABEL_ROW),
            ),
            accounts=_blobs(snapshot, "account", NUMBER),
            organisations=_blobs(snapshot, "organisation", SIZE),
            keys=_rows(snapshot, "key", *_KEY),
            verified=_rows(snapshot, "verified", *_VERIFIED),
            subjects=_rows(snapshot, "subject", *_SUBJECT),
            meta=json.loads(bytes(snapshot.section("meta"))),
            range=_range(snapshot),
            sizes=(
                snapshot.section("sizes", "q"),
                snapshot.section("times", "q"),
                snapshot.section("firsts", "q"),
                snapshot.section("roots"),
            ),
            newest=_newest(snapshot, log),
        )

    def state(self, heads: Heads) -> MirrorState:
        """What a mirror goes on from; its sizes and heads grow, these tables do not."""
        sizes, times, firsts, roots = self.sizes
        return MirrorState(
            range=self.range,
            sizes=SizeTable(Column(sizes), Column(times), Column(firsts), roots),
            heads=heads,
            unexplained=dict(self.meta.get("unexplained", {})),
            erased=self.meta.get("erased", 0),
            newest=self.newest,
        )


def _newest(snapshot: Snapshot, log: TrustedLog) -> VerifiedCheckpoint:
    if bytes(snapshot.section("origin")) != log.origin.encode():
        raise SnapshotRefused("it is of another log")
    note = bytes(snapshot.section("note"))
    try:
        seen = log.verify(note)
    except LogError as error:
        raise SnapshotRefused(f"its checkpoint does not count: {error}") from error
    tree = seen.checkpoint
    if (tree.size, tree.root) != (snapshot.size, snapshot.root) or _range(snapshot).root() != tree.root:
        raise SnapshotRefused("its tree is not the one of its checkpoint")
    return seen


def _range(snapshot: Snapshot) -> CompactRange:
    data = bytes(snapshot.section("range"))
    hashes = tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))
    try:
        return CompactRange(snapshot.size, hashes)
    except LogError as error:
        raise SnapshotRefused(str(error)) from error


def _rows(snapshot: Snapshot, name: str, width: int, key: int) -> Rows:
    return Rows(width, key, snapshot.section(f"{name}.first", "Q"), snapshot.section(f"{name}.rows"))


def _blobs(snapshot: Snapshot, name: str, key: int) -> Blobs:
    return Blobs(
        key,
        snapshot.section(f"{name}.first", "Q"),
        snapshot.section(f"{name}.keys") if key > NUMBER else EMPTY,
        snapshot.section(f"{name}.ends", "Q"),
        snapshot.section(f"{name}.data"),
    )
