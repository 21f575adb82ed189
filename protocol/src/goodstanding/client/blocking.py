"""The client that waits. See `asking.py` for the rules."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
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


class Client:
    """Asks one register, or with None only the registers that records name (`still_stands`). Close it, or use it in a `with`; it may be used from several threads.

    `seconds`: how long one file may take. `checkpoint_bound` and `leeway` as for `Verifier`. GoodstandingError for an
    address that is neither https nor on this machine; whatever goes wrong later is a reason in the verdict.
    """

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
        self._http = httpx.Client(headers=HEADERS, timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def verify(self, number: str, *, scope: Scope | None = None) -> Verdict:
        """The verdict on a number as it may have been typed, for the scope asked about. Raises for no input."""
        return self._answer(asking.question(self._verifier, self._register, number, scope), number)

    def verify_many(
        self, numbers: Iterable[str], *, scope: Scope | None = None, concurrency: int = CONCURRENCY
    ) -> list[Verdict]:
        """The verdicts on many numbers, in their order, so many asked about at once."""
        with ThreadPoolExecutor(concurrency) as pool:
            return list(pool.map(lambda number: self.verify(number, scope=scope), numbers))

    def still_stands(self, bundle: Bundle, *, scope: Scope | None = None) -> Verdict:
        """The verdict on a record held in hand, by the proof and the status list that are published now."""
        return self._answer(asking.still_stands(self._verifier, bundle, scope), None)

    def _answer(self, talk: Talk, number: str | None) -> Verdict:
        try:
            ask = next(talk)
            while True:
                ask = talk.send(self._fetch(ask))
        except StopIteration as concluded:
            verdict: Verdict = concluded.value
            return verdict
        except Unanswered as error:
            return asking.unanswered(error, number, self._verifier)

    def _fetch(self, ask: Ask) -> bytes:
        begin = begun(ask, self._cache)
        if isinstance(begin, Settled):
            return begin.body
        try:
            with self._http.stream("GET", ask.url, headers=begin.headers) as answer:
                gathered, until = Gathered(ask, answer), time.monotonic() + self._seconds
                for piece in answer.iter_raw():
                    gathered.add(piece)
                    if time.monotonic() > until:
                        raise asking.unreachable(ask.url, TimeoutError(f"not there after {self._seconds:g} seconds"))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise asking.unreachable(ask.url, error) from error
        return taken(gathered, begin, self._cache)
