"""A day's work in a house: every kind of act once, what the workers make of it, and a reader who looks on.

The clients keep a ledger of their own: an act counts as acknowledged once its answer was heard, and whoever heard
none asks again under the same key.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import official_list
from breaker import Death
from facts import Heard
from fault_house import House
from list_reader import ListReader
from sqlalchemy.exc import SQLAlchemyError
from write_points import Meets

from goodstanding_standalone.sample.authorities import ETHICAL, MAIN
from registry.accreditations import events, repository
from registry.accreditations.drafts import DecisionDraft, ScopeDraft
from registry.accreditations.service import ApplicationDraft
from registry.errors import Unavailable
from registry.organisations.model import Draft, NameDraft

ATTEMPTS = 5
A_RECORDS_LIFE = timedelta(days=81)  # after which it is due to be issued again
UNSTEADY = (Unavailable, SQLAlchemyError, OSError)  # what a client hears as "no answer"; Death it hears as silence

Ask = Callable[[], Awaitable[str]]


class WorkingDay:
    """One day. `heard` is the clients' ledger, `suspended` since when good standing is a wrong answer."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.heard: list[Heard] = []
        self.reader = ListReader(house)
        self.suspended: dict[str, float] = {}
        self.numbers: set[str] = set()
        self.settled = True
        self._name = name
        self._asked: dict[str, Ask] = {}

    async def run(self) -> None:
        """The whole day, from the first application to records being issued again 81 days later."""
        good, other = [await self.applied(name) for name in ("Lantern Road", "Quiet Ferry")]
        await self.approved(good, "grant")
        await self.settle()
        await self.reader.read(good)
        await self.approved(good, "suspend", measure="preventive")
        self.suspended[good] = self._now()
        await self.reader.read(good)
        await self._rejected(other)
        await self._listed()
        await self.settle()
        await self.house.cosign()
        self.house.clock.forward(A_RECORDS_LIFE)
        await self.settle()
        await self.reader.read(good)

    async def ask_again(self) -> None:
        """Every question once more: the answers must be those that were heard."""
        for key, ask in list(self._asked.items()):
            await self._act(key, ask)
        await self.settle()

    # --- acts

    async def applied(self, name: str) -> str:
        async def register() -> str:
            draft = Draft(kind="recruiter", names=[NameDraft(name, "legal")], jurisdiction="NP")
            return await self.house.services.organisations.register(
                await self.house.actor("proposer"), draft, key=first
            )

        async def apply() -> str:
            draft = ApplicationDraft(organisation, MAIN, ETHICAL, ScopeDraft(activities=["recruitment"]))
            return await self.house.services.accreditations.apply(await self.house.actor("proposer"), draft, key=second)

        first, second = (f"{self._name} {what} {name}" for what in ("register", "apply"))
        organisation = await self._act(first, register)
        event_id = await self._act(second, apply)
        async with self.house.parts.database.read() as tx:
            number = (await events.by_ids(tx, [event_id]))[event_id].number
        self.numbers.add(number)
        return number

    async def approved(self, number: str, act: str, **more: str) -> None:
        proposal, digest = await self._proposed(number, act, **more)
        key = f"{self._name} approve {act} {number}"

        async def approve() -> str:
            actor = await self.house.actor("approver")
            return await self.house.services.accreditations.approve(actor, proposal, digest, key=key)

        await self._act(key, approve)

    async def _rejected(self, number: str) -> None:
        proposal, _ = await self._proposed(number, "grant")
        key = f"{self._name} reject {number}"

        async def reject() -> str:
            actor = await self.house.actor("approver")
            return await self.house.services.accreditations.reject(actor, proposal, "Not yet.", key=key)

        await self._act(key, reject)

    async def _listed(self) -> None:
        """A list comes in. It has no key of its own: once it is released, the same file would be the next list."""
        key = f"{self._name} stage"
        staged = await self._act(key, lambda: official_list.stage(self.house, self._name))
        del self._asked[key]
        await self._act(f"{self._name} release", lambda: official_list.release(self.house, staged))

    async def _proposed(self, number: str, act: str, **more: str) -> tuple[str, str]:
        key = f"{self._name} propose {act} {number}"

        async def propose() -> str:
            draft = DecisionDraft(number=number, act=act, reason="TEST", **more)
            return await self.house.services.accreditations.propose(await self.house.actor("proposer"), draft, key=key)

        proposal = await self._act(key, propose)
        async with self.house.parts.database.read() as tx:
            return proposal, (await repository.proposals(tx, [proposal]))[proposal].digest

    async def _act(self, key: str, ask: Ask) -> str:
        """Ask until there is an answer."""
        self._asked[key] = ask
        for _ in range(ATTEMPTS):
            self.house.clock.forward(timedelta(seconds=1))
            try:
                answer = await ask()
            except Death:
                await self.house.crash()
            except UNSTEADY:
                self.house.met[Meets.CLIENT] += 1
            else:
                self.heard.append(Heard(key, answer, self._now()))
                return answer
        raise AssertionError(f"{key} was asked {ATTEMPTS} times in vain")

    async def settle(self) -> None:
        self.settled = await self.house.settle()

    def _now(self) -> float:
        return self.house.clock().timestamp()
