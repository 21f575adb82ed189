"""The three services on PostgreSQL: the whole main job, from registration to a suspended verdict."""

import io
from collections.abc import AsyncIterator

import httpx
import pytest
from rich.console import Console

from goodstanding_standalone.app import House, compose
from goodstanding_standalone.demo_file import write_trust
from goodstanding_standalone.front import Front, until
from goodstanding_standalone.register import open_register
from goodstanding_standalone.sample.authorities import MEMBERS
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.sample.seed import seed
from goodstanding_standalone.settings import StandaloneSettings
from goodstanding_standalone.walk.steps import STEPS, walk
from goodstanding_standalone.walk.story import Story

SMALL = Size(organisations=20, accreditations=8, listed=2)


class OnPostgres(StandaloneSettings):
    """The same composition with both databases on a server."""

    registry_at: str
    audit_at: str

    @property
    def registry_url(self) -> str:
        return self.registry_at

    @property
    def audit_url(self) -> str:
        return self.audit_at


@pytest.fixture
async def house(postgres, tmp_path) -> AsyncIterator[tuple[OnPostgres, House]]:
    """A seeded register with its log and gateway."""
    urls = [postgres.empty(), postgres.empty()]
    settings = OnPostgres(var=tmp_path / "var", origin="http://register.example", registry_at=urls[0], audit_at=urls[1])
    async with open_register(settings) as register:
        await seed(register, settings.var, lambda *_: None, size=SMALL)
    async with compose(settings) as house:
        yield settings, house
    for url in urls:
        postgres.drop(url)


async def test_the_walk_goes_through(house, tmp_path):
    settings, made = house
    trust = tmp_path / "trust.json"
    write_trust(trust, await made.register.trust())
    tokens = {member.id: await made.register.token(member.id) for member in MEMBERS}
    console = Console(file=io.StringIO(), width=200)
    transport = httpx.ASGITransport(made.door, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_origin) as client:

        async def known() -> bool | None:
            answer = await client.get("/readyz")
            return True if await made.settled() and answer.status_code == 200 else None

        await until(known, "the register does not settle", 30)
        passed = await walk(Story(Front(client), tokens, trust, tmp_path / "evidence.json"), console)

    said = console.file.getvalue()
    assert passed, said
    assert said.count("proves:") == len(STEPS)
    assert "SUSPENDED" in said
