"""Migrate a database and die, by kill -9, within a revision: killed_migration.py SERVICE URL REVISION OPERATIONS.

Dies after so many tables, indexes and columns of that revision, before anything of it is committed.
"""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from alembic.operations import Operations


class Death:
    """Counts what a revision does, and ends the process in the middle of it."""

    def __init__(self, revision: str, operations: int) -> None:
        self._revision = revision
        self._left = operations
        self._armed = False

    def begin(self, upgrade: Callable[..., Any]) -> Callable[..., Any]:
        """An upgrade that arms the trap in its revision."""

        def upgraded(connection: Any, revision: str) -> Any:
            self._armed = revision == self._revision
            return upgrade(connection, revision)

        return upgraded

    def step(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        """An operation that is counted."""

        def counted(*arguments: Any, **more: Any) -> Any:
            made = operation(*arguments, **more)
            self._left -= self._armed
            if self._armed and self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return made

        return counted


def main(service: str, url: str, revision: str, operations: str) -> None:
    """Migrate as the service's own command does."""
    death = Death(revision, int(operations))
    module: Any = importlib.import_module(f"{service}.migrate")
    module._upgrade = death.begin(module._upgrade)
    for name in ("create_table", "create_index", "add_column"):
        setattr(Operations, name, death.step(getattr(Operations, name)))
    if service == "registry":
        asyncio.run(module.migrate(url, prefix="TEST", origin="https://register.example"))
    else:
        module.migrate(url)
    print("survived")


if __name__ == "__main__":
    main(*sys.argv[1:])
