"""Authorities and schemes by id, and schemes by authority, for one request."""

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from goodstanding.cadence import Lists
from goodstanding.mandates import MandateEvent
from registry.database import ReadTx
from registry.loaders import Reader, loader
from registry.schemes import repository
from registry.schemes.model import Authority, Mandate, Scheme


class SchemeLoaders:
    """What resolvers load about authorities and schemes."""

    def __init__(self, reader: Reader) -> None:
        self.authorities: DataLoader[str, Authority | None] = loader(reader, repository.authorities)
        self.schemes: DataLoader[str, Scheme | None] = loader(reader, repository.schemes)
        self.schemes_of: DataLoader[str, list[Scheme] | None] = loader(reader, repository.schemes_of)
        self.mandate_events: DataLoader[tuple[str, str], list[MandateEvent] | None] = loader(reader, _events)
        self.lists_of: DataLoader[tuple[str, str], Lists | None] = loader(reader, _lists)
        self.mandates_under: DataLoader[str, list[Mandate] | None] = loader(reader, repository.mandates_under)


async def _lists(tx: ReadTx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Lists]:
    """By (authority, scheme), as `repository.lists_of`."""
    return await repository.lists_of(tx, {authority for authority, _ in keys})


async def _events(tx: ReadTx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[MandateEvent]]:
    """By (authority, scheme), as `repository.mandate_events`."""
    return await repository.mandate_events(tx, {authority for authority, _ in keys})
