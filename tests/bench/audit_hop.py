"""From a commit in the registry to a published checkpoint that covers it, through outbox, workers and log as processes.

What is committed are registrations of organisations, by the registry's own service in this process, on the database of
the workers: grants and applications over the same service take more of this core than there is of it at that rate. The
way from the outbox to the log is the same for every event. A registration begins at the time its event bears, which is
taken before its transaction commits, so what is measured is rather too long. It is published once the log's file
`checkpoint`, read every few milliseconds, covers it.
"""

import asyncio
import os
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from conftest import SERVICE_TOKEN, found
from harness import Row, percentile
from postgres_server import Databases, PostgresServer
from rich.progress import track
from sqlalchemy import func, select
from sqlmodel import col
from topology import IN_A_FOLDER, NO_STORE, Topology

from goodstanding.clock import system_clock
from registry.access.service import actor_of
from registry.database import Database
from registry.issuance.tables import EventRow, OutboxRow
from registry.organisations.model import Draft, NameDraft
from registry.organisations.service import Organisations
from registry.settings import Settings

ROUNDS, A_ROUND, PER_SECOND, CONCURRENT = 5, 2_000, 200, 4
LOOK_SECONDS, WAIT_SECONDS = 0.002, 60.0
LEFT_OUT = ("registry", "gateway")  # nobody asks them anything here
MEASURED = ("audit", "registry-work")


def rows(folder: Path, server_core: int, load_core: int) -> Iterable[Row]:
    """Measure."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {load_core})
        rates, waits = asyncio.run(_measure(folder, server_core, load_core))
    finally:
        os.sched_setaffinity(0, before)
    medians, tails = ([percentile(each, percent) for each in waits] for percent in (50, 99))
    name = f"committed to published, {PER_SECOND} registrations a second"
    yield Row(
        "registrations committed", percentile(rates, 50), "1/s", target=0.95 * PER_SECOND, rounds={"rates": rates}
    )
    yield Row(f"{name}, median", percentile(medians, 50), "ms", rounds={"medians": medians})
    yield Row(f"{name}, p99", percentile(tails, 50), "ms", target=150, most=True, rounds={"p99": tails})


async def _measure(folder: Path, server_core: int, load_core: int) -> tuple[list[float], list[list[float]]]:
    server = PostgresServer(folder)
    await asyncio.to_thread(server.start)
    os.sched_setaffinity(server.pid, {load_core})
    databases = Databases(server.url)
    with tempfile.TemporaryDirectory(dir=folder) as where:
        names = ("registry_database_url", "audit_database_url")
        urls = {name: await asyncio.to_thread(databases.empty) for name in names}
        topology = Topology(Path(where), urls | {"audit_token": SERVICE_TOKEN}, IN_A_FOLDER, NO_STORE)
        for name in LEFT_OUT:
            del topology.processes[name]

        async def founded() -> None:
            await found(topology, urls[names[0]])

        try:
            await topology.up({"registry-migrate": founded})
            for name in MEASURED:
                _pin(topology, name, server_core)
            return await _rounds(topology, urls[names[0]])
        finally:
            await topology.down()
            await asyncio.to_thread(server.close)


def _pin(topology: Topology, name: str, core: int) -> None:
    """All threads of a process: those it has already do not follow it."""
    running = topology.processes[name].running
    assert running is not None
    for thread in Path(f"/proc/{running.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


async def _rounds(topology: Topology, url: str) -> tuple[list[float], list[list[float]]]:
    settings = Settings(origin=topology.origin, database_url=url, var=topology.volume("registry"))
    database = Database(settings.database)
    checkpoint = next(topology.folder.rglob("checkpoint"))
    rates, waits = [], []
    for number in track(range(ROUNDS + 1), description="registering"):
        await _drained(database)
        seen, over = [(0.0, _size(checkpoint))], asyncio.Event()
        looking = asyncio.create_task(_look(checkpoint, seen, over))
        rate = await _register(database, number)
        await _drained(database)
        over.set()
        await looking
        if number:  # the first one warms up
            rates.append(rate)
            waits.append(await _waits(database, seen))
    await database.close()
    return rates, waits


async def _register(database: Database, number: int) -> float:
    """Register at a steady rate, whether or not commits keep up; returns how many there were a second."""
    acts, gate = Organisations(database, system_clock, lambda: None), asyncio.Semaphore(CONCURRENT)
    async with database.read() as tx:
        actor = await actor_of(tx, "proposer")

    async def one(place: int) -> None:
        draft = Draft("recruiter", [NameDraft(f"Measured Recruiter {number} {place}", "legal")], "XA")
        async with gate:
            await acts.register(actor, draft, key=f"registration {number} {place}")

    begun, running = time.perf_counter(), []
    for place in range(A_ROUND):
        await asyncio.sleep(max(0.0, begun + place / PER_SECOND - time.perf_counter()))
        running.append(asyncio.create_task(one(place)))
    await asyncio.gather(*running)
    return A_ROUND / (time.perf_counter() - begun)


async def _drained(database: Database) -> None:
    """Wait until everything is in the log."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            async with database.read() as tx:
                if not await tx.scalar(select(func.count()).select_from(OutboxRow)):
                    return
            await asyncio.sleep(0.2)


def _size(checkpoint: Path) -> int:
    return int(checkpoint.read_bytes().split(b"\n", 2)[1])


async def _look(checkpoint: Path, seen: list[tuple[float, int]], over: asyncio.Event) -> None:
    """Note when the published size has grown."""
    while not over.is_set():
        if (size := _size(checkpoint)) > seen[-1][1]:
            seen.append((time.time(), size))
        await asyncio.sleep(LOOK_SECONDS)


async def _waits(database: Database, seen: list[tuple[float, int]]) -> list[float]:
    """Milliseconds of the round's events from the time they bear to the first look that saw them published."""
    statement = select(col(EventRow.recorded_at), col(EventRow.log_index)).where(col(EventRow.log_index) >= seen[0][1])
    async with database.read() as tx:
        events = (await tx.execute(statement)).all()
    assert len(events) == A_ROUND, f"{len(events)} events of a round were logged, and {A_ROUND} were committed"
    sizes = [size for _, size in seen]
    return [1000 * (seen[bisect_right(sizes, index)][0] - at.timestamp()) for at, index in events]
