"""Organisations by id, for one request."""

from strawberry.dataloader import DataLoader

from registry.loaders import Reader, loader
from registry.organisations import repository
from registry.organisations.model import Organisation


class OrganisationLoaders:
    """What resolvers load about organisations."""

    def __init__(self, reader: Reader) -> None:
        self.organisations: DataLoader[str, Organisation | None] = loader(reader, repository.by_ids)
