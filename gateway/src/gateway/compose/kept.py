"""The SDL that the subgraphs were last composed from, in a file: what a gateway begins with while a service is away.

1. It is written whole or not at all: beside its place, synced, then put there. The processes of one machine may all
   write it; whoever reads sees one of them.
2. One that is not as it was written (cut short, changed, larger than may be) is refused as a whole. The next
   composition of all services replaces it.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.compose.sdl import MAX_SDL

MAX_KEPT: Final = 16 * MAX_SDL
"""Bytes of a file."""


class KeptRefused(Exception):
    """The file is not as it was written; the message names it."""


class KeptSubgraphs:
    """The file at a path; its folder is made when it is first written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, str]:
        """Subgraph name -> SDL, nothing where there is no file; KeptRefused, OSError."""
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_KEPT + 1)
        except FileNotFoundError:
            return {}
        head, _, body = content.partition(b"\n")
        if len(content) > MAX_KEPT or head != _head(body):
            raise KeptRefused(
                f"{self._path} is damaged and cannot be begun with; it is replaced once all services answer"
            )
        return dict(json.loads(body))

    def write(self, subgraphs: Mapping[str, str]) -> None:
        """Replace what is kept (rule 1); OSError."""
        body = json.dumps(subgraphs, ensure_ascii=False, indent=1).encode("utf-8", "replace")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_head(body) + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        finally:
            Path(name).unlink(missing_ok=True)
        _sync(self._path.parent)


def _head(body: bytes) -> bytes:
    return f"goodstanding subgraphs 1 sha256 {hashlib.sha256(body).hexdigest()}".encode()


def _sync(folder: Path) -> None:
    """Make a rename outlive the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
