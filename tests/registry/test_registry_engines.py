"""What connecting to SQLite waits for."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import text

from registry.database import Database
from registry.engines import Limits, driver_of
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


@pytest.mark.both_backends
async def test_who_is_cancelled_while_a_read_begins_or_ends_leaves_no_transaction_behind(register):
    """The next one on that connection would see what this one saw, or be refused."""
    reader = register.database._reader

    async def read():
        async with register.database.read() as tx:
            await tx.scalar(text("SELECT 1"))

    for steps in range(40):
        reading = asyncio.create_task(read())
        for _ in range(steps):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0002 * (steps % 7))
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

        assert reader.pool.checkedout() == 0
        async with reader.connect() as connection:
            driver = driver_of(connection)
            begun = driver.in_transaction if register.database.sqlite else driver.is_in_transaction()
            assert not begun, f"cancelled after {steps} steps"
