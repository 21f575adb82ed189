"""Registry and log as they run in production, in one process, on a folder of their own and a clock that is moved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

import audit.app
import registry.app
from audit.faults import Fault
from audit.service import Log, open_log
from goodstanding.keys import PemSigner
from goodstanding_standalone.register import log_signer
from goodstanding_standalone.settings import StandaloneSettings
from registry.database import Database
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.issuance.log_client import HttpLogClient
from registry.settings import Settings

HOME = "https://register.example"
TOKEN = "a-service-token"


class HouseSettings(StandaloneSettings):
    """The settings of one folder, with databases elsewhere: they sync themselves, and are not on the simulated disk."""

    origin: str = HOME
    registry_db: str
    audit_db: str

    @property
    def registry_url(self) -> str:
        return self.registry_db

    @property
    def audit_url(self) -> str:
        return self.audit_db

    @property
    def log_folder(self) -> Path:
        return self.var / "log"


class Time:
    """A clock that moves when told to."""

    def __init__(self, now: datetime = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, span: timedelta) -> None:
        self.now += span


@dataclass(slots=True)
class Parts:
    """One life of the process."""

    database: Database
    keys: KeyStore
    log: Log
    hop: httpx.AsyncClient
    door: httpx.AsyncClient
    app: registry.app.FastAPI

    async def end(self) -> None:
        """Give back what the operating system would take back from a dead process."""
        await self.door.aclose()
        await self.hop.aclose()
        await self.log.close()
        await self.database.close()


def start(settings: HouseSettings, clock: Time, fault: Fault) -> Parts:
    """Start the process."""
    log = open_log(
        url=settings.audit_url, folder=settings.log_folder, origin=settings.log_origin, clock=clock, fault=fault,
        log_signer=PemSigner.load(settings.keys / "log.pem"),
        time_signer=PemSigner.load(settings.keys / "log-time.pem"),
    )  # fmt: skip
    database = Database(settings.registry_url)
    keys = KeyStore(KeyFolder(settings.keys), database, clock)
    hop = _client(audit.app.create_app(log, TOKEN), "http://audit.internal")
    app = registry.app.create_app(registry_settings(settings), database, HttpLogClient(hop, TOKEN), keys, clock)
    return Parts(database, keys, log, hop, _client(app, HOME), app)


def registry_settings(settings: HouseSettings) -> Settings:
    """The registry's own."""
    log_vkey, time_vkey = log_keys(settings)
    return Settings(
        origin=settings.public_origin, var=settings.var, prefix=settings.prefix, log_origin=settings.log_origin,
        log_vkey=log_vkey, log_time_vkey=time_vkey,
    )  # fmt: skip


def log_keys(settings: StandaloneSettings) -> tuple[str, str]:
    """The log's key and its time cosigner's."""
    signer = log_signer(settings)
    return signer.log_key.encode(), signer.time_key.encode()


def _client(app: registry.app.FastAPI, base: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=base)
