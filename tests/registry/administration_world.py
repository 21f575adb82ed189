"""Members who administer a register, and their acts, beside the world of `core_world`."""

from datetime import timedelta

from core_world import LABOUR, LICENCE, OWNER, START, TRADE
from sqlalchemy import select
from sqlmodel import SQLModel

from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.accreditations import repository
from registry.administration.drafts import (
    CadenceDraft,
    CriteriaDraft,
    CriterionDraft,
    MandateDraft,
    MandateEndDraft,
    MappingsDraft,
    RoleDraft,
    SuccessionDraft,
)

BEGAN = START - timedelta(days=900)  # of the mandates that are there
OFFICIALS = {  # id -> (client, [(authority, role)]); one for each role at the ministry, and those who administer
    **{f"{role}-here": (False, [(LABOUR, role)]) for role in Role},
    "olga": (False, [(OWNER, Role.SCHEME_OWNER)]),
    "omar": (False, [(OWNER, Role.SCHEME_OWNER)]),
    "ada": (False, [(LABOUR, Role.AUTHORITY_ADMIN)]),
    "abel": (False, [(LABOUR, Role.AUTHORITY_ADMIN)]),
    "owner-admin": (False, [(OWNER, Role.AUTHORITY_ADMIN)]),
    "trade-owner": (False, [(TRADE, Role.SCHEME_OWNER), (TRADE, Role.AUTHORITY_ADMIN)]),
    "key": (True, [(OWNER, Role.SCHEME_OWNER), (LABOUR, Role.AUTHORITY_ADMIN)]),
    "nobody": (False, []),
}


async def appoint(register):
    """Add the officials."""
    async with register.database.write() as tx:
        for member, (client, roles) in OFFICIALS.items():
            await add_member(tx, member, f"Name of {member}", client=client, now=START)
            for authority, role in roles:
                await grant_role(tx, authority, member, role)


class Offices:
    """Acts of administration in one register."""

    def __init__(self, register):
        self.register = register
        self.acts = register.app.state.services.administration

    async def proposed(self, member, draft, key=None):
        """(proposal id, digest)."""
        register = self.register
        proposal_id = await self.acts.propose(await register.actor(member), draft, key=key or register.key())
        async with register.database.read() as tx:
            return proposal_id, (await repository.proposals(tx, [proposal_id]))[proposal_id].digest

    async def approved(self, member, proposal_id, digest):
        actor = await self.register.actor(member)
        return await self.acts.approve(actor, proposal_id, digest, key=self.register.key())

    async def done(self, draft):
        """Proposed by one of the two persons whose act it is, and approved by the other."""
        first, second = ("ada", "abel") if isinstance(draft, RoleDraft) else ("olga", "omar")
        return await self.approved(second, *await self.proposed(first, draft))

    async def mandates(self, authority=LABOUR, scheme=LICENCE):
        """The ids of the mandates, the oldest first."""
        return [
            row.id for row in await self.rows("mandates") if (row.authority_id, row.scheme_id) == (authority, scheme)
        ]

    async def end(self, end, since=None, mandate=None):
        mandate = mandate or (await self.mandates())[0]
        return await self.done(MandateEndDraft(mandate, end, "ENDED", since))

    async def rows(self, table):
        found = SQLModel.metadata.tables[table]
        async with self.register.database.read() as tx:
            return list(await tx.execute(select(found).order_by(*found.primary_key.columns)))


def mandate(**changes):
    return MandateDraft(**{"authority": TRADE, "scheme": LICENCE, "acts": ["grant", "Apply"], "valid_from": START,
                           "reason": "NEW"} | changes)  # fmt: skip


def mappings(*pairs, version="2", **changes):
    pairs = pairs or (("rated", "ACTIVE"),)
    return MappingsDraft(**{"scheme": LICENCE, "version": version, "mappings": pairs, "reason": "WORDS"} | changes)


def criteria(*items, **changes):
    items = items or (CriterionDraft("REMEDY", "Workers can complain", ["A telephone number is published"]),)
    return CriteriaDraft(**{"scheme": LICENCE, "version": "2", "criteria": items, "reason": "REVISED"} | changes)


def cadence(days=7, **changes):
    return CadenceDraft(**{"scheme": LICENCE, "days": days, "reason": "WEEKLY"} | changes)


def role(member="pema", role=Role.REGISTRAR, **changes):
    return RoleDraft(**{"authority": LABOUR, "member": member, "role": str(role), "reason": "HIRED"} | changes)


def succession(mandate_id, predecessor=LABOUR, **changes):
    return SuccessionDraft(**{"mandate": mandate_id, "predecessor": predecessor, "reason": "MERGED"} | changes)


def mandate_end(mandate_id, end="withdrawn", **changes):
    return MandateEndDraft(**{"mandate": mandate_id, "end": end, "reason": "ENDED"} | changes)
