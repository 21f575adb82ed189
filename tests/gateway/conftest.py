"""Lets the tests of this folder import their simulators by name, and builds a gateway in front of one."""

import asyncio
import inspect
import itertools
import sys
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "simulators")]

from composed_library import Composed  # noqa: E402 - found on the path set above
from gateway_simulator import ORIGIN, Register  # noqa: E402

from gateway.app import create_app  # noqa: E402
from gateway.settings import Settings  # noqa: E402
from gateway.upstream import Upstreams, in_process  # noqa: E402


class Gateway:
    """A gateway whose followers take a step when told to, and a client that sees what the outside sees."""

    def __init__(self, register, look=None, **settings):
        self.register = register
        settings = {"origin": ORIGIN, "access_keys": [register.token_key.public_jwk]} | settings
        self.upstreams = Upstreams(in_process(register.registry, "registry"), in_process(register.audit, "audit"))
        self.app = create_app(Settings(**settings), self.upstreams, register.trust, register.clock, look=look)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        self.followers = {follower.name: follower for follower in self.app.state.followers.members}

    async def follow(self, *names):
        """Let followers (all, unless named) work until there is nothing more to do."""
        for name in names or self.followers:
            while await self.followers[name].step():
                pass

    async def get(self, path, **options):
        return await self.client.get(path, **options)

    async def verify(self, number, **parameters):
        answered = await self.client.get(f"/verify/{number}", params=parameters)
        return answered.json()

    async def graphql(self, query, variables=None, **options):
        name = options.pop("operation_name", None)
        body = (
            {"query": query}
            | ({"variables": variables} if variables else {})
            | ({"operationName": name} if name else {})
        )
        return await self.client.post("/graphql", json=body, **options)


@pytest.fixture
def register():
    """A register with its authorities and scheme, and nothing accredited yet."""
    register = Register()
    register.found()
    return register


@pytest.fixture
async def make_gateway(register, tmp_path):
    """Builds gateways, each on a machine of its own unless told otherwise; they are closed at the end."""
    made = []

    def make(**settings):
        made.append(Gateway(register, **{"var": tmp_path / f"machine-{len(made)}"} | settings))
        return made[-1]

    yield make
    for gateway in made:
        await gateway.app.state.edge.close()
        for client in (gateway.client, gateway.upstreams.registry, gateway.upstreams.audit):
            await client.aclose()


@pytest.fixture
async def gateway(make_gateway):
    """A gateway that has read nothing yet."""
    return make_gateway()


@pytest.fixture
def until():
    """Waits for a condition, sync or async, for 20 seconds at most."""

    async def wait(condition):
        async with asyncio.timeout(20):
            for _ in itertools.count():
                met = condition()
                if await met if inspect.isawaitable(met) else met:
                    return
                await asyncio.sleep(0.02)

    return wait


@pytest.fixture
async def composed():
    """The library behind the composing part of a gateway."""
    composed = Composed()
    yield composed
    await composed.close()
