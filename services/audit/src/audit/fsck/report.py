"""What a check has found: where, what is wrong with it, and what to do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

MAX_LISTED: Final = 1000
"""Most findings that are listed; those beyond are counted."""

Progress = Callable[[str, int, int], None]
"""Told what is being checked, how many entries of it are, and how many there are."""


class Do(Enum):
    """What helps against each kind of damage."""

    REBUILD = "find out who wrote to it, then run: audit rebuild"
    RESTORE_CHECKPOINT = (
        "restore the file from a mirror of the log, or the log's keys and origin to what they were; do not sign anew"
    )
    RESTORE_ROWS = "restore the database from a backup, then run: audit catch-up (docs/backup.md)"
    CATCH_UP = "restore a newer backup, or run: audit catch-up (docs/backup.md)"
    FETCH_BODY = "run: audit catch-up --bodies with a copy of the feed, or with what `registry events` prints"
    ERASE_AGAIN = "ask the registry to have it erased again"
    MOVE_AWAY = "find out who wrote it, and move it away"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `offset` is a byte of a file, or the index of an entry in the database."""

    path: str
    offset: int | None
    wrong: str
    do: str


@dataclass(slots=True)
class Report:
    """What was checked, and what was found. Bounded: findings beyond `MAX_LISTED` are only counted."""

    size: int | None = None  # of the published tree; None when its checkpoint does not verify
    files: int = 0
    rows: int = 0
    beyond: int = 0  # files that no published checkpoint vouches for yet
    total: int = 0
    findings: list[Finding] = field(default_factory=list)

    def names(self, path: str) -> bool:
        """Whether a listed finding is about this path."""
        return any(finding.path == path for finding in self.findings)

    def wrong(self, path: str, offset: int | None, wrong: str, do: Do) -> None:
        """Note a finding."""
        self.total += 1
        if len(self.findings) < MAX_LISTED:
            self.findings.append(Finding(path, offset, wrong, do.value))
