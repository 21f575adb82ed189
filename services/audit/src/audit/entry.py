"""What the log demands of one submitted entry, before it looks at any other.

1. The leaf is canonical, at most 512 bytes, and names the event it is submitted for.
2. The body has at most 10,000 bytes. It is opaque: the log commits to it and does not read it.
3. The leaf's commitment is HMAC-SHA256(salt, body), salt exactly 32 bytes.
"""

import hmac
from dataclasses import dataclass

from audit.errors import EntryRefused
from goodstanding.errors import EventError
from goodstanding.events import MAX_BODY, Leaf, commitment
from goodstanding.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class Submission:
    """An entry as it arrives: exact bytes of leaf, body and salt."""

    event_id: str
    leaf: bytes
    body: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission that keeps the rules above, with what the chain rule needs from its leaf.

    Equal leaf hashes mean equal leaf, body and salt, because the leaf commits to the other two.
    """

    submission: Submission
    leaf_hash: bytes
    subject: bytes
    prev: bytes | None

    @property
    def event_id(self) -> str:
        """The id of the event, unique in the log."""
        return self.submission.event_id


def check(submission: Submission) -> Entry:
    """Check one submission against the rules above; EntryRefused says which one it breaks."""
    event_id = submission.event_id
    try:
        leaf = Leaf.decode(submission.leaf)
        expected = commitment(submission.salt, submission.body)
    except EventError as error:
        raise EntryRefused(event_id, f"event {event_id} is refused: {error}") from error
    if leaf.event_id != event_id:
        raise EntryRefused(event_id, f"event {event_id} is refused: its leaf belongs to event {leaf.event_id}")
    if len(submission.body) > MAX_BODY:
        raise EntryRefused(event_id, f"event {event_id} is refused: its body is longer than {MAX_BODY} bytes")
    if not hmac.compare_digest(leaf.commitment, expected):
        raise EntryRefused(event_id, f"event {event_id} is refused: its leaf does not commit to its body and salt")
    return Entry(submission, leaf_hash(submission.leaf), leaf.subject, leaf.prev)
