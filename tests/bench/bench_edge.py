"""The edge: memory and start from a snapshot of a million accreditations, and how fast a feed is followed.

Rates from the feed count the mirror's verification, the journal on disk and the projection, in one process; the feed's
pages lie in memory, since fetching them is the network's business. Sealing three million events would take minutes:
the snapshot is written by the snapshot writer from real bodies under a made-up tree.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from edge_world import START, World
from harness import Row

from gateway.logs import log_as_json
from gateway.verification.compactor import Compactor
from gateway.verification.folder import Folder
from gateway.verification.keeper import Bounds, Keeper
from gateway.verification.records import RecordStore
from goodstanding.trust import Trust

WORKER = Path(__file__).with_name("edge_worker.py")
ACCREDITATIONS, EVENTS, RECORDS = 1_000_000, 200_000, 50_000
ROUNDS = 5


def rows() -> Iterable[Row]:
    """Measure."""
    log_as_json("error")
    yield from _from_feed(EVENTS)
    yield from _from_snapshot(ACCREDITATIONS)


def _from_feed(events: int) -> Iterable[Row]:
    """Follow a feed from its start, several times."""
    world = World()
    pages = list(world.pages(events))
    rates, spent = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="edge-") as folder:
            wall, cpu = asyncio.run(_follow(world, pages, events, Path(folder)))
            rates.append(events / wall)
            spent.append(events / cpu)
    raw = {"per second": rates, "per CPU second": spent}
    yield Row("from the feed", statistics.median(rates), "events/s", target=20_000, rounds=raw)
    yield Row("from the feed, per CPU second", statistics.median(spent), "events/s")


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


def _from_snapshot(accreditations: int) -> Iterable[Row]:
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
    ready = [each["ready"] for each in told]
    yield Row(f"snapshot of {accreditations:,} accreditations", size / 1e6, "MB")
    yield Row("writing it, the last 100,000 of them new", wrote, "s")
    yield Row("ready from it, slower of two processes", max(ready), "s", target=10, most=True, rounds={"ready": ready})
    yield Row("ready from it, imports included", max(each["with imports"] for each in told), "s", target=10, most=True)
    yield Row("memory (PSS) of two processes, just loaded", loaded, "MB", target=1_200, most=True)
    yield Row("memory (PSS) of two processes, every page read", touched, "MB", target=1_200, most=True)
    yield Row("verdicts by number, one process", speed["per second"], "1/s")
    yield Row("one verdict by number, median", speed["median"] * 1e6, "us")


def _records(folder: Path, origin: str) -> None:
    store, token = RecordStore(folder / "records.db", origin), "x" * 2_300
    for start in range(1, RECORDS, 2_000):
        line = '{{"seq":{0},"event_id":"event-{0}","envelope":"record","token":"{1}~"}}\n'
        store.take_page("".join(line.format(seq, token) for seq in range(start, start + 2_000)).encode())
    store.close()
