"""Every role and every act: who may bring it, and nobody else; as a generated matrix over the transition table."""

from datetime import timedelta

import pytest
from core_world import LABOUR, START

from goodstanding.transitions import TRANSITIONS, Actor, Effect, MeasureKind
from registry.access.model import Role
from registry.access.service import add_member, grant_role
from registry.accreditations.deciding import BROUGHT_BY
from registry.accreditations.drafts import ConditionDraft, DecisionDraft, needed_by
from registry.errors import DomainError, Forbidden, NotAllowed

RULING = bytes(32)
SOON = (START + timedelta(days=20)).date()
PATHS = {  # decisions that lead from an application to a state; names of what later ones close
    "applied": (),
    "to defer": (),
    "to withdraw": (),
    "deferred": ("defer",),
    "active": ("grant",),
    "conditional": ("grant", "impose_conditions"),
    "suspended": ("grant", "suspend"),
    "noticed": ("grant", "give_notice"),
    "appealed": ("grant", "lodge_appeal"),
    "revoked": ("grant", "revoke"),
    "stayed": ("grant", "revoke", "stay"),
    "lapsed": ("grant",),
}
STATES = {  # act -> where it may start
    "apply": "applied", "list": "applied", "defer": "to defer", "refuse": "applied", "withdraw_application": "to withdraw",
    "grant_provisionally": "applied", "grant": "applied", "resume": "deferred", "lift_conditions": "conditional",
    "end_suspension": "suspended", "withdraw_notice": "noticed", "stay": "revoked", "end_stay": "stayed",
    "restore": "revoked", "bar": "revoked", "renew_late": "lapsed", "decide_appeal": "appealed",
    "withdraw_appeal": "appealed",
}  # fmt: skip
ONE_PERSON = {Role.REGISTRAR, Role.PROPOSER}


class Town:
    """A member for every role, and an accreditation for every state."""

    def __init__(self, register):
        self.register, self.numbers, self.events = register, {}, {}

    async def build(self):
        async with self.register.database.write() as tx:
            for role in Role:
                await add_member(tx, f"the-{role}", f"The {role}", now=self.register.clock())
                await grant_role(tx, LABOUR, f"the-{role}", role)
        for state, path in PATHS.items():
            number = self.numbers[state] = await self.register.applied()
            for act in path:
                self.register.clock.forward(seconds=1)
                await self._decide(state, number, act)
        self.other = await self.register.applied()
        self.register.clock.forward(days=40)
        await self.register.logged()

    async def _decide(self, state, number, act):
        row = next(row for row in TRANSITIONS if row.act == act)
        more = self.draft(row, state) | ({"valid_until": SOON} if state == "lapsed" else {})
        decide = self.register.decided if row.four_eyes else self.register.recorded
        self.events[state, row.measure] = await decide(number, act, **more)

    def draft(self, row, state):
        """What the act needs to say, and no more."""
        needs = needed_by(row)
        made = {"conditions": [ConditionDraft("C", "Do it")]} if "conditions" in needs else {}
        made |= {"ruling_hash": RULING} if "rulingHash" in needs else {}
        made |= {"redirect": self.other} if "redirect" in needs else {}
        made |= {"corrects": [self.events[state, None]]} if "corrects" in needs else {}
        made |= {"effective_until": self.register.clock().replace(year=2027)} if "effectiveUntil" in needs else {}
        made |= {"closes": self.events[state, row.measure]} if row.effect is Effect.CLOSES_MEASURE else {}
        renews = row.act in ("renew", "renew_late") or row.measure is MeasureKind.RENEWAL
        return made | ({"valid_until": self.register.clock().date().replace(year=2027)} if renews else {})

    async def outcome(self, row, role, **more):
        """What becomes of an act that somebody with this one role brings."""
        state = STATES.get(row.act, "active")
        draft = DecisionDraft(self.numbers[state], row.act, "TEST", **self.draft(row, state) | more)
        actor = await self.register.actor(f"the-{role}")
        acts = self.register.acts
        try:
            await (acts.propose if row.four_eyes else acts.record)(actor, draft, key=self.register.key())
        except DomainError as error:
            return type(error)
        return "done"


@pytest.fixture
async def town(register):
    town = Town(register)
    await town.build()
    return town


def expected(row, role):
    if not row.actors & BROUGHT_BY or not row.sources:
        return NotAllowed  # lists, the registry, and applications have ways of their own
    if row.actors == {Actor.TRIBUNAL}:
        return "done" if role is Role.ADJUDICATION_REGISTRAR else Forbidden
    allowed = {Role.PROPOSER} if row.four_eyes else ONE_PERSON
    return "done" if role in allowed else Forbidden


async def test_every_role_and_every_act(town):
    # those that take one person change what they are tried on: the ones who may come last
    pairs = [(row, role) for row in TRANSITIONS for role in sorted(Role, key=lambda role: role in ONE_PERSON)]
    wrong = {}
    for row, role in pairs:
        wanted = expected(row, role)
        if wanted == "done" and not row.four_eyes and role is Role.PROPOSER:
            continue  # the registrar has done it already
        got = await town.outcome(row, role)
        if got != wanted:
            wrong[row.act, str(role)] = (got, wanted)
    assert wrong == {}
    assert len(pairs) == len(TRANSITIONS) * len(Role)


async def test_what_a_tribunal_may_also_order_is_recorded_by_its_registrar_where_a_ruling_is_named(town):
    for row in TRANSITIONS:
        if row.actors >= {Actor.TRIBUNAL, Actor.AUTHORITY}:
            outcomes = {role: await town.outcome(row, role, ruling_hash=RULING) for role in Role}
            assert {role for role, what in outcomes.items() if what == "done"} == {Role.ADJUDICATION_REGISTRAR}
