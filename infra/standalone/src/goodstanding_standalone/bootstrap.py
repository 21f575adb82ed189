"""Founding a register: who exists before anybody has decided anything. Doing it again changes nothing.

A fresh folder gets what transcribing a published list needs: the registry as its own transcriber, the known schemes,
and two members who can stage a list and release it. The sample adds the bodies it has invented.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from goodstanding.bodies import as_set
from goodstanding.clock import Clock
from goodstanding_standalone.sample.authorities import REGISTRY
from goodstanding_standalone.sample.model import Sample, SampleMember, SampleScheme
from registry.access.service import add_member, grant_role
from registry.clock import moment
from registry.database import Database, WriteTx
from registry.errors import Conflict
from registry.intake.layouts import LAYOUTS
from registry.intake.service import Intake
from registry.schemes import repository
from registry.schemes.service import found_authority, found_scheme, give_mandate
from registry.settings import Settings

FIRST_MEMBERS = (
    SampleMember("proposer", "First pair of eyes", ((REGISTRY, "proposer"),)),
    SampleMember("approver", "Second pair of eyes", ((REGISTRY, "approver"),)),
)


async def found_register(database: Database, settings: Settings, clock: Clock) -> None:
    """Make a migrated folder ready for lists that others published."""
    intake = Intake(database, clock, settings)
    for layout in LAYOUTS:
        await intake.prepare(layout)
    async with database.as_registry().write() as tx:
        await _add_members(tx, FIRST_MEMBERS, now=moment(clock))


async def found_sample(database: Database, sample: Sample, *, origin: str, clock: Clock) -> None:
    """Found the sample's authorities, schemes, mandates and members, all or none."""
    now = moment(clock)
    async with database.as_registry().write() as tx:
        for authority in sample.authorities:
            with suppress(Conflict):
                await found_authority(
                    tx, authority.id, kind=authority.kind, name=authority.name, jurisdiction=authority.jurisdiction,
                    time_zone=authority.time_zone, origin=origin, now=now,
                )  # fmt: skip
        for scheme in sample.schemes:
            await _found_scheme(tx, scheme, now=now)
        for mandate in sample.mandates:
            if not await repository.mandates(tx, mandate.authority, mandate.scheme):
                await give_mandate(
                    tx, authority_id=mandate.authority, scheme_id=mandate.scheme, acts=mandate.acts,
                    valid_from=now, now=now,
                )  # fmt: skip
        await _add_members(tx, sample.members, now=now)


async def _found_scheme(tx: WriteTx, scheme: SampleScheme, *, now: datetime) -> None:
    criteria = [{**asdict(criterion), "indicators": as_set(criterion.indicators)} for criterion in scheme.criteria]
    words = {word: str(standing) for word, standing in scheme.mappings.items()}
    with suppress(Conflict):
        await found_scheme(
            tx, scheme.id, name=scheme.name, version=scheme.version, owner_id=scheme.owner, now=now,
            criteria=criteria, mappings=words, mapping_version="1",
        )  # fmt: skip


async def _add_members(tx: WriteTx, members: Iterable[SampleMember], *, now: datetime) -> None:
    """Add members that are missing, and the roles they lack."""
    for member in members:
        with suppress(Conflict):
            await add_member(tx, member.id, member.name, now=now, client=member.client)
        for authority, role in member.roles:
            await grant_role(tx, authority, member.id, role)
