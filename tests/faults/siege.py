"""One process is killed again and again under load; after each kill the invariants are asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from answer_invariants import lateness
from clients import Clients
from evidence_read import RegistryReader, read_log
from invariants import Violation
from judging import judge_answers, judge_end, judge_log, judge_rows
from kill_plan import Shot
from readers import Readers
from town import Town

from goodstanding_standalone.front import FrontError, until

BOUND = 5.0  # seconds after which nobody may read good standing of a suspended number
MINE_SECONDS = 12.0  # within which a process that has to make a write gets there: a lease may have to run out first
OFFICIALS, READERS = 2, 2
UNTOUCHED = 6  # numbers that are granted at the beginning and left alone


@dataclass
class Siege:
    """What came of it. `at_points` of the kills were at a named write point, the others after a random delay; during
    `cut` of them the workers could not reach the log.
    """

    kills: int = 0
    at_points: int = 0
    cut: int = 0
    violations: list[Violation] = field(default_factory=list)


async def besiege(town: Town, shots: Sequence[Shot], random: Random, siege: Siege) -> tuple[Clients, Readers]:
    """Work, kill, start again, judge; then let everything come to rest, and judge once more."""
    await town.open()
    clients, reader = Clients(town), RegistryReader(town.settings.registry_url)
    untouched = [await clients.granted() for _ in range(UNTOUCHED)]
    readers = Readers(town, clients, untouched, random)
    for number in (*untouched, *await clients.prepare()):
        await until(lambda number=number: readers.good(number), f"{number} is not in good standing", town.patience)
    readers.probes.clear()  # they were not in good standing before they were
    async with _under_load(clients, readers, random):
        for shot, following in zip(shots, [*shots[1:], None], strict=True):
            town.hop.set(cut=shot.cut)
            await _kill(town, shot, siege)
            for name in town.named(shot.victim):
                await town.start(name, following.mine if following else None)
            siege.violations += await _judge(town, reader, clients, readers)
    town.hop.set(cut=False)
    siege.violations += await _rest(town, reader, clients, readers)
    siege.violations += judge_answers(readers.probes, clients.suspended, untouched, town.outages, BOUND)
    await reader.close()
    return clients, readers


async def _kill(town: Town, shot: Shot, siege: Siege) -> None:
    if shot.mine is not None and await town.died(shot.victim, MINE_SECONDS):
        siege.at_points += 1
    else:
        await asyncio.sleep(shot.delay)
        await asyncio.gather(*(town.kill(name) for name in town.named(shot.victim)))
    siege.kills += 1
    siege.cut += shot.cut


@asynccontextmanager
async def _under_load(clients: Clients, readers: Readers, random: Random) -> AsyncIterator[None]:
    """Officials and readers at work for as long as the block lasts; what fails among them fails the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(OFFICIALS):
            tasks.create_task(clients.work(stop))
        tasks.create_task(clients.doubt(stop, random))
        for _ in range(READERS):
            tasks.create_task(readers.ask(stop))
        tasks.create_task(readers.watch(stop))
        try:
            yield
        finally:
            stop.set()


async def _judge(town: Town, reader: RegistryReader, clients: Clients, readers: Readers) -> list[Violation]:
    """What must hold at any moment. The order of reading matters: see `invariants.py`."""
    heard, seen, numbers = list(clients.heard), list(readers.seen), set(clients.numbers)
    log = await asyncio.to_thread(read_log, town.settings.var / "log", town.log_keys)
    rows = await reader.rows()
    return await asyncio.to_thread(lambda: [*judge_log(seen, log), *judge_rows(heard, rows, log, numbers)])


async def _rest(town: Town, reader: RegistryReader, clients: Clients, readers: Readers) -> list[Violation]:
    """Nothing new is asked any more: every question has its answer, and everything reaches the log."""
    await clients.ask_again()

    async def rested() -> bool | None:
        rows = await reader.rows()
        return None if rows.waiting or rows.unsigned else True

    with suppress(FrontError):  # then `judge_end` says what does not
        await until(rested, "what was decided does not reach the log", town.patience)
    await readers.look()
    found = await _judge(town, reader, clients, readers)
    log = await asyncio.to_thread(read_log, town.settings.var / "log", town.log_keys)
    return [*found, *judge_end(await reader.rows(), log)]


def latest(town: Town, clients: Clients, readers: Readers) -> float:
    """The longest time after a suspension at which somebody still read good standing, in seconds of the bound's clock."""
    late = [lateness(clients.suspended[probe.number], probe.asked, town.outages) for probe in readers.probes
            if probe.number in clients.suspended and probe.verdict == "IN_GOOD_STANDING"]  # fmt: skip
    return max([0.0, *late])
