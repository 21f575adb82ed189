r"""The one follower: a log's feed into a verified local projection. Used by the gateway, peer registries and employers.

A page of the feed (NDJSON)::

    {"index":0,"leaf":"<b64u>","body":"<b64u>","salt":"<b64u>"}
    {"index":1,"leaf":"<b64u>","erased_by":"0198…"}
    {"checkpoint":"r.example/log\n2\n…\n\n— r.example/log …\n— r.example/log/time …\n"}

Rules. Each failure is a LogError, leaves the projection as it was, and asks for nothing but better data.

1. Entries come in order, one per index: no gap, no repeat.
2. A body opens its leaf (`open_event`), and a decision's number has this log's prefix.
3. A missing body names an erasure event; until that one has been read, the feed's end is not believed.
4. A checkpoint is signed by the log and its time cosigner, and leads from every size known before to its root.
5. A size never shrinks, and no size ever has two roots.
6. A subject's leaves form one chain by `prev`.
7. Nothing is applied beyond a verified checkpoint; a batch is applied whole or not at all.
8. The first time cosignature of a size is when it was known. It is never replaced.
"""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goodstanding.canonical import parse_json, unb64u
from goodstanding.checkpoint import VerifiedCheckpoint, verify_checkpoint
from goodstanding.errors import EventError, LogError
from goodstanding.events import Leaf, open_event
from goodstanding.merkle import CompactRange, leaf_hash
from goodstanding.note import MAX_NOTE_SIZE
from goodstanding.number import prefix_of
from goodstanding.trust import TrustedLog

MAX_LINE: Final = 2 * MAX_NOTE_SIZE
"""Bytes of the longest line of a feed: a checkpoint with every newline escaped."""

MAX_PAGE: Final = 64 * 1024 * 1024
"""Bytes of the longest page: about 2,000 entries with the largest bodies."""

MAX_WAITING: Final = 100_000
"""Most entries that wait for the checkpoint that covers them."""

_ENTRY = {"index", "leaf", "body", "salt"}
_ERASED = {"index", "leaf", "erased_by"}
_BREATH = 50  # lines between two pauses in which the event loop serves others: about 10 ms of work


@dataclass(frozen=True, slots=True)
class Applied:
    """One log entry, verified; `body` is None when it was erased."""

    index: int
    leaf: Leaf
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries between two verified sizes, in order, and the checkpoint that covers them."""

    entries: tuple[Applied, ...]
    checkpoint: VerifiedCheckpoint


Consumer = Callable[[Batch], None]
"""Takes a batch whole, or raises and takes nothing: the mirror then stays where it was and offers it again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An entry that no checkpoint covers yet, and the event said to have erased its body."""

    entry: Applied
    hash: bytes
    erased_by: str | None


class SizeTable:
    """Every published size this mirror has verified, with its root and first time cosignature (rules 5 and 8)."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._known: list[tuple[datetime, bytes]] = []
        # Positions whose time no greater size undercuts: the answers `known_at` can give, times ascending.
        self._firsts: list[int] = []

    def root(self, size: int) -> bytes | None:
        """The root verified for a size, None for a size this mirror was never shown."""
        at = bisect_left(self._sizes, size)
        return self._known[at][1] if at < len(self._sizes) and self._sizes[at] == size else None

    def add(self, size: int, time: datetime, root: bytes) -> None:
        """Note a size greater than every one before it; a size already here keeps its first time."""
        if self._sizes and size <= self._sizes[-1]:
            return
        while self._firsts and self._known[self._firsts[-1]][0] >= time:
            self._firsts.pop()
        self._firsts.append(len(self._sizes))
        self._sizes.append(size)
        self._known.append((time, root))

    def known_at(self, moment: datetime) -> tuple[int, datetime] | None:
        """The greatest size first cosigned at or before `moment`, with that time; None before the first."""
        position = bisect_right(self._firsts, moment, key=lambda at: self._known[at][0])
        if position == 0:
            return None
        at = self._firsts[position - 1]
        return self._sizes[at], self._known[at][0]

    def newest(self) -> tuple[int, datetime] | None:
        """The greatest size and its first time cosignature; None before any."""
        return (self._sizes[-1], self._known[-1][0]) if self._sizes else None


class Mirror:
    """The verified state of one log as its feed tells it. Pure: it is given bytes and calls its consumer."""

    def __init__(self, log: TrustedLog, consume: Consumer) -> None:
        self.log = log
        self.sizes = SizeTable()
        self.newest: VerifiedCheckpoint | None = None  # latest time cosignature over exactly the applied size
        self._consume = consume
        self._range = CompactRange.empty()
        self._heads: dict[bytes, bytes] = {}  # subject -> hash of its newest leaf
        self._waiting: list[_Waiting] = []
        self._unexplained: dict[str, str] = {}  # erased event -> erasure event that must name it
        self._ahead: VerifiedCheckpoint | None = None  # seen beside the feed, larger than what is applied
        self.erased = 0  # entries applied without their body

    @property
    def size(self) -> int:
        """How many entries are verified and applied."""
        return self._range.size

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
            self._apply_line(line)
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
        if self._unexplained:
            event_id, erasure = next(iter(self._unexplained.items()))
            raise LogError(f"the body of event {event_id} is missing, and no erasure event {erasure} names it")

    def verified(self, note: bytes) -> VerifiedCheckpoint:
        """Check a checkpoint against this log's keys; LogError when it is not the log's, or carries no time."""
        log = self.log
        return verify_checkpoint(note, log=log.vkey, time_cosigner=log.time_vkey, witnesses=log.witnesses)

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

    def _apply_line(self, line: bytes) -> None:
        members = _members(line)
        if members.keys() == {"checkpoint"} and isinstance(members["checkpoint"], str):
            # A lone surrogate becomes bytes that are no UTF-8, for the note's reader to refuse.
            self._cover(self.verified(members["checkpoint"].encode("utf-8", "surrogatepass")))
        elif members.keys() in (_ENTRY, _ERASED):
            self._wait(members)
        else:
            raise LogError(f"a line of the feed holds {', '.join(map(repr, sorted(members)))[:200]}")

    def _wait(self, members: Mapping[str, Any]) -> None:
        expected, index = self.after + 1, members["index"]
        if type(index) is not int or index != expected:
            what = "repeats" if type(index) is int and index < expected else "jumps to"
            raise LogError(f"the feed {what} entry {str(index)[:20]}; entry {expected} is next")
        if len(self._waiting) >= MAX_WAITING:
            raise LogError(f"{MAX_WAITING} entries and no checkpoint that covers them")
        try:
            self._waiting.append(_opened(members, self.log.prefix))
        except EventError as error:
            raise LogError(f"entry {index} of the feed is refused: {error}") from error

    def _cover(self, checkpoint: VerifiedCheckpoint) -> None:
        """Apply what this checkpoint covers (rules 4 to 8)."""
        size = checkpoint.checkpoint.size
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
        self._consume(Batch(tuple(waiting.entry for waiting in covered), checkpoint))
        del self._waiting[: len(covered)]
        self._range = grown
        self._heads.update(heads)
        self._explain(covered)
        self._renew(checkpoint)

    def _grow(self, covered: list[_Waiting], checkpoint: VerifiedCheckpoint) -> CompactRange:
        """Rules 4 and 5: pass through the size seen beside the feed, if any, and end at the checkpoint's root."""
        grown, hashes = self._range, [waiting.hash for waiting in covered]
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

    def _chain(self, covered: Iterable[_Waiting]) -> dict[bytes, bytes]:
        """Rule 6: the heads these entries leave behind."""
        heads: dict[bytes, bytes] = {}
        for waiting in covered:
            leaf = waiting.entry.leaf
            if leaf.prev != heads.get(leaf.subject, self._heads.get(leaf.subject)):
                raise LogError(
                    f"entry {waiting.entry.index} (event {leaf.event_id}) does not follow its subject's newest entry"
                )
            heads[leaf.subject] = waiting.hash
        return heads

    def _explain(self, covered: Iterable[_Waiting]) -> None:
        """Rule 3: note bodies that are missing, and strike those that an erasure event names."""
        for waiting in covered:
            entry = waiting.entry
            if waiting.erased_by is not None:
                self.erased += 1
                self._unexplained[entry.leaf.event_id] = waiting.erased_by
            elif entry.body is not None and entry.leaf.kind == "erasure":
                for event_id in entry.body["data"]["event_ids"]:
                    if self._unexplained.get(event_id) == entry.leaf.event_id:
                        del self._unexplained[event_id]

    def _check_known(self, seen: VerifiedCheckpoint) -> None:
        tree = seen.checkpoint
        known = self._range.root() if tree.size == self.size else self.sizes.root(tree.size)
        if known is not None and known != tree.root:
            raise LogError(f"the log has forked: two roots are signed for {tree.size} entries")

    def _renew(self, seen: VerifiedCheckpoint) -> None:
        """Rule 8, and freshness: a later time over the same size renews it, a replayed earlier one does not."""
        time = signed_time(seen)
        self.sizes.add(self.size, time, seen.checkpoint.root)
        if self._ahead is not None and self._ahead.checkpoint.size <= self.size:
            ahead, self._ahead = self._ahead, None
            if ahead.checkpoint.size == self.size and signed_time(ahead) > time:
                seen, time = ahead, signed_time(ahead)
        if self.newest is None or self.newest.checkpoint.size < self.size or signed_time(self.newest) < time:
            self.newest = seen


def signed_time(checkpoint: VerifiedCheckpoint) -> datetime:
    """The time cosignature of a checkpoint that was verified with a time cosigner."""
    assert checkpoint.time is not None, "verify_checkpoint was given a time cosigner"
    return checkpoint.time


def split_page(page: bytes) -> list[bytes]:
    """The lines of a page; LogError when it is too long or its last line was cut off."""
    if len(page) > MAX_PAGE:
        raise LogError(f"a page of {len(page)} bytes; at most {MAX_PAGE} are read")
    if page and not page.endswith(b"\n"):
        raise LogError("the page was cut off in the middle of a line")
    return page.splitlines()


def _members(line: bytes) -> dict[str, Any]:
    try:
        members = parse_json(line, max_bytes=MAX_LINE)
    except EventError as error:
        raise LogError(f"a line of the feed cannot be read: {error}") from error
    if not isinstance(members, dict):
        raise LogError("a line of the feed is not a JSON object")
    return members


def _opened(members: Mapping[str, Any], prefix: str) -> _Waiting:
    """Rule 2 for one entry; EventError when leaf and body do not fit."""
    encoded, index = unb64u(members["leaf"]), members["index"]
    if "erased_by" in members:
        leaf = Leaf.decode(encoded)
        if leaf.kind == "erasure" or not isinstance(members["erased_by"], str):
            raise EventError("an erased entry names its erasure event, and an erasure event is never erased")
        return _Waiting(Applied(index, leaf, None), leaf_hash(encoded), members["erased_by"])
    leaf, body = open_event(encoded, unb64u(members["body"]), unb64u(members["salt"]))
    if leaf.kind == "decision" and prefix_of(body["number"]) != prefix:
        raise EventError(f"{body['number']} is not a number of this log, whose prefix is {prefix}")
    return _Waiting(Applied(index, leaf, body), leaf_hash(encoded), None)


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
