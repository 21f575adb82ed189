"""Migrations by program: `audit migrate`, standalone and tests all come through here.

Rules (docs/adr/0008-expand-and-contract.md)
1. Each revision is one transaction: a program killed within it leaves the database at the revision before, and the
   next one goes on from there. Of several programs that migrate at once, one does at a time.
2. A revision's id is `NNNN`, or `NNNN_from_MMMM` where programs from revision MMMM on still work after it.
3. The database is migrated first, the programs follow: a program works on its own revision and on later ones that
   reach back to it.
"""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url

from audit.database import Database, alone
from audit.engines import Limits
from audit.errors import DatabaseRefused

PATIENT: Final = Limits(statement=3600.0)
"""Making an index may take long; waiting for a lock may not, because everyone else waits behind it."""


def migrate(url: str) -> None:
    """Bring the database at an async SQLAlchemy URL to the current version; doing so twice changes nothing.

    Raises DatabaseRefused for a database that a newer program has made unusable for this one, and Unavailable.

    Runs an event loop of its own: from asynchronous code call it with `asyncio.to_thread`.
    """
    if (file := database_file(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_migrate(url))


def is_current(url: str) -> bool:
    """Say whether this program works on the database as it is (rule 3). Same rule on event loops."""
    if (file := database_file(url)) is not None and not file.exists():
        return False
    return asyncio.run(_is_current(url))


def database_file(url: str) -> Path | None:
    """File of a SQLite database, None for a database on a server."""
    database = make_url(url).database
    return Path(database) if database and url.startswith("sqlite") else None


async def _migrate(url: str) -> None:
    database = Database(url, PATIENT)
    try:
        while await _step(database):
            pass
    finally:
        await database.close()


async def _step(database: Database) -> bool:
    """Take the next revision, if there is one (rule 1)."""
    async with database.write() as tx:
        await alone(tx, "migration")
        after = following(await tx.run_sync(_revision))
        if after is not None:
            await tx.run_sync(_upgrade, after)
    return after is not None


async def _is_current(url: str) -> bool:
    database = Database(url)
    try:
        async with database.read() as tx:
            found = await tx.run_sync(_revision)
    finally:
        await database.close()
    return found is not None and works_on(_head(), found)


def works_on(program: str, database: str) -> bool:
    """Whether a program of one revision works on a database at another (rules 2 and 3)."""
    at, _, reach = database.partition("_from_")
    return (reach or at) <= program.partition("_from_")[0] <= at


def following(revision: str | None) -> str | None:
    """The revision that comes after one, None after the last; DatabaseRefused for one this program does not know."""
    known: list[str | None] = [None, *(script.revision for script in reversed([*_scripts().walk_revisions()]))]
    if revision not in known:
        if works_on(_head(), str(revision)):
            return None
        raise DatabaseRefused(
            f"the log's database is at revision {revision}, and this program knows {_head()}. Run a newer program"
        )
    place = known.index(revision) + 1
    return known[place] if place < len(known) else None


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _head() -> str:
    return str(_scripts().get_current_head())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "audit:migrations")
    config.set_main_option("path_separator", "os")
    return config
