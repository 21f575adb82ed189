"""Where published files live. Reading them needs no program of ours: a web server may serve the folder as it is.

Here is the store in a folder of this machine; the one in a bucket is in `object_store.py`.

What a store promises, and what a crash leaves of it:

1. `create` never changes a file that exists: the same bytes are fine, other bytes raise StoreConflict.
2. When `create` or `swap` returns, the files are on disk, and so are the folder entries that lead to them.
3. A file is seen whole or not at all: it is written and synced under another name first.
4. `swap` replaces a file only while it still has the bytes that the caller saw.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from audit.errors import StoreConflict


class Store(Protocol):
    """Files by path. Every call blocks; from the event loop use `asyncio.to_thread`."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is none. Raises OSError."""

    def create(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files in the order given (rules 1 to 3); raises StoreConflict and OSError."""

    def swap(self, path: str, seen: bytes | None, data: bytes) -> bool:
        """Replace a file atomically; False when it no longer has the bytes `seen` (rule 4). Raises OSError."""

    def discard(self, folder: str) -> None:
        """Forget a folder and what is in it; nothing happens when there is none."""

    def paths(self) -> Iterator[str]:
        """Name every file that is there, in no promised order. Raises OSError."""


class FileStore:
    """A store in a folder of one machine, on one file system. Made on first write."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None when there is none."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def create(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files in the order given (rules 1 to 3); raises StoreConflict and OSError."""
        self._make_root()
        folders: set[Path] = set()
        for path, data in files:
            target = self._root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._create(target, path, data)
            folders.update(self._chain(target.parent))
        # An entry made by a process that died before syncing it is synced here too: hence all, every time.
        for folder in sorted(folders, reverse=True):
            _sync_folder(folder)

    def swap(self, path: str, seen: bytes | None, data: bytes) -> bool:
        """Replace a file atomically; False when it no longer has the bytes `seen` (rule 4). Raises OSError."""
        self._make_root()
        with self._lock():
            if self.read(path) != seen:
                return False
            with self._temporary(data) as temporary:
                temporary.replace(self._root / path)
            _sync_folder(self._root)
        return True

    def discard(self, folder: str) -> None:
        """Forget a folder and what is in it; nothing happens when there is none."""
        shutil.rmtree(self._root / folder, ignore_errors=True)

    def paths(self) -> Iterator[str]:
        """Name every file that is there, but for the store's own, whose names begin with a dot."""
        for folder, folders, names in os.walk(self._root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    yield (Path(folder) / name).relative_to(self._root).as_posix()

    def _make_root(self) -> None:
        if not self._root.is_dir():
            self._root.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._root.parent)

    def _create(self, target: Path, path: str, data: bytes) -> None:
        if target.exists():
            _require_same(target, path, data)
            return
        with self._temporary(data) as temporary:
            try:
                target.hardlink_to(temporary)  # fails where a rename would overwrite
            except FileExistsError:
                _require_same(target, path, data)

    @contextlib.contextmanager
    def _temporary(self, data: bytes) -> Iterator[Path]:
        """Yield a synced file under a name nobody looks for; it is gone afterwards unless it was renamed."""
        folder = self._root / ".tmp"
        folder.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o644)  # mkstemp's 0600 would keep a web server out
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the folder's lock against every other thread and process; a death releases it."""
        with (self._root / ".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _chain(self, folder: Path) -> Iterator[Path]:
        while folder != self._root:
            yield folder
            folder = folder.parent
        yield self._root


def _require_same(target: Path, path: str, data: bytes) -> None:
    if target.read_bytes() != data:
        raise conflict(path)


def conflict(path: str) -> StoreConflict:
    """The error for a file that exists with other bytes."""
    return StoreConflict(
        f"{path} exists with other bytes than the log would write there. Published files never change: find "
        "out who wrote it, make it again with: audit rebuild, then start again"
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
