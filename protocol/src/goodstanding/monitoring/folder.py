"""A monitor's folder: what it keeps between two looks.

    state.json            what is verified, replaced as a whole once all of it is on the disk
    checkpoints.ndjson    every signed tree ever seen, {"checkpoint": "<note>"}, only ever added to
    findings.ndjson       everything found, with its evidence, only ever added to
    lock                  held by whoever works here

1. Evidence is on the disk before the state moves on.
2. A line that a crash cut off is dropped; the look that wrote it is done again.
3. Two monitors do not work in one folder at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.monitoring.findings import Finding
from goodstanding.monitoring.state import MonitorState
from goodstanding.note import Note
from goodstanding.trust import TrustedLog

try:
    import fcntl
except ImportError:  # not on every system
    fcntl = None  # type: ignore[assignment]  # a system without it

MAX_STATE: Final = 1024 * 1024 * 1024
"""Bytes of the longest file of a folder that is read: some millions of accreditations."""


class StateFolder:
    """The folder of one monitor; whoever saves to it holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one monitor that works here, until the end of the process at the latest; LogError if another does."""
        self._check()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            if not _locked(lock.fileno()):
                raise LogError(f"another monitor is at work in {self.folder.name}; give each a folder of its own")
            yield

    def load(self, log: TrustedLog) -> MonitorState:
        """What was kept, an empty state in an empty folder; LogError when it is another log's or cannot be read."""
        self._check()
        if not self.folder.exists():
            return MonitorState()
        path = self.folder / "state.json"
        state = MonitorState.from_json(_json(_read(path)), log) if path.exists() else MonitorState()
        for note in read_checkpoints(self.folder):
            state.keep(Checkpoint.parse(Note.parse(note).text), note)
        return state

    def findings(self) -> list[Finding]:
        """Everything found before, the oldest first."""
        return [Finding.from_json(line) for line in _lines(self.folder / "findings.ndjson")]

    def save(self, state: MonitorState, log: TrustedLog, findings: Iterable[Finding]) -> list[Finding]:
        """Keep evidence, then the state (rule 1); returns the findings that are new here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        had = set(read_checkpoints(self.folder))
        seen = (note for _, roots in sorted(state.checkpoints.items()) for note in roots.values())
        _append(self.folder / "checkpoints.ndjson", [_note_line(note) for note in seen if note not in had])
        known = {(each.kind, each.message) for each in self.findings()}
        new = [finding for finding in findings if (finding.kind, finding.message) not in known]
        _append(self.folder / "findings.ndjson", [finding.line() for finding in new])
        _replace(self.folder / "state.json", json.dumps(state.to_json(log), separators=(",", ":")).encode())
        return new

    def export(self, file: Path) -> None:
        """Write the checkpoints seen to a file, for another monitor to compare with its own."""
        _replace(file, b"".join(line + b"\n" for line in map(_note_line, read_checkpoints(self.folder))))

    def _check(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise LogError(f"{self.folder.name} is a file; a monitor keeps its state in a folder")


def read_checkpoints(place: Path) -> list[bytes]:
    """The notes kept in a monitor's folder or in a file exported from one, verified by nobody; LogError, OSError."""
    path = place / "checkpoints.ndjson" if place.is_dir() else place
    if place.is_dir() and not path.exists():
        return []
    try:
        return [_json(line)["checkpoint"].encode() for line in _read(path).split(b"\n")[:-1]]
    except (KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{path.name} does not hold checkpoints seen by a monitor") from error


def _note_line(note: bytes) -> bytes:
    return json.dumps({"checkpoint": note.decode()}, ensure_ascii=False).encode()


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise LogError(f"what a monitor kept is not JSON any more: {error}") from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_STATE + 1)
    if len(data) > MAX_STATE:
        raise LogError(f"{path.name} is larger than {MAX_STATE} bytes")
    return data


def _lines(path: Path) -> list[bytes]:
    """The whole lines of a file (rule 2); none where there is no such file."""
    if not path.exists():
        return []
    return _read(path).split(b"\n")[:-1]


def _append(path: Path, lines: list[bytes]) -> None:
    if not lines:
        return
    whole = len(_read(path).rpartition(b"\n")[0]) if path.exists() else 0
    with path.open("r+b" if path.exists() else "wb") as file:
        file.truncate(whole + 1 if whole else 0)
        file.seek(0, os.SEEK_END)
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _locked(descriptor: int) -> bool:
    """Whether a file is ours alone now; where there are no such locks, it is taken to be."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # where a folder cannot be opened, renaming is all there is
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
