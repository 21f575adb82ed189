"""A day of the gateway's edge beside a house: it follows what the house publishes, and one of its own writes goes wrong.

Whatever the edge keeps, the feed has too. So the measure is an edge on an empty folder that begins when all is over:
it must answer the same.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from breaker import Death
from disk_simulator import SimulatedDisk
from facts import Probe
from fault_house import House
from working_day import WorkingDay

from gateway.upstream import Upstreams
from gateway.verification.answer import NotReady
from gateway.verification.compaction import compact
from gateway.verification.edge import Edge
from gateway.verification.folder import Folder
from gateway.verification.keeper import Bounds
from gateway.verification.question import Question
from goodstanding.trust import Trust
from goodstanding.verdict import Verdict

SOON = Bounds(entries=4, share=10**9)  # the day's entries are worth a snapshot
NEVER_STALE = timedelta(days=10_000)  # freshness has tests of its own
TURNS = 40  # within which everything must have been taken


class EdgeDay:
    """`failures` counts what the followers met, `probes` what a reader was told, `suspended` since when that is wrong."""

    def __init__(self, house: House, trust: Trust, folder: Path, disk: SimulatedDisk) -> None:
        self.failures = 0
        self.deaths = 0
        self.probes: list[Probe] = []
        self.suspended: dict[str, float] = {}
        self._house, self._trust, self._folder, self._disk = house, trust, folder, disk
        self._edge = self._opened(folder)

    async def begin(self) -> tuple[str, str]:
        """Two recruiters are granted, and the edge learns of it."""
        work = self._work = WorkingDay(self._house, "edge day")
        numbers = [await work.applied(name) for name in ("Lantern Road", "Quiet Ferry")]
        for number in numbers:
            await work.approved(number, "grant")
        await work.settle()
        await self._follow()
        return numbers[0], numbers[1]

    async def go_on(self, number: str) -> None:
        """One is suspended, the log and its time go on, and at the end the machine loses its power."""
        await self._work.approved(number, "suspend", measure="preventive")
        await self._edge.read_lists()
        self.suspended[number] = self._now()
        await self._work.approved(await self._work.applied("Harbour Gate"), "grant")
        await self._work.settle()
        await self._follow()
        await self._house.cosign()
        await self._follow()
        await self._crash()
        await self._follow()

    async def answers(self, numbers: Sequence[str]) -> list[Verdict]:
        """What the edge says of these numbers now."""
        return [self._edge.answer(Question(number=number)) for number in numbers]

    async def answers_anew(self, numbers: Sequence[str]) -> list[Verdict]:
        """What an edge says that has read everything just now."""
        await self.close()
        self._edge = self._opened(self._folder.with_name("anew"))
        await self._follow()
        return await self.answers(numbers)

    async def close(self) -> None:
        await self._edge.close()

    def _opened(self, folder: Path) -> Edge:
        async def compacted(base: int, upto: int) -> None:
            """What the process of its own does, done here."""
            compact(Folder(folder), self._trust, log.prefix, base, upto)

        (log,) = self._trust.logs.values()
        upstreams = Upstreams(self._house.parts.door, self._house.parts.hop)
        return Edge(self._trust, log, upstreams, self._house.clock, NEVER_STALE, folder, compact=compacted, bounds=SOON)

    async def _follow(self) -> None:
        """Take all there is: what fails is tried again, who dies is started again."""
        for _ in range(TURNS):
            try:
                if await self._turn():
                    return
            except Death:
                await self._crash()
            except (OSError, sqlite3.OperationalError):
                self.failures += 1
        raise AssertionError(f"the edge had not taken everything after {TURNS} turns")

    async def _turn(self) -> bool:
        """One turn of each follower, with a look after each; True when all have come to rest."""
        edge, more = self._edge, False
        for step in (edge.read_feed, edge.read_checkpoint, edge.read_records, edge.read_lists):
            more = await step() or more
            self._look()
        if (coming := edge._keeper._coming) is not None:
            await asyncio.wait([coming])
            return False
        return not more

    async def _crash(self) -> None:
        """Die, lose what was not on disk (the database of records syncs itself), and be started again."""
        self.deaths += 1
        await self._edge.close()
        self._disk.crash(lambda path: not path.startswith("records.db"))
        self._edge = self._opened(self._folder)

    def _look(self) -> None:
        for number in self.suspended:
            try:
                verdict = self._edge.answer(Question(number=number)).verdict.value
            except NotReady:
                verdict = None
            self.probes.append(Probe(number, self._now() + 1, verdict))

    def _now(self) -> float:
        return self._house.clock().timestamp()
