"""A register with something of everything that queries show, and values for the arguments of every query.

Of three organisations one is the agent of another and one is a branch; four accreditations stand differently.
"""

from datetime import date

from assessment_world import Bureau
from core_world import LABOUR, LICENCE, OWNER, STANDARD, TRADE, CoreWorld

from registry.access.model import Actor
from registry.accreditations.drafts import ConditionDraft
from registry.assessments.model import Kind as AssessmentKind
from registry.organisations.model import IdentifierDraft, NameDraft
from registry.people.model import Draft as Person
from registry.signals.drafts import ReportDraft
from registry.signals.model import Kind, State


class ReadWorld:
    """One register and its contents."""

    def __init__(self, register: CoreWorld):
        self.register = register
        self.ids, self.numbers, self.signals, self.assessments, self.erasures = [], [], [], [], []

    async def fill(self):
        """Through the services, in the order in which such things happen."""
        register, bureau = self.register, Bureau(self.register)
        await bureau.found()
        await register.admins()
        rega = await register.regulator()
        first, second, third = [
            await register.organisation(
                name,
                names=[NameDraft(name, "legal"), NameDraft("हिमाल", "alias")],
                identifiers=[IdentifierDraft("np-company", str(at))],
            )
            for at, name in enumerate(("Himal Placements", "Koshi Agents", "Himal Branch"), 10_001)
        ]
        await register.related(second, "sub-agent-of", first)
        await register.related(third, "branch-of", first)
        await register.people.add(
            await register.actor("rita"), Person(first, "Sita Tamang", "licensee"), key=register.key()
        )
        active = await self._granted(first, valid_until=date(2027, 5, 1))
        conditional = await self._granted(second)
        fees = ConditionDraft("FEES", "Return the fees", date(2026, 12, 1), met=False)
        await register.decided(conditional, "impose_conditions", conditions=[fees])
        await register.logged()
        suspended = await self._granted(third)
        measure = await register.decided(suspended, "suspend", measure="preventive")
        register.clock.forward(seconds=1)
        await register.decided(suspended, "end_suspension", closes=measure)
        register.clock.forward(seconds=1)
        await register.decided(suspended, "suspend", measure="preventive")
        applied = await register.applied(by=await register.organisation("Late Comers"))
        proposal, _ = await register.proposed(applied, "grant")
        self.numbers = [active, conditional, suspended, applied]
        self.assessments = [
            await bureau.assessed(applied),
            await bureau.opened(conditional, AssessmentKind.SURVEILLANCE),
        ]
        await bureau.filed(applied)
        await bureau.planned(active, every_days=100)
        await self._signalled(first, rega)
        self.erasures = [
            await register.erasures.request(
                await register.actor("adam"), [await self._an_event(active)], "By order", key=register.key()
            )
        ]
        self.ids = [
            first,
            second,
            third,
            OWNER,
            LABOUR,
            TRADE,
            LICENCE,
            STANDARD,
            proposal,
            *self.numbers,
            await self._an_event(active),
        ]
        return self

    async def _granted(self, organisation, **more):
        number = await self.register.applied(by=organisation)
        self.register.clock.forward(seconds=1)
        await self.register.decided(number, "grant", **more)
        await self.register.logged()
        self.register.clock.forward(seconds=1)
        return number

    async def _signalled(self, organisation, regulator):
        acts, by = self.register.app.state.services.signals, await self.register.actor(regulator)
        for kind in (Kind.FEE_DEMANDED, Kind.SEXUAL_EXPLOITATION_OR_ABUSE):
            draft = ReportDraft(kind, "They asked for money", organisation=organisation)
            self.signals.append(await acts.report(Actor.anonymous, draft, key=f"a-long-enough-key-{kind}"))
        for state in (State.UNDER_REVIEW, State.SUBSTANTIATED):
            await acts.move(by, self.signals[0], state, None, key=self.register.key())

    async def _an_event(self, number):
        answer = await self.register.ask(
            "query ($n: String!) { accreditation(number: $n) { decisions { edges { node { eventId } } } } }",
            "anil",
            n=number,
        )
        return answer["accreditation"]["decisions"]["edges"][-1]["node"]["eventId"]
