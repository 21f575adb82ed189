"""A commit that fails, the n-th one, before it is made or after: what the driver would raise."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy.engine.default import DefaultDialect


@contextlib.contextmanager
def failing_commit(nth: int, *, after: bool) -> Iterator[list[int]]:
    """Fail the `nth` commit of the block on SQLite, counted from 1; yields the commits that were reached."""
    reached: list[int] = []
    commit = DefaultDialect.do_commit

    def committed(self, connection):
        reached.append(len(reached) + 1)
        if reached[-1] == nth and not after:
            raise _disk_error()
        commit(self, connection)
        if reached[-1] == nth:
            raise _disk_error()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "do_commit", committed)
        yield reached


def _disk_error():
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR"
    return error
