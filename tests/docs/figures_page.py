"""docs/figures.md, made from what was measured (docs/bench/*.json): `python tests/docs/figures_page.py` writes it anew."""

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "figures.md"

HEAD = """# Figures

What was measured, with the command that measures it; raw rounds and versions are in `docs/bench/`. A target is one that the design or
an issue of the project names: beside a reference it is a ratio in the same run, else a bound. A miss stays here as a miss. The machine
has two cores and other things to do; absolute numbers are for orientation.
"""

AREAS = {
    "registry": ("The registry's answers", "make bench ONLY=registry"),
    "audit": ("The log", "make bench ONLY=audit"),
    "edge": ("The edge", "make bench ONLY=edge"),
    "artefacts": ("Artefacts: signing, verifying, refusing", "make bench ONLY=artefacts"),
    "services": ("Registry, workers, audit and gateway as processes on PostgreSQL", "make bench ONLY=services"),
}
HISTOGRAM = "committed to visible, p99"


def render() -> str:
    """The whole page."""
    return HEAD + "".join(_area(name) for name in AREAS) + _composition() + _faults()


def _read(name: str) -> Any:
    return json.loads((DOCS / "bench" / f"{name}.json").read_text())


def _area(name: str) -> str:
    title, command = AREAS[name]
    measured = _read(name)
    where = measured["machine"]
    rows = "\n".join(map(_row, measured["rows"]))
    histogram = "".join(_histogram(row["rounds"]) for row in measured["rows"] if row["name"] == HISTOGRAM)
    return (
        f"\n## {title}\n\n`{command}`, Python {where['python']}, {where['cores']} cores.\n\n"
        f"| what | measured | reference | ratio | target | met |\n|---|---|---|---|---|---|\n{rows}\n{histogram}"
    )


def _row(row: dict[str, Any]) -> str:
    target = "" if row["target"] is None else f"{'at most' if row['most'] else 'at least'} {_number(row['target'])}"
    met = {None: "", True: "yes", False: "**no**"}[row["met"]]
    reference = "" if row["reference"] is None else f"{row['reference']}: {_number(row['reference_value'])}"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:g}"
    return f"| {row['name']} | {_number(row['value'])} {row['unit']} | {reference} | {ratio} | {target} | {met} |"


def _histogram(rounds: dict[str, list[float]]) -> str:
    """From commit to the first answer that shows it, as bars of characters."""
    pairs = list(zip(rounds["from, ms"], rounds["decisions"], strict=True))
    last = max(place for place, (_, count) in enumerate(pairs) if count)
    most = max(count for _, count in pairs)
    bars = "\n".join(f"{start:>5g} ms {'#' * round(50 * count / most)} {count:g}" for start, count in pairs[: last + 1])
    return f"\nDecisions by the time from commit to the first answer that shows them:\n\n```text\n{bars}\n```\n"


def _composition() -> str:
    measured = _read("composition")
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    rows = "\n".join(
        f"| {row['services']} | {row['trap']} | {row['cases']} | {row['errors']} | {row['all same']} | {row['same data']} |"
        for row in measured["rows"]
    )
    return (
        "\n## Composition\n\n`make conformance` asks our gateway, Hive Gateway and Grafbase the same, over a library made "
        f"of traps and over the register itself. Versions: {versions}.\n\n"
        f"| services | trap | operations | with errors | the same in all three | the same data |\n|---|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def _faults() -> str:
    rows = _read("faults")["rows"]
    controls = [row for row in rows if row["kind"] == "control"]
    kills = [row for row in rows if row["kind"] == "kills"]
    probes = {row["process"]: row for row in rows if row["kind"] == "probes"}
    points = [row for row in rows if row["kind"] == "write point"]
    return (
        f"\n## Faults\n\n`make faults`: {len(points)} pairs of write point and outcome, {sum(row['runs'] for row in points)} "
        f"runs, {sum(row['violations'] for row in points)} violations.\n\n"
        "| killed | times | violations | good answers about others | latest good answer after a suspension |\n"
        "|---|---|---|---|---|\n" + "\n".join(_kill(row, probes[row["process"]]) for row in kills) + "\n\n"
        + _disks([row for row in rows if row["kind"] == "disk"]) +
        "| control that must fail | caught by | reports |\n|---|---|---|\n"
        + "\n".join(f"| {row['control']} | {row['caught_by']} | {row['reported']} |" for row in controls) + "\n"
    )  # fmt: skip


def _disks(rows: list[dict[str, Any]]) -> str:
    """Nothing where a run had no disk that fails."""
    if not rows:
        return ""
    lines = (f"| {row['disk']} | {row['acknowledged']} | {row['refusals']} | {row['violations']} |" for row in rows)
    return (
        "| the log's disk | acknowledged | refused on the way | violations |\n|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n"
    )


def _kill(row: dict[str, Any], seen: dict[str, Any]) -> str:
    good = f"{seen['untouched_good']} of {seen['untouched']}"
    return f"| {row['process']} | {row['kills']} | {row['violations']} | {good} | {seen['latest_good_s']:g} s |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    PAGE.write_text(render())
