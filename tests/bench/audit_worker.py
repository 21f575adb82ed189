"""One piece of work on a log, in a process of its own, so that what it takes in memory is its own.

    python audit_worker.py grow|fsck|rebuild|catch-up FOLDER

Prints the most memory it took (MB), the seconds of the work, and what else there is to tell, as JSON.
"""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit_world import opened, short, signer

from audit.catch_up.copies import Copy
from audit.catch_up.service import CatchUp
from audit.database import Database
from audit.entries import MAX_BATCH
from audit.fsck.service import fsck, quietly
from audit.rebuild import rebuild
from audit.sequencer import BATCH
from audit.store import FileStore
from goodstanding.checkpoint import Checkpoint
from goodstanding.note import Note

STEPS = 20  # of a sequencer that grows a log
BEHIND = 50_000  # entries that a restored database lacks, at the least


async def grow(folder: Path) -> dict[str, Any]:
    """Grow a log by full steps; the files that the last of them opened or made, and those the log got by it."""
    log = opened(folder)
    await log.start()
    size = (await log.reader.snapshot()).checkpoint.size
    begun = time.perf_counter()
    for start in range(size, size + (STEPS - 1) * BATCH, BATCH):
        await _append(log, start)
        assert await log.sequencer.step() == BATCH
    took = time.perf_counter() - begun
    await _append(log, size + (STEPS - 1) * BATCH)
    touched = _touched(folder / "log")
    assert await log.sequencer.step() == BATCH
    files = len(touched)
    await log.close()
    return {"entries": (STEPS - 1) * BATCH, "seconds": took, "files": files}


async def _append(log: Any, start: int) -> None:
    for some in range(start, start + BATCH, MAX_BATCH):
        await log.append([short(number) for number in range(some, some + MAX_BATCH)])


def _touched(root: Path) -> set[str]:
    """Paths of the log's files that this process opens or makes from now on."""
    touched: set[str] = set()

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        path = {"open": 0, "os.link": 1}.get(event)
        if path is not None and str(arguments[path]).startswith(f"{root}/tile/"):
            touched.add(str(arguments[path]))

    sys.addaudithook(hear)
    return touched


async def check(folder: Path) -> dict[str, Any]:
    """`audit fsck`."""
    database, begun = _database(folder), time.perf_counter()
    report = await fsck(FileStore(folder / "log"), database, signer(folder).verify)
    took = time.perf_counter() - begun
    await database.close()
    assert not report.total, report.findings[:3]
    return {"entries": report.rows, "seconds": took}


async def build(folder: Path) -> dict[str, Any]:
    """`audit rebuild`, of files that are all there."""
    database, begun = _database(folder), time.perf_counter()
    done = await rebuild(FileStore(folder / "log"), database, signer(folder).verify, quietly)
    took = time.perf_counter() - begun
    await database.close()
    assert (done.made, done.replaced) == (0, 0), done
    return {"entries": done.size, "seconds": took}


async def catch_up(folder: Path) -> dict[str, Any]:
    """`audit catch-up` of a database that was restored from a backup; the bodies come as copies."""
    old, new = _restore(folder / "audit.db")
    database, begun = _database(folder), time.perf_counter()
    await CatchUp(FileStore(folder / "log"), database, signer(folder).verify, quietly).run(_copies(old, new))
    took = time.perf_counter() - begun
    await database.close()
    return {"entries": new - old, "seconds": took}


def _restore(file: Path) -> tuple[int, int]:
    """Take the newest entries out of a database; from which size to which it has to be caught up."""
    rows = sqlite3.connect(file)
    (new,) = rows.execute("SELECT size FROM tree").fetchone()
    latest = "SELECT size, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1"
    old, note = rows.execute(latest, (new - BEHIND,)).fetchone()
    rows.execute("DELETE FROM entries WHERE log_index >= ?", (old,))
    rows.execute("DELETE FROM subjects WHERE subject >= ?", (old.to_bytes(16, "big"),))
    rows.execute("DELETE FROM checkpoints WHERE size > ?", (old,))
    root = Checkpoint.parse(Note.parse(note.encode()).text).root
    rows.execute("UPDATE tree SET size = ?, root = ?", (old, root))
    rows.commit()
    rows.close()
    return old, new


def _copies(old: int, new: int) -> Iterator[Copy]:
    for entry in map(short, range(old, new)):
        yield Copy(entry.event_id, entry.leaf, entry.body, entry.salt, None)


def _database(folder: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{folder / 'audit.db'}")


WORK = {"grow": grow, "fsck": check, "rebuild": build, "catch-up": catch_up}


def main(what: str, folder: Path) -> None:
    """Do it and tell."""
    told = asyncio.run(WORK[what](folder))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps(told | {"peak": int(status["VmHWM"].split()[0]) / 1000}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
