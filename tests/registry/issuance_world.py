"""A small register for the tests of issuance: real database, real ledger, real keys, a log that can be made to fail.

What `accreditations` and `intake` do in their transactions is done here in the fewest steps, so that these tests depend
on issuance alone.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from log_simulator import LogSimulator
from sqlalchemy import insert, select
from sqlmodel import SQLModel, col

import registry.tables  # noqa: F401 - every table must be known before the database is made
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_subject
from goodstanding.number import make_number
from goodstanding.trust import Trust
from registry.accreditations.tables import AccreditationRow
from registry.database import Database
from registry.issuance import ledger, publication, status
from registry.issuance.faults import no_fault
from registry.issuance.key_files import KeyFolder
from registry.issuance.keys import KeyStore
from registry.issuance.routes import artefact_routes
from registry.issuance.tables import EventRow, OutboxRow, RecordRow, StatusEntryRow, StatusListRow
from registry.issuance.workers import Workers
from registry.organisations.tables import OrganisationRow
from registry.schemes.tables import AuthorityRow, SchemeRow
from registry.settings import Settings

HOME = "https://register.example"
MINISTRY, SCHEME = "aut_labour", "sch_licence"
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """What a kill -9 looks like from inside: nothing catches it."""


class Time:
    """A clock that moves when told to."""

    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now

    def forward(self, **span):
        self.now += timedelta(**span)


class Kill:
    """A fault that strikes once at one step."""

    def __init__(self, step):
        self.step = step

    def __call__(self, step):
        if step == self.step:
            self.step = None
            raise Killed(step)


class World:
    """One register, on a database that has the tables; see `make_tables`."""

    def __init__(self, folder, url):
        self.folder = folder
        self.clock = Time()
        self.log = LogSimulator(self.clock)
        self.settings = Settings(origin=HOME, log_vkey=self.log.vkey, log_time_vkey=self.log.time_vkey)
        self.database = Database(url)
        self.keys = KeyStore(KeyFolder(folder / "keys"), self.database, self.clock)
        self.workers = self.new_workers()
        self.made = 0

    def new_workers(self, fault=no_fault):
        """Workers of another process."""
        return Workers(self.database, self.log, self.keys, self.clock, self.settings, fault)

    def new_workers_after_lease(self):
        """Workers of a process started after the last one died."""
        self.clock.forward(seconds=10)
        return self.new_workers()

    async def open(self):
        """Found the bodies these tests are about."""
        async with self.database.write() as tx:
            await tx.execute(
                insert(AuthorityRow),
                [
                    {
                        "id": MINISTRY,
                        "kind": "ministry",
                        "name": "Ministry of Labour",
                        "jurisdiction": "XA",
                        "time_zone": "UTC",
                        "entity_id": f"{HOME}/authorities/{MINISTRY}",
                        "subject": new_subject(),
                    }
                ],
            )
            await tx.execute(
                insert(SchemeRow),
                [
                    {
                        "id": SCHEME,
                        "name": "Licence",
                        "version": "1",
                        "owner_id": MINISTRY,
                        "criteria": [],
                        "mappings": [
                            {"word": "Valid", "standing": "ACTIVE"},
                            {"word": "Closed", "standing": "REVOKED"},
                        ],
                        "subject": new_subject(),
                    }
                ],
            )
        return self

    async def close(self):
        await self.database.close()

    async def granted(self, **more):
        """A number with a grant; `more` as in `decide`."""
        number = await self._accreditation()
        await self.decide(number, "apply", at=more.get("at", self.clock()))
        await self.decide(number, "grant", **more)
        return number

    async def listed(self, word, basis="transcribed"):
        """A number copied from a list under a local word."""
        number = await self._accreditation()
        await self.decide(number, "list", local_word=word, basis=basis)
        return number

    async def _accreditation(self):
        self.made += 1
        number, organisation = make_number("TEST", f"{self.made:08d}"), organisation_of(self.made)
        async with self.database.write() as tx:
            await tx.execute(
                insert(OrganisationRow),
                [
                    {
                        "id": organisation,
                        "kind": "recruiter",
                        "name": "Kestrel Placements",
                        "names": [],
                        "identifiers": [],
                        "domains": [],
                        "jurisdiction": "XA",
                        "created_at": self.clock(),
                    }
                ],
            )
            await tx.execute(
                insert(AccreditationRow),
                [
                    {
                        "number": number,
                        "authority_id": MINISTRY,
                        "organisation_id": organisation,
                        "scheme_id": SCHEME,
                        "subject": new_subject(),
                        "standing": "APPLIED",
                        "scope": {},
                        "created_at": self.clock(),
                        "changed_at": self.clock(),
                    }
                ],
            )
        return number

    async def decide(self, number, act, *, valid_until=None, at=None, scope=None, **more):
        """Append one decision as a service does; returns its event id."""
        now = self.clock()
        async with self.database.write() as tx:
            row = (
                await tx.execute(
                    select(*AccreditationRow.__table__.columns).where(col(AccreditationRow.number) == number)
                )
            ).one()
            body = self._body(row, act, now, at or now) | more
            if opens := act in ("grant", "list"):
                (given,) = await status.allot(tx, MINISTRY, 1, origin=HOME)
                body |= {
                    "accreditation": claims(row.organisation_id, valid_until, scope),
                    "status": {"uri": given.uri, "idx": given.idx},
                }
            stream = ledger.Stream(AccreditationRow, number, row.subject, row.head)
            (event,) = await ledger.append(tx, [ledger.Entry(body, stream)], now=now)
            if opens:
                await status.assign(tx, [(given, number, event.event_id)])
            await publication.refresh(tx, [number], now=now)
        self.workers.wake()
        return event.event_id

    def _body(self, row, act, now, at):
        return {
            "kind": "decision",
            "event_id": new_event_id(now),
            "authority": MINISTRY,
            "scheme": SCHEME,
            "scheme_version": "1",
            "number": row.number,
            "organisation": row.organisation_id,
            "act": act,
            "reason": act.upper(),
            "basis": "decided",
            "effective_from": format_time(at),
            "decided_at": format_time(now),
        }

    async def codes(self, number):
        """Status codes of a number's generations, oldest first."""
        statement = select(col(StatusEntryRow.code)).where(col(StatusEntryRow.number) == number)
        async with self.database.read() as tx:
            return list(await tx.scalars(statement.order_by(col(StatusEntryRow.event_id))))

    async def places(self):
        """(list id, index) of every generation."""
        async with self.database.read() as tx:
            rows = await tx.execute(_in_order(col(StatusEntryRow.list_id), col(StatusEntryRow.idx)))
            return [tuple(row) for row in rows]

    async def numbers(self):
        """The number of every generation, in the order of `places`."""
        async with self.database.read() as tx:
            return list(await tx.scalars(_in_order(col(StatusEntryRow.number))))

    async def list_versions(self):
        """Versions of the status lists."""
        async with self.database.read() as tx:
            return list(await tx.scalars(select(col(StatusListRow.version))))

    async def records(self, number=None):
        """Rows of records, in order."""
        statement = select(*RecordRow.__table__.columns).order_by(col(RecordRow.seq))
        if number is not None:
            statement = statement.where(col(RecordRow.number) == number)
        async with self.database.read() as tx:
            return (await tx.execute(statement)).all()

    async def outbox(self):
        """(event id, stage) of what is on its way."""
        statement = select(col(OutboxRow.event_id), col(OutboxRow.stage)).order_by(col(OutboxRow.seq))
        async with self.database.read() as tx:
            return [tuple(row) for row in await tx.execute(statement)]

    async def trust(self):
        """What an offline verifier is given."""
        issuer = await self.keys.record_signer(MINISTRY)
        lists = await self.keys.status_signer()
        return Trust.from_json(
            {
                "samples": True,
                "logs": [
                    {
                        "prefix": "TEST",
                        "origin": self.log.origin,
                        "vkey": self.log.vkey,
                        "time_vkey": self.log.time_vkey,
                        "witnesses": [],
                    }
                ],
                "issuers": {f"{HOME}/authorities/{MINISTRY}": {"name": "Ministry", "keys": [issuer.public_jwk]}},
                "status": [{"prefix": f"{HOME}/status-lists/", "keys": [lists.public_jwk]}],
            }
        )

    def app(self):
        """The published routes, as one process serves them."""
        app = FastAPI()
        app.include_router(artefact_routes(self.database, self.keys, self.log, self.clock, self.settings))
        return app

    def client(self, app=None):
        """A reader of what is published, by default of a process just started."""
        return AsyncClient(transport=ASGITransport(app=app or self.app()), base_url=HOME)


def make_tables(url):
    """Make the tables in an empty database; runs an event loop of its own."""

    async def make():
        database = Database(url)
        async with database.write() as tx:
            await tx.run_sync(SQLModel.metadata.create_all)
        await database.close()

    asyncio.run(make())


def _in_order(*columns):
    """Columns of the status entries in the order in which their generations were opened."""
    opened = col(EventRow.event_id) == col(StatusEntryRow.event_id)
    return select(*columns).join(EventRow, opened).order_by(col(EventRow.seq))


def organisation_of(position):
    """An organisation's id."""
    return f"org_01890a5d9f2c7b3e8a4f{position:012x}"


def claims(organisation, valid_until=None, scope=None):
    """The accreditation object of a generation."""
    value = {
        "organisation": {
            "id": organisation,
            "kind": "recruiter",
            "jurisdiction": "XA",
            "names": [{"text": "Kestrel Placements", "script": "Latn", "kind": "legal"}],
        },
        "scope": scope or {},
    }
    return value if valid_until is None else value | {"valid_until": format_time(valid_until)}
