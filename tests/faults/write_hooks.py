"""Puts a breaker under every write of registry and log.

The parts are those that run in production; what is replaced is what they stand on, from below or from outside:

- a commit is the database driver's; it is named after the function whose transaction it ends;
- a file of the log is one that passes through the store;
- a send is a request of the registry's log client;
- a step is a fault point of the log's sequencer, which asks the breaker itself.
"""

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from breaker import Breaker, Patch, disk_error, io_error
from sqlalchemy.engine.default import DefaultDialect

import audit.database
import registry.database
from audit.publication import CHECKPOINT
from audit.store import FileStore
from registry.issuance.errors import LogUnavailable
from registry.issuance.log_client import HttpLogClient

POINT = "write point"  # under which a connection keeps the name of its transaction


def install(breaker: Breaker, patch: Patch) -> None:
    """Put a breaker under every write of this process; `patch` sets an attribute, for a test or for good."""
    for service in (registry.database, audit.database):
        patch(service.Database, "write", _named(service.Database.write))
    patch(DefaultDialect, "do_commit", _commit(breaker, DefaultDialect.do_commit))
    patch(FileStore, "create", _create(breaker, FileStore.create))
    patch(FileStore, "swap", _swap(breaker, FileStore.swap))
    patch(FileStore, "discard", _discard(breaker, FileStore.discard))
    patch(HttpLogClient, "submit", _submit(breaker, HttpLogClient.submit))


def _named(write: Callable[..., Any]) -> Callable[..., Any]:
    def named(self: Any, *member: str) -> Any:
        return _with_name(write(self, *member), f"commit {sys._getframe(1).f_code.co_qualname}")

    return named


@asynccontextmanager
async def _with_name(transaction: Any, name: str) -> Any:
    async with transaction as tx:
        tx.sync_connection.info[POINT] = name
        try:
            yield tx
        except BaseException:
            tx.sync_connection.info.pop(POINT, None)
            raise


def _commit(breaker: Breaker, commit: Callable[..., None]) -> Callable[..., None]:
    def committed(self: Any, connection: Any) -> None:
        name = connection.info.pop(POINT, "a commit without a name")
        with _driver(self):
            breaker.before(name, disk_error)
        commit(self, connection)
        with _driver(self):
            breaker.after(name, disk_error)

    return committed


@contextlib.contextmanager
def _driver(dialect: Any) -> Iterator[None]:
    """Make the error one of the driver in use, so that SQLAlchemy takes it for what it stands for."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if dialect.name == "sqlite":
            raise
        lost = dialect.loaded_dbapi.OperationalError(str(error))
        lost.sqlstate = "08006"  # connection_failure: who cannot hear the answer does not know it
        raise lost from error


def _create(breaker: Breaker, create: Callable[..., None]) -> Callable[..., None]:
    def created(self: FileStore, files: Iterable[tuple[str, bytes]]) -> None:
        def passing() -> Iterator[tuple[str, bytes]]:
            for path, data in files:
                breaker.before(kind_of(path), io_error)
                yield path, data
                # The store asks for the next file once this one is written.
                breaker.after(kind_of(path), io_error)

        create(self, passing())

    return created


def _swap(breaker: Breaker, swap: Callable[..., bool]) -> Callable[..., bool]:
    def swapped(self: FileStore, path: str, seen: bytes | None, data: bytes) -> bool:
        same_size = seen is not None and seen.split(b"\n")[1] == data.split(b"\n")[1]
        name = f"{kind_of(path)}, time only" if same_size else kind_of(path)
        breaker.before(name, io_error)
        done = swap(self, path, seen, data)
        breaker.after(name, io_error)
        return done

    return swapped


def _discard(breaker: Breaker, discard: Callable[..., None]) -> Callable[..., None]:
    def discarded(self: FileStore, folder: str) -> None:
        breaker.before("discard partial files", io_error)
        discard(self, folder)
        breaker.after("discard partial files", io_error)

    return discarded


def _submit(breaker: Breaker, submit: Callable[..., Any]) -> Callable[..., Any]:
    async def submitted(self: HttpLogClient, events: Any) -> None:
        breaker.before("send entries", _no_answer)
        await submit(self, events)
        breaker.after("send entries", _no_answer)

    return submitted


def _no_answer() -> LogUnavailable:
    return LogUnavailable("the log did not answer: the line is cut")


def kind_of(path: str) -> str:
    """The write point of a file of the log, from its path."""
    if path == CHECKPOINT:
        return "file checkpoint"
    _, level, *_ = path.split("/")
    what = "bundle" if level == "entries" else f"tile level {level}"
    return f"file {what}, {'partial' if '.p/' in path else 'full'}"
