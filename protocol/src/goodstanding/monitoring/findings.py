"""What a monitor can find. The first six are the log's own doing or its server's; the last three are for people to ask about.

    FORK            the log signed two trees that cannot both be its history; both checkpoints are kept
    REWIND          it showed fewer entries than it had shown before
    GAP             the feed leaves an entry out or repeats one, or a file that the tree needs is not there
    DAMAGED         what is served does not fit what is signed: one bit is enough
    MISSING_BODY    an entry has no body, and no erasure event names it
    PREV_BROKEN     an entry does not follow the newest one of its subject
    LATE_INCLUSION  long decided before it was recorded, or long recorded before it was published
    BACKDATING      takes effect before it was decided, without a provision; or its times run backwards, or ahead
    MASS_REMOVAL    a large share of the accreditations removed at once

Exit status: 0 when nothing was found, otherwise that of the gravest finding, the first in this order. Statuses are
added, never renumbered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from goodstanding.canonical import parse_json
from goodstanding.errors import EventError, LogError
from goodstanding.note import MAX_NOTE_SIZE

MAX_FINDING: Final = 5 * MAX_NOTE_SIZE
"""Bytes of the longest line that holds a finding: two checkpoints of evidence and a sentence."""


class FindingKind(StrEnum):
    """Codes for programs, the gravest first; codes are added, never renamed."""

    FORK = "FORK"
    REWIND = "REWIND"
    GAP = "GAP"
    DAMAGED = "DAMAGED"
    MISSING_BODY = "MISSING_BODY"
    PREV_BROKEN = "PREV_BROKEN"
    LATE_INCLUSION = "LATE_INCLUSION"
    BACKDATING = "BACKDATING"
    MASS_REMOVAL = "MASS_REMOVAL"


EXIT: Final = {
    FindingKind.FORK: 10,
    FindingKind.REWIND: 11,
    FindingKind.GAP: 12,
    FindingKind.DAMAGED: 13,
    FindingKind.MISSING_BODY: 14,
    FindingKind.PREV_BROKEN: 15,
    FindingKind.LATE_INCLUSION: 16,
    FindingKind.BACKDATING: 17,
    FindingKind.MASS_REMOVAL: 18,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `evidence` are the signed checkpoints that show it, as they were served.

    Where those of a fork differ in size, the smaller one stands first, and `proof` shows that the larger tree does not
    begin with it: the root that the larger tree has at the smaller size, then the consistency proof between the two.
    """

    kind: FindingKind
    message: str
    index: int | None = None  # of the entry it is about
    event_id: str | None = None
    evidence: tuple[bytes, ...] = ()
    proof: tuple[bytes, ...] = ()  # 32 bytes each

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Read what `to_json` wrote; LogError for anything else."""
        try:
            value = parse_json(line, max_bytes=MAX_FINDING)
            evidence = tuple(note.encode() for note in value["evidence"])
            proof = tuple(map(bytes.fromhex, value["proof"]))
            return cls(FindingKind(value["kind"]), value["message"], value["index"], value["eventId"], evidence, proof)
        except (EventError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise LogError(f"a finding that was kept cannot be read: {error}") from error

    def to_json(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        evidence = [note.decode("utf-8", "replace") for note in self.evidence]
        return {
            "kind": self.kind.value,
            "message": self.message,
            "index": self.index,
            "eventId": self.event_id,
            "evidence": evidence,
            "proof": [item.hex() for item in self.proof],
        }

    def line(self) -> bytes:
        """The finding as one line, without its newline."""
        return json.dumps(self.to_json(), ensure_ascii=False).encode()


def exit_status(findings: Iterable[Finding]) -> int:
    """The exit status of the gravest finding; 0 for none."""
    return min((EXIT[finding.kind] for finding in findings), default=0)
