"""Migrations by program: `registry migrate`, standalone and tests all come through here.

The first migration fixes the number prefix and the origin for good: numbers are given out under the one, and signed
records and status lists name the other.

Rules (docs/adr/0008-expand-and-contract.md)
1. Each revision is one transaction: a program killed within it leaves the database at the revision before, and the
   next one goes on from there. Of several programs that migrate at once, one does at a time.
2. A revision's id is `NNNN`, or `NNNN_from_MMMM` where programs from revision MMMM on still work after it.
3. The database is migrated first, the programs follow: a program works on its own revision and on later ones that
   reach back to it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, make_url, select
from sqlmodel import col

from registry.database import Database, ReadTx, WriteTx, alone
from registry.engines import Limits
from registry.errors import DatabaseRefused
from registry.issuance.tables import SettingRow

PATIENT: Final = Limits(statement=3600.0)
"""Making an index may take long; waiting for a lock may not, because everyone else waits behind it."""

_PREFIX = re.compile(r"[A-Z]{2,6}", re.ASCII)
_ORIGIN = re.compile(r"https?://[^/?#\s]+(/[^?#\s]*[^/?#\s])?", re.ASCII)


async def migrate(url: str, *, prefix: str, origin: str) -> None:
    """Bring the database at an async SQLAlchemy URL to the current version; doing so twice changes nothing.

    Raises DatabaseRefused when it was made for another prefix or origin, or these are malformed.
    """
    if not _PREFIX.fullmatch(prefix):
        raise DatabaseRefused(f"{prefix!r} is not a prefix of 2 to 6 capital letters; set GOODSTANDING_PREFIX.")
    if not _ORIGIN.fullmatch(origin):
        raise DatabaseRefused(f"{origin!r} is not an origin such as https://register.example; set GOODSTANDING_ORIGIN.")
    if (path := make_url(url).database) and url.startswith("sqlite"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    database, wanted = Database(url, PATIENT).as_registry(), {"prefix": prefix, "origin": origin}
    try:
        while await _step(database, wanted):
            pass
    finally:
        await database.close()


async def is_current(tx: ReadTx) -> bool:
    """True when the database is at the revision this program was written for, or at a later one that reaches back."""
    found = await tx.run_sync(_revision)
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
            f"The database is at revision {revision}, and this program knows {_head()}. Run a newer program"
        )
    place = known.index(revision) + 1
    return known[place] if place < len(known) else None


async def _step(database: Database, wanted: Mapping[str, str]) -> bool:
    """Take the next revision, if there is one (rule 1), of a database that is made for these settings."""
    async with database.write() as tx:
        await alone(tx, "migration")
        now = await tx.run_sync(_revision)
        if now is not None:
            await _fix(tx, wanted)
        after = following(now)
        if after is not None:
            await tx.run_sync(_upgrade, after)
    return after is not None


async def _fix(tx: WriteTx, wanted: Mapping[str, str]) -> None:
    """Store what is fixed for good, or compare with what was stored."""
    rows = await tx.execute(select(col(SettingRow.name), col(SettingRow.value)))
    fixed = {str(name): str(value) for name, value in rows}
    for name, value in wanted.items():
        if name not in fixed:
            await tx.execute(insert(SettingRow).values(name=name, value=value))
        elif fixed[name] != value:
            raise DatabaseRefused(
                f"This database was made for the {name} {fixed[name]} and cannot change to {value}: "
                f"what it has issued names {fixed[name]}. Set it back, or begin with an empty database."
            )


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
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    return config
