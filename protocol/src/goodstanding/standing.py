"""The fold: logged decisions, the clock and a question give a standing. Pure; used by registry, edge and verifier.

Rules
1. Known: only decisions with a log index below the size asked about; without a size, pending ones too.
2. Void: walking by index downwards, a decision named by a correction that is not itself void counts for nothing.
3. Order: by (effective_from, index); pending ones after logged ones, in the order of their chain.
4. Each act changes one dimension: the base, one measure, or scope and validity through a new generation.
5. Intervals are [from, until); ``effective_until`` ends a measure by itself; the end of validity lapses what was live.
6. Shown is the worst of what is open: an ended base, then lapsed, then suspended, then the live base.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from goodstanding.canonical import parse_time
from goodstanding.errors import ActNotAllowed
from goodstanding.transitions import (
    LIVE,
    NOTHING_YET,
    STATUS_CODES,
    Basis,
    Effect,
    Standing,
    acts_from,
    transition,
)

SUPERSEDED = 1  # status code of a generation that another one replaced, for good
_SEVERITY = {0: 0, 3: 1, 2: 2, 1: 3}  # precedence 1 > 2 > 3 > 0
_NO_RECORD = 3  # no code at all means nobody is told "good standing": as severe as 1


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
class Generation:
    """One issue of the claims: scope and validity under one status index."""

    event_id: str
    scope: Scope
    valid_from: datetime | None
    valid_until: datetime | None  # exclusive
    status_uri: str
    status_idx: int


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
    local_word: str | None = None
    listed: Standing | None = None  # what the local word maps to; None when nothing does
    generation: Generation | None = None  # the generation this act opens

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
            local_word=body.get("local_word"),
            listed=listed,
            generation=_generation(body),
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
    )


@dataclass(frozen=True, slots=True)
class Measure:
    """A suspension: who ordered it is in its decision; several may run side by side."""

    event_id: str
    ground: str | None
    since: datetime
    until: datetime | None  # exclusive

    def open_at(self, moment: datetime) -> bool:
        """True while the measure runs."""
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class State:
    """The dimensions after folding: base, measures, generation."""

    base: Standing
    since: datetime
    basis: Basis
    decided_by: str  # event id of the decision that set the base
    local_word: str | None = None
    measures: tuple[Measure, ...] = ()  # not closed by an act; ask open_at for those that ran out
    generation: Generation | None = None

    def suspensions(self, moment: datetime) -> tuple[Measure, ...]:
        """The measures running at this instant."""
        return tuple(measure for measure in self.measures if measure.open_at(moment))

    def lapsed(self, moment: datetime) -> bool:
        """True when a live base has run past the end of its validity."""
        end = self.generation.valid_until if self.generation else None
        return self.base in LIVE and end is not None and moment >= end


def fold(history: Iterable[Decision], as_of: datetime, size: int | None = None) -> State | None:
    """The state at ``as_of``, known from the first ``size`` log entries (rules 1-4); None: nothing yet."""
    state: State | None = None
    for decision in _in_force(history, size):
        if decision.effective_from > as_of:
            break
        state = _step(state, decision)
    return state


def _in_force(history: Iterable[Decision], size: int | None = None) -> list[Decision]:
    known = [d for d in history if size is None or (d.index is not None and d.index < size)]
    if any(d.corrects for d in known):
        void = _void(known)
        known = [d for d in known if d.event_id not in void]
    known.sort(key=lambda d: (d.effective_from, d.index is None, d.index or 0))  # stable: chain order stays
    return known


def _void(known: Sequence[Decision]) -> set[str]:
    void: set[str] = set()
    for decision in sorted(known, key=lambda d: (d.index is None, d.index or 0))[::-1]:
        if decision.event_id not in void:
            void.update(decision.corrects)
    return void


def _step(state: State | None, decision: Decision) -> State:
    row = transition(decision.act)
    if state is None or row.effect in (Effect.BASE, Effect.LISTING):
        target = row.target or decision.listed or Standing.UNRECOGNISED
        state = State(
            base=target,
            since=decision.effective_from,
            basis=decision.basis,
            decided_by=decision.event_id,
            local_word=decision.local_word,
            measures=state.measures if state else (),
            generation=state.generation if state else None,
        )
    elif row.effect is Effect.OPENS_MEASURE:
        opened = Measure(decision.event_id, decision.measure, decision.effective_from, decision.effective_until)
        state = replace(state, measures=(*state.measures, opened))
    else:
        state = replace(state, measures=tuple(m for m in state.measures if m.event_id != decision.closes))
    return replace(state, generation=decision.generation) if decision.generation else state


def shown(state: State | None, as_of: datetime) -> Standing | None:
    """The worst open dimension (rule 6); None when there is nothing yet."""
    if state is None or state.base not in LIVE:
        return state.base if state else None
    if state.lapsed(as_of):
        return Standing.LAPSED
    return Standing.SUSPENDED if state.suspensions(as_of) else state.base


def shown_since(state: State, as_of: datetime) -> datetime:
    """Since when the shown standing holds, as far as the open dimension tells."""
    if state.lapsed(as_of) and state.generation and state.generation.valid_until:
        return state.generation.valid_until
    running = state.suspensions(as_of) if state.base in LIVE else ()
    return min((measure.since for measure in running), default=state.since)


def shown_until(state: State, as_of: datetime) -> datetime | None:
    """When the shown standing ends by itself; None when only a decision ends it."""
    if shown(state, as_of) not in LIVE | {Standing.SUSPENDED}:
        return None
    end = state.generation.valid_until if state.generation else None
    ends = [measure.until for measure in state.suspensions(as_of)]
    if ends and None not in ends:
        end = max(e for e in ends if e) if end is None else min(end, max(e for e in ends if e))
    return end


def status_code(standing: Standing | None) -> int | None:
    """Status list code of a shown standing: 0 good, 1 ended, 2 suspended, 3 cannot conclude; None: no record."""
    return None if standing is None else STATUS_CODES[standing]


def worse(left: int, right: int) -> int:
    """The status code that takes precedence: 1 > 2 > 3 > 0."""
    return left if _SEVERITY[left] >= _SEVERITY[right] else right


def boundaries(history: Iterable[Decision]) -> list[datetime]:
    """Every instant at which something begins or ends by itself, in order."""
    instants: set[datetime] = set()
    for decision in _in_force(history):
        instants.add(decision.effective_from)
        if decision.effective_until:
            instants.add(decision.effective_until)
        if decision.generation and decision.generation.valid_until:
            instants.add(decision.generation.valid_until)
    return sorted(instants)


def index_codes(history: Sequence[Decision], at: datetime) -> dict[tuple[str, int], int]:
    """Status code of every generation's (list uri, index): the current one's by its standing, earlier ones 1."""
    state = fold(history, at)
    current = state.generation.event_id if state and state.generation else None
    in_force = {d.event_id for d in _in_force(history)}
    codes: dict[tuple[str, int], int] = {}
    for decision in history:
        if (opened := decision.generation) is None:
            continue
        if opened.event_id == current:
            code = status_code(shown(state, at)) or 0
        elif decision.event_id in in_force and decision.effective_from > at:
            code = 0  # allotted, not yet in effect: no record carries it
        else:
            code = SUPERSEDED
        codes[opened.status_uri, opened.status_idx] = code
    return codes


def lowers_trust(before: Sequence[Decision], after: Sequence[Decision], now: datetime) -> bool:
    """True when at any instant from now on the status code ranks higher or the scope shrinks."""
    instants = {now, *(at for at in (*boundaries(before), *boundaries(after)) if at > now)}
    return any(_worsens(fold(before, at), fold(after, at), at) for at in instants)


def _worsens(before: State | None, after: State | None, at: datetime) -> bool:
    was, becomes = status_code(shown(before, at)), status_code(shown(after, at))
    if _severity(becomes) > _severity(was):
        return True
    if was != 0 or becomes != 0 or not (before and before.generation and after and after.generation):
        return False
    return not after.generation.scope.covers(before.generation.scope)


def _severity(code: int | None) -> int:
    return _NO_RECORD if code is None else _SEVERITY[code]


def public_history(history: Sequence[Decision], now: datetime) -> list[Decision]:
    """What the public may see: logged decisions, and those pending ones that lower trust."""
    public = [d for d in history if d.index is not None]
    for decision in (d for d in history if d.index is None):
        if lowers_trust(public, [*public, decision], now):
            public.append(decision)
    return public


def allowed_acts(history: Sequence[Decision], at: datetime) -> list[str]:
    """The acts that the table allows at this instant."""
    return acts_from(shown(fold(history, at), at))


def check_act(history: Sequence[Decision], new: Decision) -> None:
    """Accept a new decision only when the fold with it stays legal from its ``effective_from`` onward.

    Raises ActNotAllowed with ``allowed`` (acts possible at that instant) and, where another decision stands in the
    way, ``blocked_by``.
    """
    at = new.effective_from
    _check_claims_order(history, new)
    state = fold(history, at)
    _check_one(state, new, allowed_acts(history, at))
    state = _step(state, new)
    for later in (d for d in _in_force(history) if d.effective_from > at):
        try:
            _check_one(state, later, ())
        except ActNotAllowed as error:
            raise ActNotAllowed(
                f"{new.act} from {at:%Y-%m-%d} would make the later {later.act} of {later.effective_from:%Y-%m-%d} "
                "impossible; correct that decision first",
                allowed=allowed_acts(history, at),
                blocked_by=later.event_id,
            ) from error
        state = _step(state, later)


def _check_claims_order(history: Sequence[Decision], new: Decision) -> None:
    if new.generation is None:
        return
    for earlier in _in_force(history):
        if earlier.generation and earlier.effective_from > new.effective_from:
            raise ActNotAllowed(
                f"{new.act} would change the claims from {new.effective_from:%Y-%m-%d}, before {earlier.act} "
                f"changed them from {earlier.effective_from:%Y-%m-%d}",
                allowed=allowed_acts(history, new.effective_from),
                blocked_by=earlier.event_id,
            )


def _check_one(state: State | None, decision: Decision, allowed: Sequence[str]) -> None:
    row, at = transition(decision.act), decision.effective_from
    standing = shown(state, at)
    if state is None or standing is None:
        if row.sources != NOTHING_YET:
            raise ActNotAllowed(f"{decision.act} needs an application first", allowed=allowed)
        return
    if standing not in row.sources:
        raise ActNotAllowed(
            f"{decision.act} is not possible while {decision.number} is {standing}; "
            f"allowed now: {', '.join(allowed) or 'nothing'}",
            allowed=allowed,
            blocked_by=state.decided_by,
        )
    if row.effect is Effect.CLOSES_MEASURE and decision.closes not in {m.event_id for m in state.suspensions(at)}:
        running = ", ".join(m.event_id for m in state.suspensions(at))
        raise ActNotAllowed(f"{decision.act} must name the suspension it closes; running: {running}", allowed=allowed)
