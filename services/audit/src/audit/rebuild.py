"""`audit rebuild`: bundles and tiles made again from the database, byte for byte what was published.

1. The rows must lead to the root of the signed checkpoint before a file is touched: the published one or, where that
   is missing, the newest first note that the database keeps.
2. A missing file is made. One with other bytes than the root vouches for was altered, and is replaced.
3. The checkpoint is not written: `audit serve` publishes, and looks at everything else first.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from audit.database import Database
from audit.edge import Edge
from audit.errors import LogStopped
from audit.fsck.report import Progress
from audit.fsck.rows import Verify
from audit.growth import grown, last
from audit.publication import CHECKPOINT
from audit.store import Store
from audit.tables import CHECKPOINTS
from audit.tile_files import named
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError


@dataclass(slots=True)
class Rebuilt:
    """How far the files reach, and how many had to be made or replaced."""

    size: int = 0
    made: int = 0
    replaced: int = 0


async def rebuild(store: Store, database: Database, verify: Verify, progress: Progress) -> Rebuilt:
    """Make the published files of the log again. Raises LogStopped (rule 1), Unavailable and OSError."""
    signed = await _signed(store, database, verify)
    edge = await last(database, Edge.empty(), signed.size)
    if edge.root() != signed.root:
        raise LogStopped(
            f"the database does not hold the entries that were signed as size {signed.size}: nothing was written. "
            "Restore it from a backup, then run: audit catch-up (docs/backup.md)"
        )
    done = Rebuilt(signed.size)
    edge = Edge.empty()
    async for reached, full in grown(database, edge, signed.size):
        await asyncio.to_thread(_write, store, named(full.items()), done)
        progress("entries", reached.size, signed.size)
        edge = reached
    await asyncio.to_thread(_write, store, named(edge.partial_files().items()), done)
    return done


async def _signed(store: Store, database: Database, verify: Verify) -> Checkpoint:
    """Return the checkpoint to build for (rule 1)."""
    note = await asyncio.to_thread(store.read, CHECKPOINT)
    if note is None:
        async with database.read() as tx:
            kept = await tx.scalar(select(CHECKPOINTS.c.note).order_by(CHECKPOINTS.c.size.desc()).limit(1))
        if kept is None:
            raise LogStopped("this log has never signed a checkpoint: there is nothing to build. Run: audit serve")
        note = kept.encode()
    try:
        return verify(note).checkpoint
    except LogError as error:
        raise LogStopped(
            f"the checkpoint to build for is not one of this log with these keys: {error}. Restore the file "
            "checkpoint, or the log's keys and origin, to what they were"
        ) from error


def _write(store: Store, files: Iterable[tuple[str, bytes]], done: Rebuilt) -> None:
    """Rule 2. What another process does to a file meanwhile is left to it."""
    for path, data in files:
        held = store.read(path)
        if held is None:
            store.create([(path, data)])
            done.made += 1
        elif held != data and store.swap(path, held, data):
            done.replaced += 1
