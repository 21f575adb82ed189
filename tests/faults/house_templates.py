"""The houses in which a day may begin: each is made once, from the one before, by the house's own work, and copied."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from breaker import Breaker, Death, Patch
from fault_house import House, opened
from house_process import HOME, HouseSettings, Time
from postgres_server import Databases
from sqlalchemy import make_url
from working_day import WorkingDay
from write_hooks import install
from write_points import Given, Outcome

from goodstanding_standalone.bootstrap import found_sample
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.generator import SEED, generate
from goodstanding_standalone.sample.model import Size
from registry.access.service import actor_of
from registry.organisations.model import Draft, NameDraft

ABOUT_TO_CROSS = 253
"""Entries in the grown log: a day's first batch makes a full bundle and tile, and begins the next ones."""


class Houses:
    """Templates on SQLite files, or on the databases of a PostgreSQL server."""

    def __init__(self, base: Path, databases: Databases | None) -> None:
        self._base = base
        self._databases = databases
        self._made: dict[Given, tuple[HouseSettings, Time]] = {}

    async def make(self, patch: Patch) -> None:
        """Found a register, let it grow, and kill a copy of it between commit and publication."""
        await self._found()
        async with self.copy(Given.FRESH, self._base / "grown", keep=True) as (settings, clock):
            async with opened(settings, clock) as house:
                await _grow(house)
            self._made[Given.GROWN] = (settings, clock)
        breaker = Breaker()
        install(breaker, patch)
        async with self.copy(Given.GROWN, self._base / "torn", keep=True) as (settings, clock):
            async with opened(settings, clock, breaker) as house:
                await _tear(house, breaker)
            self._made[Given.TORN] = (settings, clock)

    @asynccontextmanager
    async def copy(
        self, given: Given, folder: Path, *, keep: bool = False
    ) -> AsyncIterator[tuple[HouseSettings, Time]]:
        """A house of one's own, and the clock as it stands in it."""
        template, clock = self._made[given]
        shutil.copytree(template.var, folder / "files")
        urls = [self._clone(url, folder) for url in (template.registry_db, template.audit_db)]
        try:
            yield HouseSettings(var=folder / "files", registry_db=urls[0], audit_db=urls[1]), Time(clock.now)
        finally:
            if self._databases and not keep:
                for url in urls:
                    await asyncio.to_thread(self._databases.drop, url)

    async def _found(self) -> None:
        folder, clock = self._base / "fresh", Time()
        (folder / "files").mkdir(parents=True)
        urls = [self._empty(folder, name) for name in ("registry", "audit")]
        settings = HouseSettings(var=folder / "files", registry_db=urls[0], audit_db=urls[1])
        async with open_register(settings, clock) as register:
            sample = await asyncio.to_thread(generate, clock().date(), Size(1, 1, 1), SEED)
            await found_sample(register.database, sample, origin=HOME, clock=clock)
        self._made[Given.FRESH] = (settings, clock)

    def _empty(self, folder: Path, name: str) -> str:
        return self._databases.empty() if self._databases else f"sqlite+aiosqlite:///{folder / name}.db"

    def _clone(self, url: str, folder: Path) -> str:
        """A copy of a database that nobody is connected to."""
        name = make_url(url).database
        if self._databases:
            return self._databases._create(f"TEMPLATE {name} STRATEGY FILE_COPY")
        own = shutil.copy(name, folder)
        return f"sqlite+aiosqlite:///{own}"


async def register(house: House, count: int) -> None:
    """Register so many organisations; asked again for as many, it registers none."""
    async with house.parts.database.read() as tx:
        actor = await actor_of(tx, "proposer")
    for number in range(count):
        draft = Draft(kind="recruiter", names=[NameDraft(f"Recruiter {number}", "legal")], jurisdiction="NP")
        await house.services.organisations.register(actor, draft, key=f"template {count} {number}")


async def _grow(house: House) -> None:
    """A day as any, which makes the ministry's key, and then as many organisations as are missing."""
    await WorkingDay(house, "an earlier day").run()
    assert await house.settle()
    await register(house, ABOUT_TO_CROSS - house.seen[-1].size)
    assert await house.settle()
    assert house.seen[-1].size == ABOUT_TO_CROSS


async def _tear(house: House, breaker: Breaker) -> None:
    await register(house, 2)
    breaker.arm("commit Sequencer._commit", Outcome.LOST, "5e swapped")
    with pytest.raises(Death):
        await house.settle(restart=False)
