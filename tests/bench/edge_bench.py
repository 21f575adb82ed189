"""The edge's figures: memory and start from a snapshot, and how fast a feed is followed.

    python tests/bench/edge_bench.py [--accreditations 1000000] [--events 200000]

Prints a table and writes build/bench-edge.json in the shape of build/bench.json. Targets are those of issue "2 of 6".
Rates from the feed count the mirror's verification, the journal on disk and the projection, in one process; the feed's
pages lie in memory, since fetching them is the network's business. Sealing three million events would take minutes:
the snapshot is written by the snapshot writer from real bodies under a made-up tree.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_world import START, World
from harness import machine
from rich.console import Console
from rich.table import Table

from gateway.logs import log_as_json
from gateway.verification.compactor import Compactor
from gateway.verification.folder import Folder
from gateway.verification.keeper import Bounds, Keeper
from gateway.verification.records import RecordStore
from goodstanding.trust import Trust

BUILD = Path(__file__).resolve().parents[2] / "build"
WORKER = Path(__file__).with_name("edge_worker.py")
RECORDS = 50_000
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: a value and, where an issue names one, its target. `least` says which side of it is good."""

    name: str
    value: float
    unit: str
    target: float | None = None
    least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.least else self.value <= self.target

    def as_json(self) -> dict[str, Any]:
        """The line as it stands in the file."""
        ratio = None if self.target is None else round(self.value / self.target, 3)
        return {
            "name": self.name, "value": round(self.value, 4), "unit": self.unit, "reference": None,
            "reference_value": None, "ratio": ratio, "target": self.target, "met": self.met,
        }  # fmt: skip


def from_feed(events: int) -> list[Figure]:
    """Follow a feed from its start, several times."""
    world = World()
    pages = list(world.pages(events))
    rates, spent = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="edge-") as folder:
            wall, cpu = asyncio.run(_follow(world, pages, events, Path(folder)))
            rates.append(events / wall)
            spent.append(events / cpu)
    return [
        Figure("from the feed, median of rounds", sorted(rates)[ROUNDS // 2], "events/s", 20_000, least=True),
        Figure("from the feed, best of rounds", max(rates), "events/s"),
        Figure("from the feed, per CPU second, median", sorted(spent)[ROUNDS // 2], "events/s"),
    ]


async def _follow(world: World, pages: list[bytes], events: int, folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds until all events are applied; snapshots are made meanwhile, by processes of their own."""
    rest = iter(pages)

    async def fetch(_after: int) -> bytes:
        return next(rest, b"")

    shared = Folder(folder / "edge")
    keeper = Keeper(shared, world.log, Compactor(shared, world.log), lambda: START, Bounds())
    begun, cpu = time.perf_counter(), time.process_time()
    while keeper.copy.size < events:
        if not await keeper.step(fetch):
            await asyncio.sleep(0.01)  # the feed waits for a snapshot
    took = time.perf_counter() - begun, time.process_time() - cpu
    await keeper.close()
    return took


class Process:
    """A worker process."""

    def __init__(self, folder: Path, trust: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), str(folder), str(trust)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, command: str) -> dict[str, float]:
        """Have a command done and return what it tells."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told

    def pss(self) -> float:
        """Proportional set size in MB: what is shared counts for each of those that share it in part."""
        text = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) / 1000

    def end(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def from_snapshot(accreditations: int) -> list[Figure]:
    """Two processes on one snapshot: when they are ready, and what they take."""
    with tempfile.TemporaryDirectory(prefix="edge-") as name:
        folder, world = Path(name) / "edge", World()
        wrote = world.snapshot(folder, accreditations)
        size = next(folder.glob("*.snapshot")).stat().st_size
        _records(folder, world.log.origin)
        trust = Path(name) / "trust.json"
        trust.write_text(json.dumps(Trust({"TEST": world.log}, {}, samples=True).to_json()))
        workers = [Process(folder, trust) for _ in range(2)]
        told = [worker.do("load") for worker in workers]
        loaded = sum(worker.pss() for worker in workers)
        for worker in workers:
            worker.do("touch")
        touched = sum(worker.pss() for worker in workers)
        speed = workers[1].do("speed")
        for worker in workers:
            worker.end()
    return [
        Figure(f"snapshot of {accreditations:,} accreditations", size / 1e6, "MB"),
        Figure("writing it, the last 100,000 of them new", wrote, "s"),
        Figure("ready from it, slower of two processes", max(each["ready"] for each in told), "s", 10),
        Figure("ready from it, imports included", max(each["with imports"] for each in told), "s", 10),
        Figure("memory of two processes, just loaded", loaded, "MB", 1_200),
        Figure("memory of two processes, every page read", touched, "MB", 1_200),
        Figure("verdicts by number, one process", speed["per second"], "1/s"),
        Figure("one verdict by number, median", speed["median"] * 1e6, "us"),
    ]


def _records(folder: Path, origin: str) -> None:
    store, token = RecordStore(folder / "records.db", origin), "x" * 2_300
    for start in range(1, RECORDS, 2_000):
        line = '{{"seq":{0},"event_id":"event-{0}","envelope":"record","token":"{1}~"}}\n'
        store.take_page("".join(line.format(seq, token) for seq in range(start, start + 2_000)).encode())
    store.close()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accreditations", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=200_000)
    asked = parser.parse_args()
    log_as_json("error")
    figures = [*from_feed(asked.events), *from_snapshot(asked.accreditations)]
    table = Table("what", "value", "target", "met")
    for figure in figures:
        met = "" if figure.met is None else "yes" if figure.met else "no"
        table.add_row(figure.name, f"{figure.value:,.1f} {figure.unit}", f"{figure.target or ''}", met)
    Console().print(table)
    BUILD.mkdir(exist_ok=True)
    content = {"machine": machine(), "rows": [figure.as_json() for figure in figures]}
    (BUILD / "bench-edge.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
