"""Engines for SQLite and PostgreSQL: how a connection is made, how a transaction begins on it, how long it may take.

SQLite   a write takes the lock at once (BEGIN IMMEDIATE) and is on disk when it commits (synchronous=FULL)
PostgreSQL   a write is READ COMMITTED and locks what it rests on; a read is REPEATABLE READ, read-only
"""

import asyncio
from dataclasses import dataclass
from sqlite3 import SQLITE_BUSY, OperationalError
from time import monotonic
from typing import Any

from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WRITERS, READERS = 5, 10  # connections of one process to PostgreSQL
SQLITE_WRITERS, SQLITE_READERS = 1, 4  # writers of one process queue in order, instead of in SQLite's busy handler
AGAIN = 0.02  # seconds between two attempts at changing a new database to WAL


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each wait may last, in seconds."""

    pool: float = 10.0  # for a free connection
    connect: float = 5.0  # for a new one
    statement: float = 10.0  # for the end of one statement
    answer: float = 2.0  # for word of it: so much later the server counts as gone
    lock: float = 5.0  # PostgreSQL: for what another transaction holds
    idle: float = 60.0  # PostgreSQL: between two statements of a transaction, before the server ends it
    busy: float = 10.0  # SQLite: for a writer of another process


def make_engine(url: str, limits: Limits, *, writes: bool) -> AsyncEngine:
    """An engine that connects on first use; `url` is an async SQLAlchemy URL."""
    if url.startswith("sqlite"):
        return _sqlite(url, limits, writes=writes)
    return _postgresql(url, limits, writes=writes)


def _sqlite(url: str, limits: Limits, *, writes: bool) -> AsyncEngine:
    """SQLAlchemy, not the driver, has the say over where transactions begin."""
    size = SQLITE_WRITERS if writes else SQLITE_READERS
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=limits.pool, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(limits.busy * 1000)}")
        _change_to_wal(connection, cursor, limits.busy)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"query_only={'OFF' if writes else 'ON'}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    if writes:
        event.listen(engine.sync_engine, "handle_error", _leave_behind)
    return engine


def _leave_behind(context: ExceptionContext) -> None:
    """Never use a connection again after an error of the disk.

    SQLite opens for reading only what it could not open for writing just then, and would stay with that.
    """
    name = getattr(context.original_exception, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_READONLY", "SQLITE_IOERR")):
        context.is_disconnect = True


def _change_to_wal(connection: Any, cursor: Any, patience: float) -> None:
    """A new database changes to WAL once; where another process writes just then, SQLite refuses without waiting."""
    deadline = monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or monotonic() >= deadline:
                raise
            connection.run_async(lambda _: asyncio.sleep(AGAIN))
        else:
            return


def _postgresql(url: str, limits: Limits, *, writes: bool) -> AsyncEngine:
    milliseconds = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    server = {name: str(int(seconds * 1000)) for name, seconds in milliseconds.items()}
    engine = create_async_engine(
        url,
        pool_size=WRITERS if writes else READERS,
        max_overflow=0,
        pool_timeout=limits.pool,
        pool_use_lifo=True,
        hide_parameters=True,
        isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
        execution_options={"postgresql_readonly": not writes},
        connect_args={
            "timeout": limits.connect,
            "command_timeout": limits.statement + limits.answer,
            "server_settings": server | {"application_name": "goodstanding-audit"},
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def checkout(connection: Any, _: Any, __: Any) -> None:
        """Take another connection for one that the server has closed meanwhile, at no cost for all others."""
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine
