"""Proposals in the public schema: seen only by those who work for the authority they were made at."""

from datetime import datetime

import strawberry

from goodstanding.canonical import canonical_bytes
from registry.access.reading import Kind
from registry.accreditations import model, repository
from registry.accreditations.model import ProposalState
from registry.context import Info
from registry.documented import documented
from registry.errors import Invalid
from registry.ids import Node as Id
from registry.pages import cursor, page_request
from registry.relay import UNSET, Node, PageInfo, page_info, said


@strawberry.federation.type(keys=["id"], description="What one person proposed and another one decides on.")
class Proposal(Node):
    """A proposal."""

    facts: strawberry.Private[model.Proposal]
    digest: str = strawberry.field(description="Binds approval to exactly this content (base64url SHA-256).")
    act: str = strawberry.field(description="The act proposed.")
    number: str | None = strawberry.field(description="The accreditation it is about; null: the register itself.")
    content: str | None = strawberry.field(
        description="All that an act on the register itself will do, as the JSON its digest covers; null for a decision."
    )
    assessment: strawberry.ID | None = strawberry.field(description="The assessment it cites; its assessor keeps out.")
    reason: str = strawberry.field(description="Reason code.")
    effective_from: datetime | None = strawberry.field(description="From when; null: from the approval.")
    expires_at: datetime = strawberry.field(description="Until when it can be approved, exclusive.")
    state: str = strawberry.field(description="OPEN, APPROVED, REJECTED or EXPIRED.")

    @documented
    def restricted_text(self, info: Info) -> str | None:
        """What is to be kept in the authority's files about the decision, and never published. Reading is noted."""
        text: str | None = self.facts.content.get("restricted_text")
        info.context.notes.add(Kind.RESTRICTED_TEXTS, self.facts.authority_id, [self.facts.id])
        return text

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Proposal | None":
        """Find the proposal another subgraph names."""
        return await find_proposal(info, str(id))


@strawberry.type(description="A page of proposals.")
class ProposalConnection:
    """Proposals."""

    edges: list["ProposalEdge"] = strawberry.field(description="The proposals of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="A proposal in a list.")
class ProposalEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Proposal = strawberry.field(description="The proposal.")


@strawberry.type
class ProposalQueries:
    """Queries on proposals."""

    @documented
    async def proposal(self, info: Info, id: strawberry.ID) -> Proposal | None:
        """One proposal of an authority the caller works for; null otherwise."""
        return await find_proposal(info, str(id))

    @documented
    async def proposals(
        self, info: Info, first: int | None = 20, after: str | None = UNSET, state: str | None = UNSET
    ) -> ProposalConnection:
        """Proposals of the authorities the caller works for, oldest first."""
        context, request = info.context, page_request(first, said(after), fits=Id.PROPOSAL.fits)
        async with context.reader.use() as tx:
            page = await repository.proposal_page(
                tx, request, authorities=context.actor.authorities, state=_state(said(state)), now=context.now
            )
        context.spend(len(page.items))
        edges = [ProposalEdge(cursor=cursor(one.id), node=proposal_type(one, context.now)) for one in page.items]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return ProposalConnection(edges=edges, page_info=shown)


def proposal_type(found: model.Proposal, now: datetime) -> Proposal:
    """The public type of a proposal."""
    return Proposal(
        id=strawberry.ID(found.id),
        facts=found,
        digest=found.digest,
        act=found.act,
        number=found.number,
        content=canonical_bytes(found.content).decode() if found.number is None else None,
        assessment=found.content.get("assessment"),
        reason=found.reason,
        effective_from=found.effective_from,
        expires_at=found.expires_at,
        state=str(found.state_at(now)),
    )


async def find_proposal(info: Info, proposal_id: str) -> Proposal | None:
    """The proposal with this id, if there is one that the reader may see."""
    context = info.context
    found = await context.loaders.proposals.load(proposal_id) if Id.PROPOSAL.fits(proposal_id) else None
    return None if found is None else proposal_type(found, context.now)


def _state(text: str | None) -> ProposalState | None:
    if text is None:
        return None
    name = text.strip().upper()
    if name not in ProposalState.__members__:
        raise Invalid(f"state is one of {', '.join(ProposalState)}.", field="state")
    return ProposalState(name)
