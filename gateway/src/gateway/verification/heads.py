"""Subject -> hash of its newest leaf, from a projection's layers and its snapshot: a mirror's `Heads`."""

from collections.abc import Mapping

from gateway.verification.projection import Projection
from gateway.verification.sections import SUBJECT
from goodstanding.merkle import HASH_SIZE


class PackedHeads:
    """The heads that lie beside a projection."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection

    def get(self, subject: bytes, /) -> bytes | None:
        """The newest leaf's hash, None for a subject never seen."""
        for layer in self._projection.layers:
            if (head := layer.heads.get(subject)) is not None:
                return head
        for row in self._projection.base.subjects.starting(subject):
            return row[SUBJECT : SUBJECT + HASH_SIZE]
        return None

    def update(self, heads: Mapping[bytes, bytes], /) -> None:
        """Move subjects on."""
        self._projection.layers.top.heads.update(heads)
