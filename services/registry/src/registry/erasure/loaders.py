"""Erasures by id, for one request."""

from collections.abc import Sequence

from registry.access.model import Actor
from registry.database import ReadTx
from registry.erasure import repository
from registry.erasure.model import Erasure
from registry.loaders import Loader, Reader, loader


class ErasureLoaders:
    """What resolvers load about erasures: those of the authorities the actor works for."""

    def __init__(self, reader: Reader, actor: Actor) -> None:
        self._reads_for = actor.works_for
        self.erasures: Loader[str, Erasure] = loader(reader, self._erasures)

    async def _erasures(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Erasure]:
        found = await repository.by_ids(tx, ids)
        return {key: one for key, one in found.items() if self._reads_for(one.authority_id)}
