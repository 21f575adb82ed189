"""The one follower: a log's feed into a verified local projection. Used by the gateway, peer registries and employers.

Rules. Each failure is a LogError, leaves the projection as it was, and asks for nothing but better data.

1. Entries come in order, one per index: no gap, no repeat.
2. A body opens its leaf (`open_event`), and a decision's number has this log's prefix.
3. A missing body names an erasure event; until that one has been read, the feed's end is not believed.
4. A checkpoint is signed by the log and its time cosigner, and leads from every size known before to its root.
5. A size never shrinks, and no size ever has two roots.
6. A subject's leaves form one chain by `prev`.
7. Nothing is applied beyond a verified checkpoint; a batch is applied whole or not at all.
8. The first time cosignature of a size is when it was known. It is never replaced.

What lines look like, and rules 1 and 2, are in `feed.py`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from goodstanding.checkpoint import VerifiedCheckpoint
from goodstanding.errors import LogError
from goodstanding.feed import Entry, read_line, split_page
from goodstanding.merkle import CompactRange
from goodstanding.sizes import SizeTable
from goodstanding.trust import TrustedLog

MAX_WAITING: Final = 100_000
"""Most entries that wait for the checkpoint that covers them."""

_BREATH = 50  # lines between two pauses in which the event loop serves others: a few milliseconds of work


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries between two verified sizes, in order, and the checkpoint that covers them."""

    entries: tuple[Entry, ...]
    checkpoint: VerifiedCheckpoint


Consumer = Callable[[Batch], None]
"""Takes a batch whole, or raises and takes nothing: the mirror then stays where it was and offers it again."""


class Heads(Protocol):
    """Subject (16 bytes) -> hash of its newest leaf (32 bytes). A dict is one."""

    def get(self, subject: bytes, /) -> bytes | None:
        """The newest leaf's hash, None for a subject never seen."""

    def update(self, heads: Mapping[bytes, bytes], /) -> None:
        """Move subjects on."""


@dataclass(slots=True)
class MirrorState:
    """All that a mirror knows, for whoever keeps it and lets another mirror go on from there.

    `unexplained` maps an erased event to the erasure event that must name it; `erased` counts entries applied without
    their body; `newest` is the latest time cosignature over exactly the size of `range`.
    """

    range: CompactRange = field(default_factory=CompactRange.empty)
    sizes: SizeTable = field(default_factory=SizeTable)
    heads: Heads = field(default_factory=dict[bytes, bytes])
    unexplained: dict[str, str] = field(default_factory=dict)
    erased: int = 0
    newest: VerifiedCheckpoint | None = None

    def __post_init__(self) -> None:
        if self.newest is not None and not self._leads_to(self.newest):
            raise LogError("what was kept of the log does not lead to the checkpoint kept with it")

    def _leads_to(self, seen: VerifiedCheckpoint) -> bool:
        tree = seen.checkpoint
        return tree.size == self.range.size and tree.root == self.range.root()


class Mirror:
    """The verified state of one log as its feed tells it. Pure: it is given bytes and calls its consumer."""

    def __init__(self, log: TrustedLog, consume: Consumer, state: MirrorState | None = None) -> None:
        self.log = log
        self.state = state or MirrorState()
        self._consume = consume
        self._waiting: list[Entry] = []
        self._ahead: VerifiedCheckpoint | None = None  # seen beside the feed, larger than what is applied

    @property
    def size(self) -> int:
        """How many entries are verified and applied."""
        return self.state.range.size

    @property
    def sizes(self) -> SizeTable:
        """Every published size that was verified."""
        return self.state.sizes

    @property
    def newest(self) -> VerifiedCheckpoint | None:
        """The latest time cosignature over exactly the applied size."""
        return self.state.newest

    @property
    def erased(self) -> int:
        """Entries applied without their body."""
        return self.state.erased

    @property
    def after(self) -> int:
        """The index to ask the feed for more after; -1 at the start."""
        return self.size + len(self._waiting) - 1

    def apply_page(self, page: bytes) -> int:
        """Read one page of the feed and return how many entries were applied; LogError as the rules say.

        Batches that were covered before the fault stay applied; what waited for a checkpoint is dropped.
        """
        size, after = self.size, self.after
        for line in split_page(page):
            self.apply_line(line)
        self.end_page(after)
        return self.size - size

    def apply_line(self, line: bytes) -> None:
        """Read one line of the feed; after an error go on from `after`, which has moved back."""
        try:
            read = read_line(line, self.after + 1, self.log.prefix)
            if isinstance(read, Entry):
                self._wait(read)
            else:
                self._cover(self.verified(read))
        except Exception:
            self._waiting.clear()
            raise

    def end_page(self, after: int) -> None:
        """Say that the page after this index was read to its end: where it showed nothing new, the feed ends."""
        if self.after > after:
            return
        if self._waiting:
            self._waiting.clear()
            raise LogError("the feed ends with entries that no checkpoint covers")
        if self.state.unexplained:
            event_id, erasure = next(iter(self.state.unexplained.items()))
            raise LogError(f"the body of event {event_id} is missing, and no erasure event {erasure} names it")

    def replay(self, entries: Sequence[Entry], checkpoint: VerifiedCheckpoint) -> None:
        """Apply what a mirror verified before and somebody kept; LogError unless it leads to the checkpoint's root.

        Tree and chains are checked again. That bodies open their leaves is not, nor who signed the checkpoint.
        """
        self._waiting = list(entries)
        try:
            self._cover(checkpoint)
        finally:
            self._waiting.clear()

    def verified(self, note: bytes) -> VerifiedCheckpoint:
        """Check a checkpoint against this log's keys; LogError when it is not the log's, or carries no time."""
        return self.log.verify(note)

    def observe(self, note: bytes) -> None:
        """Take a checkpoint seen beside the feed: it renews the time of the applied size, and must not contradict it.

        LogError when it does not verify or shows another root. An older one proves nothing and changes nothing.
        """
        seen = self.verified(note)
        if seen.checkpoint.size <= self.size:
            self._check_known(seen)
            if seen.checkpoint.size == self.size:
                self._renew(seen)
        elif self._ahead is None or self._ahead.checkpoint.size < seen.checkpoint.size:
            self._ahead = seen

    def _wait(self, entry: Entry) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise LogError(f"{MAX_WAITING} entries and no checkpoint that covers them")
        self._waiting.append(entry)

    def _cover(self, checkpoint: VerifiedCheckpoint) -> None:
        """Apply what this checkpoint covers (rules 4 to 8)."""
        size, state = checkpoint.checkpoint.size, self.state
        if size < self.size:
            raise LogError(f"the feed went back to a checkpoint of {size} entries; {self.size} are verified")
        if size > self.after + 1:
            raise LogError(f"a checkpoint covers {size} entries, but the feed showed only {self.after + 1}")
        if size == self.size:
            self._check_known(checkpoint)
            self._renew(checkpoint)
            return
        covered = self._waiting[: size - self.size]
        grown = self._grow(covered, checkpoint)
        heads = self._chain(covered)
        self._consume(Batch(tuple(covered), checkpoint))
        del self._waiting[: len(covered)]
        state.range = grown
        state.heads.update(heads)
        self._explain(covered)
        self._renew(checkpoint)

    def _grow(self, covered: list[Entry], checkpoint: VerifiedCheckpoint) -> CompactRange:
        """Rules 4 and 5: pass through the size seen beside the feed, if any, and end at the checkpoint's root."""
        grown, hashes = self.state.range, [entry.hash for entry in covered]
        if self._ahead is not None and self._ahead.checkpoint.size <= checkpoint.checkpoint.size:
            ahead = self._ahead.checkpoint
            grown = grown.append(hashes[: ahead.size - self.size])
            hashes = hashes[ahead.size - self.size :]
            if grown.root() != ahead.root:
                raise LogError(f"the log has forked: two roots are signed for {ahead.size} entries")
        grown = grown.append(hashes)
        if grown.root() != checkpoint.checkpoint.root:
            raise LogError(f"the entries shown do not lead to the root signed for {grown.size} entries")
        return grown

    def _chain(self, covered: Iterable[Entry]) -> dict[bytes, bytes]:
        """Rule 6: the heads these entries leave behind."""
        heads: dict[bytes, bytes] = {}
        known = self.state.heads
        for entry in covered:
            leaf = entry.leaf
            if leaf.prev != (heads.get(leaf.subject) or known.get(leaf.subject)):
                raise LogError(
                    f"entry {entry.index} (event {leaf.event_id}) does not follow its subject's newest entry"
                )
            heads[leaf.subject] = entry.hash
        return heads

    def _explain(self, covered: Iterable[Entry]) -> None:
        """Rule 3: note bodies that are missing, and strike those that an erasure event names."""
        for entry in covered:
            self.state.erased += entry.erased_by is not None
            explain(self.state.unexplained, entry)

    def _check_known(self, seen: VerifiedCheckpoint) -> None:
        tree = seen.checkpoint
        known = self.state.range.root() if tree.size == self.size else self.sizes.root(tree.size)
        if known is not None and known != tree.root:
            raise LogError(f"the log has forked: two roots are signed for {tree.size} entries")

    def _renew(self, seen: VerifiedCheckpoint) -> None:
        """Rule 8, and freshness: a later time over the same size renews it, a replayed earlier one does not."""
        time, newest = signed_time(seen), self.newest
        self.sizes.add(self.size, time, seen.checkpoint.root)
        if self._ahead is not None and self._ahead.checkpoint.size <= self.size:
            ahead, self._ahead = self._ahead, None
            if ahead.checkpoint.size == self.size and signed_time(ahead) > time:
                seen, time = ahead, signed_time(ahead)
        if newest is None or newest.checkpoint.size < self.size or signed_time(newest) < time:
            self.state.newest = seen


def explain(unexplained: dict[str, str], entry: Entry) -> None:
    """Note a body that is missing, by the erasure it names, and strike those that an erasure event names in turn."""
    if entry.erased_by is not None:
        unexplained[entry.leaf.event_id] = entry.erased_by
    elif entry.body is not None and entry.leaf.kind == "erasure":
        for event_id in entry.body["data"]["event_ids"]:
            if unexplained.get(event_id) == entry.leaf.event_id:
                del unexplained[event_id]


def signed_time(checkpoint: VerifiedCheckpoint) -> datetime:
    """The time cosignature of a checkpoint that was verified with a time cosigner."""
    assert checkpoint.time is not None, "verify_checkpoint was given a time cosigner"
    return checkpoint.time


Fetch = Callable[[int], Awaitable[bytes]]
"""(index) -> the feed's page after it. It has its own time-out and its own bound on bytes."""


@dataclass(slots=True)
class FollowStatus:
    """How following goes, for readiness and metrics. `error` is the newest failure's sentence until a page succeeds."""

    healthy: bool = False
    error: str | None = None
    failures: int = 0  # in a row
    pages: int = 0


async def follow(
    mirror: Mirror,
    fetch: Fetch,
    stop: asyncio.Event,
    *,
    poll: float = 0.2,
    max_pause: float = 5.0,
    status: FollowStatus | None = None,
) -> None:
    """Keep a mirror up to date until `stop` is set: at once while there is more, else every `poll` seconds.

    After a failure of any kind the pause doubles up to `max_pause` seconds; bad data is never applied.
    """
    status = status or FollowStatus()
    while not stop.is_set():
        try:
            more = await follow_once(mirror, fetch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
            status.healthy, status.failures = False, status.failures + 1
            status.error = f"{type(error).__name__}: {error}"[:500]
            pause = min(max_pause, poll * 2 ** min(status.failures, 10))
        else:
            status.healthy, status.error, status.failures = True, None, 0
            status.pages += 1
            pause = 0 if more else poll
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def follow_once(mirror: Mirror, fetch: Fetch) -> bool:
    """Fetch and apply one page; True when it showed entries, so that there may be more.

    Raises LogError when the page is refused, and whatever `fetch` raises.
    """
    after = mirror.after
    for number, line in enumerate(split_page(await fetch(after))):
        if number % _BREATH == 0:
            await asyncio.sleep(0)
        mirror.apply_line(line)
    mirror.end_page(after)
    return mirror.after > after
