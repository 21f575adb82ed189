"""Organisations by id, for one request."""

from registry.loaders import Loader, Reader, loader
from registry.organisations import repository
from registry.organisations.model import Organisation


class OrganisationLoaders:
    """What resolvers load about organisations."""

    def __init__(self, reader: Reader) -> None:
        self.organisations: Loader[str, Organisation] = loader(reader, repository.by_ids)
