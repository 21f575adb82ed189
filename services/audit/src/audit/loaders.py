"""One look-up and one set of tiles for all the log entries that a GraphQL request asks for."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property

from strawberry.dataloader import DataLoader

from audit.reader import MAX_LOOKUP, LoggedEntry, Snapshot
from audit.service import Log


@dataclass
class GraphContext:
    """Context of one GraphQL request: everything it answers is as of one published checkpoint."""

    log: Log
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _snapshot: Snapshot | None = None

    async def snapshot(self) -> Snapshot:
        """Return the log as the request's checkpoint shows it."""
        async with self._reading:
            if self._snapshot is None:
                self._snapshot = await self.log.reader.snapshot()
            return self._snapshot

    @cached_property
    def entries(self) -> DataLoader[str, LoggedEntry | None]:
        """Event id -> its entry, None while no published checkpoint covers it."""

        async def load(event_ids: list[str]) -> list[LoggedEntry | None]:
            found = await self.log.reader.by_event(await self.snapshot(), event_ids)
            return [found.get(event_id) for event_id in event_ids]

        return DataLoader(load, max_batch_size=MAX_LOOKUP)

    @cached_property
    def proofs(self) -> DataLoader[LoggedEntry, list[bytes]]:
        """Entry -> its inclusion proof."""

        async def load(entries: list[LoggedEntry]) -> list[list[bytes]]:
            proven = await self.log.reader.prove(await self.snapshot(), entries)
            return [proven[entry.event_id] for entry in entries]

        return DataLoader(load, max_batch_size=MAX_LOOKUP)
