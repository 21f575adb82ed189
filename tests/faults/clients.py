"""Officials at work while servers die, and readers who ask all the time; both outside of the servers.

The officials' ledger decides what was acknowledged: an answer that was heard is written down before anything else
is done with it. Who hears none asks again under the same key until there is one.
"""

import asyncio
import itertools
from collections.abc import Sequence
from random import Random
from time import monotonic
from typing import Any

import httpx
from evidence_read import checkpoint
from facts import Heard, Probe
from invariants import GOOD
from officials import Officials
from town import Town

from goodstanding.checkpoint import Checkpoint
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
        if await verdict(self._town, number) == GOOD and number == self._granted[0]:
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
        asked, ready = monotonic(), self._town.ready
        answer = await verdict(self._town, number)
        self.probes.append(Probe(number, asked, answer, ready and self._town.ready))
        return self.probes[-1]

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at the published checkpoint until `stop` is set."""
        while not stop.is_set():
            await self.look()
            await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        answer = await get(self._town, "/log/checkpoint")
        if answer is not None and answer.is_success and answer.content != self._note:
            self._note = answer.content
            self.seen.append(checkpoint(answer.content, self._town.log_keys))

    async def good(self, number: str) -> bool | None:
        """Whether the number reads good standing; None while it does not, for `until`."""
        return True if (await self.probe(number)).verdict == GOOD else None


async def get(town: Town, path: str) -> httpx.Response | None:
    """An answer of the door, None when there is none."""
    try:
        return await town.client.get(path)
    except httpx.HTTPError:
        return None


async def verdict(town: Town, number: str) -> str | None:
    """The verdict about a number, with its reasons where it is not a good one; what is none is told as what it is."""
    answer = await get(town, f"/verify/{number}")
    if answer is None:
        return None
    try:
        found, reasons = answer.json()["verdict"], answer.json()["reasons"]
    except (ValueError, KeyError):
        return f"status {answer.status_code}"
    return GOOD if found == GOOD else " ".join([found, *sorted(reason["code"] for reason in reasons)])
