"""What a monitor keeps between two looks, in memory and in its folder.

    state.json            what is verified, replaced as a whole once all of it is on the disk
    checkpoints.ndjson    every signed tree ever seen, {"checkpoint": "<note>"}, only ever added to
    findings.ndjson       everything found, with its evidence, only ever added to

1. Evidence is on the disk before the state moves on.
2. A line that a crash cut off is dropped; the look that wrote it is done again.
3. One note is kept of each (size, root): a later time over the same tree proves nothing new about the tree.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from goodstanding.canonical import format_time, parse_time
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import EventError, LogError
from goodstanding.merkle import CompactRange
from goodstanding.monitoring.checks import Stream, Tally
from goodstanding.monitoring.findings import Finding
from goodstanding.note import Note
from goodstanding.trust import TrustedLog

MAX_STATE: Final = 1024 * 1024 * 1024
"""Bytes of the longest file of a folder that is read: some millions of accreditations."""

_VERSION: Final = 1


@dataclass(slots=True)
class MonitorState:
    """All that a monitor knows of one log.

    `checkpoints` maps a size to the first note of each root seen for it; `unexplained` an erased event to the erasure
    event that must name it; `day` is the UTC day of the newest checkpoint and what was removed in it.
    """

    range: CompactRange = field(default_factory=CompactRange.empty)
    newest: bytes | None = None
    streams: dict[bytes, Stream] = field(default_factory=dict)
    unexplained: dict[str, str] = field(default_factory=dict)
    live: int = 0
    day: str = ""
    of_day: Tally = field(default_factory=lambda: Tally(0))
    day_reported: bool = False
    checkpoints: dict[int, dict[bytes, bytes]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries are verified."""
        return self.range.size

    def copy(self) -> Self:
        """A state that can be moved on while this one stays; only what was seen is seen by both."""
        other = copy.copy(self)
        other.streams, other.unexplained = dict(self.streams), dict(self.unexplained)
        return other

    def from_the_start(self) -> MonitorState:
        """The state of a first look by somebody who has seen all these checkpoints."""
        return MonitorState(checkpoints=self.checkpoints)

    def keep(self, tree: Checkpoint, note: bytes) -> None:
        """Keep a checkpoint whose signatures were verified (rule 3)."""
        self.checkpoints.setdefault(tree.size, {}).setdefault(tree.root, note)

    def to_json(self, log: TrustedLog) -> dict[str, Any]:
        """The state without the checkpoints, for `from_json`."""
        return {
            "v": _VERSION,
            "vkey": log.vkey.encode(),
            "size": self.range.size,
            "edge": [item.hex() for item in self.range.hashes],
            "newest": None if self.newest is None else self.newest.decode(),
            "streams": {subject.hex(): _stream_json(stream) for subject, stream in self.streams.items()},
            "unexplained": self.unexplained,
            "day": [self.day, self.of_day.known, self.of_day.removed, self.day_reported],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], log: TrustedLog) -> Self:
        """Read a state; LogError when it is of another log or cannot be read."""
        try:
            if value["v"] != _VERSION or value["vkey"] != log.vkey.encode():
                raise LogError(f"the state kept here is not one of {log.origin} and its key; use another folder")
            newest, (day, known, removed, reported) = value["newest"], value["day"]
            streams = {bytes.fromhex(subject): _stream(kept) for subject, kept in value["streams"].items()}
            return cls(
                CompactRange(value["size"], tuple(map(bytes.fromhex, value["edge"]))),
                None if newest is None else newest.encode(),
                streams,
                dict(value["unexplained"]),
                sum(stream.live for stream in streams.values()),
                day,
                Tally(known, removed),
                reported,
            )
        except (KeyError, TypeError, ValueError, AttributeError, EventError) as error:
            raise LogError(f"the state kept here cannot be read: {error}. Start again in an empty folder") from error


class StateFolder:
    """The folder of one monitor. One monitor at a time writes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, log: TrustedLog) -> MonitorState:
        """What was kept, an empty state in an empty folder; LogError when it is another log's or cannot be read."""
        if not self.folder.exists():
            return MonitorState()
        if not self.folder.is_dir():
            raise LogError(f"{self.folder.name} is a file; a monitor keeps its state in a folder")
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


def read_checkpoints(place: Path) -> list[bytes]:
    """The notes kept in a monitor's folder or in a file exported from one, verified by nobody; LogError, OSError."""
    path = place / "checkpoints.ndjson" if place.is_dir() else place
    if place.is_dir() and not path.exists():
        return []
    try:
        return [_json(line)["checkpoint"].encode() for line in _read(path).split(b"\n")[:-1]]
    except (KeyError, TypeError, AttributeError) as error:
        raise LogError(f"{path.name} does not hold checkpoints seen by a monitor") from error


def _stream_json(stream: Stream) -> list[Any]:
    decided_at = None if stream.decided_at is None else format_time(stream.decided_at)
    return [stream.head.hex(), decided_at, stream.live]


def _stream(kept: list[Any]) -> Stream:
    head, decided_at, live = kept
    return Stream(bytes.fromhex(head), None if decided_at is None else parse_time(decided_at), live)


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


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # where a folder cannot be opened, renaming is all there is
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
