"""The people of organisations, for one request: read together."""

from collections.abc import Sequence

from registry.access.model import Actor
from registry.database import ReadTx
from registry.loaders import Loader, Reader, loader
from registry.people.service import Files, files


class PeopleLoaders:
    """What resolvers load about people."""

    def __init__(self, reader: Reader, actor: Actor) -> None:
        self._by = actor
        self.people_of: Loader[str, Files] = loader(reader, self._people_of)

    async def _people_of(self, tx: ReadTx, organisations: Sequence[str]) -> dict[str, Files]:
        return await files(tx, self._by, organisations)
