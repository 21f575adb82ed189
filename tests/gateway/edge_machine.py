"""A machine whose processes share an edge folder, in front of one log, all in this process and stepped by hand."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from feed_simulator import FeedLog

from gateway.verification.answer import Sources, answer
from gateway.verification.compaction import compact
from gateway.verification.folder import Folder
from gateway.verification.keeper import Bounds, Keeper
from gateway.verification.lists import StatusLists
from gateway.verification.question import Question
from gateway.verification.records import RecordStore
from goodstanding.trust import Trust

NEVER = Bounds(entries=10**9)


@dataclass(eq=False)
class Machine:
    """One folder; `worker()` starts another process on it."""

    log: FeedLog
    path: Path
    bounds: Bounds = NEVER
    compacted: list = field(default_factory=list)
    workers: list = field(default_factory=list)

    def worker(self):
        self.workers.append(Worker(self))
        return self.workers[-1]

    @property
    def folder(self):
        return Folder(self.path)

    async def compact(self, base, upto):
        """What the process of its own does, done here."""
        self.compacted.append((base, upto))
        compact(self.folder, Trust({"TEST": self.log.trusted}, {}), "TEST", base, upto)

    async def close(self):
        for worker in self.workers:
            await worker.keeper.close()


@dataclass(eq=False)
class Worker:
    """A process of the machine; status lists and records play no part."""

    machine: Machine
    fetched: list = field(default_factory=list)

    def __post_init__(self):
        machine = self.machine
        self.folder = machine.folder
        self.keeper = Keeper(self.folder, machine.log.trusted, machine.compact, machine.log.clock, machine.bounds)
        self.lists = StatusLists(Trust({}, {}))
        self.records = RecordStore(machine.path / "records.db", machine.log.origin)

    async def fetch(self, after):
        self.fetched.append(after)
        return self.machine.log.page(after)

    async def step(self):
        return await self.keeper.step(self.fetch)

    async def settle(self):
        """Step until there is nothing more to do, the next snapshot included."""
        while True:
            more = await self.step()
            if (coming := self.keeper._coming) is not None:
                await asyncio.wait([coming])
            elif not more:
                return

    @property
    def copy(self):
        return self.keeper.copy

    @property
    def size(self):
        return self.copy.size

    def sources(self, projection=None):
        bound = timedelta(days=10_000)  # freshness has tests of its own
        return Sources(self.copy.mirror, projection or self.copy.projection, self.lists, self.records, bound)

    def ask(self, now=None, projection=None, **asked):
        return answer(Question(**asked), self.sources(projection), now or self.machine.log.clock())
