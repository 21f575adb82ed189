"""Readers who ask all the time while servers die, outside of them."""

import asyncio
from collections.abc import Sequence
from random import Random
from time import monotonic

from clients import Clients
from evidence_read import checkpoint
from facts import Probe
from invariants import GOOD
from town import Town

from goodstanding.checkpoint import Checkpoint

PAUSE_SECONDS = 0.03
NOTICE_SECONDS = 1.0  # within which a death that cost somebody an answer is known here, however busy the machine is


class Readers:
    """They ask at the door about untouched and about suspended numbers, and look at the log's checkpoint."""

    def __init__(self, town: Town, clients: Clients, untouched: Sequence[str], random: Random) -> None:
        self.probes: list[Probe] = []
        self.seen: list[Checkpoint] = []
        self._town = town
        self._clients = clients
        self._untouched = untouched
        self._random = random
        self._note = b""

    async def ask(self, stop: asyncio.Event) -> None:
        """Ask about one number after the other until `stop` is set, half of them suspended ones."""
        while not stop.is_set():
            suspended = list(self._clients.suspended)
            # Mostly the newest: an old suspension that is forgotten shows as well, but a new one is easier to miss.
            recent = suspended[-5:] if self._random.random() < 0.8 else suspended
            known = recent if recent and self._random.random() < 0.5 else self._untouched
            await self.probe(self._random.choice(known))
            await asyncio.sleep(PAUSE_SECONDS)

    async def probe(self, number: str) -> Probe:
        """One question and its answer."""
        asked, life = monotonic(), self._town.life
        answer = await self._town.verdict(number)
        if answer is None:
            await asyncio.sleep(NOTICE_SECONDS)
        self.probes.append(Probe(number, asked, answer, ready=life is not None and life == self._town.life))
        return self.probes[-1]

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at the published checkpoint until `stop` is set."""
        while not stop.is_set():
            await self.look()
            await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        answer = await self._town.get("/log/checkpoint")
        if answer is not None and answer.is_success and answer.content != self._note:
            self._note = answer.content
            self.seen.append(checkpoint(answer.content, self._town.log_keys))

    async def good(self, number: str) -> bool | None:
        """Whether the number reads good standing; None while it does not, for `until`."""
        return True if (await self.probe(number)).verdict == GOOD else None
