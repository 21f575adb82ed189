"""What is due for surveillance, in the public schema: for those who work at the authority, and its regulators."""

from datetime import datetime
from typing import Annotated

import strawberry

from registry.access.reading import Kind
from registry.access.service import need_reader
from registry.accreditations.graph import Accreditation, find_accreditation
from registry.accreditations.mutations import KEY
from registry.assessments import due, model
from registry.assessments.drafts import PlanDraft
from registry.assessments.due import Place
from registry.context import Info
from registry.documented import documented, documented_mutation
from registry.errors import DomainError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, writing_failure
from registry.pages import cursor, page_request
from registry.relay import UNSET, PageInfo, page_info, said


@strawberry.type(description="By when an accreditation is to be looked at again.")
class SurveillanceItem:
    """An item of a plan."""

    id: strawberry.ID = strawberry.field(description="Permanent id.")
    number: str = strawberry.field(description="The accreditation.")
    due_at: datetime = strawberry.field(description="By when.")
    overdue: bool = strawberry.field(description="True once that time has passed; it changes no standing.")
    every_days: int | None = strawberry.field(
        description="The next one follows after so many days; null: none follows."
    )

    @documented
    async def accreditation(self, info: Info) -> Accreditation | None:
        """The accreditation; null for a reader who may not see it."""
        return await find_accreditation(info, self.number)


@strawberry.type(description="A page of what is due.")
class SurveillanceConnection:
    """What is due."""

    edges: list["SurveillanceEdge"] = strawberry.field(description="The items of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="An item in a list of what is due.")
class SurveillanceEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: SurveillanceItem = strawberry.field(description="What is due.")


@strawberry.input(description="When to look at an accreditation again: either way of saying it, not both.")
class PlanSurveillanceInput:
    """A plan."""

    idempotency_key: strawberry.ID = strawberry.field(description=KEY)
    number: str = strawberry.field(description="The accreditation, while it is live.")
    every_days: int | None = strawberry.field(
        default=UNSET, description="After so many days, and again so many days after each time somebody has looked."
    )
    due_at: list[datetime] | None = strawberry.field(default=UNSET, description="At these times, at most 50.")


@strawberry.type(description="The plan stands, in place of what was planned and not done.")
class SurveillancePlanned:
    """Done."""

    planned: list[SurveillanceItem] = strawberry.field(description="What is due, the earliest first.")


SurveillanceResult = Annotated[
    SurveillancePlanned | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("SurveillanceResult", description="What became of a plan."),
]


@strawberry.type
class SurveillanceQueries:
    """Queries on surveillance."""

    @documented
    async def surveillance_due(
        self,
        info: Info,
        authority_id: strawberry.ID,
        before: datetime | None = UNSET,
        first: int | None = 20,
        after: str | None = UNSET,
    ) -> SurveillanceConnection | None:
        """What is planned at an authority and not done, of accreditations that are live or suspended, by due time.

        Before narrows it to what is due by then. It is for those who work at the authority, and its regulators.
        """
        request = page_request(first, said(after), fits=lambda last: Place.of(last) is not None)
        async with info.context.reader.use() as tx:
            await need_reader(tx, info.context.actor, str(authority_id), Kind.ASSESSMENTS)
            page = await due.page(tx, request, str(authority_id), said(before))
        info.context.spend(len(page.items))
        edges = [
            SurveillanceEdge(cursor=cursor(str(Place(one.due_at, one.id))), node=_item(one, info.context.now))
            for one in page.items
        ]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return SurveillanceConnection(edges=edges, page_info=shown)


@strawberry.type
class SurveillanceMutations:
    """The act of planning."""

    @documented_mutation
    async def plan_surveillance(self, info: Info, input: PlanSurveillanceInput) -> SurveillanceResult:
        """Plan surveillance of a live accreditation. Takes the role registrar or proposer at the authority."""
        draft = PlanDraft(input.number, said(input.every_days), said(input.due_at))
        acts = info.context.services.surveillance
        try:
            number = await acts.plan(info.context.actor, draft, key=str(input.idempotency_key))
        except DomainError as error:
            return writing_failure(error)
        await info.context.renew()
        found = await info.context.loaders.due_of.load(number) or []
        return SurveillancePlanned(planned=[_item(one, info.context.now) for one in found])


def _item(found: model.Due, now: datetime) -> SurveillanceItem:
    return SurveillanceItem(
        id=strawberry.ID(found.id),
        number=found.number,
        due_at=found.due_at,
        overdue=found.overdue(now),
        every_days=None if found.interval is None else found.interval.days,
    )
