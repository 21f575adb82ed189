"""A disk that forgets: a folder whose unsynced bytes and names are gone after a crash.

Programs work on the real folder; only `fsync` is the simulator's, and it tells what a disk would have kept:

- a file's fsync keeps the bytes it has then, under whatever names lead to it;
- a folder's fsync keeps the names it has then, each for the file or folder it stands for.

A crash leaves what can be reached from the root through kept names, with kept bytes; a file whose name was kept and
whose bytes were not is empty. A real disk also writes by itself now and then, in any order, so a test may let
everything survive but some files: what nobody synced may be gone *alone*. Databases sync themselves, and keep theirs.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

Lose = Callable[[str], bool]
"""Which paths, relative to the root, lose what was not synced."""


def everything(_: str) -> bool:
    return True


class SimulatedDisk:
    """A folder on such a disk. What it holds when it is taken up counts as synced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._bytes: dict[int, bytes] = {}  # inode -> what a crash leaves of the file
        # inode -> what a crash leaves in the folder: name -> (inode, whether that is a folder)
        self._names: dict[int, dict[str, tuple[int, bool]]] = {}
        self._held: list[int] = []  # descriptors: while they are open, no inode here gets a second life
        self.adopt()

    def fsync(self, descriptor: int) -> None:
        """Stands in for `os.fsync`, which is asked the same: nothing leaves this process's memory for it."""
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            with os.scandir(descriptor) as entries:
                self._names[found.st_ino] = {entry.name: (entry.inode(), entry.is_dir()) for entry in entries}
        else:
            # Through /proc, because the descriptor itself may be for writing only.
            self._bytes[found.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        self._held.append(os.dup(descriptor))

    def adopt(self) -> None:
        """Count everything that is there as synced."""
        self.close()
        for path in (self._root, *self._root.rglob("*")):
            descriptor = os.open(path, os.O_RDONLY)
            self.fsync(descriptor)
            os.close(descriptor)

    def crash(self, lose: Lose = everything) -> None:
        """Put the folder into the state in which a crash leaves it."""
        cached, kept = _files(self._root), dict(self._kept(self._root.stat().st_ino, ""))
        left = {path: (kept if lose(path) else cached).get(path) for path in {*cached, *kept}}
        for path, data in left.items():
            target = self._root / path
            if data is None:
                target.unlink(missing_ok=True)
            elif data != cached.get(path):
                target.unlink(missing_ok=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                target.chmod(0o600)
        for folder in [path for path in self._root.rglob("*") if path.is_dir()]:
            if folder.exists() and not _files(folder):
                shutil.rmtree(folder)
        self.adopt()

    def close(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)
        self._held.clear()
        self._bytes.clear()
        self._names.clear()

    def _kept(self, folder: int, prefix: str) -> Iterator[tuple[str, bytes]]:
        """The files that can still be reached."""
        for name, (inode, is_folder) in self._names.get(folder, {}).items():
            if is_folder:
                yield from self._kept(inode, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", self._bytes.get(inode, b"")


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
