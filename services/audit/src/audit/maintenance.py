"""What an operator has done on a log that is not serving: composed from the settings, run once, closed again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from audit.catch_up.copies import read_copies
from audit.catch_up.service import CatchUp, Caught
from audit.database import Database
from audit.errors import DatabaseRefused
from audit.fsck.report import Progress, Report
from audit.fsck.rows import Verify
from audit.fsck.service import fsck
from audit.keys import known_signers
from audit.migrate import database_file, is_current
from audit.rebuild import Rebuilt, rebuild
from audit.service import store_at
from audit.settings import Settings
from audit.signing import CheckpointSigner
from goodstanding.checkpoint import verify_checkpoint
from goodstanding.errors import LogError
from goodstanding.note import VerifierKey

Done = TypeVar("Done")


def run_fsck(settings: Settings, vkeys: Path | None, progress: Progress) -> Report:
    """Check what is stored; without a database where SQLite has no file. Raises LogError, Unavailable and OSError."""
    store, verify = store_at(settings.published), verifier(settings, vkeys)
    file = database_file(settings.database_url)
    if file is not None and not file.exists():
        return asyncio.run(fsck(store, None, verify, progress))
    return on_database(settings, lambda database: fsck(store, database, verify, progress))


def run_rebuild(settings: Settings, vkeys: Path | None, progress: Progress) -> Rebuilt:
    """Make the published files again. Raises LogStopped, LogError, DatabaseRefused, Unavailable and OSError."""
    store, verify = store_at(settings.published), verifier(settings, vkeys)
    return on_database(settings, lambda database: rebuild(store, database, verify, progress))


def run_catch_up(settings: Settings, vkeys: Path | None, bodies: Sequence[Path], progress: Progress) -> Caught:
    """Give the database back what was published. Raises LogStopped, LogError, DatabaseRefused, Unavailable, OSError."""
    store, verify = store_at(settings.published), verifier(settings, vkeys)
    copies = chain.from_iterable(map(read_copies, bodies))
    return on_database(settings, lambda database: CatchUp(store, database, verify, progress).run(copies))


def on_database(settings: Settings, work: Callable[[Database], Awaitable[Done]]) -> Done:
    """Run one piece of work on the log's database. Raises DatabaseRefused for one that is not migrated."""
    if not is_current(settings.database_url):
        raise DatabaseRefused("the log's database is not at the current version; run: audit migrate")

    async def run() -> Done:
        database = Database(settings.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def verifier(settings: Settings, vkeys: Path | None) -> Verify:
    """What checks a note by the keys in a file, as `audit vkeys` makes it, or by the log's own.

    Keys that follow the log's and its time cosigner's are those of witnesses. Makes no keys. Raises LogError,
    KeyRefused and KeyAway.
    """
    if vkeys is None:
        return CheckpointSigner(settings.log_name, *known_signers(settings)).verify
    keys = [VerifierKey.parse(line) for line in vkeys.read_text("ascii").split()]
    if len(keys) < 2:
        raise LogError(f"{vkeys} does not hold the log's key and its time cosigner's, one a line; see: audit vkeys")
    return partial(verify_checkpoint, log=keys[0], time_cosigner=keys[1], witnesses=keys[2:])
