"""The log: appending and publishing, against the same database storing the same rows in the same batches without a log."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from harness import Row, compare

from audit.entry import Submission
from audit.migrate import migrate
from audit.service import open_log
from goodstanding.bodies import as_set
from goodstanding.events import SealedEvent, new_event_id, new_salt, new_subject, seal
from goodstanding.keys import PemSigner

ENTRIES, BATCH = 8_000, 1_000


def _events() -> list[SealedEvent]:
    now = datetime.now(UTC)
    made = []
    for _ in range(ENTRIES):
        event_id = new_event_id(now)
        body = {
            "kind": "erasure",
            "event_id": event_id,
            "authority": "aut_one",
            "data": {"event_ids": as_set([event_id])},
        }
        made.append(seal(body, subject=new_subject(), prev=None, recorded_at=now, salt=new_salt()))
    return made


def rows() -> Iterable[Row]:
    """Measure."""
    events = _events()
    yield compare(
        "append, sequence and publish, SQLite with fsync",
        lambda: _through_the_log(events),
        "SQLite stores the same rows in the same batches",
        lambda: _rows_only(events),
        unit="entries/s",
        rounds=5,
    )


def _through_the_log(events: list[SealedEvent]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        url = f"sqlite+aiosqlite:///{root / 'audit.db'}"
        migrate(url)
        log = open_log(
            url=url, folder=root / "log", origin="bench.example/log",
            log_signer=PemSigner.load_or_create(root / "log.pem"),
            time_signer=PemSigner.load_or_create(root / "time.pem"),
        )  # fmt: skip

        async def work() -> None:
            for start in range(0, ENTRIES, BATCH):
                batch = events[start : start + BATCH]
                await log.append([Submission(e.event_id, e.leaf, e.body, e.salt) for e in batch])
                await log.sequencer.step()
            await log.close()

        asyncio.run(work())
    return ENTRIES


def _rows_only(events: list[SealedEvent]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE entries (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, leaf, body, salt)")
        for start in range(0, ENTRIES, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO entries (event_id, leaf, body, salt) VALUES (?, ?, ?, ?)",
                [(e.event_id, e.leaf, e.body, e.salt) for e in events[start : start + BATCH]],
            )
            connection.execute("COMMIT")
        connection.close()
    return ENTRIES
