"""The table of a run of the harness: what was broken how often, and what came of it. Printed at the end, and kept.

{"machine": {…}, "rows": [{"kind": "write point" | "kills" | "probes" | "disk" | "control", …}]}
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clients import Clients
from facts import Probe
from harness import machine
from invariants import GOOD, Rule, Violation
from readers import Readers
from siege import Siege, latest
from town import Town
from write_points import THEN, Outcome, WritePoint

FILE = Path("build/faults.json")
POINT, KILLS, PROBES, DISK, CONTROL = "write point", "kills", "probes", "disk", "control"

Row = dict[str, Any]


class Table:
    """Rows as they come in."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def point(
        self, database: str, point: WritePoint, outcome: Outcome, *, runs: int, violations: Sequence[Violation]
    ) -> None:
        self._add(
            POINT, step=point.step, point=point.name, meets=point.meets, database=database, outcome=outcome,
            expected=THEN[outcome], runs=runs, violations=len(violations),
        )  # fmt: skip

    def control(self, name: str, rule: Rule | None, *, runs: int, reported: int) -> None:
        """`rule` is the one that must report it, None where nothing must be left to report."""
        self._add(CONTROL, control=name, caught_by=rule, runs=runs, reported=reported)

    def failing(self, error: str, refusals: int, deaths: int, acknowledged: int, violations: int) -> None:
        """What came of a disk whose calls fail by chance with this error."""
        self._add(
            DISK, disk=f"fails by chance: {error}", refusals=refusals, deaths=deaths, acknowledged=acknowledged,
            violations=violations,
        )  # fmt: skip

    def siege(self, victim: str, siege: Siege, clients: Clients, readers: Readers, town: Town) -> None:
        """What came of killing one process again and again."""
        self._add(
            KILLS, process=victim, kills=siege.kills, at_write_points=siege.at_points, without_log=siege.cut,
            acts=len(clients.heard), asked=clients.asked, checkpoints=len(readers.seen),
            violations=len(siege.violations),
        )  # fmt: skip
        ready = [probe for probe in readers.probes if probe.ready]
        untouched = [probe for probe in ready if probe.number not in clients.suspended]
        self._add(
            PROBES, process=victim, probes=len(readers.probes), door_away=len(readers.probes) - len(ready),
            untouched=len(untouched), untouched_good=_good(untouched), suspended=len(ready) - len(untouched),
            still_good=_good(ready) - _good(untouched), latest_good_s=round(latest(town, clients, readers), 2),
        )  # fmt: skip

    def text(self) -> str:
        """The table for people."""
        points = _lines(self._by_point())
        legend = "\n".join(f"{outcome}: {then}" for outcome, then in THEN.items())
        parts = [points and f"runs / violations\n{points}\n{legend}"]
        parts += [_lines(self._of(kind)) for kind in (KILLS, PROBES, DISK, CONTROL)]
        return "\n\n".join(part for part in parts if part)

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in self.rows)
        file.write_text(f'{{"machine": {json.dumps(machine())}, "rows": [\n{rows}\n]}}\n')

    def _add(self, kind: str, **values: Any) -> None:
        self.rows.append({"kind": kind, **values})

    def _of(self, kind: str) -> list[Row]:
        return [{name: row[name] for name in row if name != "kind"} for row in self.rows if row["kind"] == kind]

    def _by_point(self) -> list[Row]:
        """A line per write point: runs and violations of each outcome, on all databases together."""
        lines: dict[str, Row] = {}
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in self._of(POINT):
            key = {"step": row["step"], "write point": row["point"], "meets": row["meets"]}
            line = lines.setdefault(row["point"], key | dict.fromkeys(map(str, Outcome), "-"))
            sum_ = sums[row["point"], row["outcome"]]
            sum_[0] += row["runs"]
            sum_[1] += row["violations"]
            line[str(row["outcome"])] = "{} / {}".format(*sum_)
        return list(lines.values())


def _good(probes: Sequence[Probe]) -> int:
    return sum(probe.verdict == GOOD for probe in probes)


def _lines(rows: Sequence[Row]) -> str:
    """Rows as aligned text; empty for none."""
    if not rows:
        return ""
    cells = [[name.replace("_", " ") for name in rows[0]], *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
