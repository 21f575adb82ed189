"""Breaks one write, once: before it, so that it fails; after it, so that it only seems to; or kills whoever wrote.

Where the writes are is for `write_hooks.py` and `edge_points.py` to know.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import OperationalError
from write_points import Outcome

Patch = Callable[[Any, str, Any], None]


class Death(BaseException):
    """What a kill -9 looks like from inside: nothing catches it."""


class Breaker:
    """Strikes at one write point, the first time it is reached after `arm`; counts what was reached."""

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()
        self.struck = 0
        self._point, self._after, self._outcome = "", "", None

    def arm(self, point: str, outcome: Outcome, after: str = "") -> None:
        """`after` is a point that must have been reached since, where the first arrival would have nothing to lose."""
        self._point, self._after, self._outcome = point, after, outcome

    def before(self, point: str, error: Callable[[], Exception]) -> None:
        """To be called when a write is about to be made."""
        self.reached[point] += 1
        if point == self._after:
            self._after = ""
        if self._strikes(point, Outcome.FAILED):
            raise error()

    def after(self, point: str, error: Callable[[], Exception]) -> None:
        """To be called when it has been made."""
        if self._strikes(point, Outcome.UNTOLD):
            raise error()
        if self._strikes(point, Outcome.LOST):
            raise Death(point)

    def step(self, point: str) -> None:
        """A `Fault` of the log: what is raised there comes from the database."""
        self.before(point, lambda: OperationalError(point, None, disk_error()))

    def _strikes(self, point: str, outcome: Outcome) -> bool:
        if (self._point, self._outcome) != (point, outcome) or self._after:
            return False
        self._outcome = None
        self.struck += 1
        return True


def disk_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR"
    return error


def io_error() -> OSError:
    return OSError(5, "Input/output error")
