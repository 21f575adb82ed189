"""The log's database: one place where connections begin and transactions end.

A write commits when its block ends and rolls back when the block raises. On SQLite it takes the lock at once
(BEGIN IMMEDIATE), so what it read still holds when it commits, and a commit is on disk before it returns
(synchronous=FULL). Writers of one process queue for the one writing connection, in order, instead of sleeping in
SQLite's busy handler. A read sees one consistent state and cannot write.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_MS = 10_000
"""How long a SQLite writer waits for another process."""

POOL_SECONDS = 30
"""How long a request waits for a connection."""

ReadTx = NewType("ReadTx", AsyncConnection)
WriteTx = NewType("WriteTx", AsyncConnection)


class Database:
    """A reading and a writing engine; `url` is an async SQLAlchemy URL. Connects on first use."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._sqlite = url.startswith("sqlite")
        self._writer = self._engine("BEGIN IMMEDIATE", pool_size=1 if self._sqlite else 5)
        self._reader = self._engine("BEGIN", pool_size=4 if self._sqlite else 10)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteTx]:
        """One transaction: all of the block or nothing."""
        async with self._writer.begin() as connection:
            yield WriteTx(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """One consistent, read-only view."""
        async with self._reader.connect() as connection:
            if not self._sqlite:
                await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield ReadTx(connection)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    def _engine(self, begin: str, pool_size: int) -> AsyncEngine:
        engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=0, pool_timeout=POOL_SECONDS)
        if self._sqlite:
            _prepare_sqlite(engine, begin)
        return engine


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    """Make SQLite durable, and leave it to SQLAlchemy, not to the driver, where a transaction begins."""

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA query_only={'ON' if begin == 'BEGIN' else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
