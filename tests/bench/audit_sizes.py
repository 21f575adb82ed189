"""What a log of millions takes: the sequencer's memory and files as the log grows, and those of an operator's commands.

The logs that grow have entries of a few bytes, and no rows of those before: a sequencer reads none of them. Each figure
is of a process of its own; the logs are on SQLite, whose cache does not grow with the database.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audit_world import AT_ONCE, make
from harness import Row, both_rates
from rich.progress import track

WORKER = Path(__file__).with_name("audit_worker.py")
SMALL, MILLION, LARGE, ROUNDS = 200_000, 1_000_000, 10_000_000, 5
SECONDS = 600  # longest piece of work


def rows(folder: Path, million: Path) -> Iterable[Row]:
    """Measure; `million` has a log of a million entries with their rows, and is changed."""
    yield from _growing(folder)
    small = made(folder / "small", SMALL, real=True)
    for what in ("fsck", "rebuild", "catch-up"):
        few, many = _done(what, small), _done(what, million)
        yield Row(f"audit {what}, {MILLION:,} entries", many["entries"] / many["seconds"], "entries/s")
        yield Row(
            f"audit {what}, {MILLION:,} entries, most memory", many["peak"], "MB", f"at {SMALL:,} entries", few["peak"],
            many["peak"] / few["peak"],
        )  # fmt: skip


def made(where: Path, size: int, *, real: bool) -> Path:
    """A new log of a size in a new folder."""
    where.mkdir()
    for _ in track(make(where, size, real=real), description=f"a log of {size:,}", total=-(-size // AT_ONCE)):
        pass
    return where


def _growing(folder: Path) -> Iterable[Row]:
    logs = [made(folder / f"growing-{size}", size, real=False) for size in (MILLION, LARGE)]
    told: list[list[dict[str, Any]]] = [[], []]
    for _ in track(range(ROUNDS), description="growing"):
        for log, said in zip(logs, told, strict=True):
            said.append(_done("grow", log))
    few, many = told
    reference = f"at {MILLION:,} entries"
    yield both_rates(
        f"memory of a sequencer that grows a log of {LARGE:,}", [each["peak"] for each in many], reference,
        [each["peak"] for each in few], unit="MB", target=1.2, most=True,
    )  # fmt: skip
    yield Row(
        f"files that one more step opens or makes, at {LARGE:,}", statistics.median(each["files"] for each in many),
        "files", reference, ours := statistics.median(each["files"] for each in few),
        statistics.median(each["files"] for each in many) / ours,
    )  # fmt: skip
    rates = [[each["entries"] / each["seconds"] for each in said] for said in (many, few)]
    yield both_rates(
        f"append and drain on SQLite, at {LARGE:,}", rates[0], reference, rates[1], unit="entries/s"
    )  # fmt: skip


def _done(what: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(WORKER), what, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{what} of {folder.name}: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said
