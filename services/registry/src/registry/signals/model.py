"""Signals as they are kept, who reads and handles them, and what of them is counted in public. Pure.

Rules
1. A signal changes no standing and is in no event: an authority that finds one true decides, as it always does.
2. It reaches the authorities that have the organisation in their register: they registered it, or accredit it.
3. Those at such an authority see that there is one. What it says is read by persons, as `TERMS` has it, and by the
   member it was given to; every read is noted. Of sexual exploitation or abuse only regulators and that member read.
4. Who reported is apart from what was reported, takes a question of its own, and is erased without a trace but the fact.
5. Where a signal stands changes by `MOVES` and nothing else; who moved it, and when, is kept.
6. Nobody who reports learns whether others have. Public counts say at least how many were found true, in steps.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from registry.access import reading
from registry.access.model import Role
from registry.access.reading import readers
from registry.errors import Conflict, Invalid, NotAllowed

SIGNAL_ID: Final = re.compile(r"sig_[0-9a-f]{32}", re.ASCII)
REPORTER_ID: Final = re.compile(r"rep_[0-9a-f]{32}", re.ASCII)
WINDOW: Final = timedelta(days=730)  # how far back public counts go
READERS: Final = readers(reading.Kind.SIGNALS)  # who at an authority sees that there is a signal
UNLOGGED: Final = readers(reading.Kind.UNLOGGED)  # who knows of an accreditation that is not public
MAX_CHANGES: Final = 100  # of one signal
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{22,200}", re.ASCII)  # 128 bits and more as base64url, hex or UUID
_KEY_LETTERS: Final = 9  # different ones; of a million random keys in hexadecimal, three have fewer


class Kind(StrEnum):
    """What a signal is about."""

    FEE_DEMANDED = "FEE_DEMANDED"
    PASSPORT_KEPT = "PASSPORT_KEPT"
    SEXUAL_EXPLOITATION_OR_ABUSE = "SEXUAL_EXPLOITATION_OR_ABUSE"
    FORGED_DOCUMENT = "FORGED_DOCUMENT"
    CONTRACT_SUBSTITUTION = "CONTRACT_SUBSTITUTION"
    LOOK_ALIKE = "LOOK_ALIKE"
    OTHER_COMPLAINT = "OTHER_COMPLAINT"


class State(StrEnum):
    """Where a signal stands."""

    RECEIVED = "RECEIVED"
    UNDER_REVIEW = "UNDER_REVIEW"
    SUBSTANTIATED = "SUBSTANTIATED"
    UNFOUNDED = "UNFOUNDED"
    REFERRED = "REFERRED"


@dataclass(frozen=True, slots=True)
class Move:
    """One way from a state to another; `by_any`: by any authority it reaches, not only the one that has it."""

    source: State
    target: State
    by_any: bool = False


MOVES: Final = (
    Move(State.RECEIVED, State.UNDER_REVIEW, by_any=True),
    Move(State.UNDER_REVIEW, State.SUBSTANTIATED),
    Move(State.UNDER_REVIEW, State.UNFOUNDED),
    Move(State.UNDER_REVIEW, State.REFERRED),
    Move(State.SUBSTANTIATED, State.UNDER_REVIEW),
    Move(State.UNFOUNDED, State.UNDER_REVIEW),
    Move(State.REFERRED, State.UNDER_REVIEW, by_any=True),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """As what reading a signal, and who reported it, is noted; the roles, at an authority it reaches, to handle it."""

    said: reading.Kind
    reporter: reading.Kind

    @property
    def handle(self) -> frozenset[Role]:
        """Who moves it is who may ask for its reporter."""
        return readers(self.reporter)


SENSITIVE: Final = frozenset({Kind.SEXUAL_EXPLOITATION_OR_ABUSE})
_ORDINARY: Final = Terms(reading.Kind.SIGNALS, reading.Kind.REPORTERS)
_SURVIVOR_CENTRED: Final = Terms(reading.Kind.SIGNALS_OF_ABUSE, reading.Kind.SIGNALS_OF_ABUSE)
TERMS: Final[Mapping[Kind, Terms]] = {kind: _SURVIVOR_CENTRED if kind in SENSITIVE else _ORDINARY for kind in Kind}


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal without what it says."""

    id: str
    organisation_id: str
    number: str | None
    kind: Kind
    state: State
    received_at: datetime
    authority_id: str | None = None  # that has taken it up
    assigned_to: str | None = None  # the member it was given to there


@dataclass(frozen=True, slots=True)
class Report:
    """What a signal says; restricted (rule 3)."""

    text: str = field(repr=False)
    evidence: tuple[str, ...]  # SHA-256, base64url
    occurred_on: date | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported; restricted (rule 4)."""

    id: str
    signal_id: str
    name: str | None = field(repr=False)
    contact: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One move, or one handing over."""

    source: State
    target: State
    authority_id: str
    actor: str
    at: datetime
    assigned_to: str | None
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many signals of each kind were found true; not `exact`: at least so many."""

    exact: bool
    of: Mapping[Kind, int]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with roles, as the register and the token have them, before a signal that reaches these authorities."""

    sub: str
    roles: frozenset[tuple[str, str]]
    reached: Collection[str]

    def at(self, wanted: Collection[str]) -> frozenset[str]:
        """The authorities it reaches at which one of these roles is held."""
        return frozenset(place for place, role in self.roles if place in self.reached and role in wanted)

    def sees(self) -> bool:
        """Whether it is shown that there is a signal."""
        return bool(self.at(READERS))

    def reads(self, signal: Signal) -> frozenset[str]:
        """The authorities for which it is shown what it says."""
        return self._given(signal) | self.at(readers(TERMS[signal.kind].said))

    def handles(self, signal: Signal) -> frozenset[str]:
        """The authorities for which it may be moved, and its reporter asked for."""
        return self._given(signal) | self.at(TERMS[signal.kind].handle)

    def _given(self, signal: Signal) -> frozenset[str]:
        """The authority that gave it to this member, who still has a role there; none if nobody did."""
        if signal.assigned_to != self.sub:
            return frozenset()
        return frozenset(place for place, role in self.roles if place == signal.authority_id and role in READERS)


def move(signal: Signal, target: State) -> Move:
    """The way from where a signal stands to another state; NotAllowed lists where it may go."""
    ways = [one for one in MOVES if one.source is signal.state]
    found = next((one for one in ways if one.target is target), None)
    if found is None:
        allowed = [str(one.target) for one in ways]
        raise NotAllowed(
            f"{signal.id} is {signal.state.lower()} and goes from there to {', '.join(allowed)} only.",
            allowed_acts=allowed,
        )
    return found


def need_unguessable(key: str) -> None:
    """Invalid for a key that another caller without an account might use too: they share one space of keys."""
    if not _KEY.fullmatch(key) or len(set(key)) < _KEY_LETTERS:
        raise Invalid(
            "Without an account the idempotency key is what tells callers apart: send a random UUID, or 22 and more "
            "random letters and digits.",
            field="idempotencyKey",
        )


def need_room(*, today: int, most_today: int, waiting: int, most_waiting: int, draw: float) -> None:
    """Conflict when callers without an account have sent all that is taken; `draw` is a random number below 1.

    From half of what is taken on, more and more is refused by chance: whoever counts refusals cannot tell how many
    others have reported (rule 6).
    """
    if waiting >= most_waiting or draw < 2 * today / most_today - 1:
        raise Conflict(
            "This register takes no more reports without an account at present. Try again tomorrow, or go to the "
            "authority itself.",
            code="TOO_MANY_REPORTS",
        )


def public_counts(found: Mapping[Kind, int], step: int) -> dict[Kind, int]:
    """At least how many signals of each kind were found true: rounded down to a step, and nothing below one (rule 6).

    Nothing at all is said of what is `SENSITIVE`: a count that moves would tell the accused that somebody has spoken.
    """
    return {kind: count // step * step for kind, count in found.items() if count >= step and kind not in SENSITIVE}
