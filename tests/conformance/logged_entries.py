"""Entries for a log that nobody but the log has to understand: first decisions of subjects of their own."""

from datetime import UTC, datetime

from audit.entry import Submission
from goodstanding.events import Leaf, commitment

DECIDED = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def entries(start, end):
    """The entries from index `start` up to, not including, `end`; the same each time."""
    return [_entry(number) for number in range(start, end)]


def _entry(number):
    event_id = f"0197c000-0000-7000-8000-{number:012x}"
    body, salt = b'{"number":%d}' % number, number.to_bytes(32, "big")
    leaf = Leaf("decision", event_id, number.to_bytes(16, "big"), None, DECIDED, commitment(salt, body))
    return Submission(event_id, leaf.encode(), body, salt)
