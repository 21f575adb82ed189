"""What a history of decisions amounts to, found by searching the whole list anew for every question.

Written from the domain's text, to be compared with the fold: there is no state that acts change one after the other. The
rows of the transition table are data here; neither the fold nor the check of acts is imported.

A *chain* is the decisions about one accreditation as they were decided. The log keeps that order, so those logged come
first, by index. *Acts* are those of a chain that count and have taken effect, in the order in which they do.
"""

from collections.abc import Sequence
from datetime import datetime

from goodstanding.decisions import Decision, Generation
from goodstanding.transitions import LIVE, TRANSITIONS, Effect, MeasureKind, Standing, Transition

Acts = Sequence[Decision]

ROWS = {row.act: row for row in TRANSITIONS}
CODES = {
    None: None, "APPLIED": None, "DEFERRED": None, "WITHDRAWN_APPLICATION": None,
    "PROVISIONAL": 0, "ACTIVE": 0, "CONDITIONAL": 0,
    "REVOKED": 1, "BARRED": 1, "SURRENDERED": 1, "LAPSED": 1, "TERMINATED": 1, "REFUSED": 1,
    "SUSPENDED": 2, "NOT_ASSERTED": 3, "UNRECOGNISED": 3,
}  # fmt: skip
SEVERITY = {0: 0, 3: 1, 2: 2, 1: 3, None: 3}  # without a code nobody is accredited


# --- which decisions count


def known(chain: Acts, size: int | None) -> Acts:
    """What was known of a chain when the log had this size; without one, what staff know now."""
    return [one for one in chain if size is None or (one.index is not None and one.index < size)]


def void(decision: Decision, chain: Acts) -> bool:
    """Whether a correction that counts names this decision."""
    return any(decision.event_id in one.corrects and not void(one, chain) for one in chain if one.corrects)


def counting(chain: Acts, size: int | None = None) -> Acts:
    """What is known and not void, in the order in which it takes effect."""
    seen = known(chain, size)
    return sorted((one for one in seen if not void(one, seen)), key=lambda one: one.effective_from)


def in_effect(chain: Acts, at: datetime, size: int | None = None) -> Acts:
    """What counts and has taken effect at an instant."""
    return [one for one in counting(chain, size) if one.effective_from <= at]


# --- what the acts amount to


def open_measures(acts: Acts, kind: MeasureKind, at: datetime) -> list[str]:
    """The acts that opened a measure of this kind which neither ended by itself nor was closed."""
    closed = {one.closes for one in acts}
    return [
        one.event_id
        for one in acts
        if ROWS[one.act].effect is Effect.OPENS_MEASURE
        and ROWS[one.act].measure is kind
        and one.event_id not in closed
        and (one.effective_until is None or at < one.effective_until)
    ]


def base(acts: Acts) -> Standing | None:
    """What the last act that sets a base made of it; a listed word without a mapping is not recognised."""
    setting = [one for one in acts if ROWS[one.act].effect in (Effect.BASE, Effect.LISTING)]
    return ROWS[setting[-1].act].target or setting[-1].listed or Standing.UNRECOGNISED if setting else None


def generation(acts: Acts) -> Generation | None:
    """The claims stated last, by acts that had something to state them of."""
    places = reversed(range(len(acts)))
    return next(
        (acts[place].generation for place in places if acts[place].generation and base(acts[: place + 1])), None
    )


def revoked(acts: Acts, at: datetime) -> Standing | None:
    """REVOKED or BARRED, where a revocation has effect; a stay or bar has to do with the revocations before it."""
    suspensive = {one.event_id for one in acts if one.suspensive}
    if not suspensive.isdisjoint(open_measures(acts, MeasureKind.APPEAL, at)):
        return None
    for place, one in enumerate(acts):
        if one.event_id in open_measures(acts, MeasureKind.REVOCATION, at):
            stays, bars = (
                set(open_measures(acts, kind, at)) - {earlier.event_id for earlier in acts[:place]}
                for kind in (MeasureKind.STAY, MeasureKind.BAR)
            )
            if not stays:
                return Standing.BARRED if bars else Standing.REVOKED
    return None


def open_standings(acts: Acts, at: datetime) -> list[Standing]:
    """Everything that could be shown at an instant."""
    under = base(acts)
    if under is None:
        return []
    ended, claims = revoked(acts, at), generation(acts)
    found = [ended, under] if ended else [under]
    if under in {*LIVE, Standing.SUSPENDED} and claims and claims.valid_until and claims.valid_until <= at:
        found.append(Standing.LAPSED)
    if open_measures(acts, MeasureKind.SUSPENSION, at):
        found.append(Standing.SUSPENDED)
    if under is Standing.ACTIVE and open_measures(acts, MeasureKind.CONDITION, at):
        found = [Standing.CONDITIONAL, *found]
    return found


def shown(acts: Acts, at: datetime) -> Standing | None:
    """The worst of what is open; among equals a measure, then the base."""
    return max(open_standings(acts, at), key=lambda one: SEVERITY[CODES[one]], default=None)


def index_codes(chain: Acts, at: datetime) -> dict[int, int]:
    """Status index -> code: what is shown for the claims in force, 0 for claims still to come, 1 for all others."""
    acts = in_effect(chain, at)
    codes = {one.generation.status_idx: 1 for one in chain if one.generation}
    codes |= {one.generation.status_idx: 0 for one in counting(chain)[len(acts) :] if one.generation}
    if current := generation(acts):
        code = CODES[shown(acts, at)]
        codes[current.status_idx] = 1 if code is None else code
    return codes


# --- what may be decided


def starting(acts: Acts, at: datetime) -> list[Transition]:
    """The rows of which an act may take effect at an instant, after these acts."""
    standing = shown(acts, at)
    return [row for row in TRANSITIONS if may_start(row, standing, acts, at)]


def may_start(row: Transition, standing: Standing | None, acts: Acts, at: datetime) -> bool:
    """Whether an act of this row may take effect at an instant, after these acts, which show this standing."""
    if standing is None:
        return not row.sources
    if standing not in row.sources or any(open_measures(acts, kind, at) for kind in row.refused_while):
        return False
    return row.effect is not Effect.CLOSES_MEASURE or bool(open_measures(acts, row.measure, at))


def stands(decision: Decision, acts: Acts) -> bool:
    """Whether a decision is legal after these acts."""
    row, at = ROWS[decision.act], decision.effective_from
    standing = shown(acts, at)
    if standing is None and row.effect is Effect.VOIDS:
        return True  # a correction may leave nothing behind
    closes = row.effect is Effect.CLOSES_MEASURE
    return may_start(row, standing, acts, at) and (
        not closes or decision.closes in open_measures(acts, row.measure, at)
    )


def may_be_decided(chain: Acts, new: Decision) -> bool:
    """Whether the whole chain is legal with one more decision, which voids only what counts."""
    before, after = counting(chain), counting([*chain, new])
    if bool(new.corrects) != (ROWS[new.act].effect is Effect.VOIDS):
        return False
    if not {one.event_id for one in before}.issuperset(new.corrects):
        return False
    later = (one for one in before if one.effective_from > new.effective_from and one.event_id not in new.corrects)
    if new.generation and any(one.generation for one in later):
        return False  # claims change in the order in which that is decided
    return all(stands(one, after[:place]) for place, one in enumerate(after))
