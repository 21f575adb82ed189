"""The log's time cosigner: every few seconds it signs the published checkpoint anew, changed or not.

Readers measure freshness by this signature, so it goes on while nothing is decided, and also while the sequencer
cannot. It says when, and nothing else. It never signs a time before one it has signed.
"""

import asyncio

import structlog

from audit.errors import ClockWentBackwards, LogStopped
from audit.outages import explained
from audit.publication import Publication
from audit.waiting import first_of
from goodstanding.errors import KeyAway

PERIOD_SECONDS = 5.0
"""Time between two signatures (wire format: every 5 s)."""

_log = structlog.get_logger("audit.cosigner")


class TimeCosigner:
    """Keeps the time on the published checkpoint fresh."""

    def __init__(self, publication: Publication) -> None:
        self._publication = publication

    async def run(self, stop: asyncio.Event) -> None:
        """Sign every `PERIOD_SECONDS` until `stop` is set; a failure is logged and the next turn tries again."""
        while not stop.is_set():
            try:
                await self.step()
            except (ClockWentBackwards, LogStopped, KeyAway, OSError) as error:
                _log.warning("the time is not signed", why=explained(error))
            await first_of(stop, seconds=PERIOD_SECONDS)

    async def step(self) -> bool:
        """Sign once; False when there was nothing to do. Raises ClockWentBackwards, LogStopped, KeyAway, OSError."""
        async with self._publication.lock:
            return await asyncio.to_thread(self._publication.renew_time)
