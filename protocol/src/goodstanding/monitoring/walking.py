"""The feed read beside the tree: what waits for a checkpoint, and what comes of it once one covers it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from goodstanding.canonical import format_time
from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import FeedGap, LogError
from goodstanding.feed import Entry
from goodstanding.mirror import MAX_WAITING, signed_time
from goodstanding.monitoring.checks import Bounds
from goodstanding.monitoring.findings import Finding, FindingKind
from goodstanding.monitoring.ledger import take
from goodstanding.monitoring.state import MonitorState

MAX_OF_A_KIND: Final = 100
"""Most findings of one kind that a look reports one by one; the rest are counted."""


class Walk:
    """The feed read beside the tree, up to the checkpoint that was seen."""

    def __init__(
        self, state: MonitorState, seen: VerifiedCheckpoint, newest: VerifiedCheckpoint | None, bounds: Bounds
    ) -> None:
        self.state, self.size = state, seen.checkpoint.size
        self.findings: list[Finding] = []
        self._counts: Counter[FindingKind] = Counter()
        self.notes: list[VerifiedCheckpoint] = []
        self._seen, self._latest, self._bounds = seen, newest, bounds
        self.forked: VerifiedCheckpoint | None = None  # the first in the feed that is not of this tree
        self._waiting: list[Entry] = []

    def wait(self, entry: Entry, leaf: bytes) -> None:
        """Take an entry that the tree has as well, until a checkpoint covers it."""
        if entry.leaf_bytes != leaf:
            raise LogError(f"the feed shows another entry {entry.index} than the log's bundle")
        if len(self._waiting) >= MAX_WAITING:
            raise LogError(f"{MAX_WAITING} entries and no checkpoint that covers them")
        self._waiting.append(entry)

    def cover(self, seen: VerifiedCheckpoint) -> None:
        """Judge what waits by the time of the checkpoint that covers it, and hold its root against the tree's."""
        tree, after = seen.checkpoint, self.state.size + len(self._waiting)
        if tree.size != after:
            raise FeedGap(f"the feed puts a checkpoint of {tree.size} entries after entry {after - 1}")
        self.notes.append(seen)
        covered, self._waiting = self._waiting, []
        self.state.range = self.state.range.append(entry.hash for entry in covered)
        for finding in take(self.state, covered, signed_time(seen), self._bounds):
            self._report(finding)
        self._time(seen)
        if self.state.range.root() != tree.root:
            self.forked = self.forked or seen

    def _time(self, seen: VerifiedCheckpoint) -> None:
        """Rule 5 of `following.py`: a larger tree is timed no earlier than a smaller one was."""
        latest, at = self._latest, signed_time(seen)
        if latest is not None and latest.checkpoint.size < seen.checkpoint.size:
            before = signed_time(latest)
            if before - at > self._bounds.clock:
                sentence = (
                    f"{seen.checkpoint.size} entries are said to have been there at {format_time(at)}; at "
                    f"{format_time(before)} there were {latest.checkpoint.size}"
                )
                evidence = (latest.note, seen.note)
                self._report(Finding(FindingKind.BACKDATING, sentence, evidence=evidence))
        if latest is None or signed_time(latest) < at:
            self._latest = seen

    def end(self) -> None:
        """The feed said all it has: what no line of it covers is covered by the checkpoint that was seen."""
        reached = self.state.size + len(self._waiting)
        if reached < self.size:
            raise FeedGap(f"the feed ends before entry {reached}; the checkpoint covers {self.size} entries")
        if self._waiting:
            self.cover(self._seen)
        for kind, count in self._counts.items():
            if count > MAX_OF_A_KIND:
                self.findings.append(Finding(kind, f"and {count - MAX_OF_A_KIND} more of these"))

    def _report(self, finding: Finding) -> None:
        self._counts[finding.kind] += 1
        if self._counts[finding.kind] <= MAX_OF_A_KIND:
            self.findings.append(finding)


def fork(size: int, evidence: tuple[bytes, ...], proof: tuple[bytes, ...] = ()) -> Finding:
    """That two signed trees differ within their first `size` entries."""
    sentence = f"the log has forked: it signed two trees that differ within their first {size} entries"
    return Finding(FindingKind.FORK, sentence, evidence=evidence, proof=proof)
