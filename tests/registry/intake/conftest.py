"""A register with the UK schemes founded, the people who upload and release, and files as bytes."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from registry.access.model import Actor
from registry.access.service import actor_of, add_member, grant_role
from registry.database import Database
from registry.intake.layouts import LAYOUTS
from registry.intake.service import Intake
from registry.intake.snapshots import Snapshot
from registry.issuance import publication
from registry.migrate import migrate
from registry.schemes.model import LISTING_ACTS
from registry.schemes.service import found_authority, found_scheme, give_mandate
from registry.settings import Settings
from registry.tables import METADATA

ORIGIN = "http://127.0.0.1:8080"
SOURCE = "https://register.example/sponsors.csv"
MINISTRY, LICENCE = "aut_np_labour", "sch_np_licence"
PEOPLE = {  # member -> roles, and whether it is an API key
    "ana": (["proposer@aut_registry"], False),
    "ben": (["approver@aut_registry"], False),
    "cam": (["approver@aut_registry", "proposer@aut_registry"], False),
    "robot": (["approver@aut_registry", "proposer@aut_registry"], True),
    "nima": ([f"proposer@{MINISTRY}"], False),
    "om": ([f"approver@{MINISTRY}"], False),
    "zoe": (["proposer@aut_other", f"proposer@{MINISTRY}"], False),
}
MAPPINGS = {"Renewed": "ACTIVE", "Cancelled": "REVOKED"}


class Clock:
    """A clock that goes on by a millisecond whenever somebody looks."""

    def __init__(self, hour: int = 9) -> None:
        self.now = datetime(2026, 5, 4, hour, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Office:
    """An intake on a real database, and what tests ask of both."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.woken = 0
        self.people: dict[str, Actor] = {}

    def intake(self, batch: int = 500) -> Intake:
        settings = Settings(origin=ORIGIN, prefix="TEST")
        return Intake(self.database, self.clock, settings, wake=self._wake, batch=batch)

    async def stage(self, data: bytes, who: str = "ana", **more: Any) -> Snapshot:
        """Stage UK sponsors as a transcription, unless told otherwise."""
        asked = {"layout": "uk-sponsors", "transcribed_from": SOURCE} | more
        return await self.intake().stage(self.people[who], io.BytesIO(data), **asked)

    async def release(self, snapshot: Snapshot, who: str = "ben", removes: int | None = None) -> Snapshot:
        return await self.intake().release(self.people[who], snapshot.id, removes=removes)

    async def follow(self, data: bytes) -> Snapshot:
        """Stage the next list of UK sponsors and release it, however much it removes."""
        snapshot = await self.stage(data)
        return await self.release(snapshot, removes=snapshot.absent)

    async def rows(self, query: str) -> list[Any]:
        async with self.database.read() as tx:
            return [tuple(row) for row in await tx.execute(text(query))]

    async def bodies(self, kind: str = "decision") -> list[dict[str, Any]]:
        async with self.database.read() as tx:
            found = await tx.scalars(text("select body from events where kind = :kind order by seq"), {"kind": kind})
            return [json.loads(body) for body in found]

    async def standings(self) -> dict[str, str]:
        """Name -> standing as staff see it."""
        organisations = "organisations on organisation_id = organisations.id"
        return dict(await self.rows(f"select name, standing from accreditations join {organisations}"))

    async def codes(self) -> list[int]:
        """The status codes of all generations, the oldest first."""
        found = await self.rows("select code from status_entries join events using (event_id) order by seq")
        return [code for (code,) in found]

    async def log_all(self) -> None:
        """As if the log had taken everything, and the workers had seen it."""
        async with self.database.write() as tx:
            await tx.execute(text("update events set log_index = seq, tree_size = seq where kind = 'decision'"))
            numbers = list(await tx.scalars(text("select number from accreditations")))
            await publication.refresh(tx, numbers, now=self.clock())

    async def everything(self) -> dict[str, list[Any]]:
        """Every row of every table: equal before and after means nothing was changed."""
        return {name: await self.rows(f"select * from {name} order by 1, 2") for name in sorted(METADATA.tables)}

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
async def office(copied: Any) -> AsyncIterator[Office]:
    """An intake on a migrated database with authorities, schemes and people."""
    database = Database(copied("intake-founded", lambda url: asyncio.run(_found(url))))
    made = Office(database, Clock(hour=10))
    async with database.read() as tx:
        made.people = {member: await actor_of(tx, member) for member in PEOPLE}
    yield made
    await database.close()


async def _found(url: str) -> None:
    clock = Clock()
    await migrate(url, prefix="TEST", origin=ORIGIN)
    database = Database(url)
    await Intake(database, clock, Settings(origin=ORIGIN)).prepare("uk-sponsors")
    async with database.write() as tx:
        for authority in (MINISTRY, "aut_other"):
            await found_authority(
                tx, authority, kind="ministry", name=f"Ministry {authority}", jurisdiction="NP",
                time_zone="Asia/Kathmandu", origin=ORIGIN, now=clock(),
            )  # fmt: skip
        for scheme in (LICENCE, "sch_without_mandate"):
            await found_scheme(
                tx, scheme, name="Licence", version="1", owner_id=MINISTRY, now=clock(), mappings=MAPPINGS,
                mapping_version="1",
            )  # fmt: skip
        acts = [*LISTING_ACTS, "apply", "grant", "suspend"]
        await give_mandate(tx, authority_id=MINISTRY, scheme_id=LICENCE, acts=acts, valid_from=clock(), now=clock())
        for member, (roles, client) in PEOPLE.items():
            await add_member(tx, member, f"Name of {member}", now=clock(), client=client)
            for role, _, authority in (role.partition("@") for role in roles):
                await grant_role(tx, authority, member, role)
    async with database.write() as tx:
        await tx.execute(text("delete from outbox"))
    await database.close()


@pytest.fixture
def uk() -> Any:
    """Make a file of the layout uk-sponsors out of (name, town, county, type and rating, route)."""
    return lambda rows: _file(LAYOUTS["uk-sponsors"].columns, rows)


@pytest.fixture
def own() -> Any:
    """Make a file of the layout listing."""
    return lambda rows: _file(LAYOUTS["listing"].columns, rows)


def _file(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL).writerows([columns, *rows])
    return made.getvalue().encode()
