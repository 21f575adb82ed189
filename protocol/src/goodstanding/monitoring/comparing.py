"""Two monitors' notes side by side: what a log shows to one and not to the other is a split view.

1. Of every size that either has seen, there is one root.
2. With the log at hand: its tree begins with the newest tree of each monitor. Each has verified that its own newest
   tree begins with all the others it has seen, so the newest stands for them.

Without the log, and without a size in common, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import LogError
from goodstanding.monitoring.findings import Finding, FindingKind
from goodstanding.monitoring.published import PublishedLog
from goodstanding.monitoring.tree import root_before
from goodstanding.trust import TrustedLog

MAX_NOTES: Final = 1_000_000
"""Most checkpoints of one side that are compared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many sizes both saw, or the log could vouch for, and what was found."""

    compared: int
    findings: tuple[Finding, ...]


def compare(
    ours: Iterable[bytes], theirs: Iterable[bytes], log: TrustedLog, published: PublishedLog | None = None
) -> Comparison:
    """Compare two monitors' checkpoints; LogError when one of them is not this log's, Unreachable when it is away."""
    sides = [_verified(notes, log) for notes in (ours, theirs)]
    findings = _two_roots(sides)
    compared = len({size for size, _ in sides[0]} & {size for size, _ in sides[1]})
    if published is not None:
        newest = [max(side.values(), key=_size) for side in sides if side]
        findings += _against(log.verify(published.checkpoint()), newest, published)
        compared += len(newest)
    return Comparison(compared, tuple(findings))


_Seen = dict[tuple[int, bytes], VerifiedCheckpoint]
"""By size and root: one monitor may hold two roots of a size."""


def _verified(notes: Iterable[bytes], log: TrustedLog) -> _Seen:
    found: _Seen = {}
    for count, note in enumerate(notes):
        if count >= MAX_NOTES:
            raise LogError(f"more than {MAX_NOTES} checkpoints to compare; give the newest of them")
        seen = log.verify(note)
        found.setdefault((_size(seen), seen.checkpoint.root), seen)
    return found


def _size(seen: VerifiedCheckpoint) -> int:
    return seen.checkpoint.size


def _two_roots(sides: Iterable[_Seen]) -> list[Finding]:
    """Rule 1, whoever holds the two."""
    trees: dict[int, dict[bytes, VerifiedCheckpoint]] = {}
    for side in sides:
        for (size, root), seen in side.items():
            trees.setdefault(size, {}).setdefault(root, seen)
    several = ((size, list(roots.values())) for size, roots in sorted(trees.items()) if len(roots) > 1)
    return [_fork(size, seen[0], seen[1]) for size, seen in several]


def _against(now: VerifiedCheckpoint, newest: Iterable[VerifiedCheckpoint], published: PublishedLog) -> list[Finding]:
    """Rule 2: the tree that the log shows to us, held against what it had shown to each."""
    findings: list[Finding] = []
    for seen in newest:
        size, tree = _size(seen), now.checkpoint
        if size > tree.size:
            sentence = f"the log shows {tree.size} entries; a monitor was shown {size}"
            findings.append(Finding(FindingKind.REWIND, sentence, evidence=(seen.note, now.note)))
        elif size and (proof := root_before(published.tile, size, tree.size, tree.root))[0] != seen.checkpoint.root:
            findings.append(_fork(size, seen, now, proof))
    return findings


def _fork(size: int, one: VerifiedCheckpoint, other: VerifiedCheckpoint, proof: tuple[bytes, ...] = ()) -> Finding:
    sentence = f"a split view: the log signed two trees that differ within their first {size} entries"
    return Finding(FindingKind.FORK, sentence, evidence=(one.note, other.note), proof=proof)
