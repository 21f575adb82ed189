"""What an error of database or disk means: out of reach for now, or a fault of ours; and what a person can do about it.

Told by SQLSTATE on PostgreSQL and by the name of the error code on SQLite, never by a message: a message may quote data.
"""

import errno
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from audit.errors import Unavailable

_AWAY: Final = (
    "08",  # the connection broke
    "40001", "40P01",  # the server undid this transaction for another one
    "53",  # no memory, no disk, too many connections
    "57P", "57014", "55P03", "25P03",  # shut down, took too long, waited too long, idle too long
    "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN",
)  # fmt: skip
_FULL: Final = ("53100", "SQLITE_FULL")
_FILES_FULL: Final = (
    "no space is left for the log's files: make room on their disk, or in its number of files. Entries are kept in the "
    "database meanwhile and are published by themselves afterwards"
)
_FILES: Final[Mapping[int | None, str]] = {
    errno.ENOSPC: _FILES_FULL,
    errno.EDQUOT: _FILES_FULL,
    errno.EIO: "the disk of the log's files fails: look at it, and at the folder with: audit fsck",
    errno.EROFS: "the log's files can only be read: mount their folder so that it can be written",
    errno.EACCES: "the log's files must not be written by this process: give it the right to write their folder",
}


def explained(error: Exception) -> str:
    """What stands in the way of a step, and what to do, in words for log line and health; it never quotes data."""
    original = getattr(error, "orig", None) or error
    said = str(original)
    return f"{advice} ({said})" if (advice := _FILES.get(getattr(error, "errno", None))) else said


def translated(error: SQLAlchemyError | OSError) -> Unavailable | None:
    """What to raise instead of an error of the database; None for one that nobody foresaw."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or ""
    away = isinstance(error, OSError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    if not away and not code.startswith(_AWAY):
        return None
    why = f"{_kind(error)} {code}".strip()
    if code.startswith(_FULL):
        return Unavailable(f"the log's database cannot grow ({why}): make room on its disk, then it goes on by itself")
    return Unavailable(f"the log's database does not answer now ({why}); try again in a moment")


def _kind(error: SQLAlchemyError | OSError) -> str:
    if isinstance(error, PoolTimeout):
        return "every connection is in use"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
