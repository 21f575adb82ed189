"""Lists staged and released side by side, and an application that comes in between."""

import asyncio
import io

import pytest
from patience import until
from sqlalchemy import insert

from registry.accreditations.tables import AccreditationRow
from registry.database import Database
from registry.ids import fresh_id
from registry.intake.service import Intake
from registry.organisations.tables import OrganisationIdentifierRow, OrganisationRow
from registry.settings import Settings

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)

MINISTRY, LICENCE = "aut_np_labour", "sch_np_licence"


def recruiter(at: int) -> list[str]:
    return [f"Recruiter {at}", "NP", "np-licence", f"{at}/077", "Renewed", LICENCE]


@pytest.fixture
async def processes(office):
    """Intakes on one database, as several processes have them."""
    databases = [Database(office.database.url) for _ in range(4)]
    settings = Settings(origin="http://127.0.0.1:8080", prefix="TEST")
    yield [Intake(database, office.clock, settings, batch=5) for database in databases]
    for database in databases:
        await database.close()


async def test_a_list_uploaded_twice_at_once_is_stored_once(office, own, processes):
    data = own([recruiter(at) for at in range(10)])
    stored = await asyncio.gather(
        *(intake.stage(office.people["nima"], io.BytesIO(data), "listing") for intake in processes)
    )
    assert len({snapshot.id for snapshot in stored}) == 1
    assert await office.rows("select count(*) from snapshots") == [(1,)]


async def test_two_lists_with_the_same_recruiters_released_at_once_make_them_once(office, own, processes):
    staged = [
        await office.stage(own([recruiter(at) for at in some]), "nima", layout="listing", transcribed_from=None)
        for some in (range(20), reversed(range(10, 30)))
    ]
    released = await asyncio.gather(
        *(intake.release(office.people["om"], one.id) for intake, one in zip(processes, staged, strict=False))
    )
    assert [one.state for one in released] == ["RELEASED", "RELEASED"]
    assert sum(one.released_listings for one in released) == 30
    for table in ("organisations", "accreditations", "listed", "decisions"):
        assert await office.rows(f"select count(*) from {table}") == [(30,)]


async def test_one_list_released_from_two_places_at_once_is_released_once(office, own, processes):
    rows = [recruiter(at) for at in range(23)]
    staged = await office.stage(own(rows), "nima", layout="listing", transcribed_from=None)
    released = await asyncio.gather(*(intake.release(office.people["om"], staged.id) for intake in processes[:2]))
    assert {one.released_listings for one in released} == {23}
    assert await office.rows("select count(*) from decisions") == [(23,)]


async def test_a_batch_that_meets_an_application_of_the_same_moment_is_done_again_and_holds_it(office, own, postgres):
    now = office.clock()
    applicant = fresh_id("org", now)
    staged = await office.stage(own([recruiter(1), recruiter(2)]), "nima", layout="listing", transcribed_from=None)
    async with office.database.write() as tx:
        await tx.execute(
            insert(OrganisationRow),
            [{"id": applicant, "kind": "recruiter", "name": "Recruiter 1", "jurisdiction": "NP", "domains": [],
              "names": [{"text": "Recruiter 1", "script": "Latn", "kind": "legal"}], "identifiers": [],
              "created_at": now}],
        )  # fmt: skip
        identifier = {"scheme": "np-licence", "value": "1/077", "organisation_id": applicant}
        await tx.execute(insert(OrganisationIdentifierRow), [identifier])

    async with office.database.write() as tx:
        await tx.execute(
            insert(AccreditationRow),
            [{"number": "TEST-00000001-XX", "authority_id": MINISTRY, "organisation_id": applicant,
              "scheme_id": LICENCE, "subject": bytes(16), "standing": "APPLIED", "scope": {}, "created_at": now,
              "changed_at": now}],
        )  # fmt: skip
        releasing = asyncio.create_task(office.intake().release(office.people["om"], staged.id))
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await until(lambda: asyncio.to_thread(postgres.execute, waiting))
    released = await releasing

    assert (released.state, released.released_listings, released.held) == ("RELEASED", 1, 1)
    assert await office.rows("select count(*) from organisations") == [(2,)]
