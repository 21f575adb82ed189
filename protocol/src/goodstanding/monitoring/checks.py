"""What an entry must keep to beyond the tree: pure functions of the entry, its subject's stream and the covering time.

1. `prev` names the newest entry of the subject.
2. A decision is recorded soon after it is made, and published soon after it is recorded.
3. It takes effect no earlier than it is made, unless it names the provision that lets it. Lists state past effects
   of their own and are left out.
4. A stream's decisions are made in the order in which they are logged.
5. Nothing was decided or recorded after the time cosignature that first covers it.
6. No large share of the accreditations is removed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from goodstanding.canonical import parse_time
from goodstanding.errors import ActNotAllowed
from goodstanding.feed import Entry
from goodstanding.monitoring.findings import Finding, FindingKind
from goodstanding.transitions import LIVE, Effect, MeasureKind, Standing, transition


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on something is reported. A share is one of 1; fewer removals than `removal_least` are never many."""

    recording: timedelta = timedelta(hours=24)  # from the decision to its record
    inclusion: timedelta = timedelta(seconds=60)  # from the record to the first checkpoint over it
    backdating: timedelta = timedelta(minutes=5)  # from the screen of one person to that of the next
    clock: timedelta = timedelta(seconds=5)  # two clocks apart; a cosignature tells whole seconds only
    removal_share: float = 0.1
    removal_least: int = 5


@dataclass(frozen=True, slots=True)
class Stream:
    """What is known of a subject: its newest leaf's hash, when its newest decision was made, whether it stands listed."""

    head: bytes
    decided_at: datetime | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Accreditations that stood listed at some time of a span, and how many of them were removed in it."""

    known: int
    removed: int = 0


_REMOVING: Final = frozenset(
    {Standing.SUSPENDED, Standing.REVOKED, Standing.NOT_ASSERTED, Standing.UNRECOGNISED, Standing.TERMINATED}
)
_GIVING_BACK: Final = frozenset({MeasureKind.SUSPENSION, MeasureKind.REVOCATION})

Check = Callable[[Entry, Stream | None, datetime, Bounds], str | None]
"""The sentence of what is wrong, behind "entry 7 (event …)"; None when nothing is."""


def entry_findings(entry: Entry, stream: Stream | None, covered_at: datetime, bounds: Bounds) -> Iterator[Finding]:
    """What is to be reported of an entry; `stream` is its subject's before it, None for its first."""
    for kind, check in _CHECKS:
        if (sentence := check(entry, stream, covered_at, bounds)) is not None:
            event_id = entry.leaf.event_id
            yield Finding(kind, f"entry {entry.index} (event {event_id}) {sentence}", entry.index, event_id)


def stream_after(stream: Stream | None, entry: Entry) -> Stream:
    """The subject's stream with this entry."""
    decided_at, live = (stream.decided_at, stream.live) if stream else (None, False)
    if (body := _decision(entry)) is not None:
        made = parse_time(body["decided_at"])
        decided_at, live = max(made, decided_at or made), _live_after(live, body)
    return Stream(entry.hash, decided_at, live)


def removal_finding(tally: Tally, span: str, bounds: Bounds) -> Finding | None:
    """Rule 6 for a span, in words; None when what was removed is not much."""
    if tally.removed < bounds.removal_least or tally.removed <= bounds.removal_share * tally.known:
        return None
    share = round(100 * tally.removed / tally.known)
    return Finding(
        FindingKind.MASS_REMOVAL,
        f"{tally.removed} of {tally.known} accreditations ({share} %) were suspended, revoked or taken off {span}",
    )


def _prev_broken(entry: Entry, stream: Stream | None, _covered_at: datetime, _bounds: Bounds) -> str | None:
    if entry.leaf.prev == (stream.head if stream else None):
        return None
    return "does not follow the newest entry of its subject"


def _recorded_late(entry: Entry, _stream: Stream | None, _covered_at: datetime, bounds: Bounds) -> str | None:
    body = _decision(entry)
    if body is None or entry.leaf.recorded_at - parse_time(body["decided_at"]) <= bounds.recording:
        return None
    return f"was decided {entry.leaf.recorded_at - parse_time(body['decided_at'])} before it was recorded"


def _included_late(entry: Entry, _stream: Stream | None, covered_at: datetime, bounds: Bounds) -> str | None:
    waited = covered_at - entry.leaf.recorded_at
    return f"was recorded {waited} before a checkpoint covered it" if waited > bounds.inclusion else None


def _backdated(entry: Entry, _stream: Stream | None, _covered_at: datetime, bounds: Bounds) -> str | None:
    body = _decision(entry)
    if body is None or body["basis"] != "decided" or "legal_basis" in body:
        return None
    earlier = parse_time(body["decided_at"]) - parse_time(body["effective_from"])
    return (
        f"takes effect {earlier} before it was decided, and names no provision" if earlier > bounds.backdating else None
    )


def _decided_backwards(entry: Entry, stream: Stream | None, _covered_at: datetime, _bounds: Bounds) -> str | None:
    body = _decision(entry)
    if body is None or stream is None or stream.decided_at is None:
        return None
    made = parse_time(body["decided_at"])
    return (
        f"was decided {stream.decided_at - made} before what its stream already held"
        if made < stream.decided_at
        else None
    )


def _ahead(entry: Entry, _stream: Stream | None, covered_at: datetime, bounds: Bounds) -> str | None:
    body, latest = _decision(entry), entry.leaf.recorded_at
    if body is not None:
        latest = max(latest, parse_time(body["decided_at"]))
    ahead = latest - covered_at
    return f"says a time {ahead} later than the checkpoint over it was signed" if ahead > bounds.clock else None


_CHECKS: Final[tuple[tuple[FindingKind, Check], ...]] = (
    (FindingKind.PREV_BROKEN, _prev_broken),
    (FindingKind.LATE_INCLUSION, _recorded_late),
    (FindingKind.LATE_INCLUSION, _included_late),
    (FindingKind.BACKDATING, _backdated),
    (FindingKind.BACKDATING, _decided_backwards),
    (FindingKind.BACKDATING, _ahead),
)


def _decision(entry: Entry) -> Any | None:
    """The body of a decision that can be read."""
    return entry.body if entry.leaf.kind == "decision" else None


def _live_after(live: bool, body: Mapping[str, Any]) -> bool:
    """Whether an accreditation stands listed after an act; an act nobody knows changes nothing here."""
    try:
        row = transition(body["act"])
    except ActNotAllowed:
        return live
    if row.effect is Effect.LISTING or (row.effect is Effect.BASE and row.target in LIVE):
        return True
    if row.effect is Effect.CLOSES_MEASURE and row.measure in _GIVING_BACK:
        return True
    if row.effect is Effect.VOIDS:  # a correction states claims anew where any are left
        return "accreditation" in body
    removes = row.target in _REMOVING and row.effect in (Effect.BASE, Effect.OPENS_MEASURE)
    return live and not removes
