"""A whole register for the tests of its core: migrated database, founded bodies, members, services, subgraph, workers.

Only the log is simulated. `snapshot` tells whether a refused request left anything behind.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from httpx import ASGITransport, AsyncClient
from log_simulator import LogSimulator

from goodstanding.canonical import b64u
from registry.access.model import Role
from registry.access.repository import insert_role
from registry.access.service import actor_of, add_member, grant_role
from registry.access.tokens import TokenIssuer
from registry.accreditations import events, repository
from registry.accreditations.drafts import DecisionDraft, ScopeDraft
from registry.accreditations.service import ApplicationDraft
from registry.app import create_app
from registry.database import LIMITS, Database
from registry.errors import DomainError
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.migrate import migrate
from registry.organisations.model import Draft, NameDraft
from registry.relations.model import Draft as RelationDraft
from registry.schemes.model import DECIDING_ACTS
from registry.schemes.service import found_authority, found_scheme, give_mandate
from registry.settings import Settings
from registry.tables import METADATA

HOME = "https://register.example"
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
OWNER, LABOUR, TRADE = "aut_council", "aut_labour", "aut_trade"
LICENCE, STANDARD = "sch_licence", "sch_standard"
MEMBERS = {  # id -> (client, [(authority, role)])
    "rita": (False, [(LABOUR, Role.REGISTRAR)]),
    "pema": (False, [(LABOUR, Role.PROPOSER)]),
    "anil": (False, [(LABOUR, Role.APPROVER)]),
    "asha": (False, [(LABOUR, Role.APPROVER)]),
    "tara": (False, [(LABOUR, Role.ADJUDICATION_REGISTRAR)]),
    "both": (False, [(LABOUR, Role.PROPOSER), (LABOUR, Role.APPROVER)]),
    "hr-key": (True, [(LABOUR, Role.REGISTRAR), (LABOUR, Role.PROPOSER), (LABOUR, Role.APPROVER)]),
    "other": (False, [(TRADE, Role.REGISTRAR), (TRADE, Role.PROPOSER), (TRADE, Role.APPROVER)]),
}


class Time:
    """A clock that moves when told to."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


def found(url, now=START):
    """Fill the database every test begins with a copy of; runs an event loop of its own."""
    asyncio.run(_found(url, now))


async def _found(url, now):
    await migrate(url, prefix="TEST", origin=HOME)
    database = Database(url)
    async with database.write() as tx:
        for authority, kind in ((OWNER, "scheme-owner"), (LABOUR, "ministry"), (TRADE, "ministry")):
            await found_authority(
                tx, authority, kind=kind, name=f"The {authority[4:]} office", jurisdiction="XA",
                time_zone="Asia/Kathmandu", origin=HOME, now=now,
            )  # fmt: skip
        for scheme in (LICENCE, STANDARD):
            criteria = [{"code": "NO-FEES", "title": "Workers pay no fees", "indicators": ["Receipts are kept"]}]
            await found_scheme(
                tx, scheme, name=f"The {scheme[4:]}", version="1", owner_id=OWNER, criteria=criteria, now=now
            )
        for authority, scheme, acts in (
            (LABOUR, LICENCE, DECIDING_ACTS), (LABOUR, STANDARD, ["apply", "grant"]), (TRADE, STANDARD, DECIDING_ACTS),
        ):  # fmt: skip
            await give_mandate(
                tx, authority_id=authority, scheme_id=scheme, acts=acts,
                valid_from=now - timedelta(days=900), valid_until=now + timedelta(days=400), now=now,
            )  # fmt: skip
        for member, (client, roles) in MEMBERS.items():
            await add_member(tx, member, f"Name of {member}", client=client, now=now)
            for authority, role in roles:
                await grant_role(tx, authority, member, role)
    await database.close()


class CoreWorld:
    """One register."""

    def __init__(self, folder, url, limits=LIMITS):
        self.clock = Time()
        self.log = LogSimulator(self.clock)
        self.settings = Settings(origin=HOME, log_vkey=self.log.vkey, log_time_vkey=self.log.time_vkey)
        self.database = Database(url, limits)
        self.keys = KeyStore(KeyFolder(folder / "keys"), self.database, self.clock)
        self.app = create_app(self.settings, self.database, self.log, self.keys, self.clock)
        self.workers = self.app.state.workers
        self.acts = self.app.state.services.accreditations
        self.organisations = self.app.state.services.organisations
        self.relations = self.app.state.services.relations
        self.people = self.app.state.services.people
        self.erasures = self.app.state.services.erasures
        self.client = AsyncClient(transport=ASGITransport(app=self.app, raise_app_exceptions=False), base_url=HOME)
        self._keys = 0

    async def close(self):
        await self.client.aclose()
        await self.database.close()

    def key(self):
        """A fresh idempotency key."""
        self._keys += 1
        return f"key-{self._keys}"

    async def actor(self, member):
        async with self.database.read() as tx:
            return await actor_of(tx, member)

    async def token(self, member):
        issuer = TokenIssuer(await self.keys.token_signer(), HOME, self.clock)
        return issuer.issue(await self.actor(member))

    async def logged(self):
        """Let the workers take everything to the log and back."""
        await self.workers.drain()

    async def noted(self):
        """(who, kind, authority, subjects) of what was read and is noted."""
        return [(row[1], row[5], row[6], row[3]) for row in (await self.snapshot())["access_log"]]

    async def snapshot(self):
        """Every row of every table."""
        rows = {}
        async with self.database.read() as tx:
            for table in METADATA.sorted_tables:
                rows[table.name] = [tuple(row) for row in await tx.execute(table.select())]
        return rows

    # --- acts through the services

    async def organisation(self, name="Himal Placements", **more):
        draft = Draft(**{"kind": "recruiter", "names": [NameDraft(name, "legal")], "jurisdiction": "NP"} | more)
        return await self.organisations.register(await self.actor("rita"), draft, key=self.key())

    async def related(self, source, kind, target, member="rita", **dates):
        """The id of a relation: what `source` is to `target`."""
        draft = RelationDraft(kind, source, target, **dates)
        return await self.relations.relate(await self.actor(member), draft, key=self.key())

    async def regulator(self, member="rega", authority=LABOUR):
        """A member who sees restricted data."""
        async with self.database.write() as tx:
            await add_member(tx, member, f"Name of {member}", now=self.clock())
            await insert_role(tx, authority, member, "regulator")
        return member

    async def admins(self, authority=LABOUR):
        """Two persons who may erase together."""
        async with self.database.write() as tx:
            for member in ("adam", "eva"):
                await add_member(tx, member, f"Name of {member}", now=self.clock())
                await grant_role(tx, authority, member, Role.AUTHORITY_ADMIN)
        return "adam", "eva"

    async def erased(self, *event_ids):
        """The id of an erasure asked for by one person and approved by another; the workers have still to do it."""
        asked = await self.erasures.request(await self.actor("adam"), event_ids, "By court order", key=self.key())
        return await self.erasures.approve(await self.actor("eva"), asked, key=self.key())

    async def applied(self, scheme=LICENCE, corridors=(("NP", "QA"),), by=None, **more):
        """The number of a fresh application, by an organisation that is there or by a new one."""
        scope = ScopeDraft(activities=["placement"], corridors=corridors)
        draft = ApplicationDraft(by or await self.organisation(**more), LABOUR, scheme, scope)
        event_id = await self.acts.apply(await self.actor("rita"), draft, key=self.key())
        return await self.number_of(event_id)

    async def applied_at(self, authority, member, organisation, scheme=LICENCE):
        """The number of an application that this member has filed at this authority."""
        draft = ApplicationDraft(organisation, authority, scheme, ScopeDraft())
        return await self.number_of(await self.acts.apply(await self.actor(member), draft, key=self.key()))

    async def number_of(self, event_id):
        async with self.database.read() as tx:
            return (await events.by_ids(tx, [event_id]))[event_id].number

    async def proposed(self, number, act, member="pema", **more):
        """(proposal id, digest)."""
        draft = DecisionDraft(number=number, act=act, **{"reason": "TEST-REASON"} | more)
        proposal_id = await self.acts.propose(await self.actor(member), draft, key=self.key())
        async with self.database.read() as tx:
            return proposal_id, (await repository.proposals(tx, [proposal_id]))[proposal_id].digest

    async def decided(self, number, act, **more):
        """The event id of a decision proposed and approved; what a tribunal ruled is proposed by its registrar."""
        more |= {"member": "tara"} if "ruling_hash" in more else {}
        proposal_id, digest = await self.proposed(number, act, **more)
        return await self.acts.approve(await self.actor("anil"), proposal_id, digest, key=self.key())

    async def recorded(self, number, act, member="rita", **more):
        """The event id of a decision that takes one person."""
        draft = DecisionDraft(number=number, act=act, **{"reason": "TEST-REASON"} | more)
        return await self.acts.record(await self.actor(member), draft, key=self.key())

    async def granted(self, **more):
        """The number of an accreditation just granted."""
        number = await self.applied()
        self.clock.forward(seconds=1)
        await self.decided(number, "grant", **more)
        self.clock.forward(seconds=1)
        return number

    # --- the subgraph

    async def post(self, query, member=None, **variables):
        """The whole HTTP response."""
        headers = {"Authorization": f"Bearer {await self.token(member)}"} if member else {}
        return await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

    async def ask(self, query, member=None, **variables):
        """The data of an answer without errors."""
        response = await self.post(query, member, **variables)
        body = response.json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def errors(self, query, member=None, **variables):
        """The errors of an answer."""
        body = (await self.post(query, member, **variables)).json()
        assert "Traceback" not in json.dumps(body)
        return body["errors"]


def opaque(text):
    """A cursor as this register makes them."""
    return b64u(text.encode())


async def code_of(act):
    """The code of the refusal, None for an act that was done."""
    try:
        await act
    except DomainError as error:
        return error.code
    return None
