"""How often a scheme's lists come out, and from when what one of them says is too old to answer from. Pure.

Rules
1. A scheme's cadence is a number of days within which each of its lists comes out again. The scheme's events say it: one
   without it ends it. It counts from the event that first said it.
2. A list is named by authority, scheme and source, which is where it was copied from; none where it is the authority's
   own. Each release leaves an event with the day of which the list speaks, whether or not any row has changed.
3. What rests on a list (basis feed or transcribed) is stale once a cadence has passed since that list's newest day, or
   since the cadence began where no list came after that.
4. A release raises trust: it counts once it is logged. Of the cadences known from the log and from all events, the one
   that makes a list stale earlier wins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from goodstanding.canonical import parse_time
from goodstanding.standing import State
from goodstanding.transitions import Basis

MAX_RELEASES = 1_000
"""Releases of one authority under one scheme that are kept; what lay before them counts as stale."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """What a scheme's event says of how often its lists come out."""

    days: int | None  # None: nothing is said any more
    at: datetime  # when it was recorded
    index: int | None = None  # log index; None while pending


@dataclass(frozen=True, slots=True)
class Released:
    """A list that was released."""

    source: str | None
    at: datetime  # of which it speaks
    index: int | None = None

    @classmethod
    def from_body(cls, data: Mapping[str, Any], index: int | None) -> "Released":
        """Read the ``data`` of a checked `list` body."""
        return cls(data.get("source"), parse_time(data["at"]), index)


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known of the lists of one authority under one scheme; events in the order of the log, pending ones last."""

    cadences: Sequence[Cadence] = field(default_factory=tuple)
    releases: Sequence[Released] = field(default_factory=tuple)


def stale_from(lists: Lists, source: str | None, at: datetime, size: int | None = None) -> datetime | None:
    """When the list of this source that was in force at ``at`` becomes stale; None where no cadence is known.

    With a ``size``, from the first so many log entries only.
    """
    if not lists.cadences:
        return None
    days = [one.at for one in lists.releases if one.source == source and _logged(one.index, size) and one.at <= at]
    logged = [one for one in lists.cadences if _logged(one.index, size)]
    views = [logged] if size is not None else [logged, lists.cadences]
    turns = (_turn([one for one in view if one.at <= at], days) for view in views)
    return min((turn for turn in turns if turn is not None), default=None)


def source_turn(state: State | None, lists: Lists, at: datetime, size: int | None = None) -> datetime | None:
    """When the list that a state rests on at ``at`` becomes stale; None where it rests on none, or no cadence is known."""
    if state is None or state.basis is Basis.DECIDED:
        return None
    return stale_from(lists, state.source, at, size)


def source_stale(state: State | None, lists: Lists, at: datetime, size: int | None = None) -> datetime | None:
    """Since when what a state rests on is stale at ``at``; None where it is not."""
    turn = source_turn(state, lists, at, size)
    return turn if turn is not None and turn <= at else None


def _turn(cadences: Sequence[Cadence], days: Iterable[datetime]) -> datetime | None:
    """Rules 1 and 3 for the cadences of one view."""
    if not cadences or cadences[-1].days is None:
        return None
    begun = cadences[-1].at
    for cadence in reversed(cadences):
        if cadence.days is None:
            break
        begun = cadence.at
    return max([begun, *days]) + timedelta(days=cadences[-1].days)


def _logged(index: int | None, size: int | None) -> bool:
    return index is not None and (size is None or index < size)
