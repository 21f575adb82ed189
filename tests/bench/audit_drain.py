"""The sequencer over PostgreSQL, against the same PostgreSQL storing the same rows in the same batches without a log.

What is drained was appended before and only waits for its place; the other one inserts the whole rows, with the same
indices on the same table, over the driver itself. Database and files lie on the same disk, and everything is synced.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import asyncpg
from audit_world import batches, opened, row, submission
from harness import Row, both_rates
from postgres_server import Databases, PostgresServer
from rich.progress import track

from audit.entries import MAX_BATCH
from audit.entry import Submission
from audit.migrate import migrate
from audit.sequencer import BATCH

ENTRIES, ROUNDS = 20_000, 7
INSERT = (
    "INSERT INTO entries (event_id, leaf, leaf_hash, body, salt, submitted_at, log_index) VALUES ($1,$2,$3,$4,$5,$6,$7)"
)


def rows(folder: Path, load_core: int) -> Iterable[Row]:
    """Measure."""
    server = PostgresServer(folder)
    try:
        server.start()
        os.sched_setaffinity(server.pid, {load_core})
        databases, entries = Databases(server.url), [submission(number) for number in range(ENTRIES)]
        mine, other, appended = [], [], []
        for number in track(range(ROUNDS + 1), description="draining"):
            with tempfile.TemporaryDirectory(dir=folder) as where:
                into, drained = asyncio.run(_drained(Path(where), _migrated(databases), entries))
            plain = asyncio.run(_plain(_migrated(databases), entries))
            if number:  # the first one warms up
                mine.append(drained)
                other.append(plain)
                appended.append(into)
    finally:
        server.close()
    yield both_rates(
        "drain, PostgreSQL and files with fsync", mine, "the same rows in the same batches, without a log", other,
        unit="entries/s", target=0.5,
    )  # fmt: skip
    yield both_rates(
        "append and drain", [1 / (1 / a + 1 / d) for a, d in zip(appended, mine, strict=True)],
        "the same rows in the same batches, without a log", other, unit="entries/s",
    )  # fmt: skip


def _migrated(databases: Databases) -> str:
    url = databases.empty()
    migrate(url)
    return url


async def _drained(folder: Path, url: str, entries: list[Submission]) -> tuple[float, float]:
    """Rates of appending and of draining."""
    log, clock = opened(folder, url), asyncio.get_running_loop().time
    await log.start()
    begun = clock()
    for some in batches(len(entries), MAX_BATCH):
        await log.append([entries[number] for number in some])
    appended = clock()
    while await log.sequencer.step():
        pass
    ended = clock()
    assert (await log.reader.snapshot()).checkpoint.size == len(entries)
    await log.close()
    return len(entries) / (appended - begun), len(entries) / (ended - appended)


async def _plain(url: str, entries: list[Submission]) -> float:
    connection, clock = await asyncpg.connect(url.replace("+asyncpg", "")), asyncio.get_running_loop().time
    ready = [row(entry, number) for number, entry in enumerate(entries)]
    begun = clock()
    for some in batches(len(ready), BATCH):
        async with connection.transaction():
            await connection.executemany(INSERT, ready[some.start : some.stop])
    ended = clock()
    await connection.close()
    return len(entries) / (ended - begun)
