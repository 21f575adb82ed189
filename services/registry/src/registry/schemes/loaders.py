"""Authorities and schemes by id, and schemes by authority, for one request."""

from strawberry.dataloader import DataLoader

from registry.loaders import Reader, loader
from registry.schemes import repository
from registry.schemes.model import Authority, Scheme


class SchemeLoaders:
    """What resolvers load about authorities and schemes."""

    def __init__(self, reader: Reader) -> None:
        self.authorities: DataLoader[str, Authority | None] = loader(reader, repository.authorities)
        self.schemes: DataLoader[str, Scheme | None] = loader(reader, repository.schemes)
        self.schemes_of: DataLoader[str, list[Scheme] | None] = loader(reader, repository.schemes_of)
