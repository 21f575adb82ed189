"""Measuring: ours and a named reference, interleaved in one run, medians over rounds, a ratio as the result; or a
figure by itself against a bound that an issue names.

    {"machine": {…}, "rows": [{"name", "value", "unit", "reference", "reference_value", "ratio", "target", "met", "rounds"}]}

A target is one that an issue or a document names; a miss stays in the table as ``met: false``.
"""

import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

ROUNDS = 7

Work = Callable[[], int]
"""Does a fixed amount of work and returns how many units it was."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: beside a reference its target is a ratio, else a value; `most` says it is an upper bound."""

    name: str
    value: float
    unit: str
    reference: str | None = None
    reference_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    most: bool = False
    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.target if self.most else reached >= self.target

    def as_json(self) -> dict[str, Any]:
        """The row as it stands in build/bench.json."""
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": _short(self.reference_value),
            "ratio": _short(self.ratio),
            "target": self.target,
            "most": self.most,
            "met": self.met,
            "rounds": {who: [_short(value) for value in values] for who, values in self.rounds.items()},
        }


def _short(value: float | None) -> float | None:
    """Four digits are more than a measurement has."""
    return None if value is None else float(f"{value:.4g}")


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


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
    return both_rates(name, mine, reference, other, unit=unit, target=target)


def both_rates(
    name: str, mine: Sequence[float], reference: str, other: Sequence[float], *, unit: str = "1/s",
    target: float | None = None, most: bool = False,
) -> Row:  # fmt: skip
    """The row of two series that were measured in turn."""
    value, reference_value = statistics.median(mine), statistics.median(other)
    both = {"ours": mine, "reference": other}
    return Row(name, value, unit, reference, reference_value, value / reference_value, target, most, rounds=both)


def _rate(work: Work) -> float:
    begun = time.perf_counter()
    units = work()
    return units / (time.perf_counter() - begun)


VERSIONS = ("aiosqlite", "asyncpg", "cryptography", "fastapi", "graphql-core", "PyJWT", "SQLAlchemy", "uvicorn")


def machine() -> dict[str, Any]:
    """Where this ran, and on what."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in VERSIONS},
    }
