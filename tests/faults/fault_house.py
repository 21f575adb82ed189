"""Registry and log in one process, stepped by hand: as a crash leaves them, and as a restart finds them.

Everything is what runs in production but the clock, which the house moves, and the background loops: one call of
`work` is one turn of each. Nothing waits for time to pass.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from breaker import Breaker, Death
from disk_simulator import Lose, SimulatedDisk, everything
from evidence_read import LogSeen, checkpoint, read_log
from sqlalchemy.exc import SQLAlchemyError
from write_points import Meets

import audit.app
import registry.app
from audit.errors import AuditError, Unavailable
from audit.publication import CHECKPOINT
from audit.service import Log, open_log
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.keys import PemSigner
from goodstanding.trust import Trust
from goodstanding_standalone.register import log_signer
from goodstanding_standalone.settings import StandaloneSettings
from registry.access.model import Actor
from registry.access.service import actor_of
from registry.database import Database
from registry.issuance.keys import KeyStore
from registry.issuance.log_client import HttpLogClient
from registry.settings import Settings
from registry.trust import trust_of

HOME = "https://register.example"
TOKEN = "a-service-token"
ROUNDS = 60  # turns within which everything must have come to rest: four times what the longest day takes
DEAD = timedelta(seconds=10)  # how long a dead process stays dead: its lease is over then


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


class House:
    """A house on its folder. `met` counts who met a failure, `seen` is every checkpoint a reader could have seen."""

    def __init__(
        self, settings: HouseSettings, clock: Time, breaker: Breaker | None = None, disk: SimulatedDisk | None = None
    ) -> None:
        self.settings = settings
        signer = log_signer(self.settings)
        self.log_keys = signer.log_key.encode(), signer.time_key.encode()
        self.clock = clock
        self.met: Counter[Meets] = Counter()
        self.seen: list[Checkpoint] = []
        self.wrecks: list[tuple[Sequence[Checkpoint], LogSeen]] = []  # what was seen before a crash, what is left after
        self.unreadable: list[str] = []  # why a checkpoint that was shown is none
        self.stopped: str | None = None
        self.deaths = 0
        self.parts: Parts | None = None
        self._fault = (breaker or Breaker()).step
        self._disk = disk
        self._looked_at = b""

    @property
    def services(self) -> registry.app.Services:
        return self.parts.app.state.services

    @property
    def registry_settings(self) -> Settings:
        settings = self.settings
        return Settings(
            origin=settings.public_origin, var=settings.var, prefix=settings.prefix, log_origin=settings.log_origin,
            log_vkey=self.log_keys[0], log_time_vkey=self.log_keys[1],
        )  # fmt: skip

    async def trust(self) -> Trust:
        """What a reader should trust."""
        return await trust_of(self.registry_settings, self.parts.database, self.parts.keys)

    async def actor(self, member: str) -> Actor:
        """A member with its present roles."""
        async with self.parts.database.read() as tx:
            return await actor_of(tx, member)

    @property
    def log_folder(self) -> Path:
        return self.settings.var / "log"

    def open(self) -> None:
        """Start the process."""
        settings, clock = self.settings, self.clock
        log = open_log(
            url=settings.audit_url, folder=self.log_folder, origin=settings.log_origin, clock=clock, fault=self._fault,
            log_signer=PemSigner.load(settings.keys / "log.pem"),
            time_signer=PemSigner.load(settings.keys / "log-time.pem"),
        )  # fmt: skip
        database = Database(settings.registry_url)
        keys = KeyStore(settings.keys, database, clock)
        hop = _client(audit.app.create_app(log, TOKEN), "http://audit.internal")
        app = registry.app.create_app(self.registry_settings, database, HttpLogClient(hop, TOKEN), keys, clock)
        self.parts = Parts(database, keys, log, hop, _client(app, HOME), app)

    async def close(self) -> None:
        if self.parts is not None:
            await self.parts.end()
            self.parts = None

    async def crash(self, lose: Lose = everything) -> None:
        """Die, lose what was not on disk, and be started again a little later."""
        self.deaths += 1
        self.look()
        await self.close()
        if self._disk is not None:
            await asyncio.to_thread(self._disk.crash, lose)
        self._look_at_wreck()
        self.clock.forward(DEAD)
        self.open()

    def look(self) -> None:
        """Read the published checkpoint, as anybody may at any time."""
        note = self.log_folder / CHECKPOINT
        if note.exists() and (data := note.read_bytes()) != self._looked_at:
            self._looked_at = data
            try:
                self.seen.append(checkpoint(data, self.log_keys))
            except LogError as error:
                self.unreadable.append(str(error))

    def _look_at_wreck(self) -> None:
        """Look at what a crash has left: a web server may serve it while the process is dead."""
        self.wrecks.append((tuple(self.seen), read_log(self.log_folder, self.log_keys)))
        self.look()

    async def settle(self, *, restart: bool = True) -> bool:
        """Work until nothing is left to do; False when that does not come about. Who dies is started again."""
        for _ in range(ROUNDS):
            try:
                if await self._turn():
                    return True
            except Death:
                if not restart:
                    raise
                await self.crash()
            if self.stopped:
                return False
        return False

    async def cosign(self) -> None:
        """Let the time cosigner have its turn, until it had one that went well."""
        for _ in range(ROUNDS):
            self.clock.forward(timedelta(seconds=1))
            try:
                signed = await self.parts.log.cosigner.step()
            except Death:
                await self.crash()
            except OSError:
                self.met[Meets.COSIGNER] += 1
            except AuditError as error:
                self.stopped = str(error)
                return
            else:
                self.look()
                if signed:
                    return

    async def _turn(self) -> bool:
        """One turn of sequencer and workers; True when both have come to rest."""
        sequenced = await self._sequence()
        delay = await self.parts.app.state.workers.round()
        self.clock.forward(timedelta(seconds=1))
        self.look()
        status = await self.parts.app.state.workers.status()
        if status.trouble:
            self.met[Meets.WORKERS] += 1
            await asyncio.sleep(min(delay, 0.1))  # the pause the workers want before they ask the log again
        resting = not status.waiting and not status.trouble and delay > 0
        return sequenced and resting and self.parts.log.sequencer.ready

    async def _sequence(self) -> bool:
        """Take in what waits; True when nothing did."""
        sequencer = self.parts.log.sequencer
        try:
            taken = await sequencer.step()
        except (OSError, SQLAlchemyError, Unavailable):
            self.met[Meets.SEQUENCER] += 1
            return False
        except AuditError as error:
            self.stopped = str(error)
            return False
        return taken == 0


@asynccontextmanager
async def opened(
    settings: HouseSettings, clock: Time, breaker: Breaker | None = None, disk: SimulatedDisk | None = None
) -> AsyncIterator[House]:
    """A house whose process has been started; it is ended with the block."""
    house = House(settings, clock, breaker, disk)
    house.open()
    try:
        yield house
    finally:
        await house.close()


def _client(app: registry.app.FastAPI, base: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=base)
