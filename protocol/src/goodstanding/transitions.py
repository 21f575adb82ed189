"""The transition table: which act leads from which standing to which. It is data; `standing.py` folds by it.

Row numbers are those of the domain's table; a row that goes two ways is two acts. An act that is not here does not
exist; a standing that an act does not name as its source refuses it, and the refusal lists what is allowed. What
changes without an act (rows 18, 24 and 25) is in `COMPUTED`. docs/standing.md is generated from both.
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
    OPENS_MEASURE = "opens measure"  # a measure of the row's kind begins
    CLOSES_MEASURE = "closes measure"  # the measure it names, of the row's kind, ends
    CLAIMS = "claims"  # nothing but scope and validity, by a new generation
    VOIDS = "voids"  # the decisions it names count for nothing
    REDIRECTS = "redirects"  # points to another accreditation


class MeasureKind(StrEnum):
    """What may lie over a base for a while; several may at once, also of one kind."""

    CONDITION = "condition"
    SUSPENSION = "suspension"
    NOTICE = "notice"  # that a revocation is intended
    REVOCATION = "revocation"  # has no effect while a stay or a suspensive appeal is open
    BAR = "bar"  # from applying again; counts while the revocation does
    STAY = "stay"  # of a revocation, by a tribunal
    APPEAL = "appeal"
    RENEWAL = "renewal"  # asked for in time and not decided yet


class Opens(StrEnum):
    """Whether an act opens a record generation: claims under a status index of their own."""

    NEVER = "never"
    ALWAYS = "always"
    IF_LIVE = "if live"  # where there are claims to state afterwards


class Actor(StrEnum):
    """Who may bring an act."""

    APPLICANT = "applicant"
    AUTHORITY = "authority"
    TRIBUNAL = "tribunal"  # recorded by a registrar with an adjudication mandate, with the ruling's hash
    FEED = "feed"
    TRANSCRIBER = "transcriber"
    REGISTRY = "registry"
    CLOCK = "clock"
    SCHEME_OWNER = "scheme owner"


LIVE = frozenset({Standing.PROVISIONAL, Standing.ACTIVE, Standing.CONDITIONAL})
ANY = frozenset(Standing)
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
    actors: frozenset[Actor]
    target: Standing | None = (
        None  # the new base; beside a measure, what it makes of a live base; None: what lies under
    )
    measure: MeasureKind | None = None  # what it opens or closes
    opens: Opens = Opens.NEVER
    four_eyes: bool = True
    refused_while: frozenset[MeasureKind] = frozenset()
    ends: bool = False  # it must say until when (effective_until)

    @property
    def opens_generation(self) -> bool:
        """True when it may open a generation."""
        return self.opens is not Opens.NEVER


_AUTHORITY = frozenset({Actor.AUTHORITY})
_TRIBUNAL = frozenset({Actor.TRIBUNAL})
_EITHER = _AUTHORITY | _TRIBUNAL
_LISTS = frozenset({Actor.FEED, Actor.TRANSCRIBER})
_HELD = LIVE | {Standing.SUSPENDED}  # somebody holds an accreditation
_APPEALABLE = _HELD | {Standing.REFUSED, Standing.REVOKED, Standing.BARRED, Standing.TERMINATED}
_S, _E, _M, _O = Standing, Effect, MeasureKind, Opens

TRANSITIONS: tuple[Transition, ...] = (
    Transition(0, "list", NOTHING_YET, _E.LISTING, _LISTS, opens=_O.ALWAYS),
    Transition(1, "apply", NOTHING_YET, _E.BASE, _AUTHORITY | {Actor.APPLICANT}, _S.APPLIED, four_eyes=False),
    Transition(2, "defer", frozenset({_S.APPLIED}), _E.BASE, _AUTHORITY, _S.DEFERRED, four_eyes=False),
    Transition(2, "resume", frozenset({_S.DEFERRED}), _E.BASE, _AUTHORITY, _S.APPLIED, four_eyes=False),
    Transition(3, "refuse", frozenset({_S.APPLIED, _S.PROVISIONAL}), _E.BASE, _AUTHORITY, _S.REFUSED),
    Transition(4, "withdraw_application", frozenset({_S.APPLIED}), _E.BASE, frozenset({Actor.APPLICANT}),
               _S.WITHDRAWN_APPLICATION, four_eyes=False),
    Transition(5, "grant_provisionally", frozenset({_S.APPLIED}), _E.BASE, _AUTHORITY, _S.PROVISIONAL,
               opens=_O.ALWAYS),
    Transition(6, "grant", frozenset({_S.APPLIED, _S.PROVISIONAL}), _E.BASE, _AUTHORITY, _S.ACTIVE, opens=_O.ALWAYS),
    Transition(7, "impose_conditions", frozenset({_S.ACTIVE}), _E.OPENS_MEASURE, _AUTHORITY, _S.CONDITIONAL,
               measure=_M.CONDITION, opens=_O.ALWAYS),
    Transition(7, "lift_conditions", frozenset({_S.CONDITIONAL}), _E.CLOSES_MEASURE, _AUTHORITY, _S.ACTIVE,
               measure=_M.CONDITION, opens=_O.ALWAYS),
    Transition(8, "change_scope", LIVE, _E.CLAIMS, _AUTHORITY, opens=_O.ALWAYS),
    Transition(9, "suspend", _HELD, _E.OPENS_MEASURE, _AUTHORITY, _S.SUSPENDED, measure=_M.SUSPENSION),
    Transition(10, "end_suspension", frozenset({_S.SUSPENDED}), _E.CLOSES_MEASURE, _EITHER, measure=_M.SUSPENSION),
    Transition(11, "give_notice", LIVE, _E.OPENS_MEASURE, _AUTHORITY, measure=_M.NOTICE,
               refused_while=frozenset({_M.REVOCATION})),
    Transition(12, "withdraw_notice", _HELD, _E.CLOSES_MEASURE, _AUTHORITY, measure=_M.NOTICE, four_eyes=False),
    Transition(13, "revoke", _HELD, _E.OPENS_MEASURE, _AUTHORITY, _S.REVOKED, measure=_M.REVOCATION,
               refused_while=frozenset({_M.REVOCATION})),
    Transition(14, "stay", frozenset({_S.REVOKED}), _E.OPENS_MEASURE, _TRIBUNAL, measure=_M.STAY, opens=_O.ALWAYS),
    Transition(15, "end_stay", _HELD | {_S.LAPSED}, _E.CLOSES_MEASURE, _TRIBUNAL, measure=_M.STAY),
    Transition(16, "restore", _HELD | {_S.REVOKED}, _E.CLOSES_MEASURE, _EITHER, measure=_M.REVOCATION,
               opens=_O.ALWAYS),
    Transition(17, "surrender", _HELD, _E.BASE, _AUTHORITY, _S.SURRENDERED,
               refused_while=frozenset({_M.SUSPENSION, _M.NOTICE, _M.REVOCATION})),
    Transition(19, "terminate", _HELD, _E.BASE, _AUTHORITY, _S.TERMINATED),
    Transition(20, "bar", frozenset({_S.REVOKED}), _E.OPENS_MEASURE, _AUTHORITY, _S.BARRED, measure=_M.BAR, ends=True),
    Transition(21, "renew_late", frozenset({_S.LAPSED}), _E.BASE, _AUTHORITY, _S.ACTIVE, opens=_O.ALWAYS),
    Transition(22, "merge", _HELD, _E.BASE, _AUTHORITY, _S.TERMINATED),
    Transition(22, "split", _HELD, _E.REDIRECTS, _AUTHORITY),
    Transition(23, "correct", ANY, _E.VOIDS, _AUTHORITY, opens=_O.IF_LIVE),
    Transition(26, "renew", LIVE, _E.CLAIMS, _AUTHORITY, opens=_O.ALWAYS),
    Transition(26, "continue_renewal", LIVE, _E.OPENS_MEASURE, _AUTHORITY, measure=_M.RENEWAL, opens=_O.ALWAYS),
    Transition(27, "lodge_appeal", _APPEALABLE, _E.OPENS_MEASURE, _EITHER, measure=_M.APPEAL),
    Transition(27, "decide_appeal", ANY, _E.CLOSES_MEASURE, _EITHER, measure=_M.APPEAL),
    Transition(27, "withdraw_appeal", ANY, _E.CLOSES_MEASURE, _EITHER, measure=_M.APPEAL),
    Transition(28, "unlist", ANY - {_S.NOT_ASSERTED}, _E.BASE, _LISTS, _S.NOT_ASSERTED),
    Transition(29, "relist", ANY, _E.LISTING, _LISTS, opens=_O.ALWAYS),
    Transition(30, "unrecognise", ANY - {_S.UNRECOGNISED}, _E.BASE, _LISTS, _S.UNRECOGNISED),
    Transition(30, "recognise", frozenset({_S.UNRECOGNISED}), _E.LISTING, _LISTS),
    Transition(31, "reissue", _HELD, _E.CLAIMS, frozenset({Actor.REGISTRY}), opens=_O.ALWAYS, four_eyes=False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Computed:
    """A row that no act brings about: it follows from the clock, or from what happened to the authority."""

    row: int
    name: str
    sources: frozenset[Standing]
    target: Standing | None  # None: an overlay, not a standing
    actor: Actor


COMPUTED: tuple[Computed, ...] = (
    Computed(18, "lapse", _HELD, _S.LAPSED, Actor.CLOCK),
    Computed(24, "issuer suspect", ANY, None, Actor.SCHEME_OWNER),
    Computed(25, "issuer no longer suspect", ANY, None, Actor.SCHEME_OWNER),
)

_BY_ACT = {row.act: row for row in TRANSITIONS}


def transition(act: str) -> Transition:
    """The row of an act; ActNotAllowed (listing every act there is) when there is none."""
    row = _BY_ACT.get(act)
    if row is None:
        raise ActNotAllowed(f"there is no act {act[:40]!r}", allowed=sorted(_BY_ACT))
    return row
