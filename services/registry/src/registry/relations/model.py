"""Relations between organisations.

Rules
1. A relation says of one organisation (`source`) what it is to another (`target`): branch of it, sub-agent of it. It is
   dated: days count in the asserting authority's time zone, and the last day is the last on which it holds.
2. A suspected successor is a lead for regulators, never a finding. Only they state and see it, and it is never logged:
   what was published could not be taken back.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from goodstanding.canonical import format_time
from goodstanding.verdict import day_end, day_start
from registry.errors import Invalid

SUSPECTED: Final = "suspected-successor-of"
CHAIN: Final = ("authorised-representative-of", "branch-of", "foreign-partner-of", "sub-agent-of")
KINDS: Final = (*CHAIN, "successor-of", SUSPECTED)
REGULATOR: Final = "regulator"  # states suspected successors

ID: Final = re.compile(r"rel_[0-9a-f]{32}", re.ASCII)

MAX_LINKS: Final = 500  # of one organisation, and of one chain


@dataclass(frozen=True, slots=True)
class Draft:
    """A relation as a client states it."""

    kind: str
    source: str
    target: str
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as it is kept."""

    id: str
    kind: str
    source: str
    target: str
    authority_id: str  # asserts it
    valid_from: datetime | None = None
    valid_until: datetime | None = None  # exclusive

    @property
    def restricted(self) -> bool:
        """True for what only regulators see (rule 2)."""
        return self.kind == SUSPECTED

    def ended(self, at: datetime) -> bool:
        """True once it holds no more."""
        return self.valid_until is not None and self.valid_until <= at

    def facts(self) -> dict[str, Any]:
        """The `data` member of its events."""
        made = {"kind": self.kind, "from": self.source, "to": self.target}
        dates = {"valid_from": self.valid_from, "valid_until": self.valid_until}
        return made | {name: format_time(at) for name, at in dates.items() if at is not None}


@dataclass(frozen=True, slots=True)
class Link:
    """A relation as seen from one side: `organisation` is the other one."""

    relation: Relation
    organisation: str
    outgoing: bool  # the kind is said of the side it is seen from


def relation(relation_id: str, draft: Draft, *, authority_id: str, zone: str) -> Relation:
    """Check a draft and date it (rule 1); Invalid names the field at fault."""
    if draft.kind not in KINDS:
        raise Invalid(f"kind must be one of {', '.join(KINDS)}, not {draft.kind[:60]!r}.", field="kind")
    if draft.source == draft.target:
        raise Invalid("An organisation has no relation to itself; name two.", field="to")
    begins = None if draft.valid_from is None else day_start(draft.valid_from, zone)
    ends = None if draft.valid_until is None else day_end(draft.valid_until, zone)
    _in_order(begins, ends)
    return Relation(relation_id, draft.kind, draft.source, draft.target, authority_id, begins, ends)


def ending(held: Relation, last_day: date | None, *, zone: str, now: datetime) -> datetime:
    """The end of a relation: after a day, or now. Invalid when it would end before it began."""
    ends = now if last_day is None else day_end(last_day, zone)
    _in_order(held.valid_from, ends)
    return ends


def _in_order(begins: datetime | None, ends: datetime | None) -> None:
    if begins is not None and ends is not None and ends <= begins:
        raise Invalid("The relation would end before it begins; correct one of the days.", field="validUntil")
