"""Accreditations, their views, decisions, records, proposals and the log's position, for one request."""

from collections.abc import Sequence
from datetime import datetime

from registry.access.model import Actor
from registry.access.reading import Kind, reads_at
from registry.accreditations import events, repository
from registry.accreditations.events import LogPosition, Recorded
from registry.accreditations.model import Accreditation, Proposal
from registry.accreditations.views import View, view
from registry.database import ReadTx
from registry.issuance import ledger
from registry.loaders import Loader, Reader, known, loader
from registry.pages import Page, PageRequest

OfOrganisation = tuple[str, PageRequest]
SeenBy = tuple[str, bool]  # number, whether by staff of its authority


class AccreditationLoaders:
    """What resolvers load about accreditations; only what the actor may see."""

    def __init__(self, reader: Reader, actor: Actor, now: datetime) -> None:
        self._actor = actor
        self._now = now
        self.accreditations: Loader[str, Accreditation] = loader(reader, self._visible)
        self.views: Loader[SeenBy, View] = loader(reader, self._views)
        self.decisions: Loader[str, list[Recorded]] = loader(reader, events.decisions_of)
        self.events: Loader[str, Recorded] = loader(reader, events.by_ids)
        self.stating: Loader[str, list[str]] = loader(reader, events.stating)
        self.records: Loader[str, str] = loader(reader, self._records)
        self.restricted_texts: Loader[str, tuple[str, str | None]] = loader(reader, self._restricted_texts)
        self.proposals: Loader[str, Proposal] = loader(reader, self._proposals)
        self.pages_of: Loader[OfOrganisation, Page[Accreditation]] = loader(reader, self._pages_of)
        self.counts_of: Loader[str, int] = loader(reader, self._counts_of)
        self.log: Loader[datetime | None, LogPosition] = loader(reader, _log)

    async def _visible(self, tx: ReadTx, numbers: Sequence[str]) -> dict[str, Accreditation]:
        found = await repository.by_numbers(tx, numbers)
        return {number: one for number, one in found.items() if one.public or self._actor.works_for(one.authority_id)}

    async def view(self, accreditation: Accreditation) -> View:
        """What the actor may see of an accreditation that was loaded."""
        return await known(self.views, (accreditation.number, self._actor.works_for(accreditation.authority_id)))

    async def _views(self, tx: ReadTx, keys: Sequence[SeenBy]) -> dict[SeenBy, View]:
        histories = await ledger.history(tx, [number for number, _ in keys])
        return {(number, staff): view(histories[number], staff=staff, now=self._now) for number, staff in keys}

    async def _records(self, tx: ReadTx, numbers: Sequence[str]) -> dict[str, str]:
        return await events.records(tx, numbers, self._now)

    async def _proposals(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Proposal]:
        found = await repository.proposals(tx, ids)
        return {key: one for key, one in found.items() if self._actor.works_for(one.authority_id)}

    async def _restricted_texts(self, tx: ReadTx, event_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """(authority, text) where the actor may read it."""
        readable = reads_at(self._actor, Kind.RESTRICTED_TEXTS)
        found = await repository.restricted_texts(tx, event_ids) if readable else {}
        return {event_id: one for event_id, one in found.items() if one[0] in readable}

    async def _pages_of(self, tx: ReadTx, keys: Sequence[OfOrganisation]) -> dict[OfOrganisation, Page[Accreditation]]:
        pages: dict[OfOrganisation, Page[Accreditation]] = {}
        for request in dict.fromkeys(request for _, request in keys):
            organisations = [organisation for organisation, asked in keys if asked == request]
            found = await repository.pages_of(tx, organisations, request, self._actor.authorities)
            pages |= {(organisation, request): page for organisation, page in found.items()}
        return pages

    async def _counts_of(self, tx: ReadTx, organisations: Sequence[str]) -> dict[str, int]:
        return await repository.counts_of(tx, organisations, self._actor.authorities)


async def _log(tx: ReadTx, times: Sequence[datetime | None]) -> dict[datetime | None, LogPosition]:
    return {at: await events.log_position(tx, at) for at in times}
