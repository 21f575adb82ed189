"""Decisions as the fold takes them: read from checked bodies, frozen, without anything the fold does not need."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.canonical import parse_time
from goodstanding.transitions import Basis, Standing


@dataclass(frozen=True, slots=True)
class Scope:
    """What an accreditation covers; an empty dimension is one the accreditation does not speak of."""

    activities: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    corridors: frozenset[tuple[str, str]] = frozenset()  # (origin, destination) country codes
    branches: frozenset[str] = frozenset()

    @classmethod
    def from_body(cls, scope: Mapping[str, Any]) -> "Scope":
        """Read the ``scope`` member of an accreditation."""
        return cls(
            frozenset(scope.get("activities", ())),
            frozenset(scope.get("sectors", ())),
            frozenset((pair["origin"], pair["destination"]) for pair in scope.get("corridors", ())),
            frozenset(scope.get("branches", ())),
        )

    def covers(self, other: "Scope") -> bool:
        """True when nothing inside ``other`` lies outside this scope."""
        return all(
            not mine or (theirs and theirs <= mine)
            for mine, theirs in (
                (self.activities, other.activities),
                (self.sectors, other.sectors),
                (self.corridors, other.corridors),
                (self.branches, other.branches),
            )
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """Something the holder must do; `deadline` is exclusive."""

    code: str
    met: bool
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """One issue of the claims: scope and validity under one status index."""

    event_id: str
    scope: Scope
    valid_from: datetime | None
    valid_until: datetime | None  # exclusive
    status_uri: str
    status_idx: int
    conditions: tuple["Condition", ...] = ()
    authority: str | None = None  # that issues it


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as the fold needs it."""

    event_id: str
    number: str
    act: str
    basis: Basis
    effective_from: datetime
    decided_at: datetime
    index: int | None = None  # log index; None while pending
    effective_until: datetime | None = None
    closes: str | None = None
    corrects: tuple[str, ...] = ()
    measure: str | None = None  # ground of a suspension: disciplinary, preventive, administrative
    suspensive: bool = False  # of an appeal: a revocation has no effect while it is open
    redirect: str | None = None  # number of another accreditation
    local_word: str | None = None
    listed: Standing | None = None  # what the local word maps to; None when nothing does
    generation: Generation | None = None  # the generation this act opens
    source: str | None = None  # where the list it comes from was copied from

    @classmethod
    def from_body(cls, body: Mapping[str, Any], index: int | None, listed: Standing | None = None) -> "Decision":
        """Read a checked decision body; ``listed`` is the standing its local word maps to, if any."""
        until = body.get("effective_until")
        return cls(
            event_id=body["event_id"],
            number=body["number"],
            act=body["act"],
            basis=Basis(body["basis"].upper()),
            effective_from=parse_time(body["effective_from"]),
            decided_at=parse_time(body["decided_at"]),
            index=index,
            effective_until=None if until is None else parse_time(until),
            closes=body.get("closes"),
            corrects=tuple(body.get("corrects", ())),
            measure=body.get("measure"),
            suspensive=body.get("suspensive", False),
            redirect=body.get("redirect"),
            local_word=body.get("local_word"),
            listed=listed,
            generation=_generation(body),
            source=body.get("asserted_by"),
        )


def _generation(body: Mapping[str, Any]) -> Generation | None:
    accreditation = body.get("accreditation")
    if accreditation is None:
        return None
    start, end = accreditation.get("valid_from"), accreditation.get("valid_until")
    return Generation(
        event_id=body["event_id"],
        scope=Scope.from_body(accreditation["scope"]),
        valid_from=None if start is None else parse_time(start),
        valid_until=None if end is None else parse_time(end),
        status_uri=body["status"]["uri"],
        status_idx=body["status"]["idx"],
        conditions=conditions_of(accreditation),
        authority=body["authority"],
    )


def conditions_of(accreditation: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Read the ``conditions`` member of an accreditation."""
    return tuple(
        Condition(entry["code"], entry["met"], parse_time(entry["deadline"]) if "deadline" in entry else None)
        for entry in accreditation.get("conditions", ())
    )
