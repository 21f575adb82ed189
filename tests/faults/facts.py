"""What the harness reads from outside, as plain values: what clients heard, what rows and answers say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that a client got: under which key, the id it names, and when (monotonic seconds)."""

    key: str
    result: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the registry's ledger."""

    event_id: str
    kind: str
    number: str | None
    leaf: bytes
    log_index: int | None = None


@dataclass(frozen=True, slots=True)
class Accreditation:
    number: str
    authority: str
    organisation: str
    scheme: str
    open: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that was released: how many listings it had, and the numbers they were given."""

    list_id: str
    listings: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A row of used idempotency keys."""

    operation: str
    key: str
    result: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The restricted half of a decision."""

    event_id: str
    number: str
    act: str
    four_eyes: bool
    proposer: str | None
    approver: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed record, its signature checked: which leaf it opens, and where it says that leaf is."""

    jti: str
    leaf_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Probe:
    """A question of a reader and its answer; `ready` says whether the door called itself ready all the while."""

    number: str
    asked: float
    verdict: str | None  # None: no answer came
    ready: bool = True
