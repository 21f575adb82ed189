"""An organisation as its newest event describes it, in bytes.

16 event id ‖ u16 number of verified keys, big-endian ‖ verified keys, 16 each ‖ name, UTF-8
"""

from dataclasses import dataclass

from gateway.verification.keys import SIZE
from gateway.verification.layout import ID, Block

_KEYS = ID + 2


@dataclass(frozen=True, slots=True)
class Organisation:
    """The event that says so, the keys of verified identifiers, and the name to show."""

    event_id: bytes
    keys: tuple[bytes, ...]
    name: str | None

    def encode(self) -> bytes:
        """Write it."""
        return b"".join((self.event_id, len(self.keys).to_bytes(2, "big"), *self.keys, (self.name or "").encode()))

    @classmethod
    def decode(cls, data: Block) -> "Organisation":
        """Read what `encode` wrote."""
        end = _KEYS + int.from_bytes(data[ID:_KEYS], "big") * SIZE
        keys = tuple(bytes(data[at : at + SIZE]) for at in range(_KEYS, end, SIZE))
        return cls(bytes(data[:ID]), keys, str(data[end:], "utf-8") or None)
