"""Signals, what they say, and how many there are, for one request."""

from collections.abc import Sequence
from datetime import datetime

from registry.access.model import Actor
from registry.database import ReadTx
from registry.loaders import Loader, Reader, loader
from registry.signals import repository
from registry.signals.model import Counts, Signal
from registry.signals.service import Opened, Signals, opened, visible


class SignalLoaders:
    """What resolvers load about signals."""

    def __init__(self, reader: Reader, actor: Actor, now: datetime, signals: Signals) -> None:
        self._by, self._at, self._signals = actor, now, signals
        self.signals: Loader[str, Signal] = loader(reader, self._seen)
        self.signal_counts: Loader[str, Counts] = loader(reader, self._counts)
        self.reports: Loader[str, Opened] = loader(reader, self._opened)

    async def _seen(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Signal]:
        return await visible(tx, self._by, await repository.by_ids(tx, ids))

    async def _counts(self, tx: ReadTx, organisations: Sequence[str]) -> dict[str, Counts]:
        return await self._signals.counts(tx, self._by, organisations, self._at)

    async def _opened(self, tx: ReadTx, ids: Sequence[str]) -> dict[str, Opened]:
        return await opened(tx, self._by, ids)
