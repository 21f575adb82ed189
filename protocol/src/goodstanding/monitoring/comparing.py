"""Two monitors' notes side by side: what a log shows to one and not to the other is a split view.

1. Of every size that both have seen, there is one root.
2. With the log at hand: its tree begins with the newest tree of each monitor. Each has verified that its own newest
   tree begins with all the others it has seen, so the newest stands for them.

Without the log, and without a size in common, nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from goodstanding.checkpoint import VerifiedCheckpoint, verify_checkpoint
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
    common = sides[0].keys() & sides[1].keys()
    findings = [_same_size(sides[0][size], sides[1][size]) for size in sorted(common)]
    compared = len(common)
    if published is not None:
        newest = [max(side.values(), key=_size) for side in sides if side]
        findings += _against(_verify(published.checkpoint(), log), newest, published)
        compared += len(newest)
    return Comparison(compared, tuple(each for each in findings if each is not None))


def _verified(notes: Iterable[bytes], log: TrustedLog) -> dict[int, VerifiedCheckpoint]:
    found: dict[int, VerifiedCheckpoint] = {}
    for count, note in enumerate(notes):
        if count >= MAX_NOTES:
            raise LogError(f"more than {MAX_NOTES} checkpoints to compare; give the newest of them")
        seen = _verify(note, log)
        found[_size(seen)] = seen
    return found


def _verify(note: bytes, log: TrustedLog) -> VerifiedCheckpoint:
    return verify_checkpoint(note, log=log.vkey, time_cosigner=log.time_vkey, witnesses=log.witnesses)


def _size(seen: VerifiedCheckpoint) -> int:
    return seen.checkpoint.size


def _same_size(one: VerifiedCheckpoint, other: VerifiedCheckpoint) -> Finding | None:
    """Rule 1."""
    return None if one.checkpoint.root == other.checkpoint.root else _fork(_size(one), one, other)


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
