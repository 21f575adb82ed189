"""A reader of the register's federation: what other federations' software sees, over HTTP, believing its anchor alone."""

from urllib.parse import quote

from core_world import HOME, LABOUR, LICENCE, OWNER
from sqlalchemy import select
from sqlmodel import col

from goodstanding.chain_resolution import resolve_chain
from goodstanding.entity import read_statement, verify_configuration
from goodstanding.entity_claims import well_known
from goodstanding.jws import read_jws
from goodstanding.status_list import verify_status_list
from goodstanding.trust_mark import check_status, read_trust_mark, validate_trust_mark
from registry.accreditations.tables import AccreditationRow
from registry.federation.tables import FederationTokenRow

ANCHOR, MINISTRY = f"{HOME}/authorities/{OWNER}", f"{HOME}/authorities/{LABOUR}"
TYPE = f"{HOME}/schemes/{LICENCE}"


class Reader:
    """Asks one register, and counts what it has signed."""

    def __init__(self, register):
        self.register = register
        self.clock = register.clock

    async def organisation(self, number):
        """The entity identifier of the organisation with this number."""
        async with self.register.database.read() as tx:
            found = await tx.scalar(
                select(col(AccreditationRow.organisation_id)).where(col(AccreditationRow.number) == number)
            )
        return f"{HOME}/organisations/{found}"

    async def get(self, address, **query):
        path = address.removeprefix(HOME)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return await self.register.client.get(f"{path}?{query}" if query else path)

    async def ask(self, entity, call, **query):
        return await self.get(entity.replace(HOME, f"{HOME}/federation") + f"/{call}", **query)

    async def fetch(self, address):
        answer = await self.register.client.get(address.removeprefix(HOME))
        return answer.text if answer.status_code == 200 else None

    async def configuration(self, entity):
        token = await self.fetch(well_known(entity))
        return token and verify_configuration(token, entity=entity, now=self.clock())

    async def anchors(self):
        return {ANCHOR: read_statement(await self.fetch(well_known(ANCHOR))).keys}

    async def chain(self, entity):
        return await resolve_chain(entity, await self.anchors(), self.fetch, self.clock())

    async def validated(self, token, subject):
        """The mark, after everything a reader checks, its status list included."""
        issuer = await self.chain(read_trust_mark(token).iss)
        anchor = await self.configuration(ANCHOR)
        mark = validate_trust_mark(token, subject=subject, issuer=issuer, anchor=anchor, now=self.clock())
        uri, _ = mark.status
        keys = {key["kid"]: key for key in (await self.get(f"{HOME}/status-keys")).json()["keys"]}
        check_status(mark, verify_status_list(await self.fetch(uri), uri=uri, keys=keys, now=self.clock()))
        return mark

    async def mark(self, subject, issuer=MINISTRY):
        return await self.ask(issuer, "trust-mark", trust_mark_type=TYPE, sub=subject)

    async def status(self, token, issuer=MINISTRY):
        path = issuer.replace(HOME, "/federation") + "/trust-mark-status"
        answer = await self.register.client.post(path, data={"trust_mark": token})
        return read_jws(answer.text).payload["status"] if answer.status_code == 200 else answer.json()["error"]

    async def rows(self):
        async with self.register.database.read() as tx:
            return (await tx.execute(select(*FederationTokenRow.__table__.columns))).all()
