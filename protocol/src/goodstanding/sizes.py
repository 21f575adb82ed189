"""Every published size of a log, with its root and first time cosignature: what "known at" is answered from.

Rules
1. Sizes grow; a size's first time and its root are never replaced.
2. Times are whole seconds since 1970, as cosignatures carry them.
3. Where the log's clock went back, a greater size with an earlier time counts from that earlier time on.

A table can go on from columns that lie elsewhere, in a mapped file for example: those are read in place.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from goodstanding.merkle import HASH_SIZE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class Column:
    """Whole numbers that are read in place, the first `kept` of them, and those that follow."""

    head: Sequence[int] = ()
    tail: "array[int]" = field(default_factory=lambda: array("q"))
    kept: int = field(init=False)

    def __post_init__(self) -> None:
        self.kept = len(self.head)

    def __len__(self) -> int:
        return self.kept + len(self.tail)

    def __getitem__(self, at: int) -> int:
        at = at if at >= 0 else at + len(self)
        return self.head[at] if at < self.kept else self.tail[at - self.kept]

    def append(self, value: int) -> None:
        """Put a number behind the last."""
        self.tail.append(value)

    def pop(self) -> None:
        """Take the last number away."""
        if self.tail:
            self.tail.pop()
        else:
            self.kept -= 1


@dataclass(slots=True)
class SizeTable:
    """Columns of one length: sizes, ascending; their first times; their roots, 32 bytes each, in two parts."""

    sizes: Column = field(default_factory=Column)
    times: Column = field(default_factory=Column)
    firsts: Column = field(default_factory=Column)  # positions that no later one undercuts (rule 3): times ascend
    root_head: bytes | memoryview = b""
    root_tail: bytearray = field(default_factory=bytearray)

    def root(self, size: int) -> bytes | None:
        """The root verified for a size, None for a size this mirror was never shown."""
        at = bisect_left(self.sizes, size)
        if at == len(self.sizes) or self.sizes[at] != size:
            return None
        return self.row(at)[2]

    def row(self, at: int) -> tuple[int, datetime, bytes]:
        """Size, first time and root at a position."""
        start, held = at * HASH_SIZE, len(self.root_head)
        part, start = (self.root_head, start) if start < held else (self.root_tail, start - held)
        return *self._known(at), bytes(part[start : start + HASH_SIZE])

    def add(self, size: int, time: datetime, root: bytes) -> None:
        """Note a size greater than every one before it; a size already here keeps its first time."""
        if len(self.sizes) and size <= self.sizes[-1]:
            return
        seconds = (time - _EPOCH) // _SECOND
        while len(self.firsts) and self.times[self.firsts[-1]] >= seconds:
            self.firsts.pop()
        self.firsts.append(len(self.sizes))
        self.sizes.append(size)
        self.times.append(seconds)
        self.root_tail += root

    def continue_like(self, other: "SizeTable") -> None:
        """Note the sizes that another table has beyond the last one here, as they stand there."""
        start = bisect_right(other.sizes, self.sizes[-1]) if len(self.sizes) else 0
        for at in range(start, len(other.sizes)):
            self.add(*other.row(at))

    def known_at(self, moment: datetime) -> tuple[int, datetime] | None:
        """The greatest size first cosigned at or before `moment`, with that time; None before the first."""
        seconds = (moment - _EPOCH) // _SECOND
        position = bisect_right(self.firsts, seconds, key=self.times.__getitem__)
        return self._known(self.firsts[position - 1]) if position else None

    def first_logged(self, index: int) -> datetime | None:
        """When the entry at a log index was first covered by a time cosignature; None where it is not covered yet."""
        position = bisect_right(
            self.firsts, index, key=self.sizes.__getitem__
        )  # the first that is greater than `index`
        return self._known(self.firsts[position])[1] if position < len(self.firsts) else None

    def newest(self) -> tuple[int, datetime] | None:
        """The greatest size and its first time cosignature; None before any."""
        return self._known(-1) if len(self.sizes) else None

    def _known(self, at: int) -> tuple[int, datetime]:
        return self.sizes[at], _EPOCH + self.times[at] * _SECOND
