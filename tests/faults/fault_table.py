"""The table of a run of the harness: what was broken how often, and what came of it. Printed at the end, and kept."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from clients import Clients, Readers
from facts import Probe
from invariants import GOOD, Rule, Violation
from siege import Siege, latest
from town import Town
from write_points import THEN, Outcome, WritePoint

FILE = Path("build/faults/table.json")


@dataclass
class Table:
    """Rows as they come in."""

    write_points: list[dict] = field(default_factory=list)
    kills: list[dict] = field(default_factory=list)
    probes: list[dict] = field(default_factory=list)
    controls: list[dict] = field(default_factory=list)

    def point(
        self, backend: str, point: WritePoint, outcome: Outcome, *, runs: int, violations: Sequence[Violation]
    ) -> None:
        self.write_points.append(
            {"step": point.step, "write_point": point.name, "meets": point.meets, "database": backend,
             "outcome": outcome, "expected": THEN[outcome], "runs": runs, "violations": len(violations)}
        )  # fmt: skip

    def control(self, name: str, rule: Rule | None, *, runs: int, reported: int) -> None:
        """`rule` is the one that must report it, None where nothing must be left to report."""
        self.controls.append({"control": name, "rule": rule, "runs": runs, "reported": reported})

    def siege(self, victim: str, siege: Siege, clients: Clients, readers: Readers, town: Town) -> None:
        """What came of killing one process again and again."""
        answered = [probe for probe in readers.probes if probe.verdict]
        ready = [probe for probe in answered if probe.ready]
        untouched = [probe for probe in ready if probe.number not in clients.suspended]
        self.kills.append(
            {"process": victim, "kills": siege.kills, "at_write_points": siege.at_points, "without_log": siege.cut, "acts": len(clients.heard),
             "asked": clients.asked, "checkpoints": len(readers.seen), "violations": len(siege.violations)}
        )  # fmt: skip
        self.probes.append(
            {"process": victim, "probes": len(readers.probes), "unanswered": len(readers.probes) - len(answered),
             "while_starting": len(answered) - len(ready), "good_while_starting": _good(answered) - _good(ready),
             "untouched": len(untouched),
             "untouched_good": _good(untouched),
             "suspended": len(ready) - len(untouched), "still_good": _good(ready) - _good(untouched), "latest_good_s": round(latest(town, clients, readers), 2)}
        )  # fmt: skip

    def text(self) -> str:
        """The table for people."""
        points = _lines(self._by_point())
        legend = "\n".join(f"{outcome}: {then}" for outcome, then in THEN.items())
        parts = [points and f"runs / violations\n{points}\n{legend}"]
        parts += [_lines(rows) for rows in (self.kills, self.probes, self.controls)]
        return "\n\n".join(part for part in parts if part)

    def _by_point(self) -> list[dict]:
        """A line per write point: runs and violations of each outcome, on all databases together."""
        lines: dict[str, dict] = {}
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in self.write_points:
            key = {"step": row["step"], "write point": row["write_point"], "meets": row["meets"]}
            line = lines.setdefault(row["write_point"], key | dict.fromkeys(map(str, Outcome), "-"))
            sum_ = sums[row["write_point"], row["outcome"]]
            sum_[0] += row["runs"]
            sum_[1] += row["violations"]
            line[str(row["outcome"])] = "{} / {}".format(*sum_)
        return list(lines.values())

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def _good(probes: Sequence[Probe]) -> int:
    return sum(probe.verdict == GOOD for probe in probes)


def _lines(rows: Sequence[dict]) -> str:
    """Rows as aligned text; empty for none."""
    if not rows:
        return ""
    cells = [[name.replace("_", " ") for name in rows[0]], *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
