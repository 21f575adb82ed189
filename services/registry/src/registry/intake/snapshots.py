"""A snapshot: one uploaded list on its way into the registry, and who may take it further. Pure.

Rules
1. A list is staged by a proposer (or registrar) of the authority that asserts it, and released by an approver there.
2. The two are different persons; an API key never releases.
3. A copy of somebody else's list is asserted by this registry itself and names where it was published.
4. A snapshot goes STAGED → RELEASING → RELEASED, and a release that was cut short goes on where it stopped. Or it goes
   STAGED → REJECTED, by whoever might have released it.
5. A list that no longer names more than 2 % of what it listed is held as a whole, until the releaser says how many those
   are: the file may be cut off.
6. Of one list, none is released after a newer one.
7. Nor is one that has waited longer than a proposal may, unless its release has begun.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.access.model import Role
from registry.intake.model import Change

STAGED = "STAGED"
RELEASING = "RELEASING"
RELEASED = "RELEASED"
REJECTED = "REJECTED"
SETTLED = (RELEASED, REJECTED)

FEED = "feed"
TRANSCRIBED = "transcribed"

ACT = "list"  # the act that releasing a list amounts to, row 0 of the transition table
UPLOADERS = (Role.PROPOSER, Role.REGISTRAR)

MISSING_SHARE = 0.02  # a list that lacks more than this share of what was listed is marked

_ID = re.compile(r"snp_[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one batch of a release came to."""

    released: int = 0  # new accreditations
    changes: int = 0  # of accreditations listed before
    settled: Mapping[Change, int] = field(default_factory=dict)  # staged as such, and not to be done any more
    unchanged: int = 0  # of those: somebody else has done the same since, and the list names them
    held_rows: int = 0  # of those that met something else since
    held_gone: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One list over time: of its snapshots each says what has changed since the one before."""

    authority_id: str
    layout: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One uploaded list; accepted + held + rejected = rows."""

    id: str
    authority_id: str
    layout: str
    basis: str  # feed | transcribed
    source: str | None
    file_name: str
    file_hash: str
    rows: int
    accepted: int
    held: int
    rejected: int
    listings: int  # new accreditations
    unchanged: int  # accreditations listed before with the same word
    absent: int  # accreditations listed before that the file does not name
    listed_before: int  # accreditations this list had when the file was staged
    released_listings: int
    gone: int  # accreditations to unlist: the absent ones, unless held
    back: int  # accreditations to list again
    changed: int  # accreditations to give another word, or another meaning of it
    held_gone: int
    released_changes: int  # of those three
    removals_confirmed: int | None  # what the releaser said (rule 5)
    state: str
    uploaded_by: str
    uploaded_at: datetime
    released_by: str | None
    released_at: datetime | None

    @property
    def series(self) -> Series:
        """Which list it is a snapshot of."""
        return Series(self.authority_id, self.layout, self.source)

    @property
    def misses_many(self) -> bool:
        """True when more than 2 % of what this list had is not in this file."""
        return self.absent > MISSING_SHARE * self.listed_before

    @property
    def held_because(self) -> str | None:
        """Why the snapshot is held as a whole (rule 5), or None."""
        if self.state in SETTLED or not self.misses_many or self.removals_confirmed == self.absent:
            return None
        return self.many_removals

    @property
    def many_removals(self) -> str:
        """How many of how many the list would remove."""
        return (
            f"it would remove {self.absent:,} of the {self.listed_before:,} listed before, which is more than "
            f"{MISSING_SHARE:.0%}; the file may be cut off"
        )

    @property
    def difference(self) -> dict[str, int]:
        """The accreditations by how the list differs from what is listed; held: rows, and what cannot be unlisted."""
        return {
            "new": self.listings,
            "gone": self.gone,
            "back": self.back,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "held": self.held + self.held_gone,
        }

    @property
    def to_release(self) -> int:
        """How many accreditations it lists or changes."""
        return self.listings + self.gone + self.back + self.changed

    @property
    def released(self) -> int:
        """How many of them it has."""
        return self.released_listings + self.released_changes

    def after(self, tally: Tally) -> dict[str, Any]:
        """The columns that change once a batch was released."""
        return {
            "released_listings": self.released_listings + tally.released,
            "released_changes": self.released_changes + tally.changes,
            "listings": self.listings - tally.settled.get(Change.NEW, 0),
            "gone": self.gone - tally.settled.get(Change.GONE, 0),
            "back": self.back - tally.settled.get(Change.BACK, 0),
            "changed": self.changed - tally.settled.get(Change.CHANGED, 0),
            "unchanged": self.unchanged + tally.unchanged,
            "accepted": self.accepted - tally.held_rows,
            "held": self.held + tally.held_rows,
            "held_gone": self.held_gone + tally.held_gone,
        }


def is_id(text: str) -> bool:
    """True for what has the form of a snapshot's id."""
    return _ID.fullmatch(text) is not None
