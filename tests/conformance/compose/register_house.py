"""Registry, workers, log and gateway as processes with a small sample in them, each service behind a network to cut.

They are started by the commands of compose.yaml (tests/processes/topology.py), on SQLite.
"""

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from cuttable_proxy import Proxy
from topology import IN_A_FOLDER, NO_STORE, Topology

from goodstanding.clock import system_clock
from goodstanding_standalone.register import Register
from goodstanding_standalone.sample.model import Size
from goodstanding_standalone.sample.seed import seed
from registry.database import Database
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.settings import Settings

SMALL = Size(organisations=40, accreditations=20, listed=5)
MEMBERS = ("proposer", "approver", "second_proposer")
SUBGRAPH_TOKEN = "what-routers-show-the-edge"
PORTS = {"registry": "8081", "audit": "8082", "gateway": "8080"}
SETTLE_SECONDS = 60


@dataclass(frozen=True)
class House:
    """What is under way: where our gateway is, the networks before the services, and what cases name by words."""

    origin: str
    networks: dict  # service -> Proxy
    tokens: dict  # member -> access token
    numbers: dict  # standing -> number of an accreditation in it
    run: object  # a function: await something in the loop that the networks live in

    def address(self, service):
        """Where a service is, seen through its network."""
        return f"http://127.0.0.1:{self.networks[service].port}"

    @contextmanager
    def without(self, services):
        """Cut services off while the block lasts."""
        for service in services:
            self.run(self.networks[service].down())
        try:
            yield
        finally:
            for service in services:
                self.run(self.networks[service].up())


@contextmanager
def at_work(folder):
    """Start everything; all of it is stopped at the end."""
    with _loop() as run:
        urls = {f"{name}_database_url": f"sqlite+aiosqlite:///{folder / name}.db" for name in ("registry", "audit")}
        secrets = urls | {"audit_token": "what-registry-shows-the-log"}
        topology = Topology(folder, secrets, IN_A_FOLDER | {"GOODSTANDING_SUBGRAPH_TOKEN": SUBGRAPH_TOKEN}, NO_STORE)
        networks = {name: Proxy(int(topology.address(port).rpartition(":")[2])) for name, port in PORTS.items()}
        made = {}

        async def up():
            for name, network in networks.items():
                await network.up()
                address = f"http://127.0.0.1:{network.port}"
                topology.processes["gateway"].environment[f"GOODSTANDING_{name.upper()}_URL"] = address
            await topology.up({"registry-migrate": seeded})
            await _settled(topology)

        async def seeded():
            made.update(await _sample(topology, urls["registry_database_url"]))

        async def down():
            await topology.down()
            for network in networks.values():
                await network.down()

        try:
            run(up())
            yield House(topology.origin, networks, made["tokens"], made["numbers"], run)
        finally:
            run(down())


@contextmanager
def _loop():
    """An event loop in a thread; gives a function that awaits something in it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda awaitable: asyncio.run_coroutine_threadsafe(awaitable, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _sample(topology, url):
    """Make the sample before the services run; tokens and numbers to ask with."""
    settings = Settings(origin=topology.origin, database_url=url, var=topology.volume("registry"))
    database = Database(settings.database)
    try:
        register = Register(
            settings, database, KeyStore(KeyFolder(settings.var / "keys"), database, system_clock), system_clock
        )
        made = await seed(register, topology.folder, lambda *_: None, size=SMALL)
        return {"tokens": {name: await register.token(name) for name in MEMBERS}, "numbers": dict(made.numbers)}
    finally:
        await database.close()


async def _settled(topology):
    """Wait until everything decided is logged, signed and known at the edge."""
    async with asyncio.timeout(SETTLE_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while not await _is_settled(topology, client):
            await asyncio.sleep(0.2)


async def _is_settled(topology, client):
    figures = (await client.get(f"{topology.address('8083')}/metrics")).text.splitlines()
    waiting = [line for line in figures if line.startswith("goodstanding_registry_outbox_rows")]
    known = (await client.get(f"{topology.origin}/readyz")).json()
    logged = (await client.post(f"{topology.origin}/graphql", json={"query": "{ log { size } }"})).json()
    return all(float(line.split()[-1]) == 0 for line in waiting) and known["tree_size"] == logged["data"]["log"]["size"]
