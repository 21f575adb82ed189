"""What an error of the database means: who was faster, what is out of reach for now, and what is a fault of ours.

Told by SQLSTATE on PostgreSQL and by the name of the error code on SQLite, never by a message: a message may quote data.
"""

from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from registry.errors import Conflict, Invalid, RegistryError, Unavailable

LOST_RACE: Final = "LOST_RACE"

_RACES: Final = (
    "40001", "40P01",  # serialization failure, deadlock: the server undid this transaction for another one
    "23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY",  # somebody else has just inserted it
)  # fmt: skip
_AWAY: Final = (
    "08",  # the connection broke
    "53",  # no memory, no disk, too many connections
    "57P", "57014", "55P03", "25P03",  # shut down, took too long, waited too long, idle too long
    "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN",
)  # fmt: skip
_NO_TEXT: Final = "22021"


def translated(error: SQLAlchemyError | OSError) -> RegistryError | None:
    """What to raise instead of an error of the database; None for one that nobody foresaw."""
    code = _code(error)
    if code.startswith(_RACES):
        return Conflict(
            "Somebody else did something in the way of this at the same moment, and was first. Nothing was changed; "
            "look at what is there now and try again.",
            code=LOST_RACE,
        )
    if code == _NO_TEXT:
        return Invalid("A NUL character is no text; leave it out.", code="NOT_TEXT")
    away = isinstance(error, OSError | PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    return Unavailable(why=f"{_kind(error)} {code}".strip()) if away or code.startswith(_AWAY) else None


def _code(error: SQLAlchemyError | OSError) -> str:
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or ""


def _kind(error: SQLAlchemyError | OSError) -> str:
    if isinstance(error, PoolTimeout):
        return "every connection is in use"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
