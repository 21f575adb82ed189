r"""The delta: what a machine's one follower verified after a snapshot, for the other processes and for its successor.

A file per stretch of the log, named after the tree size at which it begins. It is written at its end only::

    header    magic "gsdelta1", 16 bytes that name the log and its keys (`log_id`)
    record    u32 length of the payload, u32 CRC-32 of the payload, payload
    payload   "E" u64 index, u16 length of the leaf, leaf, body             an entry
              "X" u64 index, u16 length of the leaf, leaf, erasure's id     an entry without its body
              "C" u64 size, i64 time in seconds, 32 root, note              all before it is covered by this checkpoint

Numbers are big-endian. Readers take entries up to a "C" they have read whole. What is behind the last one was cut off
when a writer ended: its successor cuts it away.

Whoever reads applies it through a mirror again: tree, chains and the newest signature are checked once more.
"""

import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any, Final
from zlib import crc32

from goodstanding.checkpoint import Checkpoint, VerifiedCheckpoint
from goodstanding.errors import GoodstandingError
from goodstanding.events import Leaf
from goodstanding.feed import Entry
from goodstanding.merkle import leaf_hash
from goodstanding.mirror import signed_time
from goodstanding.trust import TrustedLog

MAGIC: Final = b"gsdelta1"
MAX_PAYLOAD: Final = 128 * 1024
CHUNK: Final = 4 * 1024 * 1024

_HEADER_SIZE = len(MAGIC) + 16
_FRAME = Struct(">II")
_ENTRY = Struct(">cQH")
_COVER = Struct(">cQq32s")


class DeltaDamaged(Exception):
    """A file of another log, or a record that is whole and not what was written."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries, and the checkpoint that covers them, whose signatures have not been looked at; `end` in the file."""

    entries: Sequence[Entry]
    checkpoint: VerifiedCheckpoint
    end: int


def log_id(log: TrustedLog) -> bytes:
    """16 bytes for a log's origin and keys."""
    return sha256(f"{log.origin}\n{log.vkey.encode()}\n{log.time_vkey.encode()}".encode()).digest()[:16]


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """The records of entries."""
    return b"".join(map(_entry_record, entries))


def encode_checkpoint(checkpoint: VerifiedCheckpoint) -> bytes:
    """The record of a checkpoint."""
    tree, time = checkpoint.checkpoint, int(signed_time(checkpoint).timestamp())
    return _record(_COVER.pack(b"C", tree.size, time, tree.root) + checkpoint.note)


def _entry_record(entry: Entry) -> bytes:
    kind, rest = (b"X", (entry.erased_by or "").encode()) if entry.body_bytes is None else (b"E", entry.body_bytes)
    return _record(_ENTRY.pack(kind, entry.index, len(entry.leaf_bytes)) + entry.leaf_bytes + rest)


def _record(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), crc32(payload)) + payload


class DeltaWriter:
    """The end of a delta file. One process writes: whoever holds the folder's lock."""

    def __init__(self, path: Path, log: TrustedLog, keep: int = 0) -> None:
        """Go on behind the first `keep` bytes of a file, all of them whole; 0 begins a new one."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.end = keep
        os.ftruncate(self._descriptor, keep)
        if not keep:
            self.append(MAGIC + log_id(log))

    def append(self, data: bytes) -> None:
        """Write at the end, whole or not at all; OSError when the disk does not take it."""
        view, written = memoryview(data), 0
        try:
            while written < len(view):
                written += os.pwrite(self._descriptor, view[written:], self.end + written)
        except OSError:
            os.ftruncate(self._descriptor, self.end)
            raise
        self.end += written

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class DeltaReader:
    """Reads a delta file as it grows."""

    def __init__(self, path: Path, log: TrustedLog) -> None:
        """Open a file; FileNotFoundError when it is not there."""
        self._descriptor = os.open(path, os.O_RDONLY)
        self._log = log
        self.end = 0  # of what was applied, told by whoever reads

    @property
    def removed(self) -> bool:
        """True when the file has no name any more."""
        return os.fstat(self._descriptor).st_nlink == 0

    def stretches(self) -> Iterator[Stretch]:
        """What is behind `end`, as far as it is covered; DeltaDamaged when it is not what was written."""
        entries: list[Entry] = []
        for payload, end in self._payloads():
            if payload[:1] == b"C":
                yield Stretch(entries, self._checkpoint(payload), end)
                entries = []
            else:
                entries.append(_entry(payload))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _payloads(self) -> Iterator[tuple[bytes, int]]:
        """Whole records behind `end`, and where each of them ends."""
        if not self.end and not self._read_header():
            return
        place, held = self.end, b""
        while chunk := os.pread(self._descriptor, CHUNK, place + len(held)):
            held += chunk
            at = 0
            while (end := self._whole(held, at, place)) is not None:
                yield held[at + _FRAME.size : end], place + end
                at = end
            place, held = place + at, held[at:]

    def _whole(self, held: bytes, at: int, place: int) -> int | None:
        """Where the record at `at` ends, None when it is not there as a whole."""
        if len(held) - at < _FRAME.size:
            return None
        length, check = _FRAME.unpack_from(held, at)
        end: int = at + _FRAME.size + length
        if not 0 < length <= MAX_PAYLOAD:  # zeros are what a machine leaves behind that lost its power
            raise DeltaDamaged(f"the record at {place + at} claims {length} bytes; 1 to {MAX_PAYLOAD} are written")
        if end > len(held):
            return None
        if crc32(memoryview(held)[at + _FRAME.size : end]) != check:
            raise DeltaDamaged(f"the record at {place + at} is not what its checksum says")
        return end

    def _read_header(self) -> bool:
        header = os.pread(self._descriptor, _HEADER_SIZE, 0)
        if len(header) < _HEADER_SIZE:
            return False  # its writer is about to
        if header != MAGIC + log_id(self._log):
            raise DeltaDamaged("it is not a delta of this log")
        self.end = _HEADER_SIZE
        return True

    def _checkpoint(self, payload: bytes) -> VerifiedCheckpoint:
        try:
            _, size, time, root = _COVER.unpack_from(payload)
            tree = Checkpoint(self._log.origin, size, root)
            return VerifiedCheckpoint(tree, datetime.fromtimestamp(time, UTC), payload[_COVER.size :], ())
        except (struct.error, ValueError, OverflowError, OSError, GoodstandingError) as error:
            raise DeltaDamaged(f"a checkpoint's record cannot be read: {error}") from error


def _entry(payload: bytes) -> Entry:
    try:
        kind, index, length = _ENTRY.unpack_from(payload)
        leaf_bytes, rest = payload[_ENTRY.size : _ENTRY.size + length], payload[_ENTRY.size + length :]
        leaf, hashed = Leaf.decode(leaf_bytes), leaf_hash(leaf_bytes)
        if kind == b"X":
            return Entry(index, leaf, leaf_bytes, hashed, None, None, rest.decode())
        body: dict[str, Any] = json.loads(rest)
        return Entry(index, leaf, leaf_bytes, hashed, body, rest)
    except (struct.error, ValueError, GoodstandingError) as error:
        raise DeltaDamaged(f"an entry's record cannot be read: {error}") from error
