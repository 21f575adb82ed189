"""Registry and log in one process, stepped by hand: as a crash leaves them, and as a restart finds them.

Everything is what runs in production but the clock, which the house moves, and the background loops: one call of
`work` is one turn of each. Nothing waits for time to pass.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from breaker import Breaker, Death
from disk_simulator import Lose, SimulatedDisk, everything
from evidence_read import LogSeen, checkpoint, read_log
from house_process import HouseSettings, Parts, Time, log_keys, registry_settings, start
from sqlalchemy.exc import SQLAlchemyError
from write_points import Meets

import registry.app
from audit.errors import AuditError, Unavailable
from audit.publication import CHECKPOINT
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.trust import Trust
from registry.access.model import Actor
from registry.access.service import actor_of
from registry.trust import trust_of

ROUNDS = 60  # turns within which everything must have come to rest: four times what the longest day takes
DEAD = timedelta(seconds=10)  # how long a dead process stays dead: its lease is over then


class House:
    """A house on its folder. `met` counts who met a failure, `seen` is every checkpoint a reader could have seen."""

    def __init__(
        self, settings: HouseSettings, clock: Time, breaker: Breaker | None = None, disk: SimulatedDisk | None = None
    ) -> None:
        self.settings = settings
        self.log_keys = log_keys(settings)
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

    async def trust(self) -> Trust:
        """What a reader should trust."""
        return await trust_of(registry_settings(self.settings), self.parts.database, self.parts.keys)

    async def actor(self, member: str) -> Actor:
        """A member with its present roles."""
        async with self.parts.database.read() as tx:
            return await actor_of(tx, member)

    def open(self) -> None:
        """Start the process."""
        self.parts = start(self.settings, self.clock, self._fault)

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
        note = self.settings.log_folder / CHECKPOINT
        if note.exists() and (data := note.read_bytes()) != self._looked_at:
            self._looked_at = data
            try:
                self.seen.append(checkpoint(data, self.log_keys))
            except LogError as error:
                self.unreadable.append(str(error))

    def _look_at_wreck(self) -> None:
        """Look at what a crash has left: a web server may serve it while the process is dead."""
        self.wrecks.append((tuple(self.seen), read_log(self.settings.log_folder, self.log_keys)))
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
