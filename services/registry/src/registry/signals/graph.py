"""Signals in the public schema: counts for everyone, all else for the authorities they reach."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import strawberry

from goodstanding.canonical import unb64u
from registry.access import reading
from registry.access.service import need_reader
from registry.context import Info
from registry.documented import documented
from registry.loaders import known
from registry.organisations.graph import Organisation, organisation_type
from registry.pages import cursor, page_request
from registry.relay import UNSET, PageInfo, page_info, said
from registry.scalars import Base64
from registry.signals import model, repository
from registry.signals.enums import SignalKind, SignalState
from registry.signals.model import SIGNAL_ID, TERMS, Kind, State
from registry.signals.service import Opened, asked


@strawberry.type(description="How many reports of one kind were found true in the last 24 months.")
class SignalCount:
    """A count."""

    kind: SignalKind = strawberry.field(description="What they are about.")
    count: int = strawberry.field(description="How many; at least so many where it is not exact.")
    exact: bool = strawberry.field(description="True for those they reach at an authority.")


@strawberry.type(description="One step in the life of a signal. Restricted.")
class SignalChange:
    """A change."""

    source: SignalState = strawberry.field(name="from", description="Where it stood before.")
    target: SignalState = strawberry.field(name="to", description="Where it stood afterwards.")
    authority_id: strawberry.ID = strawberry.field(description="The authority that did it.")
    actor: strawberry.ID = strawberry.field(description="The member who did it.")
    assigned_to: strawberry.ID | None = strawberry.field(description="Whom it was given to by then.")
    note: str | None = strawberry.field(description="Why, in the member's words.")
    at: datetime = strawberry.field(description="When it was done.")


@strawberry.type(description="What a signal says, and what became of it. Restricted: whoever reads it is noted.")
class SignalReport:
    """A report."""

    text: str = strawberry.field(description="What happened, as it was reported.")
    evidence: list[Base64] = strawberry.field(description="SHA-256 hashes of documents.")
    occurred_on: date | None = strawberry.field(description="When it happened.")
    country: str | None = strawberry.field(description="Where it happened (ISO 3166).")
    assigned_to: strawberry.ID | None = strawberry.field(description="The member it was given to.")
    changes: list[SignalChange] = strawberry.field(description="What became of it, the oldest first.")


@strawberry.type(description="Something reported about an organisation. Shown to the authorities it reaches only.")
class Signal:
    """A signal."""

    facts: strawberry.Private[model.Signal]
    id: strawberry.ID = strawberry.field(description="Permanent id.")
    kind: SignalKind = strawberry.field(description="What it is about.")
    state: SignalState = strawberry.field(description="Where it stands.")
    number: str | None = strawberry.field(description="The accreditation it named, if it named one.")
    authority_id: strawberry.ID | None = strawberry.field(description="The authority that has taken it up.")
    received_at: datetime = strawberry.field(description="When it came.")

    @documented
    async def organisation(self, info: Info) -> Organisation:
        """The organisation it is about."""
        return organisation_type(await known(info.context.loaders.organisations, self.facts.organisation_id))

    @documented
    async def report(self, info: Info) -> SignalReport | None:
        """What it says; null for an API key, and for whom it is not meant.

        Of sexual exploitation or abuse only regulators read, and the member it was given to. Every read is noted.
        """
        found = await info.context.loaders.reports.load(str(self.id))
        if found is None:
            return None
        info.context.spend(len(found.changes) + 1)
        _note(info, TERMS[self.facts.kind].said, found.authorities, [str(self.id)])
        return _report(found)


@strawberry.type(description="Who reported. Restricted: whoever reads this is noted.")
class SignalReporter:
    """A reporter."""

    id: strawberry.ID = strawberry.field(description="Permanent id: what eraseReporter names.")
    name: str | None = strawberry.field(description="The name, where one was given.")
    contact: str | None = strawberry.field(description="How to reach them, where they said.")


@strawberry.type(description="A page of signals.")
class SignalConnection:
    """Signals."""

    edges: list["SignalEdge"] = strawberry.field(description="The signals of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    wanted: strawberry.Private[tuple[str, Kind | None, State | None]]

    @documented
    async def total_count(self, info: Info) -> int | None:
        """How many signals pass the filter."""
        async with info.context.reader.use() as tx:
            return await repository.count(tx, *self.wanted)


@strawberry.type(description="A signal in a list.")
class SignalEdge:
    """One item."""

    cursor: str = strawberry.field(description="Continue after this item.")
    node: Signal = strawberry.field(description="The signal.")


@strawberry.type
class SignalQueries:
    """Queries on signals."""

    @documented
    async def signal(self, info: Info, id: strawberry.ID) -> Signal | None:
        """One signal by its id; null when there is none that reaches an authority the reader works for."""
        fits = SIGNAL_ID.fullmatch(str(id)) is not None
        found = await info.context.loaders.signals.load(str(id)) if fits else None
        return None if found is None else signal_type(found)

    @documented
    async def signals(
        self,
        info: Info,
        authority_id: strawberry.ID,
        first: int | None = 20,
        after: str | None = UNSET,
        kind: SignalKind | None = UNSET,
        state: SignalState | None = UNSET,
    ) -> SignalConnection | None:
        """Signals that reach an authority, the oldest first, for those who work there and its regulators."""
        request = page_request(first, said(after), fits=lambda last: SIGNAL_ID.fullmatch(last) is not None)
        asked, at = said(kind), said(state)
        wanted = str(authority_id), None if asked is None else Kind[asked.name], None if at is None else State[at.name]
        async with info.context.reader.use() as tx:
            await need_reader(tx, info.context.actor, str(authority_id), reading.Kind.SIGNALS)
            page = await repository.page(tx, request, *wanted)
        info.context.spend(len(page.items))
        edges = [SignalEdge(cursor=cursor(one.id), node=signal_type(one)) for one in page.items]
        shown = page_info(page, request, [edge.cursor for edge in edges])
        return SignalConnection(edges=edges, page_info=shown, wanted=wanted)

    @documented
    async def signal_reporter(self, info: Info, signal: strawberry.ID) -> SignalReporter | None:
        """Who reported; null where nobody gave a name. Every question is noted.

        Takes a person who handles the signal: a registrar or regulator at an authority it reaches, of sexual
        exploitation or abuse a regulator, or the member it was given to.
        """
        async with info.context.reader.use() as tx:
            found = await asked(tx, info.context.actor, str(signal))
        who = found.reporter
        _note(info, TERMS[found.signal.kind].reporter, found.authorities, [found.signal.id, *([who.id] if who else [])])
        return None if who is None else SignalReporter(id=strawberry.ID(who.id), name=who.name, contact=who.contact)


async def signal_counts(info: Info, organisation_id: str) -> list[SignalCount]:
    """How many signals about an organisation were found true, as the reader may know it."""
    found = await known(info.context.loaders.signal_counts, organisation_id)
    info.context.spend(len(found.of))
    return [
        SignalCount(kind=SignalKind[kind.name], count=found.of[kind], exact=found.exact)
        for kind in Kind
        if kind in found.of
    ]


def signal_type(found: model.Signal) -> Signal:
    """The public type of a signal."""
    return Signal(
        facts=found,
        id=strawberry.ID(found.id),
        kind=SignalKind[found.kind.name],
        state=SignalState[found.state.name],
        number=found.number,
        authority_id=None if found.authority_id is None else strawberry.ID(found.authority_id),
        received_at=found.received_at,
    )


def _note(info: Info, kind: reading.Kind, authorities: Iterable[str], subjects: Sequence[str]) -> None:
    for authority in authorities:
        info.context.notes.add(kind, authority, subjects)


def _report(found: Opened) -> SignalReport:
    given = found.signal.assigned_to
    return SignalReport(
        text=found.report.text,
        evidence=[Base64(unb64u(one)) for one in found.report.evidence],
        occurred_on=found.report.occurred_on,
        country=found.report.country,
        assigned_to=None if given is None else strawberry.ID(given),
        changes=[_change(one) for one in found.changes],
    )


def _change(found: model.Change) -> SignalChange:
    return SignalChange(
        source=SignalState[found.source.name],
        target=SignalState[found.target.name],
        authority_id=strawberry.ID(found.authority_id),
        actor=strawberry.ID(found.actor),
        assigned_to=None if found.assigned_to is None else strawberry.ID(found.assigned_to),
        note=found.note,
        at=found.at,
    )
