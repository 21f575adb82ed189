"""Migrations by program: `registry migrate`, standalone and tests all come through here.

The first migration fixes the number prefix and the origin for good: numbers are given out under the one, and signed
records and status lists name the other.
"""

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, make_url, select
from sqlmodel import col

from registry.database import Database, ReadTx, WriteTx
from registry.errors import DatabaseRefused
from registry.issuance.tables import SettingRow

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
    database = Database(url)
    try:
        async with database.write() as tx:
            await tx.run_sync(_upgrade)
            await _fix(tx, {"prefix": prefix, "origin": origin})
    finally:
        await database.close()


async def is_current(tx: ReadTx) -> bool:
    """True when the database is at the version this program was written for."""
    found = await tx.run_sync(lambda connection: MigrationContext.configure(connection).get_current_heads())
    return set(found) == set(ScriptDirectory.from_config(_config()).get_heads())


async def _fix(tx: WriteTx, wanted: dict[str, str]) -> None:
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


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    return config
