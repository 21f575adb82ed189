"""Migrations make what the tables declare, on SQLite and for PostgreSQL, and fix what may never change."""

import io

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from registry.database import Database
from registry.errors import DatabaseRefused
from registry.migrate import is_current, migrate
from registry.tables import METADATA

HOME = "https://register.example"


@pytest.fixture
async def url(tmp_path):
    address = f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'registry.db'}"
    await migrate(address, prefix="TEST", origin=HOME)
    return address


@pytest.fixture
def migrated(url):
    engine = create_engine(url.replace("+aiosqlite", ""))
    yield engine
    engine.dispose()


def test_migrations_and_tables_agree(migrated):
    with migrated.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_constraints_agree(migrated):
    found = inspect(migrated)
    for table in METADATA.sorted_tables:
        declared = {c.name: str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)}
        assert {c["name"]: c["sqltext"] for c in found.get_check_constraints(table.name)} == declared, table.name
        unique = {tuple(c["column_names"]) for c in found.get_unique_constraints(table.name)}
        assert unique == {tuple(u.columns.keys()) for u in table.constraints if type(u).__name__ == "UniqueConstraint"}


def test_only_one_open_accreditation_is_allowed(migrated):
    with migrated.connect() as connection:
        (sql,) = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'one_open_accreditation'").one()

    assert sql.startswith("CREATE UNIQUE INDEX")
    assert sql.endswith("WHERE open")


def test_the_statements_for_postgresql_are_the_ones_the_tables_mean():
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    script = words(written.getvalue())

    for table in METADATA.sorted_tables:
        columns = words(str(CreateTable(table).compile(dialect=postgresql.dialect()))).partition("(")[2]
        for column in columns.split(", "):
            assert column.rstrip(")") in script, (table.name, column)
        for index in table.indexes:
            assert words(str(CreateIndex(index).compile(dialect=postgresql.dialect()))) in script


def words(sql):
    return " ".join(sql.split()).replace("( ", "(").replace(" )", ")")


async def test_migrating_twice_changes_nothing(url):
    await migrate(url, prefix="TEST", origin=HOME)
    database = Database(url)
    async with database.read() as tx:
        assert await is_current(tx)
    await database.close()


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"prefix": "ABCD"}, "prefix TEST"), ({"origin": "https://other.example"}, f"origin {HOME}")],
)
async def test_what_was_fixed_cannot_change(url, changed, says):
    with pytest.raises(DatabaseRefused, match=says):
        await migrate(url, **{"prefix": "TEST", "origin": HOME} | changed)


@pytest.mark.parametrize(
    "wrong",
    [{"prefix": "test"}, {"prefix": "TOOLONGER"}, {"origin": "register.example"}, {"origin": f"{HOME}/"}],
)
async def test_malformed_settings_make_no_database(tmp_path, wrong):
    with pytest.raises(DatabaseRefused):
        await migrate(f"sqlite+aiosqlite:///{tmp_path}/new.db", **{"prefix": "TEST", "origin": HOME} | wrong)

    assert list(tmp_path.iterdir()) == []
