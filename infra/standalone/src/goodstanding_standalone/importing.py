"""Staging a list from the command line: only the registry's database is used, so a server may run beside it."""

from collections.abc import Callable
from pathlib import Path

from goodstanding.clock import system_clock
from goodstanding_standalone.errors import StandaloneError
from goodstanding_standalone.register import open_register
from goodstanding_standalone.settings import StandaloneSettings
from registry.access.model import Actor
from registry.access.service import actor_of
from registry.console import Register, opened
from registry.intake.service import Intake
from registry.intake.snapshots import Snapshot
from registry.settings import Settings

UPLOADER = "proposer"
"""Who uploads when no token says: a member that every folder has from the start."""


async def stage(
    settings: StandaloneSettings, file: Path, layout: str, *, source: str | None, token: str | None,
    report: Callable[[int, int], None],
) -> Snapshot:  # fmt: skip
    """Read a list into a snapshot that another person may release; `report` gets bytes read and their number.

    `source` is the address it was published at, for a copy of somebody else's list. Without a token the folder's first
    member acts: whoever can read the folder's keys could issue that token anyway. Raises the registry's errors.
    """
    size = _size(file)
    if _fresh(settings):
        async with open_register(settings):
            pass  # migrates and founds
    async with opened(Settings()) as register:
        actor = await (register.actor(token) if token else _uploader(register))
        intake = Intake(register.database, system_clock, register.settings)
        return await intake.stage(
            actor, file, layout, transcribed_from=source, progress=lambda _rows, read: report(min(read, size), size)
        )


def _size(file: Path) -> int:
    if not file.is_file():
        raise StandaloneError(f"There is no file {file}.")
    return file.stat().st_size


def _fresh(settings: StandaloneSettings) -> bool:
    return not (settings.var / "registry.db").exists()


async def _uploader(register: Register) -> Actor:
    async with register.database.as_registry().read() as tx:
        return await actor_of(tx, UPLOADER)
