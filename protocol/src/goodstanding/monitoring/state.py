"""What a monitor knows of one log between two looks; `folder.py` keeps it.

One note is kept of each (size, root): a later time over the same tree proves nothing new about the tree.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from goodstanding.canonical import format_time, parse_time
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import EventError, LogError
from goodstanding.merkle import CompactRange
from goodstanding.monitoring.checks import Stream, Tally
from goodstanding.trust import TrustedLog

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
        """Keep a checkpoint whose signatures were verified."""
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


def _stream_json(stream: Stream) -> list[Any]:
    decided_at = None if stream.decided_at is None else format_time(stream.decided_at)
    return [stream.head.hex(), decided_at, stream.live]


def _stream(kept: list[Any]) -> Stream:
    head, decided_at, live = kept
    return Stream(bytes.fromhex(head), None if decided_at is None else parse_time(decided_at), live)
