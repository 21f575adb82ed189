"""Migrations make what the tables declare, revision by revision, whatever interrupts them."""

import asyncio
import re
import signal
import subprocess
import sys

import killed_migration
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from audit import migrate as module
from audit.database import Database
from audit.errors import DatabaseRefused
from audit.migrate import following, is_current, migrate, works_on
from audit.tables import METADATA

pytestmark = pytest.mark.both_backends


async def look(url):
    """(revision, differences from what the tables declare)."""
    database = Database(url)
    async with database.read() as tx:
        at = await tx.run_sync(lambda connection: MigrationContext.configure(connection).get_current_revision())
        differ = await tx.run_sync(
            lambda connection: compare_metadata(MigrationContext.configure(connection), METADATA)
        )
    await database.close()
    return at, differ


async def tell(url, statement):
    database = Database(url)
    async with database.write() as tx:
        await tx.execute(text(statement))
    await database.close()


def test_every_revision_is_a_step_of_its_own(empty_database, monkeypatch):
    steps = []
    while (after := following(steps[-1] if steps else None)) is not None:
        steps.append(after)
        with monkeypatch.context() as only:
            only.setattr(module, "following", lambda at, to=after: to if at != to else None)
            migrate(empty_database)
        assert asyncio.run(look(empty_database))[0] == after
        assert is_current(empty_database) is (following(after) is None)

    assert asyncio.run(look(empty_database)) == (steps[-1], [])
    assert re.fullmatch(r"0001", steps[0])
    assert all(re.fullmatch(rf"{at:04}(_from_\d{{4}})?", name) for at, name in enumerate(steps[1:], 2))


def test_migrating_twice_changes_nothing(empty_database):
    migrate(empty_database)
    before = asyncio.run(look(empty_database))
    migrate(empty_database)
    assert asyncio.run(look(empty_database)) == before


@pytest.mark.faults
def test_killed_half_way_it_leaves_nothing_half_done_and_the_next_one_completes(empty_database, tmp_path):
    (tmp_path / "folder").mkdir()
    arguments = ["audit", empty_database, "0001", "5"]
    killed = subprocess.run([sys.executable, killed_migration.__file__, *arguments], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert asyncio.run(look(empty_database))[0] is None

    migrate(empty_database)
    assert asyncio.run(look(empty_database))[1] == []


def test_a_newer_database_is_left_alone_where_it_still_serves_and_refused_where_not(empty_database):
    migrate(empty_database)
    asyncio.run(tell(empty_database, "UPDATE alembic_version SET version_num = '0003_from_0002'"))
    migrate(empty_database)
    assert is_current(empty_database)
    asyncio.run(tell(empty_database, "UPDATE alembic_version SET version_num = '0004_from_0003'"))
    assert not is_current(empty_database)
    with pytest.raises(DatabaseRefused, match="Run a newer program"):
        migrate(empty_database)


def test_a_program_works_from_its_own_revision_to_the_last_that_reaches_back_to_it():
    assert works_on("0001", "0002_from_0001")
    assert not works_on("0002_from_0001", "0001")
    assert not works_on("0001", "0003_from_0002")
