"""Migrations by program: `audit migrate`, standalone and tests all come through here."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url

from audit.database import Database


def migrate(url: str) -> None:
    """Bring the database at an async SQLAlchemy URL to the current version; doing so twice changes nothing.

    Runs an event loop of its own: from asynchronous code call it with `asyncio.to_thread`.
    """
    if (file := _file(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_migrate(url))


def is_current(url: str) -> bool:
    """Say whether the database is at the version this program was written for. Same rule on event loops."""
    if (file := _file(url)) is not None and not file.exists():
        return False
    return asyncio.run(_is_current(url))


def _file(url: str) -> Path | None:
    """File of a SQLite database, None for a database on a server."""
    database = make_url(url).database
    return Path(database) if database and url.startswith("sqlite") else None


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        async with database.write() as tx:
            await tx.run_sync(_upgrade)
    finally:
        await database.close()


async def _is_current(url: str) -> bool:
    database = Database(url)
    try:
        async with database.read() as tx:
            found = await tx.run_sync(lambda connection: MigrationContext.configure(connection).get_current_heads())
    finally:
        await database.close()
    return set(found) == set(ScriptDirectory.from_config(_config()).get_heads())


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "audit:migrations")
    config.set_main_option("path_separator", "os")
    return config
