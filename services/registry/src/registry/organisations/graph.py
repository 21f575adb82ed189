"""Organisations in the public schema."""

from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from goodstanding.canonical import parse_time
from goodstanding.verdict import last_day, local_day
from registry.checks import country
from registry.context import Info
from registry.documented import documented
from registry.ids import Node as Id
from registry.loaders import known
from registry.organisations import model, repository
from registry.pages import cursor, page_request
from registry.relay import UNSET, Node, PageInfo, page_info, said

if TYPE_CHECKING:
    from registry.accreditations.graph import AccreditationConnection
    from registry.people.graph import Person
    from registry.relations.graph import Relation, SupplyChain
    from registry.signals.graph import SignalCount


@strawberry.enum(description="What an organisation does.")
class OrganisationKind(Enum):
    """Kinds of organisation."""

    RECRUITER = strawberry.enum_value("RECRUITER", description="Recruits for others.")
    EMPLOYER = strawberry.enum_value("EMPLOYER", description="Employs.")


@strawberry.type(description="One name of an organisation.")
class OrganisationName:
    """A name."""

    text: str = strawberry.field(description="The name as it is written, NFC.")
    script: str = strawberry.field(description="ISO 15924 code of the script it is written in.")
    kind: str = strawberry.field(description="legal, trading, former or alias.")
    valid_from: date | None = strawberry.field(description="First day of its use, where known.")
    valid_until: date | None = strawberry.field(description="Last day of its use, where known.")


@strawberry.type(description="An identifier given by a register elsewhere.")
class Identifier:
    """An identifier."""

    scheme: str = strawberry.field(description="Whose identifier it is, such as lei.")
    value: str = strawberry.field(description="The identifier.")
    verified: bool = strawberry.field(description="True once an authority has checked it against its source.")


@strawberry.federation.type(keys=["id"], description="A recruiter or an employer; public facts only.")
class Organisation(Node):
    """An organisation."""

    facts: strawberry.Private[model.Organisation]
    kind: OrganisationKind = strawberry.field(description="Recruiter or employer.")
    name: str = strawberry.field(description="The legal name; empty once it was erased.")
    jurisdiction: str = strawberry.field(description="Country or subdivision it is established in (ISO 3166).")
    domains: list[str] = strawberry.field(description="Web domains it states as its own.")

    @documented
    def names(self) -> list[OrganisationName]:
        """Every name, in every script it is known by."""
        return [_name(entry) for entry in self.facts.names]

    @documented
    def identifiers(self) -> list[Identifier]:
        """Identifiers given by registers elsewhere."""
        return [Identifier(**entry) for entry in self.facts.identifiers]

    @documented
    async def accreditations(
        self, info: Info, first: int | None = 20, after: str | None = UNSET
    ) -> Annotated["AccreditationConnection", strawberry.lazy("registry.accreditations.graph")]:
        """Its accreditations, by number."""
        made: AccreditationConnection = await info.context.services.accreditations_of(
            info, str(self.id), first, said(after)
        )
        return made

    @documented
    async def relations(
        self, info: Info, kind: str | None = UNSET
    ) -> list[Annotated["Relation", strawberry.lazy("registry.relations.graph")]]:
        """What it is to other organisations and they to it, the oldest first; of one kind where one is named.

        Those that have ended are among them. A suspected successor is shown to regulators only.
        """
        made: list[Relation] = await info.context.services.relations_of(info, str(self.id), said(kind))
        return made

    @documented
    async def supply_chain(
        self, info: Info, depth: int | None = 3
    ) -> Annotated["SupplyChain", strawberry.lazy("registry.relations.graph")]:
        """Who acts for it and for whom it acts now, up to so many steps away (at most 5), and the weakest among them."""
        made: SupplyChain = await info.context.services.supply_chain(info, str(self.id), depth)
        return made

    @documented
    async def events(self, info: Info) -> list[strawberry.ID]:
        """Ids of the events that state its names, identifiers and domains, the oldest first: what an erasure names.

        Those registered before this was noted are missing, and so are decisions, which repeat these facts.
        """
        found = await known(info.context.loaders.stating, str(self.id))
        info.context.spend(len(found))
        return [strawberry.ID(event_id) for event_id in found]

    @documented
    async def people(self, info: Info) -> list[Annotated["Person", strawberry.lazy("registry.people.graph")]] | None:
        """People behind it, in the files of authorities at which the reader is registrar or regulator.

        Everybody else is told that they may not. Every read is noted: who read, about whom, when.
        """
        made: list[Person] = await info.context.services.people_of(info, str(self.id))
        return made

    @documented
    async def signal_counts(
        self, info: Info
    ) -> list[Annotated["SignalCount", strawberry.lazy("registry.signals.graph")]]:
        """How many reports of the last 24 months were found true, by kind; a signal changes no standing by itself.

        Small numbers are not shown, others are rounded down. Those it reaches at an authority see exact ones.
        """
        made: list[SignalCount] = await info.context.services.signal_counts(info, str(self.id))
        return made

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Organisation | None":
        """Find the organisation another subgraph names."""
        return await find_organisation(info, str(id))


@strawberry.type(description="A page of organisations.")
class OrganisationConnection:
    """Organisations."""

    edges: list["OrganisationEdge"] = strawberry.field(description="The organisations of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    wanted: strawberry.Private[dict[str, Any]]

    @documented
    async def total_count(self, info: Info) -> int | None:
        """How many organisations pass the filter."""
        async with info.context.reader.use() as tx:
            return await repository.count(tx, **self.wanted)


@strawberry.type(description="An organisation in a list.")
class OrganisationEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Organisation = strawberry.field(description="The organisation.")


@strawberry.input(description="Narrows a list of organisations; what is left out does not narrow.")
class OrganisationFilter:
    """Filter."""

    kind: OrganisationKind | None = strawberry.field(default=UNSET, description="Only this kind.")
    jurisdiction: str | None = strawberry.field(default=UNSET, description="Only those established there.")


@strawberry.type
class OrganisationQueries:
    """Queries on organisations."""

    @documented
    async def organisation(self, info: Info, id: strawberry.ID) -> Organisation | None:
        """One organisation by its id; null when there is none."""
        return await find_organisation(info, str(id))

    @documented
    async def organisations(
        self,
        info: Info,
        first: int | None = 20,
        after: str | None = UNSET,
        filter: OrganisationFilter | None = UNSET,
    ) -> OrganisationConnection:
        """Organisations in the order of their registration."""
        request = page_request(first, said(after), fits=Id.ORGANISATION.fits)
        wanted = _wanted(said(filter))
        async with info.context.reader.use() as tx:
            page = await repository.page(tx, request, **wanted)
        info.context.spend(len(page.items))
        edges = [OrganisationEdge(cursor=cursor(one.id), node=organisation_type(one)) for one in page.items]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return OrganisationConnection(edges=edges, page_info=shown, wanted=wanted)


def organisation_type(found: model.Organisation) -> Organisation:
    """The public type of an organisation."""
    return Organisation(
        id=strawberry.ID(found.id),
        facts=found,
        kind=OrganisationKind[found.kind.upper()],
        name=found.name,
        jurisdiction=found.jurisdiction,
        domains=list(found.domains),
    )


async def find_organisation(info: Info, organisation_id: str) -> Organisation | None:
    """The organisation with this id, or None."""
    if not Id.ORGANISATION.fits(organisation_id):
        return None
    found = await info.context.loaders.organisations.load(organisation_id)
    return None if found is None else organisation_type(found)


def _name(entry: Any) -> OrganisationName:
    begins, ends = (parse_time(entry[name]) if name in entry else None for name in ("valid_from", "valid_until"))
    return OrganisationName(
        text=entry["text"],
        script=entry["script"],
        kind=entry["kind"],
        valid_from=local_day(begins, "UTC"),
        valid_until=last_day(ends, "UTC"),
    )


def _wanted(asked: OrganisationFilter | None) -> dict[str, Any]:
    kind = said(asked.kind) if asked else None
    jurisdiction = said(asked.jurisdiction) if asked else None
    return {
        "kind": None if kind is None else kind.name.lower(),
        "jurisdiction": None if jurisdiction is None else country(jurisdiction, "filter.jurisdiction"),
    }
