"""Registry, workers, audit and gateway as processes on PostgreSQL and an S3-compatible store, founded, to be walked through."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).resolve().parent))

from collector import Collector
from compose_file import load
from postgres_role import OwningRole
from postgres_server import Databases
from s3_server import S3Server
from topology import COMPOSE, Topology

from audit.bucket import Bucket
from goodstanding.clock import system_clock
from goodstanding_standalone.bootstrap import found_sample
from goodstanding_standalone.front import Front
from goodstanding_standalone.register import Register
from goodstanding_standalone.sample.authorities import MAIN
from goodstanding_standalone.sample.generator import generate
from goodstanding_standalone.sample.model import Size
from registry.database import Database
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.settings import Settings

SERVICE_TOKEN = "what-registry-shows-the-log"
STORE_KEY = "what-the-log-shows-its-store"
OFFICIALS = ("proposer", "approver")


@dataclass(frozen=True, slots=True)
class House:
    """Everything under way, and what a test needs to ask it."""

    topology: Topology
    databases: Databases
    store: S3Server
    published: Bucket
    collector: Collector
    tokens: dict[str, str]
    client: httpx.AsyncClient

    @property
    def front(self) -> Front:
        return Front(self.client)

    async def state(self, port: str, path: str = "/readyz") -> httpx.Response:
        """What a service says to its operator, by its port in compose.yaml."""
        return await self.client.get(f"{self.topology.address(port)}{path}")


@pytest.fixture
def scripted(tmp_path):
    """Run the script that makes the secrets; returns what it has made."""
    (tmp_path / "infra/compose").mkdir(parents=True)
    script = shutil.copy2(COMPOSE.parent / "infra/compose/secrets.sh", tmp_path / "infra/compose/secrets.sh")

    def run():
        subprocess.run([script], check=True, timeout=20)
        return {file.name: file.read_text() for file in (tmp_path / "var/secrets").iterdir()}

    return run


@pytest.fixture(scope="session")
def store() -> Iterator[S3Server]:
    """What stands in the place of the log's store."""
    server = S3Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def published(store: S3Server) -> Bucket:
    """The bucket that compose.yaml names."""
    told = load(COMPOSE, {})["services"]["audit"]["environment"]
    bucket = Bucket(told["GOODSTANDING_LOG_STORE_URL"], store.address)
    store.make(bucket.name)
    return bucket


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory, postgres: Databases, store: S3Server, published: Bucket) -> AsyncIterator[House]:
    folder, collector = tmp_path_factory.mktemp("processes"), Collector()
    owner = await asyncio.to_thread(lambda: OwningRole(postgres, postgres.empty()))
    urls = {"registry_database_url": owner.url, "audit_database_url": await asyncio.to_thread(postgres.empty)}
    more = {"GOODSTANDING_LOG_LEVEL": "debug", "GOODSTANDING_OTLP_ENDPOINT": collector.address,
            "OTEL_BSP_SCHEDULE_DELAY": "100"}  # fmt: skip
    known = urls | {"audit_token": SERVICE_TOKEN, "log_store_secret_key": STORE_KEY}
    topology = Topology(folder, known, more, {"8333": store.port})
    tokens: dict[str, str] = {}

    async def founded() -> None:
        tokens.update(await found(topology, urls["registry_database_url"]))

    try:
        await topology.up({"registry-migrate": founded})
        async with httpx.AsyncClient(base_url=topology.origin, trust_env=False, timeout=15) as client:
            yield House(topology, postgres, store, published, collector, tokens, client)
    finally:
        await topology.down()
        await asyncio.to_thread(collector.close)
        await asyncio.to_thread(owner.drop)


async def found(topology: Topology, url: str) -> dict[str, str]:
    """Found authorities, schemes and members, as those who govern a register would; tokens to act with."""
    settings = Settings(origin=topology.origin, database_url=url, var=topology.volume("registry"))
    database = Database(settings.database)
    try:
        sample = generate(datetime.now(UTC).date(), Size(0, 0, 0))
        await found_sample(database, sample, origin=topology.origin, clock=system_clock)
        register = Register(
            settings, database, KeyStore(KeyFolder(settings.var / "keys"), database, system_clock), system_clock
        )
        await register.keys.record_signer(MAIN)
        return {member: await register.token(member) for member in OFFICIALS}
    finally:
        await database.close()
