"""Batched reading for one request.

A `Reader` opens one read transaction when it is first needed: everything a request reads is of one moment. Loaders
gather the keys that resolvers ask for at the same time and read them with one statement, each key once. In lockstep
(`execution`) they are told when everybody waits; under asyncio they find out as Strawberry's loaders do.
"""

import asyncio
from asyncio import shield
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Generator,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from strawberry.dataloader import DataLoader

from registry.database import Database, ReadTx
from registry.statements import MAX_KEYS

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Closed(Exception):
    """The request is answered: nothing is read for it any more."""


class Reader:
    """One read transaction for a member or for nobody, opened on first use, used by one resolver at a time."""

    def __init__(self, database: Database, member: str = "", *, lockstep: bool = False) -> None:
        self.lockstep = lockstep
        self._database = database
        self._member = member
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()  # a connection runs one statement at a time
        self._tx: ReadTx | None = None
        self._closed = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[ReadTx]:
        """The transaction, for the length of the block. Closed once the request is answered."""
        async with self._lock:
            if self._closed:
                raise Closed
            if self._tx is None:
                self._tx = await self._stack.enter_async_context(self._database.read(self._member))
            try:
                yield self._tx
            except (SQLAlchemyError, TimeoutError, asyncio.CancelledError) as error:
                # it cannot be used again; the database says what it means
                self._tx = None
                await self._stack.__aexit__(type(error), error, error.__traceback__)
                raise

    async def renew(self) -> None:
        """End the transaction; the next use begins another one."""
        async with self._lock:
            self._tx = None
            await self._stack.aclose()

    async def close(self) -> None:
        """End the transaction for good: graphql-core may still run what nobody waits for, next to an error."""
        self._closed = True
        await self.renew()


class Wanted:
    """Values a resolver waits for: what it yields in lockstep."""

    __slots__ = ("_many", "keys", "loader")

    def __init__(self, loader: "Loader[Any, Any]", keys: Sequence[Any], *, many: bool) -> None:
        self.loader = loader
        self.keys = keys
        self._many = many

    def __await__(self) -> Generator["Wanted", Any, Any]:
        """Wait; returns what `found` does."""
        return (yield self)

    def found(self) -> Any:
        """The values, once they were read."""
        known = self.loader.known
        return [known[key] for key in self.keys] if self._many else known[self.keys[0]]


class Loader(Generic[Key, Value]):
    """Values by key for one request: `load` and `load_many` are awaited, and give None for what there is not.

    Several may wait for one value: under asyncio whoever is cancelled does not cancel it for the others.
    """

    __slots__ = ("_by_itself", "_read", "known")

    def __init__(self, read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]], *, lockstep: bool) -> None:
        self.known: dict[Key, Value | None] = {}
        self._read = read
        self._by_itself = None if lockstep else DataLoader(load_fn=self._in_order, max_batch_size=MAX_KEYS)

    def load(self, key: Key) -> Awaitable[Value | None]:
        """The value of one key."""
        return Wanted(self, (key,), many=False) if self._by_itself is None else shield(self._by_itself.load(key))

    def load_many(self, keys: Sequence[Key]) -> Awaitable[list[Value | None]]:
        """The values of several, in their order."""
        return Wanted(self, keys, many=True) if self._by_itself is None else shield(self._by_itself.load_many(keys))

    async def read(self, keys: Collection[Key]) -> None:
        """Read what is not known yet."""
        new = [key for key in keys if key not in self.known]
        for start in range(0, len(new), MAX_KEYS):
            some = new[start : start + MAX_KEYS]
            found = await self._read(some)
            self.known.update((key, found.get(key)) for key in some)

    async def _in_order(self, keys: list[Key]) -> list[Value | None]:
        found = await self._read(keys)
        return [found.get(key) for key in keys]


def loader(
    reader: Reader, read: Callable[[ReadTx, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
) -> Loader[Key, Value]:
    """A loader over a query that returns what it found by key."""

    async def load(keys: Sequence[Key]) -> Mapping[Key, Value]:
        async with reader.use() as tx:
            return await read(tx, keys)

    return Loader(load, lockstep=reader.lockstep)


async def known(loaded: Loader[Any, Value], key: Hashable) -> Value:
    """Load what must exist because a foreign key says so."""
    value = await loaded.load(key)
    if value is None:
        raise LookupError("a row that another row names is missing")
    return value


async def several(loaded: Loader[Key, Value], keys: Iterable[Key]) -> list[Value]:
    """Load several; those that do not exist are left out."""
    return [value for value in await loaded.load_many(list(keys)) if value is not None]
