"""Relations and supply chains in the public schema."""

from datetime import date
from typing import Annotated

import strawberry

from goodstanding.verdict import last_day, local_day
from registry.access.reading import Kind
from registry.accreditations.enums import Standing
from registry.accreditations.graph import Accreditation, find_accreditation
from registry.context import Info
from registry.documented import documented, documented_mutation
from registry.errors import DomainError
from registry.errors import Invalid as InvalidError
from registry.failures import Conflict, Forbidden, Invalid, NotFound, writing_failure
from registry.loaders import known
from registry.organisations.graph import Organisation, organisation_type
from registry.relations.chain import chain_depth
from registry.relations.loaders import Walked
from registry.relations.model import KINDS, MAX_LINKS, Draft, Link
from registry.relay import UNSET, said
from registry.schemes.graph import Authority, authority_type

_KEY = "The same key and input give the same answer; the key with other input is a conflict."
_KINDS = f"One of {', '.join(KINDS)}."


@strawberry.type(description="What one organisation is to another, as an authority asserts it; seen from one of them.")
class Relation:
    """A relation."""

    link: strawberry.Private[Link]
    id: strawberry.ID = strawberry.field(description="Permanent id.")
    kind: str = strawberry.field(description=_KINDS)
    outgoing: bool = strawberry.field(
        description="True: the kind is said of the organisation it is seen from. False: of the other one."
    )

    @documented
    async def organisation(self, info: Info) -> Organisation:
        """The other organisation."""
        return organisation_type(await known(info.context.loaders.organisations, self.link.organisation))

    @documented
    async def asserted_by(self, info: Info) -> Authority:
        """The authority that says so."""
        return authority_type(await known(info.context.loaders.authorities, self.link.relation.authority_id))

    @documented
    async def valid_from(self, info: Info) -> date | None:
        """First day on which it holds, in the authority's time zone; null: as long as anyone knows."""
        return local_day(self.link.relation.valid_from, await self._zone(info))

    @documented
    async def valid_until(self, info: Info) -> date | None:
        """Last day on which it holds, in the authority's time zone; null: until further notice."""
        return last_day(self.link.relation.valid_until, await self._zone(info))

    @documented
    async def events(self, info: Info) -> list[strawberry.ID]:
        """Ids of the events that state it, the oldest first: what an erasure names. None for a suspected successor."""
        return [strawberry.ID(event_id) for event_id in await known(info.context.loaders.stating, str(self.id))]

    async def _zone(self, info: Info) -> str:
        return (await known(info.context.loaders.authorities, self.link.relation.authority_id)).time_zone


@strawberry.type(description="Who acts for an organisation and for whom it acts, however many steps away.")
class SupplyChain:
    """A supply chain."""

    walked: strawberry.Private[Walked]

    @documented
    def links(self) -> list[Relation]:
        """One relation for each organisation it leads to, the nearest first; the other organisation is that one."""
        return [relation_type(link) for link in self.walked.chain.links]

    @documented
    async def weakest(self, info: Info) -> Accreditation | None:
        """The accreditation with the worst standing among those of everyone in the chain, itself included.

        Null when nothing worse is known than that there is somebody of whom nothing is known: that is never good.
        """
        found = self.walked.weakest
        return None if found is None else await find_accreditation(info, found.number)

    @documented
    def weakest_standing(self) -> Standing | None:
        """The standing of the weakest. Null: nothing is known of somebody in the chain, which is never good."""
        found = self.walked.weakest
        return None if found is None else Standing[found.standing.name]


@strawberry.input(description="A relation to state.")
class RelateOrganisationsInput:
    """A relation."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    kind: str = strawberry.field(description=_KINDS)
    source: strawberry.ID = strawberry.field(name="from", description="The organisation the kind is said of.")
    target: strawberry.ID = strawberry.field(name="to", description="The organisation it is that to.")
    valid_from: date | None = strawberry.field(default=UNSET, description="First day, in the authority's time zone.")
    valid_until: date | None = strawberry.field(default=UNSET, description="Last day, in the authority's time zone.")


@strawberry.input(description="A relation to end.")
class EndRelationInput:
    """An end."""

    idempotency_key: strawberry.ID = strawberry.field(description=_KEY)
    relation: strawberry.ID = strawberry.field(description="The relation.")
    valid_until: date | None = strawberry.field(
        default=UNSET, description="Last day on which it holds, in the authority's time zone; left out: it ends now."
    )


@strawberry.type(description="The relation stands as it is shown, seen from the organisation the kind is said of.")
class RelationDone:
    """Done."""

    relation: Relation = strawberry.field(description="The relation.")


RelationResult = Annotated[
    RelationDone | Invalid | NotFound | Forbidden | Conflict,
    strawberry.union("RelationResult", description="What became of a relation."),
]


@strawberry.type
class RelationMutations:
    """The acts on relations."""

    @documented_mutation
    async def relate_organisations(self, info: Info, input: RelateOrganisationsInput) -> RelationResult:
        """State what one organisation is to another.

        Takes the role registrar or proposer at an authority that has one of the two in its register. To state
        suspected-successor-of takes the role regulator; regulators alone see it, and it is never logged.
        """
        draft = Draft(
            input.kind.strip().lower(),
            str(input.source),
            str(input.target),
            said(input.valid_from),
            said(input.valid_until),
        )
        acts, key = info.context.services.relations, str(input.idempotency_key)
        try:
            relation_id = await acts.relate(info.context.actor, draft, key=key)
        except DomainError as error:
            return writing_failure(error)
        return await _done(info, relation_id)

    @documented_mutation
    async def end_relation(self, info: Info, input: EndRelationInput) -> RelationResult:
        """End a relation. Takes the same role as stating it, at the authority that asserts it."""
        acts, key = info.context.services.relations, str(input.idempotency_key)
        try:
            relation_id = await acts.end(info.context.actor, str(input.relation), said(input.valid_until), key=key)
        except DomainError as error:
            return writing_failure(error)
        return await _done(info, relation_id)


async def relations_of(info: Info, organisation_id: str, kind: str | None) -> list[Relation]:
    """The relations of one organisation, of one kind or of all; Invalid for a kind there is not."""
    wanted = None if kind is None else kind.strip().lower()
    if wanted is not None and wanted not in KINDS:
        raise InvalidError(f"kind must be one of {', '.join(KINDS)}, not {wanted[:60]!r}.", field="kind")
    links = await known(info.context.loaders.relations_of, organisation_id)
    if len(links) > MAX_LINKS:
        raise InvalidError(
            f"{organisation_id} has more than {MAX_LINKS} relations, more than one answer holds.", code="TOO_MUCH"
        )
    made = [relation_type(link) for link in links if wanted in (None, link.relation.kind)]
    info.context.spend(len(made))
    for one in made:
        if one.link.relation.restricted:
            info.context.notes.add(Kind.SUSPECTED_SUCCESSORS, one.link.relation.authority_id, [str(one.id)])
    return made


async def supply_chain(info: Info, organisation_id: str, depth: int | None) -> SupplyChain:
    """The supply chain of one organisation; Invalid where it is too long."""
    walked = await known(info.context.loaders.supply_chains, (organisation_id, chain_depth(depth)))
    if walked.chain.fault is not None:
        raise walked.chain.fault
    info.context.spend(len(walked.chain.links) + 1)  # its weakest leads on to chains, also where it has no link
    return SupplyChain(walked=walked)


def relation_type(link: Link) -> Relation:
    """The public type of a relation seen from one side."""
    return Relation(link=link, id=strawberry.ID(link.relation.id), kind=link.relation.kind, outgoing=link.outgoing)


async def _done(info: Info, relation_id: str) -> RelationDone | NotFound:
    await info.context.renew()
    found = await info.context.loaders.relations.load(relation_id)
    if found is None:
        return NotFound(code="ERASED", message=f"The relation {relation_id} was stated, and erased since.")
    return RelationDone(relation=relation_type(Link(found, found.target, outgoing=True)))
