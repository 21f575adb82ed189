"""Registry, workers, audit and gateway as processes on PostgreSQL: how long from a decision's commit until the edge says it.

Grants are approved at a steady rate by the registry's own service in this process, on the database of the others: the
measure begins at the commit, and a hundred GraphQL requests a second would take the cores that it is about. A decision
begins at the time its event bears, taken before its transaction commits, so what is measured is rather too long. It is
visible with the first answer of the gateway whose tree reaches beyond its index. Both are told by this machine's clock.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from harness import Row, percentile
from rich.progress import track
from sqlalchemy import func, select
from sqlmodel import col

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "processes"), str(TESTS / "simulators")]

from conftest import SERVICE_TOKEN, found  # noqa: E402
from postgres_server import Databases, PostgresServer  # noqa: E402
from topology import IN_A_FOLDER, NO_STORE, Topology  # noqa: E402

from goodstanding.clock import system_clock  # noqa: E402
from goodstanding_standalone.sample.authorities import ETHICAL, MAIN  # noqa: E402
from registry.access.service import actor_of  # noqa: E402
from registry.accreditations import events, repository  # noqa: E402
from registry.accreditations.drafts import DecisionDraft  # noqa: E402
from registry.accreditations.service import Accreditations, ApplicationDraft  # noqa: E402
from registry.database import Database  # noqa: E402
from registry.issuance.tables import EventRow, OutboxRow  # noqa: E402
from registry.organisations.model import Draft, NameDraft  # noqa: E402
from registry.organisations.service import Organisations  # noqa: E402
from registry.settings import Settings  # noqa: E402

DECISIONS, PER_SECOND, CONCURRENT = 2_000, 100, 4
PROBE_SECONDS = 0.01
STEP_MS, STEPS = 25, 41  # of the histogram; its last step has no end
PROBE = "query ($n: String!) { verify(by: {number: $n}) { treeSize } }"


@dataclass(slots=True)
class Seen:
    """What the edge said: (time, tree size) whenever the size had grown."""

    sizes: list[tuple[float, int]] = field(default_factory=list)

    def at(self, index: int) -> float:
        """When an entry first was within the tree."""
        return next(moment for moment, size in self.sizes if size > index)


def rows() -> Iterable[Row]:
    """Measure."""
    waited, rate = asyncio.run(_measure())
    edges = range(0, STEPS * STEP_MS, STEP_MS)
    counts = Counter(min(int(each) // STEP_MS, STEPS - 1) for each in waited)
    histogram = {"from, ms": list(edges), "decisions": [counts[at // STEP_MS] for at in edges]}
    yield Row("decisions", rate, "1/s", target=0.95 * PER_SECOND)
    yield Row("committed to visible, median", percentile(waited, 50), "ms")
    yield Row("committed to visible, p99", percentile(waited, 99), "ms", target=500, most=True, rounds=histogram)
    yield Row("committed to visible, the slowest", max(waited), "ms")


async def _measure() -> tuple[list[float], float]:
    server = PostgresServer()
    await asyncio.to_thread(server.start)
    databases = Databases(server.url)
    with tempfile.TemporaryDirectory() as folder:
        names = ("registry_database_url", "audit_database_url")
        urls = {name: await asyncio.to_thread(databases.empty) for name in names}
        topology = Topology(Path(folder), urls | {"audit_token": SERVICE_TOKEN}, IN_A_FOLDER, NO_STORE)

        async def founded() -> None:
            await found(topology, urls[names[0]])

        try:
            await topology.up({"registry-migrate": founded})
            return await _decide(topology, urls[names[0]])
        finally:
            await topology.down()
            await asyncio.to_thread(server.close)


async def _decide(topology: Topology, url: str) -> tuple[list[float], float]:
    settings = Settings(origin=topology.origin, database_url=url, var=topology.volume("registry"))
    database = Database(settings.database)
    proposals = await _proposed(database, settings)
    await _drained(database)
    seen, over = Seen(), asyncio.Event()
    probing = asyncio.create_task(_probe(topology.origin, proposals[0][0], seen, over))
    rate = await _approve(database, settings, proposals)
    await _drained(database)
    await asyncio.sleep(1)
    over.set()
    await probing
    statement = select(col(EventRow.recorded_at), col(EventRow.log_index)).order_by(col(EventRow.log_index).desc())
    async with database.read() as tx:
        decided = (await tx.execute(statement.limit(len(proposals)))).all()
    await database.close()
    return [1000 * (seen.at(index) - at.timestamp()) for at, index in decided], rate


async def _proposed(database: Database, settings: Settings) -> list[tuple[str, str, str]]:
    """(number, proposal id, digest) of grants that wait for their approval."""
    acts = Accreditations(database, system_clock, settings, lambda: None)
    organisations = Organisations(database, system_clock, lambda: None)
    async with database.read() as tx:
        actor = await actor_of(tx, "proposer")
    made = []
    for place in track(range(DECISIONS), description="proposing"):
        draft = Draft("recruiter", [NameDraft(f"Measured Recruiter {place}", "legal")], "XA")
        organisation = await organisations.register(actor, draft, key=f"organisation {place}")
        applied = await acts.apply(actor, ApplicationDraft(organisation, MAIN, ETHICAL), key=f"application {place}")
        async with database.read() as tx:
            number = (await events.by_ids(tx, [applied]))[applied].number
        proposal = await acts.propose(actor, DecisionDraft(number, "grant", "MEASURED"), key=f"proposal {place}")
        async with database.read() as tx:
            digest = (await repository.proposals(tx, [proposal]))[proposal].digest
        made.append((number, proposal, digest))
    return made


async def _drained(database: Database) -> None:
    """Wait until everything is in the log and released."""
    while True:
        async with database.read() as tx:
            if not await tx.scalar(select(func.count()).select_from(OutboxRow)):
                return
        await asyncio.sleep(0.2)


async def _approve(database: Database, settings: Settings, proposals: list[tuple[str, str, str]]) -> float:
    """Approve at a steady rate, whether or not commits keep up; returns how many there were a second."""
    acts, gate = Accreditations(database, system_clock, settings, lambda: None), asyncio.Semaphore(CONCURRENT)
    async with database.read() as tx:
        actor = await actor_of(tx, "approver")

    async def one(place: int, proposal: str, digest: str) -> None:
        async with gate:
            await acts.approve(actor, proposal, digest, key=f"approval {place}")

    begun, running = time.perf_counter(), []
    for place, (_, proposal, digest) in enumerate(proposals):
        await asyncio.sleep(max(0.0, begun + place / PER_SECOND - time.perf_counter()))
        running.append(asyncio.create_task(one(place, proposal, digest)))
    await asyncio.gather(*running)
    return len(proposals) / (time.perf_counter() - begun)


async def _probe(origin: str, number: str, seen: Seen, over: asyncio.Event) -> None:
    async with httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as client:
        while not over.is_set():
            answer = await client.post("/graphql", json={"query": PROBE, "variables": {"n": number}})
            size = answer.json()["data"]["verify"]["treeSize"]
            if not seen.sizes or size > seen.sizes[-1][1]:
                seen.sizes.append((time.time(), size))
            await asyncio.sleep(PROBE_SECONDS)
