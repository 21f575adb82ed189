r"""A snapshot: one file that holds the whole projection at one tree size, mapped read-only by every process of a machine.

    header     4096 bytes
               0     8   magic "gsedge\r\n"
               8     4   u32 01020304 hexadecimal, in the byte order of the machine that wrote the file, as all numbers
               12    4   u32 version, now 4
               16    8   u64 bytes of the whole file
               24    8   u64 tree size
               32   32   root
               64   32   SHA-256 of everything behind the header
               96    8   u64 number of sections
               104  40 each: name, 24 bytes with zeros behind; u64 offset in the file; u64 length
               4064 32   SHA-256 of the header up to here
    sections   each begins at a multiple of 64; zeros between them

    origin, note                   the log's name; the checkpoint of this tree size with its newest time cosignature
    range                          the tree's right edge, 32 bytes a hash (`goodstanding.merkle.CompactRange`)
    sizes, times, roots, firsts    i64, i64, 32 bytes, i64: every published size (`goodstanding.sizes`)
    meta                           JSON: authorities, schemes, mappings, mandates, cadences, lists, erasures awaited
    label.text .ends .first .rows  `labels.py`
    account.first .ends .data      number -> block (`layout.py`)
    organisation.first .keys .ends .data    key -> event id ‖ u16 verified keys ‖ verified keys ‖ name
    key.first .rows                what the newest accreditations state, and whose they are: key ‖ number
    verified.first .rows           verified identifiers of organisations: key ‖ organisation's key
    subject.first .rows            subject ‖ hash of its newest leaf ‖ number (0: no decision's subject)

A reader refuses (SnapshotRefused) another magic, byte order or version, a file that is longer or shorter than it says,
either checksum when it is wrong, another log, a checkpoint that the log's keys do not verify, and one that the tree's
edge does not lead to. The file is written under another name, flushed to the disk and renamed.

Compatibility: none. Another version is refused, and the file is made again from the feed.
"""

import hashlib
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import IO, Final, Literal, Self, TypeVar

from gateway.verification.tables import EMPTY, Buffer, Write

MAGIC: Final = b"gsedge\r\n"
VERSION: Final = 4
ORDER: Final = 0x01020304
HEADER_SIZE: Final = 4096

_HEAD = Struct("=8sIIQQ32s32sQ")
_SECTION = Struct("=24sQQ")
_MAX_SECTIONS = (HEADER_SIZE - 32 - _HEAD.size) // _SECTION.size
_ALIGN = 64
_CHUNK = 1024 * 1024

T = TypeVar("T")


class SnapshotRefused(Exception):
    """A snapshot file that cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A mapped snapshot file whose checksums are right."""

    size: int  # of the tree
    root: bytes
    sections: Mapping[str, memoryview]
    length: int  # bytes

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a file; SnapshotRefused when it is none or damaged, FileNotFoundError when it is not there."""
        with path.open("rb") as file:
            header = file.read(HEADER_SIZE)
            size, root, digest, places = _parse(header, os.fstat(file.fileno()).st_size)
            if _digest(file) != digest:
                raise SnapshotRefused("its content is not what its checksum says")
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        sections = {name: mapped[offset : offset + length] for name, (offset, length) in places.items()}
        return cls(size, root, sections, len(mapped))

    def section(self, name: str, kind: Literal["B", "Q", "q"] = "B") -> memoryview:
        """A section, as bytes or as numbers of a `struct` kind; SnapshotRefused when the file has none of that name."""
        section = self.sections.get(name)
        if section is None:
            raise SnapshotRefused(f"it has no section {name}")
        return section.cast(kind) if len(section) else EMPTY


def _parse(header: bytes, length: int) -> tuple[int, bytes, bytes, dict[str, tuple[int, int]]]:
    if len(header) < HEADER_SIZE or header[: len(MAGIC)] != MAGIC:
        raise SnapshotRefused("it is not a snapshot, or was cut off in its header")
    _, order, version, said, size, root, digest, count = _HEAD.unpack_from(header)
    if order != ORDER:
        raise SnapshotRefused("it was written by a machine of another byte order")
    if version != VERSION:
        raise SnapshotRefused(f"it has version {version}; this program reads version {VERSION}")
    if hashlib.sha256(header[:-32]).digest() != header[-32:]:
        raise SnapshotRefused("its header is not what its checksum says")
    if said != length:
        raise SnapshotRefused(f"it has {length} bytes where {said} were written")
    places = {}
    for at in range(min(count, _MAX_SECTIONS)):
        name, offset, size_of = _SECTION.unpack_from(header, _HEAD.size + at * _SECTION.size)
        places[name.rstrip(b"\0").decode("ascii")] = (offset, size_of)
    return size, root, digest, places


def _digest(file: IO[bytes]) -> bytes:
    """Hash what follows the header. It is read, not mapped: pages nobody asks about stay out of the process."""
    file.seek(HEADER_SIZE)
    digest, buffer = hashlib.sha256(), bytearray(_CHUNK)
    while count := file.readinto(buffer):  # type: ignore[attr-defined]  # IO[bytes] does not say that it can
        digest.update(memoryview(buffer)[:count])
    return digest.digest()


class SnapshotWriter:
    """Writes a snapshot: sections one after the other, then the header; `commit` makes it appear under its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        self._file = self._partial.open("w+b", buffering=_CHUNK)
        self._file.write(bytes(HEADER_SIZE))
        self._places: list[tuple[str, int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind when it was not committed."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def section(self, name: str, write: Callable[[Write], T]) -> T:
        """Write a section: `write` is given the function that takes its bytes. What it returns is returned."""
        self._file.write(bytes(-self._file.tell() % _ALIGN))
        start = self._file.tell()
        result = write(self._file.write)
        self._places.append((name, start, self._file.tell() - start))
        return result

    def put(self, name: str, *parts: Buffer) -> None:
        """Write a section from these bytes."""
        self.section(name, lambda write: [write(part) for part in parts])

    def commit(self, size: int, root: bytes) -> None:
        """Write the header, flush everything to the disk, rename."""
        length = self._file.tell()
        self._file.flush()
        digest = _digest(self._file)
        head = _HEAD.pack(MAGIC, ORDER, VERSION, length, size, root, digest, len(self._places))
        table = b"".join(_SECTION.pack(name.encode("ascii"), start, count) for name, start, count in self._places)
        header = (head + table).ljust(HEADER_SIZE - 32, b"\0")
        self._file.seek(0)
        self._file.write(header + hashlib.sha256(header).digest())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._partial.rename(self._path)
        sync_folder(self._path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
