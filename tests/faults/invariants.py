"""What must hold after every fault: the rules. Each is a pure function over what was read from outside.

`row_invariants.py`, `log_invariants.py` and `answer_invariants.py` hold the functions; none of them reads anything.
Each takes rows, notes, files or answers, and returns one `Violation` per thing that is wrong. No violation means that
the rule holds *for what was read*: whether enough was read is for the caller to see to.

What is read is read in this order, or a healthy register looks broken: what clients were told and what checkpoints
were seen, then the log's files, then the registry's rows.
"""

from dataclasses import dataclass
from enum import StrEnum

GOOD = "IN_GOOD_STANDING"


class Rule(StrEnum):
    """What is never traded."""

    KEPT = "what was acknowledged is there"
    ONE_OPEN = "one open accreditation per authority, organisation and scheme"
    ONE_ACT = "one act per idempotency key"
    LISTED_ONCE = "one accreditation for each listing of a released list"
    LOGGED_ONCE = "an event and a signed record are in the log once, where they say"
    REGISTERED = "every decision in the log has its event in the registry"
    ALL_LOGGED = "every event reaches the log"
    PREFIX = "every checkpoint seen is a prefix of every later one"
    COMPLETE = "a published checkpoint has its files, and they have its root"
    NOT_MISLED = "nobody reads good standing later than the bound after a suspension"
    UNTOUCHED = "who was not suspended still reads good standing"
    TWO_PERSONS = "two persons per decision that needs them"
    GOES_ON = "the log goes on without a person"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong."""

    rule: Rule
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"
