"""The registry's database: one place where connections begin and transactions end.

A write is one transaction per act: it commits when its block ends and rolls back when the block raises. A read sees
one consistent state and cannot write. `engines.py` says what the two are on SQLite and on PostgreSQL.

Rules
1. On SQLite a write has the database to itself. On PostgreSQL what an act rests on is locked, always in this order, so
   that no two transactions wait for each other: idempotency key · proposal, snapshot, relation, signal or lease ·
   scheme · organisation · accreditations, by number · status lists, by id · an authority, to open another list.
2. A race that was lost all the same is a Conflict, and nothing was done. What the database cannot do now is
   Unavailable: whether it was done then shows when it is asked for again, under the same idempotency key.
3. No wait is without end (`Limits`), neither for the database nor for a connection to it.
4. A transaction says for whom it is before it does anything else: for a member, for the registry itself, or for nobody.
   PostgreSQL shows and takes what is restricted by that (`migrations/versions/m0015_row_security.py` and later ones), whatever the
   statements ask for. It is forgotten with the transaction. A transaction for nobody asks nothing and costs nothing.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from copy import copy
from typing import Any, Final, NewType

from sqlalchemy import String, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from registry.engines import BEGIN_READ, DRIVER_ERRORS, Limits, driver_of, make_engine, on_driver
from registry.outages import translated
from registry.statements import Prepared

ReadTx = NewType("ReadTx", AsyncConnection)
WriteTx = NewType("WriteTx", AsyncConnection)

LIMITS: Final = Limits()
_FOR_MEMBER: Final = Prepared(select(func.goodstanding_act_for(bindparam("member", type_=String())).label("said")))
_FOR_REGISTRY: Final = Prepared(select(func.set_config("goodstanding.registry", "on", True).label("said")))


class Database:
    """Engines for reading and for writing; ``url`` is an async SQLAlchemy URL, as in ``sqlite+aiosqlite:///…``."""

    def __init__(self, url: str, limits: Limits = LIMITS) -> None:
        self._as_registry = False
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self._patience = limits.statement + 2 * limits.answer
        self._writer = make_engine(url, limits, writes=True)
        self._reader = make_engine(url, limits, writes=False)

    def as_registry(self) -> "Database":
        """The same connections, for the registry itself: its workers, its door, and whoever operates it."""
        other = copy(self)
        other._as_registry = True  # noqa: SLF001 - a copy of itself
        return other

    @asynccontextmanager
    async def write(self, member: str = "") -> AsyncIterator[WriteTx]:
        """One transaction, for a member: all of the block or nothing.

        Raises Unavailable, and Conflict for a race that was lost.
        """
        async with self._connected(self._writer) as connection:
            await connection.begin()
            await self._say_for_whom(connection, member)
            yield WriteTx(connection)
            try:
                await self._in_time(connection.commit())
            except SQLAlchemyError:
                # SQLAlchemy takes the transaction for ended and would not roll back; the database may hold it open.
                await connection.invalidate()
                raise

    @asynccontextmanager
    async def read(self, member: str = "") -> AsyncIterator[ReadTx]:
        """One consistent, read-only view, for a member or for nobody. Raises Unavailable."""
        async with self._connected(self._reader) as connection:
            driver, patient = driver_of(connection), True
            try:  # from here on: who is cancelled while it begins leaves a transaction behind as well
                await on_driver(driver, driver.execute(BEGIN_READ[connection.dialect.name]))
                await self._say_for_whom(connection, member)
                yield ReadTx(connection)
            except TimeoutError:  # the server is not heard from
                patient = False
                raise
            finally:
                if patient:
                    await self._end(connection, driver)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    async def _end(self, connection: AsyncConnection, driver: Any) -> None:
        """End a read; a connection on which that fails is thrown away."""
        if connection.invalidated:  # thrown away already: who waited for a statement was cancelled
            return
        try:
            await self._in_time(driver.execute("ROLLBACK"))
        except (OSError, *DRIVER_ERRORS):
            await connection.invalidate()
        except asyncio.CancelledError:
            await connection.invalidate()
            raise

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection for one transaction, which goes back to its pool clean or is thrown away."""
        with _meaning(SQLAlchemyError, OSError):
            connection = await engine.connect()
        with _meaning(SQLAlchemyError, TimeoutError):
            try:
                yield connection
            except TimeoutError:  # the server is not heard from: it cannot be asked to roll back
                await connection.invalidate()
                raise
            finally:
                with suppress(TimeoutError):  # in which case it is thrown away
                    await self._in_time(connection.close())

    async def _say_for_whom(self, connection: AsyncConnection, member: str) -> None:
        """Rule 4."""
        if self.sqlite or not (member or self._as_registry):
            return
        if self._as_registry:
            await _FOR_REGISTRY.rows(connection)
        else:
            await _FOR_MEMBER.rows(connection, member=member)

    async def _in_time(self, work: Awaitable[None]) -> None:
        async with asyncio.timeout(self._patience):
            await work


@contextmanager
def _meaning(*kinds: type[SQLAlchemyError | OSError]) -> Iterator[None]:
    """Raise what an error of the database means, where that is known."""
    try:
        yield
    except kinds as error:
        if (meant := translated(error)) is None:
            raise
        raise meant from error


async def alone(tx: WriteTx, what: str) -> None:
    """Wait until no other write holds ``what``, and hold it until this one ends. On SQLite every write is alone."""
    if tx.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
        await tx.execute(select(func.pg_advisory_xact_lock(key)))
