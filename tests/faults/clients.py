"""Officials at work while servers die, outside of them.

Their ledger decides what was acknowledged: an answer that was heard is written down before anything else
is done with it. Who hears none asks again under the same key until there is one.
"""

import asyncio
import itertools
from random import Random
from time import monotonic
from typing import Any

import httpx
from facts import Heard
from invariants import GOOD
from officials import Officials
from town import Town

from goodstanding_standalone.front import FrontError

ANSWER_SECONDS = 60  # within which an act must be answered, however many servers die meanwhile
PAUSE_SECONDS = 0.03
TOKEN_SECONDS = 600
RECENT = 20  # questions that are new
OPEN_CASES = 12  # recruiters in good standing, of whom the one granted first is the next to be suspended


class Clients(Officials):
    """Officials with a ledger. `heard` is what they were told, `suspended` since when, `asked` how often they asked."""

    def __init__(self, town: Town) -> None:
        super().__init__(town, {})
        self.heard: list[Heard] = []
        self.suspended: dict[str, float] = {}
        self.numbers: set[str] = set()
        self.asked = 0
        self._town = town
        self._renew_at = 0.0
        self._questions: dict[str, tuple[str, str, dict[str, Any]]] = {}
        self._answered: dict[str, None] = {}  # keys in the order of their first answers
        self._names = itertools.count(1)
        self._granted: list[str] = []

    async def act(self, mutation: str, who: str, **input_: Any) -> dict[str, Any]:
        """An act, asked for until it is answered."""
        name = f"{len(self._questions):06d}-{mutation}"
        key = input_.setdefault("idempotencyKey", name)
        self._questions[key] = (mutation, who, input_)
        return await self._answer(key)

    async def granted(self) -> str:
        """A new recruiter with a grant; its number."""
        number = await self.apply(f"Recruiter {next(self._names)}")
        self.numbers.add(number)
        await self.approve(await self.propose(number, "grant"), f"grant-{number}")
        return number

    async def prepare(self) -> list[str]:
        """Grant those who will be suspended first."""
        self._granted += [await self.granted() for _ in range(OPEN_CASES)]
        return list(self._granted)

    async def case(self) -> None:
        """A grant, and the suspension of whoever was granted first, once readers take them for good.

        A number that the edge has never heard of cannot mislead anybody when it is suspended.
        """
        number = self._granted[0]
        if await self._town.verdict(number) == GOOD and number == self._granted[0]:
            self._granted.remove(number)
            proposal = await self.propose(number, "suspend", measure="preventive")
            await self.approve(proposal, f"suspend-{number}")
            self.suspended[number] = monotonic()
        self._granted.append(await self.granted())

    async def work(self, stop: asyncio.Event) -> None:
        """One case after the other until `stop` is set."""
        while not stop.is_set():
            await self.case()

    async def doubt(self, stop: asyncio.Event, random: Random) -> None:
        """Ask one of the newest questions once more, until `stop` is set: its answer must be the one that was heard."""
        while not stop.is_set():
            await self._answer(random.choice([*self._answered][-RECENT:]))
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask_again(self) -> None:
        """Every question once more."""
        for key in list(self._answered):
            await self._answer(key)

    async def _answer(self, key: str) -> dict[str, Any]:
        mutation, who, input_ = self._questions[key]
        end = monotonic() + ANSWER_SECONDS
        while True:
            self.asked += 1
            try:
                await self._renew()
                result = await super().act(mutation, who, **input_)
            except (FrontError, httpx.HTTPError):
                if monotonic() > end:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.heard.append(Heard(key, _id(result), monotonic()))
                self._answered[key] = None
                return result

    async def _renew(self) -> None:
        if monotonic() > self._renew_at:
            self._renew_at = monotonic() + TOKEN_SECONDS
            self.tokens.update(await self._town.tokens())


def _id(result: dict[str, Any]) -> str:
    if "decision" in result:
        return str(result["decision"]["eventId"])
    return str((result.get("organisation") or result["proposal"])["id"])
