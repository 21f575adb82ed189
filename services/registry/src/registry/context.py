"""What one GraphQL request carries: who asks, when, what was read, and the acts it may call."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from strawberry.types import Info as StrawberryInfo

from goodstanding.clock import Clock
from registry.access.log import AccessLog
from registry.access.model import Actor
from registry.access.reading import Notes
from registry.access.service import roles_of
from registry.accreditations.loaders import AccreditationLoaders
from registry.accreditations.service import Accreditations
from registry.administration.service import Administration
from registry.assessments.loaders import AssessmentLoaders
from registry.assessments.service import Assessments
from registry.assessments.surveillance import Surveillance
from registry.clock import moment
from registry.database import Database
from registry.erasure.loaders import ErasureLoaders
from registry.erasure.service import Erasures
from registry.errors import Invalid
from registry.intake.service import Intake
from registry.loaders import Reader
from registry.organisations.loaders import OrganisationLoaders
from registry.organisations.service import Organisations
from registry.people.loaders import PeopleLoaders
from registry.people.service import People
from registry.relations.loaders import RelationLoaders
from registry.relations.service import Relations
from registry.schemes.loaders import SchemeLoaders
from registry.signals.loaders import SignalLoaders
from registry.signals.service import Signals

MAX_ITEMS = 5_000  # items of lists in one answer, all lists together


class Loaders(
    OrganisationLoaders, SchemeLoaders, AccreditationLoaders, RelationLoaders, ErasureLoaders, PeopleLoaders,
    AssessmentLoaders, SignalLoaders,
):  # fmt: skip
    """Every loader of a request."""

    def __init__(self, reader: Reader, actor: Actor, now: datetime, signals: Signals) -> None:
        OrganisationLoaders.__init__(self, reader)
        SchemeLoaders.__init__(self, reader)
        AccreditationLoaders.__init__(self, reader, actor, now)
        RelationLoaders.__init__(self, reader, actor, now)
        ErasureLoaders.__init__(self, reader, actor)
        PeopleLoaders.__init__(self, reader, actor)
        AssessmentLoaders.__init__(self, reader, actor)
        SignalLoaders.__init__(self, reader, actor, now, signals)


@dataclass(frozen=True, slots=True)
class Services:
    """The acts, made once per application, and the links between features that types make in a circle."""

    organisations: Organisations
    accreditations: Accreditations
    relations: Relations
    erasures: Erasures
    people: People
    access_log: AccessLog
    administration: Administration
    intake: Intake
    assessments: Assessments
    surveillance: Surveillance
    signals: Signals
    accreditations_of: Callable[..., Awaitable[Any]]  # (info, organisation id, first, after) -> AccreditationConnection
    relations_of: Callable[..., Awaitable[Any]]  # (info, organisation id, kind) -> list of Relation
    supply_chain: Callable[..., Awaitable[Any]]  # (info, organisation id, depth) -> SupplyChain
    people_of: Callable[..., Awaitable[Any]]  # (info, organisation id) -> list of Person
    signal_counts: Callable[..., Awaitable[Any]]  # (info, organisation id) -> list of SignalCount


class Context:
    """One request. Whoever makes it closes it."""

    def __init__(
        self, actor: Actor, database: Database, clock: Clock, services: Services, *, lockstep: bool = False
    ) -> None:
        self.actor = actor
        self.services = services
        self._clock = clock
        self.reader = Reader(database, actor.sub, lockstep=lockstep)
        self.notes = Notes()  # of restricted data read: written down before the answer is released
        self._items = 0
        self.now, self.loaders = self._begin()

    def _begin(self) -> tuple[datetime, Loaders]:
        now = moment(self._clock)
        return now, Loaders(self.reader, self.actor, now, self.services.signals)

    async def believe(self) -> None:
        """Before reading: keep those of the token's roles that the register has now. An act asks for itself."""
        if self.actor.roles:
            async with self.reader.use() as tx:
                held = await roles_of(tx, self.actor.sub)
            self.actor = replace(self.actor, roles=self.actor.roles & held)
            self.now, self.loaders = self._begin()

    async def renew(self) -> None:
        """After a mutation: read again, from a moment that has seen it, with the roles the register has then."""
        await self.reader.renew()
        self.now, self.loaders = self._begin()
        await self.believe()

    async def close(self) -> None:
        """End what was read."""
        await self.reader.close()

    def spend(self, items: int) -> None:
        """Bound the size of the answer; Invalid when the request asks for too much at once."""
        self._items += items
        if self._items > MAX_ITEMS:
            raise Invalid(
                f"The lists of this answer together hold more than {MAX_ITEMS} items; ask for less at once.",
                code="TOO_MUCH",
            )


Info = StrawberryInfo[Context, None]
