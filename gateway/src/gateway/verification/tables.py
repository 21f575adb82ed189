"""Sorted tables in a mapped file: looked up by binary search, without an object per row.

    Rows    rows of one width, sorted by their bytes; a row is found by how it begins
    Blobs   values of any length, sorted by keys of one length

Beside either lies `first`: the leading 8 bytes of every row or key as a number, which is what is searched. `merged`
writes a table anew with some rows changed: what lies between two changes is copied in one piece.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Buffer: TypeAlias = "bytes | bytearray | memoryview | array[int]"
Write = Callable[[Buffer], object]

EMPTY = memoryview(b"")
_LEAD = 8


def leading(key: bytes | memoryview) -> int:
    """The leading 8 bytes as a number."""
    return int.from_bytes(key[:_LEAD], "big")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of `width` bytes, at least 8, no two of which begin with the same `key` bytes."""

    width: int
    key: int
    first: memoryview = EMPTY  # cast to u64
    rows: memoryview = EMPTY

    def __len__(self) -> int:
        return len(self.first)

    def starting(self, start: bytes) -> Iterator[bytes]:
        """The rows that begin with these bytes, at least 8 of them, in order."""
        lead = leading(start)
        for at in range(bisect_left(self.first, lead), len(self.first)):
            if self.first[at] != lead:
                return
            row = bytes(self.rows[at * self.width : (at + 1) * self.width])
            if row.startswith(start):
                yield row

    def place(self, key: bytes, after: int) -> tuple[int, bool]:
        """Where the row of a key stands or would stand, not before `after`; and whether it is there."""
        return _place(self.first, self._key, key, after)

    def merged(self, changes: Mapping[bytes, bytes | None], write: Write) -> "array[int]":
        """Write the rows with those of some keys replaced, added or (None) left out; return their `first`."""
        first, done = array("Q"), 0
        for key in sorted(changes):
            place, found = self.place(key, done)
            self._copy(done, place, first, write)
            if (row := changes[key]) is not None:
                write(row)
                first.append(leading(row))
            done = place + found
        self._copy(done, len(self), first, write)
        return first

    def _copy(self, start: int, end: int, first: "array[int]", write: Write) -> None:
        write(self.rows[start * self.width : end * self.width])
        first.frombytes(self.first[start:end].cast("B"))

    def _key(self, at: int) -> bytes:
        return bytes(self.rows[at * self.width : at * self.width + self.key])


@dataclass(frozen=True, slots=True)
class Blobs:
    """Values by keys of `key` bytes; `ends` says where in `data` each value ends. Keys of 8 bytes need no `keys`."""

    key: int
    first: memoryview = EMPTY  # cast to u64
    keys: memoryview = EMPTY
    ends: memoryview = EMPTY  # cast to u64
    data: memoryview = EMPTY

    def __len__(self) -> int:
        return len(self.first)

    def get(self, key: bytes) -> memoryview | None:
        """The value of a key, None where there is none."""
        at, found = self.place(key, 0)
        return self.value(at) if found else None

    def number(self, number: int) -> memoryview | None:
        """The value whose key of 8 bytes is this number."""
        at = bisect_left(self.first, number)
        return self.value(at) if at < len(self.first) and self.first[at] == number else None

    def value(self, at: int) -> memoryview:
        """The value at a position."""
        return self.data[self._start(at) : self.ends[at]]

    def position(self, offset: int) -> int:
        """The position of the value that covers a byte of `data`."""
        return bisect_right(self.ends, offset)

    def place(self, key: bytes, after: int) -> tuple[int, bool]:
        """Where a key stands or would stand, not before `after`; and whether it is there."""
        return _place(self.first, self._key, key, after)

    def merged(self, changes: Mapping[bytes, bytes | None], write: Write) -> "BlobColumns":
        """Write the values with those of some keys replaced, added or (None) left out; return the other columns."""
        made, done = BlobColumns(), 0
        for key in sorted(changes):
            place, found = self.place(key, done)
            self._copy(done, place, made, write)
            if (value := changes[key]) is not None:
                write(value)
                made.add(key, len(value))
            done = place + found
        self._copy(done, len(self), made, write)
        return made

    def _copy(self, start: int, end: int, made: "BlobColumns", write: Write) -> None:
        if start == end:
            return
        offset = self._start(start)
        write(self.data[offset : self.ends[end - 1]])
        made.first.frombytes(self.first[start:end].cast("B"))
        if self.key > _LEAD:
            made.keys += self.keys[start * self.key : end * self.key]
        shift = made.end - offset
        made.ends.extend(place + shift for place in self.ends[start:end])

    def _start(self, at: int) -> int:
        return self.ends[at - 1] if at else 0

    def _key(self, at: int) -> bytes:
        if self.key == _LEAD:
            return int(self.first[at]).to_bytes(_LEAD, "big")
        return bytes(self.keys[at * self.key : (at + 1) * self.key])


class BlobColumns:
    """The columns of a table of values that is being written."""

    def __init__(self) -> None:
        self.first = array("Q")
        self.keys = bytearray()
        self.ends = array("Q")

    @property
    def end(self) -> int:
        """Where the values written so far end."""
        return self.ends[-1] if self.ends else 0

    def add(self, key: bytes, length: int) -> None:
        """Note a value that was written."""
        self.first.append(leading(key))
        if len(key) > _LEAD:
            self.keys += key
        self.ends.append(self.end + length)


def _place(first: Sequence[int], key_at: Callable[[int], bytes], key: bytes, after: int) -> tuple[int, bool]:
    lead = leading(key)
    at = bisect_left(first, lead, after)
    while at < len(first) and first[at] == lead:
        held = key_at(at)
        if held >= key:
            return at, held == key
        at += 1
    return at, False
