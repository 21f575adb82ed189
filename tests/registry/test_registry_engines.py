"""What connecting to SQLite waits for."""

import sqlite3
import threading

import pytest
from sqlalchemy import text

from registry.database import Database
from registry.engines import Limits
from registry.errors import Unavailable


@pytest.mark.parametrize(("held", "patience", "opens"), [(0.3, 5.0, True), (1.5, 0.2, False)])
async def test_a_new_database_that_somebody_is_writing_is_waited_for_and_not_without_end(
    tmp_path, held, patience, opens
):
    """SQLite does not wait by itself there: two programs that start on a new database would be one too many."""
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE begun (x)")
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(held, other.execute, ["COMMIT"])
    ending.start()
    database = Database(f"sqlite+aiosqlite:///{path}", Limits(busy=patience))
    try:
        async with database.read() as tx:
            mode = await tx.scalar(text("PRAGMA journal_mode"))
    except Unavailable:
        mode = None
    assert mode == ("wal" if opens else None)
    ending.join()
    await database.close()
    other.close()
