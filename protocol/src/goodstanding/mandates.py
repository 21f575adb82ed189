"""Mandates as events tell them, and what their ends mean for an answer (rows 24 and 25 of the domain's table). Pure.

Rules
1. A mandate is named by authority, scheme and the instant it begins. Its newest event says how it stands.
2. `expired`: no new acts. What was decided under it runs on, and nothing is suspect.
3. `withdrawn`: from the stated time on, whatever the authority said under the scheme is suspect.
4. `key_compromised`: an answer is suspect when a decision it rests on was first logged after the stated time, whatever
   day that decision speaks of; without a stated time, whenever it was logged.
5. Suspicion is lifted by a later event of the same mandate without an end, or with `expired`. Another mandate that
   begins at or after this one's end, and is not in doubt itself, lifts a withdrawal from its own beginning on; after a
   compromised key it clears what is first logged from then on, and nothing that was logged before.
6. A mandate may say whom its authority succeeds under the scheme: what those had decided is its own from then on. Such
   accreditations have a line: whoever opened them, and each that succeeded. The mandates of a line count as those of one
   authority: the next one's mandate lifts a doubt as the same authority's would, and its end casts one.
7. What lowers trust counts at once, what raises it once it is logged: of the logged events and of all, the worse wins.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from goodstanding.canonical import parse_time
from goodstanding.decisions import Decision
from goodstanding.standing import in_force

EXPIRED: Final = "expired"
WITHDRAWN: Final = "withdrawn"
KEY_COMPROMISED: Final = "key_compromised"
ENDS: Final = (EXPIRED, WITHDRAWN, KEY_COMPROMISED)
DOUBTED: Final = frozenset({WITHDRAWN, KEY_COMPROMISED})

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

FirstLogged = Callable[[int], datetime | None]
"""(log index) -> the first time cosignature that covers it; None where that is not known."""


@dataclass(frozen=True, slots=True)
class MandateEvent:
    """How a mandate stands from one event on."""

    authority: str
    scheme: str
    valid_from: datetime
    valid_until: datetime | None = None  # exclusive
    end: str | None = None  # one of ENDS
    suspect_from: datetime | None = None
    index: int | None = None  # log index; None while pending
    succeeds: tuple[str, ...] = ()  # authorities whose accreditations under the scheme it has taken over

    @classmethod
    def from_body(cls, data: Mapping[str, Any], index: int | None) -> "MandateEvent":
        """Read the ``data`` of a checked `mandate` body."""
        return cls(
            authority=data["authority"],
            scheme=data["scheme"],
            valid_from=parse_time(data["from"]),
            valid_until=_time(data, "until"),
            end=data.get("end"),
            suspect_from=_time(data, "suspect_from"),
            index=index,
            succeeds=tuple(data.get("succeeds", ())),
        )

    @property
    def doubted(self) -> bool:
        """True where it ended in a way that leaves what was said under it in doubt."""
        return self.end in DOUBTED

    @property
    def doubted_from(self) -> datetime:
        """When the doubt begins: at the stated time; without one at the mandate's end, or for a key at its beginning."""
        unstated = self.valid_until if self.end == WITHDRAWN else None
        return self.suspect_from or unstated or self.valid_from


def known_mandates(events: Iterable[MandateEvent], size: int | None = None) -> list[MandateEvent]:
    """The newest event of each mandate (rule 1) among the first ``size`` log entries; without a size, pending ones too.

    Pending events are given after logged ones, in the order in which they were decided.
    """
    newest: dict[tuple[str, str, datetime], MandateEvent] = {}
    for event in events:
        if _known(event, size):
            newest[event.authority, event.scheme, event.valid_from] = event
    return list(newest.values())


def line(events: Iterable[MandateEvent], opened_by: str, size: int | None = None) -> tuple[str, ...]:
    """The line of what an authority opened under a scheme, the opener first (rule 6); ``events`` are all of the scheme."""
    successors: dict[str, list[str]] = {}
    for event in events:
        if _known(event, size):
            for predecessor in event.succeeds:
                successors.setdefault(predecessor, []).append(event.authority)
    found = [opened_by]
    for authority in found:  # grows as it is read; nobody is in it twice
        found += [one for one in dict.fromkeys(successors.get(authority, ())) if one not in found]
    return tuple(found)


def _known(event: MandateEvent, size: int | None) -> bool:
    return size is None or (event.index is not None and event.index < size)


def suspect(mandates: Sequence[MandateEvent], at: datetime, first_logged: datetime | None) -> datetime | None:
    """Since when a decision of this authority under this scheme is suspect at ``at``; None where it is not.

    ``mandates`` are the newest events of their mandates, ``first_logged`` is when the log first showed the decision,
    None while it has not.
    """
    doubts = [one.doubted_from for one in mandates if one.doubted and _covers(one, mandates, at, first_logged)]
    return min(doubts, default=None)


def suspicion(
    events: Sequence[MandateEvent],
    history: Iterable[Decision],
    at: datetime,
    size: int | None = None,
    *,
    first_logged: FirstLogged,
) -> datetime | None:
    """Since when what an accreditation is shown as at ``at`` is suspect: the earliest of the decisions that count."""
    doubted = [view for view in _views(events, size) if any(one.doubted for one in view)]
    if not doubted:
        return None
    counting = [decision for decision in in_force(history, size) if decision.effective_from <= at]
    times = {None if d.index is None else first_logged(d.index) for d in counting}
    found = [suspect(view, at, time) for view in doubted for time in times]
    return min((since for since in found if since is not None), default=None)


def suspicion_of_all(events: Sequence[MandateEvent], at: datetime) -> datetime | None:
    """Since when whatever the authority decided is suspect at ``at``, whenever it was logged; None where it depends."""
    found = [suspect(view, at, _LONG_AGO) for view in _views(events, None)]
    return min((since for since in found if since is not None), default=None)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time without its ends; None where it has none."""

    after: datetime | None
    before: datetime | None


def lost_key_window(events: Sequence[MandateEvent]) -> Window | None:
    """When what is suspect because a key was lost may have been first logged; None where none was."""
    lost = [(one, view) for view in _views(events, None) for one in view if one.end == KEY_COMPROMISED]
    if not lost:
        return None
    begins = [one.suspect_from for one, _ in lost]
    ends = [_given_again(one, view) for one, view in lost]
    return Window(
        None if None in begins else min(at for at in begins if at),
        None if None in ends else max(at for at in ends if at),
    )


def next_turn(events: Iterable[MandateEvent], now: datetime) -> datetime | None:
    """The next instant at which doubt begins or is lifted by itself."""
    turns = (at for event in events for at in (event.valid_from, event.suspect_from) if at is not None)
    return min((at for at in turns if at > now), default=None)


def _views(events: Sequence[MandateEvent], size: int | None) -> list[list[MandateEvent]]:
    """The mandates as known at a size; without one, by all events and by the logged ones alone (rule 7)."""
    known = known_mandates(events, size)
    if size is not None or all(event.index is not None for event in events):
        return [known]
    return [known, known_mandates(event for event in events if event.index is not None)]


def _covers(ended: MandateEvent, mandates: Iterable[MandateEvent], at: datetime, first_logged: datetime | None) -> bool:
    """Rules 3 to 5 for one mandate that ended in doubt."""
    again = _given_again(ended, mandates)
    if ended.end == WITHDRAWN:
        return ended.doubted_from <= at and (again is None or at < again)
    if first_logged is None:
        return again is None
    after = ended.suspect_from is None or first_logged > ended.suspect_from
    return after and (again is None or first_logged < again)


def _given_again(ended: MandateEvent, mandates: Iterable[MandateEvent]) -> datetime | None:
    """From when another mandate lets the authority be believed again (rule 5)."""
    over = ended.valid_until or ended.doubted_from
    later = (m.valid_from for m in mandates if m is not ended and not m.doubted and m.valid_from >= over)
    return min(later, default=None)


def _time(data: Mapping[str, Any], name: str) -> datetime | None:
    return parse_time(data[name]) if name in data else None
