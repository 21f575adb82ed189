"""What an accreditation is shown as, and what everybody is shown now: a projection, so that a read need not fold. Pure.

Rules
1. It is kept only while every decision is logged: then staff and the public see the same.
2. It counts until the next instant at which something changes by itself, and only for the stream's head it was made of:
   a program of an earlier version that decides beside this one does not know of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding.canonical import b64u, format_time, parse_time
from goodstanding.standing import (
    Decision,
    Generation,
    State,
    boundaries,
    fold,
    overlays,
    shown,
    shown_since,
    shown_until,
)
from goodstanding.transitions import Basis, MeasureKind, Standing
from registry.accreditations.model import scope_object


@dataclass(frozen=True, slots=True)
class Beside:
    """An overlay."""

    code: str
    since: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """The generation in force."""

    event_id: str  # the decision that opened it
    scope: Mapping[str, Any]
    valid_from: datetime | None
    valid_until: datetime | None  # exclusive


@dataclass(frozen=True, slots=True)
class Shown:
    """A standing with all that is shown beside it."""

    standing: Standing
    kind: str | None  # ground of a suspension
    since: datetime
    until: datetime | None
    beside: tuple[Beside, ...]
    local_word: str | None
    basis: Basis
    source: str | None  # where the list it rests on was copied from
    claims: Claims | None


def shown_at(history: Sequence[Decision], at: datetime, size: int | None = None) -> Shown | None:
    """What is shown at an instant, of the log at one size; None when there is nothing yet."""
    state = fold(history, at, size)
    standing = shown(state, at)
    if state is None or standing is None:
        return None
    running = state.running(MeasureKind.SUSPENSION, at) if standing is Standing.SUSPENDED else ()
    return Shown(
        standing=standing,
        kind=next((measure.ground for measure in running if measure.ground), None),
        since=shown_since(history, at, size) or state.since,
        until=shown_until(state, at),
        beside=tuple(Beside(one.code, one.since, one.note) for one in overlays(state, at)),
        local_word=state.local_word,
        basis=state.basis,
        source=state.source,
        claims=claims_of(state),
    )


def claims_of(state: State | None) -> Claims | None:
    """The generation in force, if there is one."""
    opened: Generation | None = state.generation if state else None
    if opened is None:
        return None
    return Claims(opened.event_id, scope_object(opened.scope), opened.valid_from, opened.valid_until)


def kept(history: Sequence[Decision], head: bytes | None, now: datetime) -> dict[str, Any] | None:
    """The projection as it is stored; None where none counts (rule 1)."""
    if head is None or any(decision.index is None for decision in history):
        return None
    found = shown_at(history, now)
    if found is None:
        return None
    changes = min((at for at in turns(history) if at > now), default=None)
    claims = found.claims
    return {
        "head": b64u(head),
        "changes": _written(changes),
        "standing": found.standing.name,
        "kind": found.kind,
        "since": _written(found.since),
        "until": _written(found.until),
        "beside": [[one.code, _written(one.since), one.note] for one in found.beside],
        "word": found.local_word,
        "basis": found.basis.name,
        "source": found.source,
        "claims": None
        if claims is None
        else [claims.event_id, dict(claims.scope), _written(claims.valid_from), _written(claims.valid_until)],
    }


def turns(history: Sequence[Decision]) -> Iterator[datetime]:
    """Every instant at which something that is shown may change by itself: a condition's deadline shows beside a standing."""
    yield from boundaries(history)
    for decision in history:
        for condition in decision.generation.conditions if decision.generation else ():
            if condition.deadline is not None:
                yield condition.deadline


def current(stored: Mapping[str, Any] | None, head: bytes | None, now: datetime) -> Shown | None:
    """What is shown now by the projection; None where it does not count (rule 2): the decisions are to be folded."""
    if stored is None or head is None or stored["head"] != b64u(head):
        return None
    changes = _read(stored["changes"])
    if changes is not None and now >= changes:
        return None
    since = _read(stored["since"])
    assert since is not None, "a standing is shown since some time"
    claims = stored["claims"]
    return Shown(
        standing=Standing[stored["standing"]],
        kind=stored["kind"],
        since=since,
        until=_read(stored["until"]),
        beside=tuple(Beside(code, parse_time(since), note) for code, since, note in stored["beside"]),
        local_word=stored["word"],
        basis=Basis[stored["basis"]],
        source=stored["source"],
        claims=None if claims is None else Claims(claims[0], claims[1], _read(claims[2]), _read(claims[3])),
    )


def _written(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)


def _read(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
