"""Migrations make what the tables declare, revision by revision, and fix what may never change."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, text

from registry import migrate as module
from registry.database import Database
from registry.errors import DatabaseRefused
from registry.migrate import following, is_current, migrate, works_on
from registry.tables import METADATA

HOME = "https://register.example"
SETTINGS = {"prefix": "TEST", "origin": HOME}
NEWEST = "0018_from_0017"

both = pytest.mark.both_backends


async def look(url, question):
    """What a function finds out on a synchronous connection."""
    database = Database(url)
    async with database.read() as tx:
        found = await tx.run_sync(question)
    await database.close()
    return found


async def tell(url, statement):
    database = Database(url)
    async with database.write() as tx:
        await tx.execute(text(statement))
    await database.close()


def revision(connection):
    return MigrationContext.configure(connection).get_current_revision()


def differences(connection):
    return compare_metadata(MigrationContext.configure(connection), METADATA)


def index_condition(connection):
    (index,) = [i for i in inspect(connection).get_indexes("accreditations") if i["name"] == "one_open_accreditation"]
    (condition,) = (value for name, value in index["dialect_options"].items() if name.endswith("_where"))
    return bool(index["unique"]), str(condition)


def constraints(connection):
    """table -> names of its checks, columns of its unique constraints."""
    found = inspect(connection)
    return {
        table.name: (
            {check["name"] for check in found.get_check_constraints(table.name)},
            {tuple(unique["column_names"]) for unique in found.get_unique_constraints(table.name)},
        )
        for table in METADATA.sorted_tables
    }


@pytest.fixture
async def url(empty_database):
    await migrate(empty_database, **SETTINGS)
    return empty_database


@both
async def test_migrations_and_tables_agree(url):
    assert await look(url, differences) == []


@both
async def test_constraints_agree(url):
    found = await look(url, constraints)
    for table in METADATA.sorted_tables:
        declared = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        unique = {tuple(c.columns.keys()) for c in table.constraints if type(c).__name__ == "UniqueConstraint"}
        checks, uniques = found[table.name]
        assert checks == declared, table.name
        assert unique <= uniques, table.name


@both
async def test_only_one_open_accreditation_is_allowed(url):
    assert await look(url, index_condition) == (True, "open")


@both
async def test_migrating_twice_changes_nothing(url):
    await migrate(url, **SETTINGS)
    assert await look(url, revision) == NEWEST
    database = Database(url)
    async with database.read() as tx:
        assert await is_current(tx)
    await database.close()


@both
async def test_every_revision_is_a_step_of_its_own(empty_database, monkeypatch):
    """One at a time: after each, the program has done exactly that one, and the next migrate goes on from there."""
    steps = []
    while (after := following(steps[-1] if steps else None)) is not None:
        steps.append(after)
        with monkeypatch.context() as only:
            only.setattr(module, "following", lambda at, to=after: to if at != to else None)
            await migrate(empty_database, **SETTINGS)
        assert await look(empty_database, revision) == after

    assert (steps[0], steps[-1]) == ("0001", NEWEST)
    assert await look(empty_database, differences) == []


@both
@pytest.mark.parametrize(
    ("changed", "says"),
    [({"prefix": "ABCD"}, "prefix TEST"), ({"origin": "https://other.example"}, f"origin {HOME}")],
)
async def test_what_was_fixed_cannot_change(url, changed, says):
    with pytest.raises(DatabaseRefused, match=says):
        await migrate(url, **SETTINGS | changed)


@both
async def test_a_database_of_other_settings_is_not_even_migrated(empty_database, monkeypatch):
    with monkeypatch.context() as only:
        only.setattr(module, "following", lambda at: None if at else "0001")
        await migrate(empty_database, **SETTINGS)
    with pytest.raises(DatabaseRefused, match="prefix TEST"):
        await migrate(empty_database, **SETTINGS | {"prefix": "ABCD"})
    assert await look(empty_database, revision) == "0001"


@pytest.mark.parametrize(
    "wrong",
    [{"prefix": "test"}, {"prefix": "TOOLONGER"}, {"origin": "register.example"}, {"origin": f"{HOME}/"}],
)
async def test_malformed_settings_make_no_database(empty_database, tmp_path, wrong):
    with pytest.raises(DatabaseRefused):
        await migrate(empty_database, **SETTINGS | wrong)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "database", "works"),
    [
        ("0001", "0001", True),
        ("0001", "0002_from_0001", True),  # expanded: the program before runs on
        ("0002_from_0001", "0001", False),  # the database is migrated first
        ("0001", "0003_from_0002", False),  # contracted: what the program needs may be gone
        ("0002_from_0001", "0003_from_0002", True),
        ("0002_from_0001", "0003", False),
        ("0009", "0010_from_0009", True),
    ],
)
def test_a_program_works_from_its_own_revision_to_the_last_that_reaches_back_to_it(program, database, works):
    assert works_on(program, database) is works


@both
async def test_a_newer_database_is_left_alone_where_it_still_serves_and_refused_where_not(url):
    database = Database(url)
    for newer, serves in ((f"9999_from_{NEWEST[:4]}", True), ("9999_from_9999", False)):
        await tell(url, f"UPDATE alembic_version SET version_num = '{newer}'")
        async with database.read() as tx:
            assert await is_current(tx) is serves
        if serves:
            await migrate(url, **SETTINGS)
        else:
            with pytest.raises(DatabaseRefused, match="Run a newer program"):
                await migrate(url, **SETTINGS)
        assert await look(url, revision) == newer
    await database.close()


def test_ids_of_revisions_say_how_far_back_they_reach():
    revisions = [found.revision for found in reversed([*module._scripts().walk_revisions()])]
    assert revisions[0] == "0001"
    for at, name in enumerate(revisions[1:], 2):
        assert re.fullmatch(rf"{at:04}(_from_\d{{4}})?", name), name
