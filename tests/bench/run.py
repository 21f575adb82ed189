"""`make bench [ONLY=area]`: run the areas, print a table, write build/bench.json and build/bench-<area>.json."""

import importlib
import json
import sys
from pathlib import Path

from harness import Row, machine
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build"


def main(only: str | None) -> int:
    """Run one area or all; 2 when there is no such area."""
    areas = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    if only and only not in areas:
        print(f"no area {only!r}; there are: {', '.join(areas)}", file=sys.stderr)
        return 2
    console, everything = Console(), []
    for area in [only] if only else areas:
        console.print(f"[bold]{area}[/]: measuring …")
        rows = list(importlib.import_module(f"bench_{area}").rows())
        console.print(_table(rows))
        _write(f"bench-{area}.json", rows)
        everything += rows
    _write("bench.json", everything)
    return 0


def _write(name: str, rows: list[Row]) -> None:
    BUILD.mkdir(exist_ok=True)
    content = {"machine": machine(), "rows": [row.as_json() for row in rows]}
    (BUILD / name).write_text(json.dumps(content, indent=1) + "\n")


def _table(rows: list[Row]) -> Table:
    table = Table("what", "ours", "reference", "its rate", "ratio", "target", "met")
    for row in rows:
        met = "" if row.met is None else "yes" if row.met else "no"
        target = "" if row.target is None else f"{'≤' if row.most else '≥'} {row.target:g}"
        table.add_row(
            row.name, f"{_number(row.value)} {row.unit}", row.reference or "", _number(row.reference_value),
            "" if row.ratio is None else f"{row.ratio:.2f}", target, met,
        )  # fmt: skip
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else None))
