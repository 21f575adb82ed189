"""Counting the statements a piece of work takes: SQLAlchemy's, and those that run on the driver itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from sqlalchemy import event

from registry import statements
from registry.database import Database

_run = statements.fetched


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements so far, in order; those that begin and end transactions are not among them."""
    found: list[str] = []

    def by_sqlalchemy(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    async def on_the_driver(tx, sql, given):
        found.append(sql)
        return await _run(tx, sql, given)

    engines = [engine.sync_engine for engine in (database._reader, database._writer)]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", by_sqlalchemy)
    try:
        with mock.patch.object(statements, "fetched", on_the_driver):
            yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", by_sqlalchemy)
