"""One look at a log: everything that is new, verified, held against what was seen before, and judged.

1. The checkpoint is the log's own, and carries a time.
2. It contradicts no checkpoint seen before, of its size or of a smaller one.
3. Every new entry, and every tile it brings, leads to its root (`tree.py`).
4. The feed shows the same entries, each with its body, and at every published size the root that the tree has there.
5. A larger tree is timed no earlier than a smaller one was, so no checkpoint can be dated back past a look.
6. Each entry keeps to the rules of `checks.py`.
7. What an erasure took is named by an erasure event, at the latest in a checkpoint published since.

A look counts as a whole or not at all: where it ends early, the state stays, and only its checkpoints are kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import BodyMissing, FeedGap, LogError
from goodstanding.feed import Entry, read_line, split_page
from goodstanding.mirror import signed_time
from goodstanding.monitoring.checks import Bounds
from goodstanding.monitoring.findings import Finding, FindingKind
from goodstanding.monitoring.published import NotServed, PublishedLog
from goodstanding.monitoring.state import MonitorState
from goodstanding.monitoring.tree import root_before, verified_entries
from goodstanding.monitoring.walking import MAX_OF_A_KIND, Walk, fork
from goodstanding.trust import TrustedLog

_TURNS: Final = 3  # an erasure event may be published between the checkpoint and the feed: look again


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a look: the state to go on from, how many entries were new, what was found."""

    state: MonitorState
    entries: int
    findings: tuple[Finding, ...]
    time: datetime | None = None  # of the newest checkpoint that verified


def look(state: MonitorState, log: TrustedLog, published: PublishedLog, bounds: Bounds) -> Report:
    """Look once; the state given stays as it is, but for the checkpoints that it has seen now. Raises Unreachable, and whatever else the fetching raises."""
    looking = _Look(state.copy(), log, published, bounds)
    looking.run()
    return Report(looking.state, looking.state.size - state.size, tuple(looking.findings), looking.time)


class _Contradicted(Exception):
    """What was found is reported already, and there is nothing more to learn in this look."""


class _Look:
    def __init__(self, state: MonitorState, log: TrustedLog, published: PublishedLog, bounds: Bounds) -> None:
        self.state = state
        self.findings: list[Finding] = []
        self.time: datetime | None = None
        self._log, self._published, self._bounds = log, published, bounds

    def run(self) -> None:
        try:
            for _ in range(_TURNS):
                if not self._turn() or not self.state.unexplained:
                    break
            self._report_unexplained()
        except _Contradicted:
            pass
        except (NotServed, FeedGap) as error:
            self._find(FindingKind.GAP, str(error))
        except BodyMissing as error:
            self._find(FindingKind.MISSING_BODY, str(error))
        except LogError as error:
            self._find(FindingKind.DAMAGED, str(error))

    def _turn(self) -> bool:
        """Follow the log to its newest checkpoint; True when that brought entries."""
        seen = self._verified(self._published.checkpoint())
        tree = seen.checkpoint
        self.time = signed_time(seen)
        if not self._keep(seen):
            raise _Contradicted
        if tree.size < self.state.size:
            self._rewound(seen)
        newest = self._newest()
        if tree.size == self.state.size:
            if newest is None or signed_time(newest) <= self.time:  # an older one, replayed, says nothing
                self.state.newest = seen.note
            return False
        self._extends(seen)
        self._walk(seen, newest)
        return True

    def _newest(self) -> VerifiedCheckpoint | None:
        """The newest checkpoint of the looks before; None at the start, and after the log's clock got another key."""
        with contextlib.suppress(LogError):
            return None if self.state.newest is None else self._verified(self.state.newest)
        return None

    def _verified(self, note: bytes) -> VerifiedCheckpoint:
        return self._log.verify(note)

    def _keep(self, seen: VerifiedCheckpoint) -> bool:
        """Rule 2 for checkpoints of one size: whether all of them have one root. Both are kept, whatever they say."""
        self.state.keep(seen.checkpoint, seen.note)
        roots = self.state.checkpoints[seen.checkpoint.size]
        other = next((note for root, note in roots.items() if root != seen.checkpoint.root), None)
        if other is not None:
            self._find_fork(seen.checkpoint.size, other, seen.note)
        return other is None

    def _rewound(self, seen: VerifiedCheckpoint) -> None:
        """A smaller checkpoint than before: at best an old one, at worst that of another history."""
        tree, state = seen.checkpoint, self.state
        evidence = (*([state.newest] if state.newest else []), seen.note)
        self._find(FindingKind.REWIND, f"the log shows {tree.size} entries; it had shown {state.size}", evidence)
        with contextlib.suppress(LogError):  # it may have thrown the larger tree away
            if tree.size:
                proof = root_before(self._published.tile, tree.size, state.size, state.range.root())
                if proof[0] != tree.root:
                    self._find_fork(tree.size, *reversed(evidence), proof=proof)
        raise _Contradicted

    def _extends(self, seen: VerifiedCheckpoint) -> None:
        """Rule 2 for a larger checkpoint: its tree begins with what was verified before."""
        tree, state = seen.checkpoint, self.state
        if not state.size:
            return
        proof = root_before(self._published.tile, state.size, tree.size, tree.root)
        if proof[0] != state.range.root():
            self._find_fork(state.size, *([state.newest] if state.newest else []), seen.note, proof=proof)
            raise _Contradicted

    def _walk(self, seen: VerifiedCheckpoint, newest: VerifiedCheckpoint | None) -> None:
        """Rules 3 to 6, all or nothing."""
        walk = Walk(self.state.copy(), seen, newest, self._bounds)
        leaves = verified_entries(self._published.tile, self.state.size, walk.size, seen.checkpoint.root)
        for read in _feed(self._published, self._log.prefix, self.state.size):
            if isinstance(read, bytes):
                walk.cover(self._verified(read))
            elif read.index < walk.size:
                walk.wait(read, next(leaves))
            if walk.state.size == walk.size or (isinstance(read, Entry) and read.index >= walk.size):
                break
        walk.end()
        for _ in leaves:  # nothing is left in it but its last check, that of the root
            pass
        self.state = walk.state
        self.state.newest = seen.note
        self.findings += walk.findings
        if walk.forked is not None:
            size = walk.forked.checkpoint.size
            proof = root_before(self._published.tile, size, walk.size, seen.checkpoint.root)
            self._find_fork(size, walk.forked.note, seen.note, proof=proof)
        for feed_note in walk.notes:
            self._keep(feed_note)

    def _report_unexplained(self) -> None:
        for event_id, erasure in islice(self.state.unexplained.items(), MAX_OF_A_KIND):
            sentence = f"the body of event {event_id} is missing, and no erasure event {erasure} names it"
            self.findings.append(Finding(FindingKind.MISSING_BODY, sentence, event_id=event_id))
        if (more := len(self.state.unexplained) - MAX_OF_A_KIND) > 0:
            self._find(FindingKind.MISSING_BODY, f"and {more} more of these")

    def _find(self, kind: FindingKind, sentence: str, evidence: tuple[bytes, ...] = ()) -> None:
        self.findings.append(Finding(kind, sentence, evidence=evidence))

    def _find_fork(self, size: int, *evidence: bytes, proof: tuple[bytes, ...] = ()) -> None:
        found = fork(size, evidence, proof)
        if all(finding.message != found.message for finding in self.findings):
            self.findings.append(found)


def _feed(published: PublishedLog, prefix: str, start: int) -> Iterator[Entry | bytes]:
    """The feed's entries and checkpoints from an index on, page after page."""
    index = start
    while True:
        before = index
        for line in split_page(published.page(index - 1)):
            read = read_line(line, index, prefix)
            index += isinstance(read, Entry)
            yield read
        if index == before:
            return
