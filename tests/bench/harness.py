"""Measuring: ours and a named reference, interleaved in one run, medians over rounds, a ratio as the result.

    {"machine": {…}, "rows": [{"name", "value", "unit", "reference", "reference_value", "ratio", "target", "met", "rounds"}]}

A target is one that an issue or a document names; a miss stays in the table as ``met: false``.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROUNDS = 7

Work = Callable[[], int]
"""Does a fixed amount of work and returns how many units it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float
    target: float | None = None
    rounds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the ratio reaches the target; None without one."""
        return None if self.target is None else self.ratio >= self.target

    def as_json(self) -> dict[str, Any]:
        """The row as it stands in build/bench.json."""
        return {
            "name": self.name,
            "value": round(self.value, 1),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": round(self.reference_value, 1),
            "ratio": round(self.ratio, 3),
            "target": self.target,
            "met": self.met,
            "rounds": {who: [round(rate, 1) for rate in rates] for who, rates in self.rounds.items()},
        }


def compare(
    name: str, ours: Work, reference: str, theirs: Work, *, unit: str = "1/s", target: float | None = None,
    rounds: int = ROUNDS,
) -> Row:  # fmt: skip
    """Run both in turn, one warm-up each, and compare the medians of their rates."""
    ours()
    theirs()
    mine, other = [], []
    for _ in range(rounds):
        mine.append(_rate(ours))
        other.append(_rate(theirs))
    value, reference_value = statistics.median(mine), statistics.median(other)
    both = {"ours": mine, "reference": other}
    return Row(name, value, unit, reference, reference_value, value / reference_value, target, both)


def _rate(work: Work) -> float:
    begun = time.perf_counter()
    units = work()
    return units / (time.perf_counter() - begun)


def machine() -> dict[str, Any]:
    """Where this ran."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
    }
