"""A state moved on by the entries that one checkpoint covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from goodstanding.feed import Entry
from goodstanding.mirror import explain
from goodstanding.monitoring.checks import Bounds, Tally, entry_findings, removal_finding, stream_after
from goodstanding.monitoring.findings import Finding
from goodstanding.monitoring.state import MonitorState


def take(state: MonitorState, entries: Sequence[Entry], covered_at: datetime, bounds: Bounds) -> list[Finding]:
    """Move streams, erasures and the day's tally on; returns what is to be reported."""
    findings: list[Finding] = []
    stood = {subject for subject in {entry.leaf.subject for entry in entries} if _live(state, subject)}
    listed = set(stood)
    for entry in entries:
        subject = entry.leaf.subject
        stream = state.streams.get(subject)
        findings += entry_findings(entry, stream, covered_at, bounds)
        state.streams[subject] = stream_after(stream, entry)
        if state.streams[subject].live:
            listed.add(subject)
        explain(state.unexplained, entry)
    removed = sum(not _live(state, subject) for subject in listed)
    return findings + _tally(state, Tally(state.live + len(listed - stood), removed), covered_at, bounds)


def _live(state: MonitorState, subject: bytes) -> bool:
    stream = state.streams.get(subject)
    return stream is not None and stream.live


def _tally(state: MonitorState, batch: Tally, covered_at: datetime, bounds: Bounds) -> list[Finding]:
    """Count removals of this checkpoint and of its day; a day is reported once."""
    day = covered_at.astimezone(UTC).date().isoformat()
    if day != state.day:
        state.day, state.of_day, state.day_reported = day, Tally(state.live), False
    appeared = batch.known - state.live
    state.of_day = Tally(state.of_day.known + appeared, state.of_day.removed + batch.removed)
    state.live += appeared - batch.removed
    found = removal_finding(batch, f"in one checkpoint of {day}", bounds)
    if found is None and not state.day_reported:
        found = removal_finding(state.of_day, f"on {day}", bounds)
    state.day_reported = state.day_reported or found is not None
    return [] if found is None else [found]
