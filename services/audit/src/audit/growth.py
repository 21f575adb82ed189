"""Growing an edge by what the database holds: as a start, a rebuild and a catch-up all do."""

import asyncio
from collections.abc import AsyncIterator

from sqlalchemy import select

from audit.database import Database
from audit.edge import Edge, Files, grow
from audit.errors import LogStopped
from audit.tables import ENTRIES

CHUNK = 4096
"""Most entries that are read at once."""


async def grown(database: Database, edge: Edge, size: int) -> AsyncIterator[tuple[Edge, Files]]:
    """Grow an edge by the rows up to `size`, a bounded number at a time; LogStopped when one is missing.

    Yields each edge reached, with the bundles and tiles that became full on the way there.
    """
    while edge.size < size:
        end = min(edge.size + CHUNK, size)
        rows = select(ENTRIES.c.leaf).where(ENTRIES.c.log_index >= edge.size, ENTRIES.c.log_index < end)
        async with database.read() as tx:
            leaves = (await tx.scalars(rows.order_by(ENTRIES.c.log_index))).all()
        if len(leaves) != end - edge.size:
            raise LogStopped(f"the database lacks entries below index {end}. Restore it from a backup")
        edge, full = await asyncio.to_thread(grow, edge, leaves)
        yield edge, full


async def last(database: Database, edge: Edge, size: int) -> Edge:
    """Grow an edge by the rows up to `size`, keeping nothing but the edge reached."""
    async for reached, _ in grown(database, edge, size):
        edge = reached
    return edge
