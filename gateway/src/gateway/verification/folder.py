"""The folder in which the processes of one machine share the edge: `GOODSTANDING_VAR/edge`.

    lock                           held (flock) by the one process that follows the feed
    <tree size>.snapshot           the newest counts (`snapshot.py`)
    <tree size>.delta              what was verified from that size on, up to where the next delta begins (`delta.py`)
    checkpoint                     a checkpoint seen beside the feed, where it is newer than what the deltas hold
    records.db                     released records (`records.py`)
    *.partial                      being written; left over where a process was killed

Sizes have 16 digits. Only the holder of the lock writes, renames and removes. A file that is removed stays readable for
those that have it open. Nothing here is needed: without it the edge is built from the feed again.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from goodstanding.note import MAX_NOTE_SIZE

DIGITS = 16


class Folder:
    """Paths, and the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._checkpoint = path / "checkpoint"
        self._lock: int | None = None

    @property
    def locked(self) -> bool:
        """True while this object holds the lock."""
        return self._lock is not None

    def lock(self) -> bool:
        """Take the lock if nobody has it, making the folder where there is none; OSError when that cannot be done."""
        if self._lock is not None:
            return True
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._lock = descriptor
        return True

    def unlock(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def snapshot(self, size: int) -> Path:
        """The snapshot of a tree size."""
        return self.path / f"{size:0{DIGITS}d}.snapshot"

    def delta(self, size: int) -> Path:
        """The delta that begins at a tree size."""
        return self.path / f"{size:0{DIGITS}d}.delta"

    def put_checkpoint(self, note: bytes) -> None:
        """Show the others a newer checkpoint; OSError when the disk is full."""
        partial = self.path / "checkpoint.partial"
        partial.write_bytes(note)
        partial.rename(self._checkpoint)

    def checkpoint(self, seen: int) -> tuple[bytes, int]:
        """The checkpoint shown and a mark of it; nothing where there is none, or none but the one whose mark was seen."""
        try:
            with self._checkpoint.open("rb") as file:
                state = os.fstat(file.fileno())
                mark = hash((state.st_ino, state.st_mtime_ns))
                return (b"", seen) if mark == seen else (file.read(MAX_NOTE_SIZE), mark)
        except FileNotFoundError:
            return b"", seen

    def snapshots(self) -> list[int]:
        """The tree sizes of all snapshots, ascending."""
        return sorted(self._sizes("snapshot"))

    def deltas(self) -> list[int]:
        """The tree sizes at which deltas begin, ascending."""
        return sorted(self._sizes("delta"))

    def forget_before(self, size: int) -> None:
        """Remove what the snapshot of this size has made superfluous."""
        self._remove(lambda other: other < size)

    def forget_all(self) -> None:
        """Remove everything that is built from the feed."""
        self._remove(lambda _: True)
        self._checkpoint.unlink(missing_ok=True)

    def forget_partial(self) -> None:
        """Remove what somebody did not finish writing."""
        for path in self.path.glob("*.partial"):
            path.unlink(missing_ok=True)

    def _remove(self, superfluous: Callable[[int], bool]) -> None:
        for size in filter(superfluous, self.snapshots()):
            self.snapshot(size).unlink(missing_ok=True)
        for size in filter(superfluous, self.deltas()):
            self.delta(size).unlink(missing_ok=True)

    def _sizes(self, kind: str) -> Iterator[int]:
        for path in self.path.glob(f"{'[0-9]' * DIGITS}.{kind}"):
            yield int(path.stem)
