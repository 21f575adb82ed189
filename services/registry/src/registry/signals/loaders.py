"""Signals, what they say, and how many there are, for one request; what is read is noted."""

from collections.abc import Sequence
from datetime import datetime

from strawberry.dataloader import DataLoader

from registry.access.model import Actor
from registry.database import ReadTx
from registry.loaders import MAX_BATCH, Reader, loader
from registry.signals import repository
from registry.signals.model import Counts, Signal
from registry.signals.service import Opened, Signals, visible


class SignalLoaders:
    """What resolvers load about signals."""

    def __init__(self, reader: Reader, actor: Actor, now: datetime, signals: Signals) -> None:
        self._by, self._at, self._signals = actor, now, signals
        self.signals: DataLoader[str, Signal | None] = loader(reader, self._seen)
        self.signal_counts: DataLoader[str, Counts | None] = loader(reader, self._counts)
        self.reports: DataLoader[str, Opened | None] = DataLoader(load_fn=self._read, max_batch_size=MAX_BATCH)

    async def _seen(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Signal]:
        return await visible(tx, self._by, await repository.by_ids(tx, ids))

    async def _counts(self, tx: ReadTx, organisations: Sequence[str]) -> dict[str, Counts]:
        return await self._signals.counts(tx, self._by, organisations, self._at)

    async def _read(self, ids: list[str]) -> list[Opened | None]:
        found = await self._signals.read(self._by, ids)
        return [found.get(one) for one in ids]
