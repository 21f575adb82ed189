"""Readers who verify all the time while keys follow one another: at the door, and offline with keys fetched before."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from goodstanding.clock import system_clock
from goodstanding.evidence import Bundle
from goodstanding.trust import Trust
from goodstanding.verdict import VerdictKind
from goodstanding.verifier import Verifier

GOOD, CANNOT = VerdictKind.IN_GOOD_STANDING, VerdictKind.CANNOT_CONCLUDE
ONLINE, OFFLINE = "online", "offline"
PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Probe:
    """One verification: its verdict and reasons, when its keys were fetched, and when it began and ended."""

    kind: str
    number: str
    keys_at: datetime
    begun: datetime
    ended: datetime
    verdict: str
    reasons: tuple[str, ...]


class KeyReaders:
    """They ask about numbers that are in good standing and stay so; `numbers` grows while they do.

    One who is offline fetches the trust file every `fetches`, and evidence each time.
    """

    def __init__(
        self,
        client,
        fetch_trust: Callable[[], Awaitable[Trust]],
        numbers: list[str],
        fetches: timedelta,
        random: Random,
    ) -> None:
        self.probes: list[Probe] = []
        self.numbers = numbers
        self._client = client
        self._fetch_trust = fetch_trust
        self._fetches = fetches
        self._random = random

    async def online(self, stop: asyncio.Event) -> None:
        """Ask the gateway, until told to stop."""
        while not stop.is_set():
            await self.ask(self._random.choice(self.numbers))
            await asyncio.sleep(PAUSE_SECONDS)

    async def offline(self, stop: asyncio.Event) -> None:
        """Verify evidence by keys of one's own, until told to stop."""
        fetched, trust = system_clock(), await self._fetch_trust()
        while not stop.is_set():
            if system_clock() - fetched >= self._fetches:
                fetched, trust = system_clock(), await self._fetch_trust()
            await self.verify(self._random.choice(self.numbers), trust, fetched)
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask(self, number: str) -> Probe:
        begun = system_clock()
        answer = (await self._client.get(f"/verify/{number}")).raise_for_status().json()
        codes = tuple(reason["code"] for reason in answer["reasons"])
        return self._note(Probe(ONLINE, number, begun, begun, system_clock(), answer["verdict"], codes))

    async def verify(self, number: str, trust: Trust, fetched: datetime) -> Probe:
        begun = system_clock()
        answer = (await self._client.get(f"/evidence/{number}")).raise_for_status()
        verdict = Verifier(trust).verify_bundle(Bundle.parse(answer.content))
        codes = tuple(f"{reason.code}: {reason.message}" for reason in verdict.reasons)
        return self._note(Probe(OFFLINE, number, fetched, begun, system_clock(), verdict.verdict, codes))

    def told(self, kind: str, verdict: str) -> int:
        return sum((probe.kind, probe.verdict) == (kind, verdict) for probe in self.probes)

    def counts(self) -> str:
        counted = Counter((probe.kind, str(probe.verdict)) for probe in self.probes)
        return ", ".join(f"{number} {kind} {verdict}" for (kind, verdict), number in sorted(counted.items()))

    def _note(self, probe: Probe) -> Probe:
        self.probes.append(probe)
        return probe
