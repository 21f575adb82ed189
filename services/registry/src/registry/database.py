"""The registry's database: one place where connections begin and transactions end.

A write is one transaction per act: it commits when its block ends and rolls back when the block raises. A read sees
one consistent state and cannot write. On SQLite a write takes the lock at once (BEGIN IMMEDIATE), so that what it
read is still true when it commits, and every commit is on disk (synchronous=FULL) before it is acknowledged.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_MS = 10_000  # how long a SQLite writer waits for another process before it gives up

ReadTx = NewType("ReadTx", AsyncConnection)
WriteTx = NewType("WriteTx", AsyncConnection)


class Database:
    """Engines for reading and for writing; ``url`` is an async SQLAlchemy URL, as in ``sqlite+aiosqlite:///…``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self._writer = self._engine(pool_size=1 if self.sqlite else 5, begin="BEGIN IMMEDIATE")
        self._reader = self._engine(pool_size=4 if self.sqlite else 10, begin="BEGIN")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteTx]:
        """One transaction: all of the block or nothing."""
        async with self._writer.begin() as connection:
            yield WriteTx(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """One consistent, read-only view."""
        async with self._reader.connect() as connection:
            if not self.sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield ReadTx(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    def _engine(self, *, pool_size: int, begin: str) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=0, pool_timeout=30)
        if self.sqlite:
            prepare_sqlite(engine, begin)
        return engine


def prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    """Make SQLite durable and give SQLAlchemy, not the driver, the say over where transactions begin."""

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
            f"query_only={'OFF' if begin == 'BEGIN IMMEDIATE' else 'ON'}",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
