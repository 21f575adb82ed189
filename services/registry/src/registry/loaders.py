"""Batched reading for one request.

A `Reader` opens one read transaction when it is first needed: everything a request reads is of one moment. Loaders
gather the keys that resolvers ask for at the same time and read them with one statement; each returns its results in
the order of its keys.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from strawberry.dataloader import DataLoader

from registry.database import Database, ReadTx

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MAX_BATCH = 500  # keys in one statement


class Reader:
    """One read transaction, opened on first use, used by one resolver at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()  # a connection runs one statement at a time
        self._tx: ReadTx | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[ReadTx]:
        """The transaction, for the length of the block."""
        async with self._lock:
            if self._tx is None:
                self._tx = await self._stack.enter_async_context(self._database.read())
            try:
                yield self._tx
            except (SQLAlchemyError, TimeoutError) as error:  # it cannot be used again; the database says what it means
                self._tx = None
                await self._stack.__aexit__(type(error), error, error.__traceback__)
                raise

    async def close(self) -> None:
        """End the transaction; the next use begins another one."""
        async with self._lock:
            self._tx = None
            await self._stack.aclose()


def loader(
    reader: Reader, read: Callable[[ReadTx, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
) -> DataLoader[Key, Value | None]:
    """A loader over a query that returns what it found by key; what it did not find is None."""

    async def load(keys: list[Key]) -> list[Value | None]:
        async with reader.use() as tx:
            found = await read(tx, keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load, max_batch_size=MAX_BATCH)


async def known(loaded: DataLoader[Key, Value | None], key: Key) -> Value:
    """Load what must exist because a foreign key says so."""
    value = await loaded.load(key)
    if value is None:
        raise LookupError("a row that another row names is missing")
    return value


async def several(loaded: DataLoader[Key, Value | None], keys: Iterable[Key]) -> list[Value]:
    """Load several; those that do not exist are left out."""
    return [value for value in await loaded.load_many(list(keys)) if value is not None]
