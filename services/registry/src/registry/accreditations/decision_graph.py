"""Decisions and changes in the public schema."""

from datetime import datetime
from typing import Any

import strawberry

from goodstanding.canonical import parse_time
from registry.access.reading import Kind
from registry.accreditations import events
from registry.accreditations.enums import Basis
from registry.accreditations.events import Recorded
from registry.context import Info
from registry.documented import documented
from registry.ids import Node as Id
from registry.loaders import known, several
from registry.pages import Page, PageRequest, cursor, page_request
from registry.relay import UNSET, Node, PageInfo, page_info, said
from registry.schemes.graph import Authority, authority_type

DECISION = "decision"
ERASED = "ERASED"


@strawberry.federation.type(keys=["eventId"], description="One act on one accreditation, as it was logged.")
class Decision(Node):
    """A decision."""

    recorded: strawberry.Private[Recorded]
    event_id: strawberry.ID = strawberry.field(description="Id of its event in the log.")
    act: str = strawberry.field(description="The act.")
    reason: str = strawberry.field(description="Reason code.")
    legal_basis: str | None = strawberry.field(description="The provision it rests on, where stated.")
    basis: Basis = strawberry.field(description="Where it comes from.")
    effective_from: datetime = strawberry.field(description="From when it takes effect.")
    effective_until: datetime | None = strawberry.field(description="When its effect ends by itself, exclusive.")
    decided_at: datetime = strawberry.field(description="When it was approved.")
    measure: str | None = strawberry.field(description="disciplinary, preventive or administrative.")
    public_text: str | None = strawberry.field(description="What the authority says about it.")
    pending: bool = strawberry.field(description="True until a published checkpoint of the log covers it.")

    @documented
    async def authority(self, info: Info) -> Authority:
        """Who decided it: not always who decides now."""
        return authority_type(await known(info.context.loaders.authorities, self.recorded.body["authority"]))

    @documented
    async def restricted_text(self, info: Info) -> str | None:
        """What the authority keeps in its files about it; null for all but its staff and regulators. Reading is noted."""
        found = await info.context.loaders.restricted_texts.load(str(self.event_id))
        if found is None:
            return None
        authority, text = found
        info.context.notes.add(Kind.RESTRICTED_TEXTS, authority, [str(self.event_id)])
        return text

    @documented
    async def closes(self, info: Info) -> "Decision | None":
        """The decision this one closes."""
        closed = self.recorded.body.get("closes")
        return None if closed is None else await find_decision(info, closed)

    @documented
    async def corrects(self, info: Info) -> list["Decision"]:
        """The decisions this one voids."""
        found = await several(info.context.loaders.events, self.recorded.body.get("corrects", ()))
        return [decision_type(one) for one in found]

    @classmethod
    async def resolve_reference(cls, info: Info, eventId: strawberry.ID) -> "Decision | None":  # noqa: N803
        """Find the decision another subgraph names."""
        return await find_decision(info, str(eventId))


@strawberry.type(description="A page of decisions.")
class DecisionConnection:
    """Decisions."""

    edges: list["DecisionEdge"] = strawberry.field(description="The decisions of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="A decision in a list.")
class DecisionEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Decision = strawberry.field(description="The decision.")


@strawberry.type(description="One logged event: something that can change an answer.")
class Change:
    """A change."""

    cursor: str = strawberry.field(description="Continue after this change.")
    event_id: strawberry.ID = strawberry.field(description="Id of the event.")
    number: str | None = strawberry.field(description="The accreditation it is about; null for other events.")
    act: str = strawberry.field(
        description="The act of a decision, ERASED for an erased one; the kind of any other event."
    )
    at: datetime = strawberry.field(description="When the log made it visible.")


@strawberry.type(description="A page of changes in the order of the log.")
class ChangeConnection:
    """Changes."""

    edges: list["ChangeEdge"] = strawberry.field(description="The changes of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="A change in a list.")
class ChangeEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Change = strawberry.field(description="The change.")


@strawberry.type
class ChangeQueries:
    """Queries on changes."""

    @documented
    async def changes(self, info: Info, after: str | None = UNSET, first: int | None = 100) -> ChangeConnection:
        """Everything logged, in the order of the log; ask again with the last cursor."""
        request = page_request(first, said(after), default=100, fits=_is_index)
        async with info.context.reader.use() as tx:
            found = await events.changes(tx, -1 if request.after is None else int(request.after), request.limit)
        page = Page(tuple(found[: request.first]), len(found) > request.first)
        info.context.spend(len(page.items))
        edges = [ChangeEdge(cursor=change.cursor, node=change) for change in map(_change, page.items)]
        return ChangeConnection(edges=edges, page_info=page_info(page, request, [edge.cursor for edge in edges]))


def decision_type(found: Recorded) -> Decision:
    """The public type of a decision."""
    body = found.body
    until = body.get("effective_until")
    return Decision(
        id=strawberry.ID(found.event_id),
        recorded=found,
        event_id=strawberry.ID(found.event_id),
        act=body["act"],
        reason=body["reason"],
        legal_basis=body.get("legal_basis"),
        basis=Basis[body["basis"].upper()],
        effective_from=parse_time(body["effective_from"]),
        effective_until=None if until is None else parse_time(until),
        decided_at=parse_time(body["decided_at"]),
        measure=body.get("measure"),
        public_text=body.get("public_text"),
        pending=found.pending,
    )


def decision_connection(page: Page[Recorded], request: PageRequest) -> DecisionConnection:
    """A page of decisions."""
    edges = [DecisionEdge(cursor=cursor(one.event_id), node=decision_type(one)) for one in page.items]
    return DecisionConnection(edges=edges, page_info=page_info(page, request, [edge.cursor for edge in edges]))


async def find_decision(info: Info, event_id: str) -> Decision | None:
    """The decision with this event id, or None: a pending one is found by those who may see it."""
    found = await info.context.loaders.events.load(event_id) if Id.DECISION.fits(event_id) else None
    if found is None or found.kind != DECISION:
        return None
    if found.pending:
        accreditation = await info.context.loaders.accreditations.load(str(found.number))
        if accreditation is None or not (await info.context.loaders.view(accreditation)).sees(event_id):
            return None
    return decision_type(found)


def _change(found: Recorded) -> Change:
    at: Any = found.logged_at
    return Change(
        cursor=cursor(str(found.log_index)),
        event_id=strawberry.ID(found.event_id),
        number=found.number,
        act=found.body.get("act", ERASED) if found.kind == DECISION else found.kind,
        at=at,
    )


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
