"""What changed since a snapshot, in memory: one layer for every stretch of the log that has a delta of its own.

When a snapshot comes that ends where a layer begins, the layers before it are in the snapshot and are dropped; nothing
is read or applied again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Layer:
    """What changed from one tree size on."""

    begins: int
    accounts: dict[int, bytes] = field(default_factory=dict)  # packed number -> block
    organisations: dict[bytes, bytes] = field(default_factory=dict)  # key -> `Organisation` as bytes; b"": erased
    keys: dict[bytes, tuple[int, ...]] = field(default_factory=dict)  # key -> packed numbers that came to state it
    verified: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)  # key -> organisations that came to have it
    subjects: dict[bytes, int] = field(default_factory=dict)  # subject -> packed number
    heads: dict[bytes, bytes] = field(default_factory=dict)  # subject -> hash of its newest leaf
    erasures: set[bytes] = field(default_factory=set)  # events that were erased
    opened: int = 0  # accreditations that were not there before


class Layers:
    """The layers, the newest first."""

    def __init__(self, begins: int) -> None:
        self._layers = [Layer(begins)]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    @property
    def top(self) -> Layer:
        """The layer that takes what comes."""
        return self._layers[0]

    def begin(self, size: int) -> None:
        """Begin another layer at a tree size, unless the newest one begins there."""
        if self.top.begins != size:
            self._layers.insert(0, Layer(size))

    def drop_before(self, size: int) -> bool:
        """Drop what lies before a tree size; False, and nothing done, where no layer begins there."""
        kept = [layer for layer in self._layers if layer.begins >= size]
        if not kept or kept[-1].begins != size:
            return False
        self._layers = kept
        return True

    def flat(self) -> Layer:
        """All layers as one."""
        whole = Layer(self._layers[-1].begins)
        for layer in reversed(self._layers):
            whole.accounts.update(layer.accounts)
            whole.organisations.update(layer.organisations)
            whole.heads.update(layer.heads)
        return whole
