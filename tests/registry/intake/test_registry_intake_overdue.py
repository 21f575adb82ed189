"""A scheme says how often its lists come out: what is logged then, and what the status lists say of one that does not."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from log_simulator import LogSimulator
from sqlalchemy import text

from goodstanding.status_list import verify_status_list
from registry.accreditations import repository as accreditations
from registry.accreditations.drafts import DecisionDraft
from registry.accreditations.service import Accreditations
from registry.errors import Conflict
from registry.intake.known_schemes import UK_TEMPORARY_WORKER, UK_WORKER
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.issuance.lists import StatusLists
from registry.issuance.policy import Policy
from registry.issuance.workers import Workers
from registry.schemes import service
from registry.settings import Settings

ORIGIN, SOURCE = "http://127.0.0.1:8080", "https://register.example/sponsors.csv"
ACME = ["Acme", "Leeds", "", "Worker (A rating)", "Skilled Worker"]
BOLT = ["Bolt", "Leeds", "", "Temporary Worker (A rating)", "Seasonal Worker"]


class Published:
    """An office whose events are logged and whose status lists are read."""

    def __init__(self, office, folder):
        self.office, log = office, LogSimulator(office.clock)
        self.keys = KeyStore(KeyFolder(folder / "keys"), office.database, office.clock)
        settings = Settings(origin=ORIGIN, log_vkey=log.vkey, log_time_vkey=log.time_vkey)
        self.workers = Workers(office.database, log, self.keys, office.clock, settings)
        self.lists = StatusLists(office.database, self.keys, Policy.of(settings), office.clock)

    async def cadence(self, days, scheme=UK_WORKER):
        async with self.office.database.write() as tx:
            made = await service.scheme_with_cadence(tx, scheme, days)
            await service.store_scheme_change(tx, made, now=self.office.clock())

    async def code(self, name):
        """The code of whoever has this name, in the signed list as it is served."""
        self.office.clock.now += timedelta(seconds=1)
        key = (await self.keys.status_signer()).public_jwk
        ((idx, uri),) = await self.office.rows(
            "select status_entries.idx, uri from status_entries join accreditations using (number) join organisations "
            "on organisation_id = organisations.id join status_lists on status_lists.id = list_id "
            f"where name = '{name}' order by event_id desc limit 1"
        )
        signed = await self.lists.current(urlsplit(uri).path.rpartition("/")[2])
        found = verify_status_list(signed.token.decode(), uri=uri, keys={key["kid"]: key}, now=self.office.clock())
        return found.list.get(idx)

    def pass_(self, **time):
        self.office.clock.now += timedelta(**time)


@pytest.fixture
async def published(office, uk, tmp_path):
    """Acme under one scheme and Bolt under the other, of one list, all logged."""
    made = Published(office, tmp_path)
    async with office.database.write() as tx:  # the office was copied as if its founding had been logged elsewhere
        await tx.execute(text("insert into outbox (seq, event_id, stage) select seq, event_id, 'SUBMIT' from events"))
    await office.follow(uk([ACME, BOLT]))
    await made.workers.drain()
    return made


@pytest.mark.both_backends
async def test_what_an_overdue_list_says_is_good_cannot_be_concluded_until_the_next_one(published, office, uk):
    await published.cadence(7)
    await published.workers.drain()
    assert [await published.code(name) for name in ("Acme", "Bolt")] == [0, 0]

    published.pass_(days=6, hours=23, minutes=50)
    assert await published.code("Acme") == 0
    published.pass_(minutes=10)
    assert [await published.code(name) for name in ("Acme", "Bolt")] == [3, 0]

    await office.follow(uk([ACME, BOLT]))  # no row has changed
    assert await published.code("Acme") == 3  # what raises trust waits for the log
    await published.workers.drain()
    assert await published.code("Acme") == 0


async def test_a_release_leaves_an_event_for_every_scheme_with_a_cadence(published, office, uk):
    await office.follow(uk([ACME, BOLT]))
    assert await office.bodies("list") == []  # nobody said how often it comes out

    await published.cadence(7)
    await published.cadence(30, UK_TEMPORARY_WORKER)
    staged = await office.stage(uk([ACME, BOLT]))
    published.pass_(days=1)
    await office.release(staged)

    day = staged.uploaded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"authority": "aut_registry", "snapshot": staged.id, "source": SOURCE, "at": day}
    assert [body["data"] for body in await office.bodies("list")] == [
        told | {"scheme": UK_TEMPORARY_WORKER}, told | {"scheme": UK_WORKER},
    ]  # fmt: skip
    assert [body["data"]["cadence_days"] for body in (await office.bodies("scheme"))[-2:]] == [7, 30]
    with pytest.raises(Conflict, match="already"):
        await published.cadence(7)


async def test_what_a_decision_has_put_on_another_base_does_not_age_with_the_list(published, office, own):
    row = ["Aruna Manpower", "NP", "np-licence", "1204/077", "Filed", "sch_np_licence"]
    async with office.database.write() as tx:
        scheme = await service.scheme_with_mapping(
            tx, "sch_np_licence", version="2", mappings=[{"word": "Filed", "standing": "APPLIED"}]
        )
        await service.store_scheme_change(tx, scheme, now=office.clock())
    await office.release(await office.stage(own([row]), "nima", layout="listing", transcribed_from=None), "om")
    await published.cadence(7, "sch_np_licence")
    await published.workers.drain()
    ((number,),) = await office.rows("select number from accreditations where scheme_id = 'sch_np_licence'")
    acts = Accreditations(office.database, office.clock, Settings(origin=ORIGIN, prefix="TEST"), lambda: None)
    draft = DecisionDraft(number, "grant", "PASSED")
    proposal = await acts.propose(office.people["nima"], draft, key="1")
    async with office.database.read() as tx:
        digest = (await accreditations.proposals(tx, [proposal]))[proposal].digest
    await acts.approve(office.people["om"], proposal, digest, key="2")
    await published.workers.drain()

    published.pass_(days=30)
    assert await published.code("Aruna Manpower") == 0
