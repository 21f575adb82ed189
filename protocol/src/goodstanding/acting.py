"""What may be decided: whether an act is legal where it would take effect, and whether all later ones stay legal.

Rules
1. An act starts where its row does, and only where what it closes is open and nothing that refuses it is.
2. A new act is accepted only if every decision from the first one it changes onward stays legal; else the refusal names
   the one in the way. What a correction changes begins with the earliest of what it voids, or puts into force again.
3. Only `correct` names decisions to void: those that count, and of this accreditation. A closing act whose target is
   void must be voided with it.
4. Acts that change claims take effect in the order in which they were decided.
"""

from collections.abc import Sequence
from datetime import datetime

from goodstanding.decisions import Decision
from goodstanding.errors import ActNotAllowed
from goodstanding.standing import State, fold, in_force, shown, step
from goodstanding.transitions import NOTHING_YET, TRANSITIONS, Effect, MeasureKind, Transition, transition


def allowed_acts(history: Sequence[Decision], at: datetime) -> list[str]:
    """The acts that may be decided with effect at this instant, in the order of the table."""
    state = fold(history, at)
    return [row.act for row in TRANSITIONS if _starts(row, state, at)]


def check_act(history: Sequence[Decision], new: Decision) -> None:
    """Accept a new decision, or raise ActNotAllowed with `allowed` and, where a decision is in the way, `blocked_by`."""
    at = new.effective_from
    allowed = allowed_acts(history, at)
    _check_voids(history, new, allowed)
    _check_claims_order(history, new, allowed)
    before, after = in_force(history), in_force([*history, new])
    start = min(d.effective_from for d in _changed(before, after))
    state: State | None = None
    for decision in after:
        if decision.effective_from >= start:
            _check_one(state, decision, new, allowed)
        state = step(state, decision)


def _changed(before: Sequence[Decision], after: Sequence[Decision]) -> list[Decision]:
    """What counts before or after, and not both; the new decision is among them."""
    were, are = {d.event_id for d in before}, {d.event_id for d in after}
    return [d for d in (*before, *after) if (d.event_id in were) != (d.event_id in are)]


def _check_one(state: State | None, decision: Decision, new: Decision, allowed: Sequence[str]) -> None:
    """Rules 1 and 2 for one decision, as the new one would find it."""
    problem = _problem(state, decision)
    if problem is None:
        return
    if decision.event_id == new.event_id:
        raise ActNotAllowed(
            f"{problem}; allowed then: {', '.join(allowed) or 'nothing'}", allowed=allowed,
            blocked_by=None if decision.act in allowed else _cause(state, decision.effective_from),
        )  # fmt: skip
    raise ActNotAllowed(
        f"{new.act} from {new.effective_from:%Y-%m-%d} would make the later {decision.act} of "
        f"{decision.effective_from:%Y-%m-%d} impossible ({problem}); correct that decision first, or with it",
        allowed=allowed,
        blocked_by=decision.event_id,
    )


def _problem(state: State | None, decision: Decision) -> str | None:
    """Why a decision may not stand on this state (rule 1); None when it may."""
    row, at = transition(decision.act), decision.effective_from
    standing = shown(state, at)
    if standing is None:
        begins = row.sources == NOTHING_YET or row.effect is Effect.VOIDS  # which may leave nothing behind
        return None if begins else f"{row.act} needs an application first"
    if standing not in row.sources:
        return f"{row.act} is not possible while {decision.number} is {standing}"
    if refusing := _refusing(row, state, at):
        return f"{row.act} is not possible while a {refusing} is open"
    return _closing_problem(row, state, decision)


def _closing_problem(row: Transition, state: State | None, decision: Decision) -> str | None:
    if row.effect is not Effect.CLOSES_MEASURE:
        return None
    running = _closable(row, state, decision.effective_from)
    if decision.closes in running:
        return None
    return f"{row.act} must name the {row.measure} it closes; running: {', '.join(running) or 'none'}"


def _closable(row: Transition, state: State | None, at: datetime) -> list[str]:
    return [m.event_id for m in state.running(row.measure, at)] if state and row.measure else []


def _refusing(row: Transition, state: State | None, at: datetime) -> MeasureKind | None:
    kinds = sorted(row.refused_while)
    return next((kind for kind in kinds if state and state.running(kind, at)), None)


def _starts(row: Transition, state: State | None, at: datetime) -> bool:
    standing = shown(state, at)
    if standing is None:
        return row.sources == NOTHING_YET
    if standing not in row.sources or _refusing(row, state, at):
        return False
    return row.effect is not Effect.CLOSES_MEASURE or bool(_closable(row, state, at))


def _cause(state: State | None, at: datetime) -> str | None:
    """The decision that makes the standing what it is: the newest open measure, or the one that set the base."""
    if state is None:
        return None
    weighing = (MeasureKind.REVOCATION, MeasureKind.SUSPENSION, MeasureKind.CONDITION, MeasureKind.NOTICE)
    return next((m.event_id for kind in weighing for m in state.running(kind, at)), state.decided_by)


def _check_voids(history: Sequence[Decision], new: Decision, allowed: Sequence[str]) -> None:
    """Rule 3."""
    voids = transition(new.act).effect is Effect.VOIDS
    if voids != bool(new.corrects):
        what = "must name the decisions it corrects" if voids else "corrects nothing; that takes an act of its own"
        raise ActNotAllowed(f"{new.act} {what}", allowed=allowed)
    counting = {d.event_id for d in in_force(history)}
    for event_id in new.corrects:
        if event_id not in counting:
            raise ActNotAllowed(
                f"{event_id} cannot be corrected: no decision about {new.number} that counts has this id",
                allowed=allowed,
            )


def _check_claims_order(history: Sequence[Decision], new: Decision, allowed: Sequence[str]) -> None:
    """Rule 4; what the new decision voids is in nobody's way."""
    if new.generation is None:
        return
    for earlier in in_force(history):
        later = earlier.generation and earlier.effective_from > new.effective_from
        if later and earlier.event_id not in new.corrects:
            raise ActNotAllowed(
                f"{new.act} would change the claims from {new.effective_from:%Y-%m-%d}, before {earlier.act} "
                f"changed them from {earlier.effective_from:%Y-%m-%d}",
                allowed=allowed,
                blocked_by=earlier.event_id,
            )
