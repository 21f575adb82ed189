"""Subject -> hash of its newest leaf, from a snapshot's rows and what changed since: a mirror's `Heads`."""

from collections.abc import Mapping

from gateway.verification.sections import SUBJECT
from gateway.verification.tables import Rows
from goodstanding.merkle import HASH_SIZE


class PackedHeads:
    """The heads of a snapshot, and those that moved on."""

    def __init__(self, base: Rows) -> None:
        self._base = base
        self.moved: dict[bytes, bytes] = {}

    def get(self, subject: bytes, /) -> bytes | None:
        """The newest leaf's hash, None for a subject never seen."""
        head = self.moved.get(subject)
        if head is not None:
            return head
        for row in self._base.starting(subject):
            return row[SUBJECT : SUBJECT + HASH_SIZE]
        return None

    def update(self, heads: Mapping[bytes, bytes], /) -> None:
        """Move subjects on."""
        self.moved.update(heads)
