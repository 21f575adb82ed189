"""The fold: logged decisions, the clock and a question give a standing. Pure; used by registry, edge and verifier.

Rules
1. Known: only decisions with a log index below the size asked about; without a size, pending ones too.
2. Void: walking by index downwards, a decision named by a correction that is not itself void counts for nothing.
3. Order: by (effective_from, index); pending ones after logged ones, in the order of their chain.
4. Each act changes one dimension: the base, one measure, or scope and validity through a new generation.
5. Intervals are [from, until); ``effective_until`` ends a measure by itself; the end of validity lapses what was held.
6. Shown is the worst of what is open: revoked (barred while a bar runs), then an ended base, then lapsed, suspended,
   then a base that asserts nothing, conditional, then the live base. A stay or a suspensive appeal takes a revocation's
   effect while it is open.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.decisions import Condition, Decision, Generation, Scope
from goodstanding.transitions import LIVE, STATUS_CODES, Basis, Effect, MeasureKind, Standing, transition

__all__ = [
    "SUPERSEDED", "Condition", "Decision", "Generation", "Measure", "Overlay", "Redirect", "Scope", "State",
    "boundaries", "fold", "in_force", "index_codes", "lowers_trust", "overlays", "public_history", "shown",
    "shown_since", "shown_until", "status_code", "step", "worse",
]  # fmt: skip

SUPERSEDED = 1  # status code of a generation that another one replaced, for good
_SEVERITY = {0: 0, 3: 1, 2: 2, 1: 3}  # precedence 1 > 2 > 3 > 0
_NO_RECORD = 3  # no code at all means nobody is told "good standing": as severe as 1
_LAPSES = LIVE | {Standing.SUSPENDED}
_ASSERTS_NOTHING = frozenset({Standing.NOT_ASSERTED, Standing.UNRECOGNISED})


@dataclass(frozen=True, slots=True)
class Measure:
    """What lies over the base: who ordered it is in its decision; several may run side by side."""

    kind: MeasureKind
    event_id: str
    since: datetime
    until: datetime | None = None  # exclusive
    ground: str | None = None  # of a suspension
    suspensive: bool = False  # of an appeal

    def open_at(self, moment: datetime) -> bool:
        """True while the measure runs."""
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A merge or split: where something of this accreditation went."""

    act: str
    since: datetime
    number: str


@dataclass(frozen=True, slots=True)
class State:
    """The dimensions after folding: base, measures, generation, redirects."""

    base: Standing
    since: datetime
    basis: Basis
    decided_by: str  # event id of the decision that set the base
    local_word: str | None = None
    deadline: datetime | None = None  # of a deferral; exclusive
    measures: tuple[Measure, ...] = ()
    generation: Generation | None = None
    redirects: tuple[Redirect, ...] = ()
    source: str | None = None  # where the list that set the base was copied from

    def running(self, kind: MeasureKind, moment: datetime) -> tuple[Measure, ...]:
        """The open measures of a kind, the oldest first."""
        return tuple(m for m in self.measures if m.kind is kind and m.open_at(moment))

    def held(self, revocation: Measure, moment: datetime) -> bool:
        """True while something keeps a revocation from having effect: its stay, or an appeal that suspends any."""
        appeals = self.running(MeasureKind.APPEAL, moment)
        return self.upon(revocation, MeasureKind.STAY, moment) or any(appeal.suspensive for appeal in appeals)

    def upon(self, revocation: Measure, kind: MeasureKind, moment: datetime) -> bool:
        """True while a stay or bar runs that came after this revocation; one put on an earlier revocation is not its."""
        later = self.measures[self.measures.index(revocation) + 1 :]
        return any(m.kind is kind and m.open_at(moment) for m in later)

    def lapsed(self, moment: datetime) -> bool:
        """True when what was live or suspended has run past the end of its validity."""
        end = self.generation.valid_until if self.generation else None
        return self.base in _LAPSES and end is not None and moment >= end


def fold(history: Iterable[Decision], as_of: datetime, size: int | None = None) -> State | None:
    """The state at ``as_of``, known from the first ``size`` log entries (rules 1-4); None: nothing yet."""
    state: State | None = None
    for decision in in_force(history, size):
        if decision.effective_from > as_of:
            break
        state = step(state, decision)
    return state


def in_force(history: Iterable[Decision], size: int | None = None) -> list[Decision]:
    """What is known and not void, in the order in which it takes effect (rules 1-3)."""
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


def step(state: State | None, decision: Decision) -> State | None:
    """The state after one more decision (rule 4)."""
    effect = transition(decision.act).effect
    if effect in (Effect.BASE, Effect.LISTING):
        state = _based(state, decision)
    elif state is None:
        return None  # a measure or a correction without anything under it says nothing
    elif effect is Effect.OPENS_MEASURE:
        state = replace(state, measures=(*state.measures, _measure(decision)))
    elif effect is Effect.CLOSES_MEASURE:
        state = replace(state, measures=tuple(m for m in state.measures if m.event_id != decision.closes))
    if decision.redirect is not None:
        redirect = Redirect(decision.act, decision.effective_from, decision.redirect)
        state = replace(state, redirects=(*state.redirects, redirect))
    return replace(state, generation=decision.generation) if decision.generation else state


def _based(state: State | None, decision: Decision) -> State:
    target = transition(decision.act).target or decision.listed or Standing.UNRECOGNISED
    return State(
        base=target,
        since=decision.effective_from,
        basis=decision.basis,
        decided_by=decision.event_id,
        local_word=decision.local_word,
        deadline=decision.effective_until,
        measures=state.measures if state else (),
        generation=state.generation if state else None,
        redirects=state.redirects if state else (),
        source=decision.source,
    )


def _measure(decision: Decision) -> Measure:
    kind = transition(decision.act).measure
    assert kind is not None, "a row that opens a measure names its kind"
    return Measure(
        kind, decision.event_id, decision.effective_from, decision.effective_until, decision.measure,
        decision.suspensive,
    )  # fmt: skip


def shown(state: State | None, as_of: datetime) -> Standing | None:
    """The worst open dimension (rule 6); None when there is nothing yet."""
    if state is None:
        return None
    for revocation in state.running(MeasureKind.REVOCATION, as_of):
        if not state.held(revocation, as_of):
            return Standing.BARRED if state.upon(revocation, MeasureKind.BAR, as_of) else Standing.REVOKED
    if state.lapsed(as_of):
        return Standing.LAPSED
    suspended = state.running(MeasureKind.SUSPENSION, as_of)
    if state.base not in LIVE and not (suspended and state.base in _ASSERTS_NOTHING):
        return state.base
    if suspended:
        return Standing.SUSPENDED
    conditional = state.base is Standing.ACTIVE and state.running(MeasureKind.CONDITION, as_of)
    return Standing.CONDITIONAL if conditional else state.base


def shown_since(history: Sequence[Decision], as_of: datetime, size: int | None = None) -> datetime | None:
    """Since when the standing shown at ``as_of`` has been shown without a break; None when there is nothing yet."""
    standing, since = shown(fold(history, as_of, size), as_of), None
    if standing is None:
        return None
    for at in reversed([at for at in boundaries(history, size) if at <= as_of]):
        if shown(fold(history, at, size), at) is not standing:
            break
        since = at
    return since


def shown_until(state: State, as_of: datetime) -> datetime | None:
    """When the shown standing ends by itself; None when only a decision ends it."""
    standing = shown(state, as_of)
    ends = [measure.until for measure in state.measures]
    ends += [state.generation.valid_until] if state.generation else []
    later = sorted(end for end in ends if end is not None and end > as_of)
    return next((end for end in later if shown(state, end) is not standing), None)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something beside the standing that a reader should know; `note` is for people."""

    code: str
    since: datetime
    note: str | None = None


_NOTED = {
    MeasureKind.NOTICE: "REVOCATION_NOTICE",
    MeasureKind.STAY: "STAY",
    MeasureKind.APPEAL: "APPEAL",
    MeasureKind.RENEWAL: "PENDING_RENEWAL",
}
_REDIRECTED = {"merge": "MERGED", "split": "SPLIT"}


def overlays(state: State | None, as_of: datetime) -> list[Overlay]:
    """What lies beside the standing, the oldest first."""
    if state is None:
        return []
    running = (m for m in state.measures if m.kind in _NOTED and m.open_at(as_of) and _still_says(m, state))
    found = [Overlay(_NOTED[measure.kind], measure.since) for measure in running]
    found += [Overlay("DEADLINE_PASSED", deadline, note) for deadline, note in _deadlines(state) if deadline <= as_of]
    found += [Overlay(_REDIRECTED[one.act], one.since, one.number) for one in state.redirects]
    return sorted(found, key=lambda overlay: (overlay.since, overlay.code))


def _still_says(measure: Measure, state: State) -> bool:
    """A notice has said all once the revocation is there, a stay once it was restored, a renewal once claims changed."""
    if measure.kind is MeasureKind.STAY:
        before = state.measures[: state.measures.index(measure)]
        return any(other.kind is MeasureKind.REVOCATION for other in before)
    if measure.kind is MeasureKind.NOTICE:
        return all(other.kind is not MeasureKind.REVOCATION for other in state.measures)
    if measure.kind is MeasureKind.RENEWAL:
        return state.generation is not None and state.generation.event_id == measure.event_id
    return True


def _deadlines(state: State) -> list[tuple[datetime, str | None]]:
    """What should have been done by when: by an applicant whose application is deferred, by a holder under conditions."""
    deferred = state.deadline if state.base is Standing.DEFERRED else None
    conditions = state.generation.conditions if state.generation else ()
    due = [(one.deadline, one.code) for one in conditions if one.deadline is not None and not one.met]
    return [*due, (deferred, None)] if deferred else [*due]


def status_code(standing: Standing | None) -> int | None:
    """Status list code of a shown standing: 0 good, 1 ended, 2 suspended, 3 cannot conclude; None: no record."""
    return None if standing is None else STATUS_CODES[standing]


def worse(left: int, right: int) -> int:
    """The status code that takes precedence: 1 > 2 > 3 > 0."""
    return left if _SEVERITY[left] >= _SEVERITY[right] else right


def boundaries(history: Iterable[Decision], size: int | None = None) -> list[datetime]:
    """Every instant at which something begins or ends by itself, in order."""
    instants: set[datetime] = set()
    for decision in in_force(history, size):
        instants.add(decision.effective_from)
        if decision.effective_until:
            instants.add(decision.effective_until)
        if decision.generation and decision.generation.valid_until:
            instants.add(decision.generation.valid_until)
    return sorted(instants)


def index_codes(history: Sequence[Decision], at: datetime) -> dict[tuple[str, int], int]:
    """Status code of every generation's (list uri, index): the current one's by its standing, earlier ones 1.

    Where the standing has none (a list that names an applicant again), the claims are void like superseded ones.
    """
    state = fold(history, at)
    current = state.generation.event_id if state and state.generation else None
    counting = {d.event_id for d in in_force(history)}
    codes: dict[tuple[str, int], int] = {}
    for decision in history:
        if (opened := decision.generation) is None:
            continue
        if opened.event_id == current:
            found = status_code(shown(state, at))
            code = SUPERSEDED if found is None else found
        elif decision.event_id in counting and decision.effective_from > at:
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
