"""Authorities and schemes by id, and schemes by authority, for one request."""

from collections.abc import Mapping, Sequence
from typing import Any

from goodstanding.cadence import Lists
from goodstanding.mandates import MandateEvent
from registry.database import ReadTx
from registry.loaders import Loader, Reader, loader
from registry.schemes import repository
from registry.schemes.model import Authority, Mandate, NamedScheme


class SchemeLoaders:
    """What resolvers load about authorities and schemes."""

    def __init__(self, reader: Reader) -> None:
        self.authorities: Loader[str, Authority] = loader(reader, repository.authorities)
        self.schemes: Loader[str, NamedScheme] = loader(reader, repository.named)
        self.criteria: Loader[str, Sequence[Mapping[str, Any]]] = loader(reader, repository.criteria)
        self.schemes_of: Loader[str, list[NamedScheme]] = loader(reader, repository.schemes_of)
        self.mandate_events: Loader[tuple[str, str], list[MandateEvent]] = loader(reader, _events)
        self.lists_of: Loader[tuple[str, str], Lists] = loader(reader, _lists)
        self.mandates_under: Loader[str, list[Mandate]] = loader(reader, repository.mandates_under)


async def _lists(tx: ReadTx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Lists]:
    """By (authority, scheme), as `repository.lists_of`."""
    return await repository.lists_of(tx, {authority for authority, _ in keys})


async def _events(tx: ReadTx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[MandateEvent]]:
    """By (authority, scheme), as `repository.mandate_events`."""
    return await repository.mandate_events(tx, {authority for authority, _ in keys})
