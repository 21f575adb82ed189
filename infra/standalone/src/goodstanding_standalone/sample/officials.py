"""The sample's officials at work: every act goes through the registry's services, each under a key of its own.

The keys follow from the sample, so doing everything again does nothing again: a seed that was cut short goes on.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from goodstanding.transitions import Standing
from goodstanding_standalone.register import Register
from goodstanding_standalone.sample.model import SampleCase, SampleList, SampleOrganisation
from registry.access.model import Actor
from registry.accreditations import events, repository
from registry.accreditations.drafts import DecisionDraft, ScopeDraft
from registry.accreditations.repository import Filter
from registry.accreditations.service import Accreditations, ApplicationDraft
from registry.intake.service import Intake
from registry.intake.snapshots import RELEASED
from registry.organisations.model import Draft, IdentifierDraft, NameDraft
from registry.organisations.service import Organisations
from registry.pages import PageRequest

LAYOUT = "listing"
COLUMNS = ("name", "jurisdiction", "identifier_scheme", "identifier", "local_word", "scheme")
PAPER_FILES = "Sample Act on Recruitment Abroad, section 12: files kept on paper"
_BEFORE_GRANT = timedelta(days=40)
_LATER: Mapping[Standing, Mapping[str, Any]] = {  # what follows a grant, for the standings it leads to
    Standing.SUSPENDED: {
        "act": "suspend", "reason": "fees-charged", "measure": "preventive",
        "public_text": "Suspended while a complaint about fees is looked into.",
    },
    Standing.REVOKED: {
        "act": "revoke", "reason": "repeated-breach", "public_text": "Fees were charged again after a warning.",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """The two officials of one authority, and its time zone."""

    first: Actor
    second: Actor
    time_zone: ZoneInfo


class Officials:
    """Everybody who acts in the sample, and the services they act through; `pairs` is by authority."""

    def __init__(self, register: Register, pairs: Mapping[str, Pair]) -> None:
        database, clock, settings = register.database, register.clock, register.settings
        self._database = database
        self._pairs = pairs
        self._organisations = Organisations(database, clock, _nobody)
        self._accreditations = Accreditations(database, clock, settings, _nobody)
        self._intake = Intake(database, clock, settings, _nobody)

    async def enter(self, authority: str, organisation: SampleOrganisation) -> str:
        """Register an organisation; its id."""
        draft = Draft(
            organisation.kind,
            [NameDraft(name.text, name.kind, name.script) for name in organisation.names],
            organisation.jurisdiction,
            [IdentifierDraft(scheme, value) for scheme, value in organisation.identifiers],
            organisation.domains,
        )
        return await self._organisations.register(self._pairs[authority].first, draft, key=organisation.key)

    async def decide(self, case: SampleCase, organisation: str) -> str:
        """Take an organisation through its case, to the standing it ends in; the number."""
        number = await self._apply(case, organisation)
        if case.standing is Standing.APPLIED:
            return number
        pair = self._pairs[case.authority]
        retroactive: dict[str, Any] = {}
        if case.standing is Standing.LAPSED:
            begun = datetime.combine(case.valid_from, time(), pair.time_zone)
            retroactive = {"effective_from": begun, "valid_from": case.valid_from, "legal_basis": PAPER_FILES}
        await self._decision(pair, case, DecisionDraft(
            number, "grant", "assessment-passed", valid_until=case.valid_until,
            public_text="Assessed against every criterion.", **retroactive,
        ))  # fmt: skip
        if later := _LATER.get(case.standing):
            await self._decision(pair, case, DecisionDraft(number, **later))
        return number

    async def list(self, listed: SampleList) -> int:
        """Upload a list and have it released; how many accreditations it came to."""
        pair = self._pairs[listed.authority]
        upload, name = io.BytesIO(_csv(listed)), f"{listed.authority}.csv"
        snapshot = await self._intake.stage(pair.first, upload, LAYOUT, authority=listed.authority, file_name=name)
        if snapshot.state != RELEASED:
            snapshot = await self._intake.release(pair.second, snapshot.id)
        return snapshot.released_listings

    async def number_with(self, authority: str, standing: Standing) -> str:
        """The first number of an authority in a standing; LookupError when there is none."""
        wanted = Filter(staff_of=[authority], authority=authority, standing=[str(standing)])
        async with self._database.read() as tx:
            page = await repository.page(tx, PageRequest(1), wanted)
        if not page.items:
            raise LookupError(f"{authority} has nobody who is {standing}")
        return page.items[0].number

    async def _apply(self, case: SampleCase, organisation: str) -> str:
        pair, scope = self._pairs[case.authority], case.scope
        on_file: dict[str, Any] = {}
        if case.standing is Standing.LAPSED:  # its whole life lies before this register
            since = datetime.combine(case.valid_from - _BEFORE_GRANT, time(), pair.time_zone)
            on_file = {"effective_from": since, "legal_basis": PAPER_FILES}
        draft = ApplicationDraft(
            organisation, case.authority, case.scheme,
            ScopeDraft(scope.activities, scope.sectors, scope.corridors), **on_file,
        )  # fmt: skip
        event = await self._accreditations.apply(pair.first, draft, key=f"{case.organisation.key}-application")
        async with self._database.read() as tx:
            return str((await events.by_ids(tx, [event]))[event].number)

    async def _decision(self, pair: Pair, case: SampleCase, draft: DecisionDraft) -> None:
        key = f"{case.organisation.key}-{draft.act}"
        proposal = await self._accreditations.propose(pair.first, draft, key=key)
        async with self._database.read(pair.first.sub) as tx:
            digest = (await repository.proposals(tx, [proposal]))[proposal].digest
        await self._accreditations.approve(pair.second, proposal, digest, key=key)


def _nobody() -> None:
    """Whom to wake: the workers start after the sample is made, and find everything at once."""


def _csv(listed: SampleList) -> bytes:
    """The list as its ministry would write it."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for entry in listed.entries:
        organisation = entry.organisation
        scheme, value = next(one for one in organisation.identifiers if one[0].endswith("-licence"))
        legal = next(name.text for name in organisation.names if name.kind == "legal")
        rows.writerow((legal, organisation.jurisdiction, scheme, value, entry.word, listed.scheme))
    return text.getvalue().encode()
