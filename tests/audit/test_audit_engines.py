"""What connecting to SQLite waits for, and which connections are not used again."""

import sqlite3
import threading

import pytest
from sqlalchemy import text

from audit.database import Database
from audit.engines import Limits
from audit.errors import Unavailable


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


async def test_a_connection_that_sqlite_could_open_for_reading_only_is_not_used_again(log, author):
    async with log.database.write() as tx:
        await tx.exec_driver_sql("PRAGMA query_only=ON")  # as after an open for writing that failed
    with pytest.raises(Unavailable, match="SQLITE_READONLY"):
        await log.append(batch := author.first())
    assert await log.append(batch) == 1
