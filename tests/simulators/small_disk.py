"""A disk of two MB that can be filled and made larger: a tmpfs, for which a test must be root."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = 4096
"""Bytes a tmpfs gives away at once."""


class SmallDisk:
    """A mounted folder, with ballast beside what is kept on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, but: int = 0) -> None:
        """Leave so many pages free."""
        with contextlib.suppress(FileExistsError):
            self._ballast.mkdir()
        with (self._ballast / "pages").open("ab") as file:
            if (pages := os.statvfs(self.path).f_bavail - but) > 0:
                os.posix_fallocate(file.fileno(), file.tell(), pages * PAGE)

    def use_up_names(self, *, but: int = 0) -> None:
        """Leave room for so many more files and folders."""
        with contextlib.suppress(FileExistsError):
            self._ballast.mkdir()
        for number in range(os.statvfs(self.path).f_favail - but):
            (self._ballast / f"{number}-{but}").touch()

    def clear(self) -> None:
        """Take the ballast away."""
        for file in self._ballast.iterdir():
            file.unlink()
        self._ballast.rmdir()

    def resize(self, size: str) -> None:
        """Make it larger, as an operator would."""
        _run("mount", "-o", f"remount,size={size}", str(self.path))


@contextlib.contextmanager
def small_disk(path: Path, *, size: str = "2m", files: int = 1000) -> Iterator[SmallDisk]:
    """Mount one for as long as the block lasts; the test is skipped where nothing may be mounted."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={files}", "tmpfs", str(path))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing may be mounted here")
    try:
        yield SmallDisk(path)
    finally:
        _run("umount", "--lazy", str(path))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=10)
