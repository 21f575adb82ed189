"""Authorities and schemes in the public schema."""

from datetime import datetime
from typing import Any

import strawberry

from registry.context import Info
from registry.documented import documented
from registry.ids import Node as Id
from registry.loaders import known, several
from registry.pages import cursor, page_request
from registry.relay import UNSET, Node, PageInfo, page_info, said
from registry.schemes import model, repository


@strawberry.type(description="One thing a scheme asks for.")
class Criterion:
    """A criterion."""

    code: str = strawberry.field(description="Its code within the scheme.")
    title: str = strawberry.field(description="What it asks for.")
    indicators: list[str] = strawberry.field(description="What shows that it is met.")


@strawberry.federation.type(keys=["id"], description="Decides on accreditations, or owns the schemes they rest on.")
class Authority(Node):
    """An authority."""

    name: str = strawberry.field(description="Its name.")
    jurisdiction: str = strawberry.field(description="Country or subdivision code (ISO 3166).")
    entity_id: str = strawberry.field(description="Its address as issuer of records.")

    @documented
    async def schemes(self, info: Info) -> list["Scheme"]:
        """The schemes it owns or has been mandated under."""
        found = await known(info.context.loaders.schemes_of, str(self.id))
        info.context.spend(len(found))
        return [scheme_type(one) for one in found]

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Authority | None":
        """Find the authority another subgraph names."""
        return await find_authority(info, str(id))


@strawberry.type(description="What an authority may do under a scheme, from when to when.")
class Mandate:
    """A mandate."""

    facts: strawberry.Private[model.Mandate]
    id: strawberry.ID = strawberry.field(description="Its id; it is also named by authority, scheme and beginning.")
    acts: list[str] = strawberry.field(description="The acts it covers.")
    valid_from: datetime = strawberry.field(description="From when.")
    valid_until: datetime | None = strawberry.field(description="Until when, exclusive; null: until it is ended.")
    end: str | None = strawberry.field(
        description="How it ended: expired, withdrawn, key_compromised; null: it did not."
    )
    suspect_from: datetime | None = strawberry.field(description="From when what was decided under it is in doubt.")

    @documented
    async def authority(self, info: Info) -> Authority:
        """Who may act."""
        return authority_type(await known(info.context.loaders.authorities, self.facts.authority_id))

    @documented
    async def succeeds(self, info: Info) -> list[Authority]:
        """From whom it has taken over what they had decided under the scheme."""
        found = await several(info.context.loaders.authorities, sorted(self.facts.succeeds))
        info.context.spend(len(found))
        return [authority_type(one) for one in found]


@strawberry.federation.type(keys=["id"], description="An integrity standard or a national licence.")
class Scheme(Node):
    """A scheme."""

    facts: strawberry.Private[model.NamedScheme]
    name: str = strawberry.field(description="Its name.")
    version: str = strawberry.field(description="The version in force.")
    cadence_days: int | None = strawberry.field(
        description="Within how many days each of its lists comes out again; null: nobody said."
    )

    @documented
    async def owner(self, info: Info) -> Authority:
        """Who gives mandates under it."""
        return authority_type(await known(info.context.loaders.authorities, self.facts.owner_id))

    @documented
    async def criteria(self, info: Info) -> list[Criterion]:
        """What it asks for."""
        return [_criterion(entry) for entry in await known(info.context.loaders.criteria, str(self.id))]

    @documented
    def assessment_required(self) -> bool:
        """Whether its criteria let nothing be granted on an application without a concluded assessment."""
        return self.facts.assessment_required

    @documented
    async def mandates(self, info: Info) -> list[Mandate]:
        """The mandates there have been under it, in the order in which they were given."""
        found = await known(info.context.loaders.mandates_under, str(self.id))
        info.context.spend(len(found))
        return [_mandate(one) for one in found]

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Scheme | None":
        """Find the scheme another subgraph names."""
        return await find_scheme(info, str(id))


@strawberry.type(description="A page of authorities.")
class AuthorityConnection:
    """Authorities."""

    edges: list["AuthorityEdge"] = strawberry.field(description="The authorities of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="An authority in a list.")
class AuthorityEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Authority = strawberry.field(description="The authority.")


@strawberry.type
class SchemeQueries:
    """Queries on authorities and schemes."""

    @documented
    async def authority(self, info: Info, id: strawberry.ID) -> Authority | None:
        """One authority by its id; null when there is none."""
        return await find_authority(info, str(id))

    @documented
    async def authorities(self, info: Info, first: int | None = 20, after: str | None = UNSET) -> AuthorityConnection:
        """Authorities in the order of their ids."""
        request = page_request(first, said(after), fits=Id.AUTHORITY.fits)
        async with info.context.reader.use() as tx:
            page = await repository.authority_page(tx, request)
        info.context.spend(len(page.items))
        edges = [AuthorityEdge(cursor=cursor(one.id), node=authority_type(one)) for one in page.items]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return AuthorityConnection(edges=edges, page_info=shown)

    @documented
    async def scheme(self, info: Info, id: strawberry.ID) -> Scheme | None:
        """One scheme by its id; null when there is none."""
        return await find_scheme(info, str(id))


def authority_type(found: model.Authority) -> Authority:
    """The public type of an authority."""
    return Authority(
        id=strawberry.ID(found.id), name=found.name, jurisdiction=found.jurisdiction, entity_id=found.entity_id
    )


def scheme_type(found: model.NamedScheme) -> Scheme:
    """The public type of a scheme."""
    return Scheme(
        id=strawberry.ID(found.id), facts=found, name=found.name, version=found.version, cadence_days=found.cadence_days
    )


async def find_authority(info: Info, authority_id: str) -> Authority | None:
    """The authority with this id, or None."""
    found = await info.context.loaders.authorities.load(authority_id) if Id.AUTHORITY.fits(authority_id) else None
    return None if found is None else authority_type(found)


async def find_scheme(info: Info, scheme_id: str) -> Scheme | None:
    """The scheme with this id, or None."""
    found = await info.context.loaders.schemes.load(scheme_id) if Id.SCHEME.fits(scheme_id) else None
    return None if found is None else scheme_type(found)


def _mandate(found: model.Mandate) -> Mandate:
    return Mandate(
        facts=found,
        id=strawberry.ID(found.id),
        acts=sorted(found.acts),
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        end=found.ended_as,
        suspect_from=found.suspect_from,
    )


def _criterion(entry: Any) -> Criterion:
    return Criterion(code=entry["code"], title=entry["title"], indicators=list(entry.get("indicators", ())))
