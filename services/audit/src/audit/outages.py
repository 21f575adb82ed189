"""What an error of the database means: out of reach for now, or a fault of ours.

Told by SQLSTATE on PostgreSQL and by the name of the error code on SQLite, never by a message: a message may quote data.
"""

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


def translated(error: SQLAlchemyError | OSError) -> Unavailable | None:
    """What to raise instead of an error of the database; None for one that nobody foresaw."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or ""
    away = isinstance(error, OSError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    if not away and not code.startswith(_AWAY):
        return None
    why = f"{_kind(error)} {code}".strip()
    return Unavailable(f"the log's database does not answer now ({why}); try again in a moment")


def _kind(error: SQLAlchemyError | OSError) -> str:
    if isinstance(error, PoolTimeout):
        return "every connection is in use"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
