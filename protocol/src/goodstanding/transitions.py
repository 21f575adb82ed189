"""The transition table: which act leads from which standing to which. It is data; `standing.py` folds by it.

Row numbers are those of the domain's table. An act that is not here does not exist; a standing that an act does not
name as its source refuses it, and the refusal lists what is allowed.
"""

from dataclasses import dataclass
from enum import StrEnum

from goodstanding.errors import ActNotAllowed


class Standing(StrEnum):
    """What an accreditation is shown as at one instant."""

    APPLIED = "APPLIED"
    DEFERRED = "DEFERRED"
    WITHDRAWN_APPLICATION = "WITHDRAWN_APPLICATION"
    REFUSED = "REFUSED"
    PROVISIONAL = "PROVISIONAL"
    ACTIVE = "ACTIVE"
    CONDITIONAL = "CONDITIONAL"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    BARRED = "BARRED"
    SURRENDERED = "SURRENDERED"
    LAPSED = "LAPSED"
    TERMINATED = "TERMINATED"
    NOT_ASSERTED = "NOT_ASSERTED"
    UNRECOGNISED = "UNRECOGNISED"


class Basis(StrEnum):
    """Where a decision comes from; bodies write it in lower case."""

    DECIDED = "DECIDED"
    FEED = "FEED"
    TRANSCRIBED = "TRANSCRIBED"


class Effect(StrEnum):
    """The one dimension an act changes."""

    BASE = "base"  # the base becomes the row's target
    LISTING = "listing"  # the base becomes what the local word maps to
    OPENS_MEASURE = "opens measure"  # a suspension begins
    CLOSES_MEASURE = "closes measure"  # the named suspension ends


class Actor(StrEnum):
    """Who may bring an act."""

    APPLICANT = "applicant"
    AUTHORITY = "authority"
    TRIBUNAL = "tribunal"
    FEED = "feed"
    TRANSCRIBER = "transcriber"


LIVE = frozenset({Standing.PROVISIONAL, Standing.ACTIVE, Standing.CONDITIONAL})
NOTHING_YET = frozenset[Standing]()  # the source of a row that starts an accreditation

STATUS_CODES: dict[Standing, int | None] = {
    Standing.APPLIED: None,
    Standing.DEFERRED: None,
    Standing.WITHDRAWN_APPLICATION: None,
    Standing.REFUSED: 1,
    Standing.PROVISIONAL: 0,
    Standing.ACTIVE: 0,
    Standing.CONDITIONAL: 0,
    Standing.SUSPENDED: 2,
    Standing.REVOKED: 1,
    Standing.BARRED: 1,
    Standing.SURRENDERED: 1,
    Standing.LAPSED: 1,
    Standing.TERMINATED: 1,
    Standing.NOT_ASSERTED: 3,
    Standing.UNRECOGNISED: 3,
}
"""Status list code of each shown standing; None where no record exists."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: an act, where it may start, what it changes, who brings it."""

    row: int
    act: str
    sources: frozenset[Standing]  # NOTHING_YET: only where no decision stands yet
    effect: Effect
    target: Standing | None
    actors: frozenset[Actor]
    four_eyes: bool
    opens_generation: bool


TRANSITIONS: tuple[Transition, ...] = (
    Transition(0, "list", NOTHING_YET, Effect.LISTING, None,
               frozenset({Actor.FEED, Actor.TRANSCRIBER}), four_eyes=True, opens_generation=True),
    Transition(1, "apply", NOTHING_YET, Effect.BASE, Standing.APPLIED,
               frozenset({Actor.APPLICANT, Actor.AUTHORITY}), four_eyes=False, opens_generation=False),
    Transition(6, "grant", frozenset({Standing.APPLIED, Standing.PROVISIONAL}), Effect.BASE, Standing.ACTIVE,
               frozenset({Actor.AUTHORITY}), four_eyes=True, opens_generation=True),
    Transition(9, "suspend", LIVE | {Standing.SUSPENDED}, Effect.OPENS_MEASURE, None,
               frozenset({Actor.AUTHORITY}), four_eyes=True, opens_generation=False),
    Transition(10, "end_suspension", frozenset({Standing.SUSPENDED}), Effect.CLOSES_MEASURE, None,
               frozenset({Actor.AUTHORITY, Actor.TRIBUNAL}), four_eyes=True, opens_generation=False),
    Transition(13, "revoke", LIVE | {Standing.SUSPENDED}, Effect.BASE, Standing.REVOKED,
               frozenset({Actor.AUTHORITY}), four_eyes=True, opens_generation=False),
)  # fmt: skip

_BY_ACT = {row.act: row for row in TRANSITIONS}


def transition(act: str) -> Transition:
    """The row of an act; ActNotAllowed (listing every act there is) when there is none."""
    row = _BY_ACT.get(act)
    if row is None:
        raise ActNotAllowed(f"there is no act {act[:40]!r}", allowed=sorted(_BY_ACT))
    return row


def acts_from(shown: Standing | None) -> list[str]:
    """The acts whose row starts at this shown standing (None: nothing yet), in row order."""
    if shown is None:
        return [row.act for row in TRANSITIONS if row.sources == NOTHING_YET]
    return [row.act for row in TRANSITIONS if shown in row.sources]
