"""One small register under one roof for all these tests: in this process, on a folder of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from goodstanding_standalone.app import House, compose
from goodstanding_standalone.demo_file import write_trust
from goodstanding_standalone.front import Front, until
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.authorities import MEMBERS
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.sample.seed import seed
from goodstanding_standalone.sample.state import Seeded
from goodstanding_standalone.settings import StandaloneSettings

SMALL = Size(organisations=40, accreditations=20, listed=5)


@dataclass(frozen=True, slots=True)
class World:
    """A register at work, and what a test needs to ask it."""

    settings: StandaloneSettings
    house: House
    made: Seeded
    client: httpx.AsyncClient
    tokens: dict[str, str]

    @property
    def front(self) -> Front:
        return Front(self.client)

    async def settle(self) -> None:
        """Wait until everything decided is logged, signed and known at the edge."""

        async def settled() -> bool | None:
            if not await self.house.settled():
                return None
            answer = await self.client.get("/readyz")
            size = (await self.house.log.reader.snapshot()).checkpoint.size
            return True if answer.status_code == 200 and answer.json()["tree_size"] >= size else None

        await until(settled, "the register does not settle", 30)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lasting_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("standalone") / "var"
    settings = StandaloneSettings(var=folder, port=8080, origin="http://register.example")
    async with open_register(settings) as register:
        made = await seed(register, folder, lambda *_: None, size=SMALL)
    async with compose(settings) as house:
        write_trust(folder / "trust.json", await house.register.trust())
        tokens = {member.id: await house.register.token(member.id) for member in MEMBERS}
        transport = httpx.ASGITransport(house.door, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=settings.public_origin) as client:
            world = World(settings, house, made, client, tokens)
            await world.settle()
            yield world


@pytest_asyncio.fixture(loop_scope="session")
async def world(lasting_world: World) -> World:
    """The register, up to date: its followers stood still while tests on other event loops ran."""

    async def fresh() -> bool | None:
        answer = (await lasting_world.client.get(f"/verify/{lasting_world.made.numbers['ACTIVE']}")).json()
        return None if "STALE" in {reason["code"] for reason in answer["reasons"]} else True

    await until(fresh, "the edge stays stale", 30)
    return lasting_world
