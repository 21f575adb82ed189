"""The write points of registry and log: what they make durable, or say that they did. A row each.

A transaction is named after the function whose transaction it is, a file after what it holds, a step after the fault
point of the log's sequencer. What must become of it is the same everywhere, and is what the invariants say: whoever
meets the failure asks or works again, and it has happened once. `meets` says who that is, and is checked.

Those of the gateway's edge are in `edge_points.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What becomes of a write."""

    FAILED = "failed"
    UNTOLD = "persisted, reported failed"
    LOST = "reported persisted, lost at crash"


THEN: Mapping[Outcome, str] = {
    Outcome.FAILED: "whoever meets it tries again, and it happens once",
    Outcome.UNTOLD: "whoever meets it tries again, and finds it done",
    Outcome.LOST: "nobody meets anything, and after the crash it is there",
}
"""What must become of a write; the invariants say it in full."""


class Meets(StrEnum):
    """Who meets a failure, and tries again."""

    CLIENT = "client"
    READER = "reader"
    WORKERS = "workers"
    SEQUENCER = "sequencer"
    COSIGNER = "cosigner"
    FOLLOWER = "follower"


class Given(StrEnum):
    """In which house the working day begins."""

    FRESH = "founded, nothing logged"
    GROWN = "a log about to cross 256"
    TORN = "killed between commit and publication"


ALL = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class WritePoint:
    """One place where something is written. `step` is that of the issuance cycle."""

    name: str
    step: str
    meets: Meets
    given: Given = Given.GROWN
    outcomes: tuple[Outcome, ...] = ALL
    also: tuple[Meets, ...] = ()  # who notices beside
    after: str = ""  # a point that must be reached first, where the first arrival has nothing to write

    @property
    def in_database(self) -> bool:
        """Whether the database has a part in it; a file of the log is the same on any."""
        return not self.name.startswith(("file ", "discard "))

    def __str__(self) -> str:
        return self.name


def _rows(meets: Meets, *rows: tuple[str, str], **more: Any) -> list[WritePoint]:
    return [WritePoint(name, step, meets, **more) for step, name in rows]


WRITE_POINTS: tuple[WritePoint, ...] = (
    # The registry's acts: one transaction each.
    *_rows(
        Meets.CLIENT,
        ("3", "commit Organisations.register"),
        ("3", "commit Accreditations.apply"),
        ("3", "commit Accreditations.propose"),
        ("3", "commit Accreditations.approve"),
        ("3", "commit Accreditations.reject"),
        ("3", "commit Intake.stage"),
        ("3", "commit Intake._begin"),
        ("3", "commit Intake._next_batch"),
    ),
    # What its workers do, under a lease.
    *_rows(
        Meets.WORKERS,
        ("4", "commit Workers._hold"),
        ("4", "send entries"),
        ("4", "commit Relay.submit"),
        ("6b", "commit Relay.prove"),
        ("6d", "commit Release.sign"),
        ("6d", "commit Due.act"),
    ),
    *_rows(Meets.WORKERS, ("6c", "commit KeyStore._first"), given=Given.FRESH),
    *_rows(Meets.READER, ("7", "commit StatusLists._sign")),
    # The log: entries come in, get a place, become files.
    *_rows(Meets.WORKERS, ("4", "commit Entries.append")),
    *_rows(
        Meets.SEQUENCER,
        ("5a", "5a locked"),
        ("5c", "5c assigned"),
        ("5d", "5d signed"),
        ("5e", "5e swapped"),
        outcomes=(Outcome.FAILED,),  # inside the transaction: nothing is persisted yet, whatever is reported
        after="commit Entries.append",
    ),
    *_rows(Meets.SEQUENCER, ("5e", "commit Sequencer._commit"), after="5e swapped"),
    *_rows(
        Meets.SEQUENCER,
        ("5f", "file bundle, full"),
        ("5f", "file bundle, partial"),
        ("5f", "file tile level 0, full"),
        ("5f", "file tile level 0, partial"),
        ("5f", "file tile level 1, partial"),
        ("5g", "file checkpoint"),
        ("5h", "discard partial files"),
    ),
    *_rows(Meets.COSIGNER, ("5g", "file checkpoint, time only")),
    # What the log does first after a crash.
    *_rows(Meets.SEQUENCER, ("5", "commit tree_row"), given=Given.FRESH, also=(Meets.WORKERS,)),
    *_rows(Meets.SEQUENCER, ("5", "commit Recovery._publish"), given=Given.TORN),
)
