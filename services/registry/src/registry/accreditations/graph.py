"""Accreditations and their standing in the public schema."""

from datetime import date, datetime
from typing import Any

import strawberry

from goodstanding.cadence import stale_from
from goodstanding.canonical import parse_time
from goodstanding.mandates import suspicion
from goodstanding.transitions import Basis as Decided
from goodstanding.verdict import last_day, local_day
from registry import checks
from registry.accreditations import model, repository
from registry.accreditations.current import Claims, Shown, claims_of, current
from registry.accreditations.decision_graph import DecisionConnection, decision_connection
from registry.accreditations.enums import Basis, Standing
from registry.accreditations.events import LogPosition
from registry.accreditations.repository import Filter
from registry.accreditations.views import ISSUER_SUSPECT, SOURCE_STALE, View
from registry.context import Info
from registry.documented import documented
from registry.errors import Invalid
from registry.ids import Node as Id
from registry.loaders import known, several
from registry.organisations.graph import Organisation, organisation_type
from registry.pages import Page, PageRequest, cursor, cut, page_request
from registry.relay import UNSET, Node, PageInfo, page_info, said
from registry.scalars import JWT
from registry.schemes.graph import Authority, Scheme, authority_type, scheme_type


@strawberry.type(description="Something that stands beside a standing.")
class Overlay:
    """An overlay."""

    code: str = strawberry.field(description="For programs, such as PENDING_LOG.")
    since: datetime = strawberry.field(description="Since when.")
    note: str | None = strawberry.field(description="What it is about.")


@strawberry.type(description="The standing at one instant, as known at one size of the log.")
class StandingView:
    """A standing."""

    known_before: strawberry.Private[datetime | None]
    standing: Standing = strawberry.field(description="The worst open dimension.")
    kind: str | None = strawberry.field(description="Ground of a suspension: disciplinary, preventive, administrative.")
    since: datetime = strawberry.field(description="Since when it holds.")
    until: datetime | None = strawberry.field(description="When it ends by itself; null when only a decision ends it.")
    overlays: list[Overlay] = strawberry.field(description="What stands beside it.")
    local_word: str | None = strawberry.field(description="The word of the list it comes from.")
    basis: Basis = strawberry.field(description="Where the deciding act comes from.")

    @documented
    async def known_at(self, info: Info) -> datetime:
        """First cosignature of the checkpoint answered from."""
        position = await known(info.context.loaders.log, self.known_before)
        return position.known_at or self.known_before or info.context.now

    @documented
    async def tree_size(self, info: Info) -> int:
        """Size of that checkpoint."""
        return (await known(info.context.loaders.log, self.known_before)).size

    projected: bool = strawberry.field(description="True when the instant asked about lies in the future.")


@strawberry.type(description="Movement of workers from one country to another.")
class Corridor:
    """A corridor."""

    origin: str = strawberry.field(description="Country or subdivision they leave.")
    destination: str = strawberry.field(description="Country or subdivision they go to.")


@strawberry.type(description="What an accreditation covers; an empty list is a dimension it does not speak of.")
class Scope:
    """A scope."""

    facts: strawberry.Private[Any]

    @documented
    def activities(self) -> list[str]:
        """Activities."""
        return list(self.facts.get("activities", ()))

    @documented
    def sectors(self) -> list[str]:
        """Sectors."""
        return list(self.facts.get("sectors", ()))

    @documented
    def corridors(self) -> list[Corridor]:
        """Corridors."""
        return [Corridor(**pair) for pair in self.facts.get("corridors", ())]

    @documented
    async def branches(self, info: Info) -> list[Organisation]:
        """Branches it extends to."""
        found = await several(info.context.loaders.organisations, self.facts.get("branches", ()))
        info.context.spend(len(found))
        return [organisation_type(one) for one in found]


@strawberry.type(description="Something the holder must still do or keep to.")
class Condition:
    """A condition."""

    code: str = strawberry.field(description="Its code.")
    text: str = strawberry.field(description="What is asked.")
    deadline: date | None = strawberry.field(description="Last day, in the authority's time zone.")
    met: bool = strawberry.field(description="True once it is met.")


@strawberry.federation.type(keys=["number"], description="One organisation under one scheme at one authority.")
class Accreditation(Node):
    """An accreditation."""

    facts: strawberry.Private[model.Accreditation]
    number: str = strawberry.field(description="Public number with check digits, such as TEST-7K3M9QXR-23.")

    @documented
    async def organisation(self, info: Info) -> Organisation:
        """The holder, or the applicant."""
        return organisation_type(await known(info.context.loaders.organisations, self.facts.organisation_id))

    @documented
    async def authority(self, info: Info) -> Authority:
        """Who decides."""
        return authority_type(await known(info.context.loaders.authorities, self.facts.authority_id))

    @documented
    async def scheme(self, info: Info) -> Scheme:
        """What it rests on."""
        return scheme_type(await known(info.context.loaders.schemes, self.facts.scheme_id))

    @documented
    async def standing(
        self, info: Info, as_of: datetime | None = UNSET, known_at: datetime | None = UNSET
    ) -> StandingView | None:
        """The standing at asOf (now when left out), as known at knownAt (the newest known when left out).

        Null when there was nothing yet.
        """
        asked, at = said(known_at), said(as_of) or info.context.now
        if said(as_of) is None and asked is None:
            found = await self._now(info)
        else:
            position = None if asked is None else await self._position(info, asked)
            found = (await self._view(info)).shown_at(at, position)
        if found is None:
            return None
        beside = [Overlay(code=one.code, since=one.since, note=one.note) for one in found.beside]
        if since := await self._doubt(info, at, asked):
            beside.append(Overlay(code=ISSUER_SUSPECT, since=since, note=None))
        if since := await self._overdue(info, found, at, asked):
            beside.append(Overlay(code=SOURCE_STALE, since=since, note=None))
        return _standing_view(found, beside, asked, projected=said(as_of) is not None and at > info.context.now)

    @documented
    async def scope(self, info: Info) -> Scope:
        """What it covers now, or what was applied for."""
        claims = await self._claims(info)
        return Scope(facts=self.facts.scope if claims is None else claims.scope)

    @documented
    async def conditions(self, info: Info) -> list[Condition]:
        """Conditions it is under now."""
        claims = await self._claims(info)
        if claims is None:
            return []
        opening, zone = await known(info.context.loaders.events, claims.event_id), await self._zone(info)
        return [_condition(entry, zone) for entry in opening.body["accreditation"].get("conditions", ())]

    @documented
    async def valid_from(self, info: Info) -> date | None:
        """First valid day in the authority's time zone."""
        claims = await self._claims(info)
        return None if claims is None else local_day(claims.valid_from, await self._zone(info))

    @documented
    async def valid_until(self, info: Info) -> date | None:
        """Last valid day in the authority's time zone."""
        claims = await self._claims(info)
        return None if claims is None else last_day(claims.valid_until, await self._zone(info))

    @documented
    async def decisions(self, info: Info, first: int | None = 20, after: str | None = UNSET) -> DecisionConnection:
        """The decisions on it, oldest first."""
        request = page_request(first, said(after), fits=Id.DECISION.fits)
        view = await self._view(info)
        recorded = await known(info.context.loaders.decisions, self.number)
        visible = [one for one in recorded if not one.pending or view.sees(one.event_id)]
        page = cut([one for one in visible if request.after is None or one.event_id > request.after], request)
        info.context.spend(len(page.items))
        return decision_connection(page, request)

    @documented
    async def record(self, info: Info) -> JWT | None:
        """The newest signed record (SD-JWT VC); null until its decision is in the log."""
        token = await info.context.loaders.records.load(self.number)
        return None if token is None else JWT(token)

    @documented
    def trust_mark(self) -> JWT | None:
        """The trust mark; not issued yet."""
        return None

    def _projected(self, info: Info) -> Shown | None:
        """What is shown now as it is kept; None where that does not count, and the decisions are folded."""
        return current(self.facts.current, self.facts.head, info.context.now) if self.facts.public else None

    async def _now(self, info: Info) -> Shown | None:
        return self._projected(info) or (await self._view(info)).shown_at(info.context.now, None)

    async def _claims(self, info: Info) -> Claims | None:
        if (found := self._projected(info)) is not None:
            return found.claims
        return claims_of((await self._view(info)).state_at(info.context.now))

    async def _doubt(self, info: Info, at: datetime, known_at: datetime | None) -> datetime | None:
        """Since when what it says is suspect, because its authority is (`goodstanding.mandates`)."""
        if not self.facts.doubtful:
            return None
        events = await info.context.loaders.mandate_events.load((self.facts.opened_by, self.facts.scheme_id)) or []
        if not any(event.doubted for event in events):
            return None
        times = {one.log_index: one.logged_at for one in await known(info.context.loaders.decisions, self.number)}
        view = await self._view(info)
        if known_at is None:
            return suspicion(events, view.seen, at, None, first_logged=times.get)
        size = (await self._position(info, known_at)).size
        return suspicion(events, view.complete, at, size, first_logged=times.get)

    async def _position(self, info: Info, at: datetime) -> LogPosition:
        return await known(info.context.loaders.log, at)

    async def _overdue(self, info: Info, found: Shown, at: datetime, known_at: datetime | None) -> datetime | None:
        """Since when the list it rests on is older than its cadence (`goodstanding.cadence`)."""
        if found.basis is Decided.DECIDED:
            return None
        lists = await info.context.loaders.lists_of.load((self.facts.opened_by, self.facts.scheme_id))
        if lists is None:
            return None
        size = None if known_at is None else (await self._position(info, known_at)).size
        turn = stale_from(lists, found.source, at, size)
        return turn if turn is not None and turn <= at else None

    async def _view(self, info: Info) -> View:
        return await info.context.loaders.view(self.facts)

    async def _zone(self, info: Info) -> str:
        return (await known(info.context.loaders.authorities, self.facts.authority_id)).time_zone

    @classmethod
    async def resolve_reference(cls, info: Info, number: str) -> "Accreditation | None":
        """Find the accreditation another subgraph names."""
        return await find_accreditation(info, number)


@strawberry.type(description="A page of accreditations.")
class AccreditationConnection:
    """Accreditations."""

    edges: list["AccreditationEdge"] = strawberry.field(description="The accreditations of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    wanted: strawberry.Private[Filter]

    @documented
    async def total_count(self, info: Info) -> int | None:
        """How many accreditations pass the filter."""
        if self.wanted.organisation is not None:
            return await known(info.context.loaders.counts_of, self.wanted.organisation)
        async with info.context.reader.use() as tx:
            return await repository.count(tx, self.wanted)


@strawberry.type(description="An accreditation in a list.")
class AccreditationEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Accreditation = strawberry.field(description="The accreditation.")


@strawberry.input(description="Narrows a list of accreditations; what is left out does not narrow.")
class AccreditationFilter:
    """Filter."""

    authority: strawberry.ID | None = strawberry.field(default=UNSET, description="Only those this authority decides.")
    scheme: strawberry.ID | None = strawberry.field(default=UNSET, description="Only those under this scheme.")
    standing: list[Standing] | None = strawberry.field(default=UNSET, description="Only those shown as one of these.")
    jurisdiction: str | None = strawberry.field(default=UNSET, description="Where the organisation is established.")
    origin: str | None = strawberry.field(default=UNSET, description="With a corridor from here.")
    destination: str | None = strawberry.field(default=UNSET, description="With a corridor to here.")
    changed_since: datetime | None = strawberry.field(default=UNSET, description="Changed at or after this time.")


@strawberry.type
class AccreditationQueries:
    """Queries on accreditations."""

    @documented
    async def accreditation(self, info: Info, number: str) -> Accreditation | None:
        """One accreditation by its number; null when there is none."""
        return await find_accreditation(info, checks.number(number))

    @documented
    async def accreditations(
        self,
        info: Info,
        first: int | None = 20,
        after: str | None = UNSET,
        filter: AccreditationFilter | None = UNSET,
    ) -> AccreditationConnection:
        """Accreditations in the order of their numbers."""
        request = page_request(first, said(after), fits=Id.ACCREDITATION.fits)
        wanted = _wanted(said(filter), info)
        async with info.context.reader.use() as tx:
            page = await repository.page(tx, request, wanted)
        return _connection(info, page, request, wanted)


async def connection_of_organisation(
    info: Info, organisation_id: str, first: int | None, after: str | None
) -> AccreditationConnection:
    """The accreditations of one organisation."""
    request = page_request(first, after, fits=Id.ACCREDITATION.fits)
    page = await known(info.context.loaders.pages_of, (organisation_id, request))
    wanted = Filter(staff_of=info.context.actor.authorities, organisation=organisation_id)
    return _connection(info, page, request, wanted)


async def find_accreditation(info: Info, number: str) -> Accreditation | None:
    """The accreditation with this number, if there is one that the reader may see."""
    found = await info.context.loaders.accreditations.load(number) if Id.ACCREDITATION.fits(number) else None
    return None if found is None else accreditation_type(found)


def accreditation_type(found: model.Accreditation) -> Accreditation:
    """The public type of an accreditation."""
    return Accreditation(id=strawberry.ID(found.number), facts=found, number=found.number)


def _connection(
    info: Info, page: Page[model.Accreditation], request: PageRequest, wanted: Filter
) -> AccreditationConnection:
    info.context.spend(len(page.items))
    edges = [AccreditationEdge(cursor=cursor(one.number), node=accreditation_type(one)) for one in page.items]
    shown_page = page_info(page, request, [edge.cursor for edge in edges])
    return AccreditationConnection(edges=edges, page_info=shown_page, wanted=wanted)


def _wanted(asked: AccreditationFilter | None, info: Info) -> Filter:
    staff_of = info.context.actor.authorities
    if asked is None:
        return Filter(staff_of)
    standing = said(asked.standing)
    return Filter(
        staff_of=staff_of,
        authority=_id("authority", said(asked.authority), Id.AUTHORITY),
        scheme=_id("scheme", said(asked.scheme), Id.SCHEME),
        standing=None if standing is None else {one.name for one in standing},
        jurisdiction=_country("jurisdiction", said(asked.jurisdiction)),
        origin=_country("origin", said(asked.origin)),
        destination=_country("destination", said(asked.destination)),
        changed_since=said(asked.changed_since),
    )


def _id(field: str, value: str | None, kind: Id) -> str | None:
    if value is not None and not kind.fits(value):
        raise Invalid(f"filter.{field} is not the id of one.", field=f"filter.{field}")
    return value


def _country(field: str, value: str | None) -> str | None:
    return None if value is None else checks.country(value, f"filter.{field}")


def _standing_view(
    found: Shown, beside: list[Overlay], known_before: datetime | None, *, projected: bool
) -> StandingView:
    return StandingView(
        known_before=known_before,
        standing=Standing[found.standing.name],
        kind=found.kind,
        since=found.since,
        until=found.until,
        overlays=beside,
        local_word=found.local_word,
        basis=Basis[found.basis.name],
        projected=projected,
    )


def _condition(entry: Any, zone: str) -> Condition:
    deadline = entry.get("deadline")
    day = last_day(None if deadline is None else parse_time(deadline), zone)
    return Condition(code=entry["code"], text=entry["text"], deadline=day, met=entry["met"])
