"""The client that is awaited. See `asking.py` for the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Self

import httpx

from goodstanding.client import asking
from goodstanding.client.asking import Ask, Talk, Unanswered
from goodstanding.client.fetching import CONCURRENCY, HEADERS, SECONDS, Gathered, Settled, begun, taken
from goodstanding.client.kept import Cache
from goodstanding.clock import Clock, system_clock
from goodstanding.evidence import Bundle
from goodstanding.standing import Scope
from goodstanding.trust import Trust
from goodstanding.verdict import Verdict
from goodstanding.verifier import DEFAULT_BOUND, DEFAULT_LEEWAY, Verifier


class AsyncClient:
    """Asks one register, for programs that run an event loop; otherwise as `Client`."""

    def __init__(
        self,
        register: str | None,
        trust: Trust,
        clock: Clock = system_clock,
        *,
        seconds: float = SECONDS,
        checkpoint_bound: timedelta = DEFAULT_BOUND,
        leeway: int = DEFAULT_LEEWAY,
    ) -> None:
        self._register = None if register is None else asking.origin_of(register)
        self._verifier = Verifier(trust, clock, checkpoint_bound=checkpoint_bound, leeway=leeway)
        self._cache = Cache(clock)
        self._seconds = seconds
        self._http = httpx.AsyncClient(headers=HEADERS, timeout=seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def verify(self, number: str, *, scope: Scope | None = None) -> Verdict:
        """The verdict on a number as it may have been typed, for the scope asked about. Raises for no input."""
        return await self._answer(asking.question(self._verifier, self._register, number, scope), number)

    async def verify_many(
        self, numbers: Iterable[str], *, scope: Scope | None = None, concurrency: int = CONCURRENCY
    ) -> list[Verdict]:
        """The verdicts on many numbers, in their order, so many asked about at once."""
        places = asyncio.Semaphore(concurrency)

        async def one(number: str) -> Verdict:
            async with places:
                return await self.verify(number, scope=scope)

        return await asyncio.gather(*map(one, numbers))

    async def still_stands(self, bundle: Bundle, *, scope: Scope | None = None) -> Verdict:
        """The verdict on a record held in hand, by the proof and the status list that are published now."""
        return await self._answer(asking.still_stands(self._verifier, bundle, scope), None)

    async def _answer(self, talk: Talk, number: str | None) -> Verdict:
        try:
            ask = next(talk)
            while True:
                ask = talk.send(await self._fetch(ask))
        except StopIteration as concluded:
            verdict: Verdict = concluded.value
            return verdict
        except Unanswered as error:
            return asking.unanswered(error, number, self._verifier)

    async def _fetch(self, ask: Ask) -> bytes:
        begin = begun(ask, self._cache)
        if isinstance(begin, Settled):
            return begin.body
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream("GET", ask.url, headers=begin.headers) as answer,
            ):
                gathered = Gathered(ask, answer)
                async for piece in answer.aiter_raw():
                    gathered.add(piece)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise asking.unreachable(ask.url, error) from error
        return taken(gathered, begin, self._cache)
