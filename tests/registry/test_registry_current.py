"""What is shown now, as projected: the fold says the same over random histories, or the projection does not count.

Histories are those of the model of the fold (`random_acts.py`), with deadlines of conditions added; they are always the
same ones. Each is asked about at every instant at which anything begins or ends, and just before it.
"""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from random_acts import THROWS, Dice, act_that_fits, day, opening_act

from goodstanding.acting import check_act
from goodstanding.decisions import Condition
from goodstanding.errors import ActNotAllowed
from goodstanding.standing import boundaries
from registry.accreditations import graph
from registry.accreditations.current import current, kept, shown_at
from registry.accreditations.drafts import ConditionDraft
from registry.relations import repository

HISTORIES = 200
ENOUGH = 1_000  # times that a projection counted, and that it did not
HEAD, OTHER_HEAD = bytes(32), bytes(31) + b"\x01"
THROWN = st.lists(st.binary(min_size=THROWS + 4, max_size=THROWS + 4), min_size=1, max_size=14)
AN_INSTANT = timedelta(milliseconds=1)


def history_of(thrown):
    """Acts that may be decided one after another, all of them logged."""
    chain, today = [], 0
    for drawn in thrown:
        dice = Dice(drawn)
        today += dice.pick((0, 1, 2))
        made = act_that_fits(chain, today, dice) if chain else opening_act(dice)
        if may_be_decided(chain, made):
            chain.append(replace(under_conditions(made, dice), index=len(chain)))
    return chain


def may_be_decided(chain, made):
    try:
        check_act(chain, made)
    except ActNotAllowed:
        return False
    return True


def under_conditions(made, dice):
    """The act, with conditions in the claims it opens."""
    if made.generation is None:
        return made
    conditions = tuple(
        Condition(f"CONDITION-{place}", dice.once_in(3), dice.pick((None, day(length))))
        for place, length in enumerate((6, 11, 19))
    )
    return replace(made, generation=replace(made.generation, conditions=conditions[: dice.pick(range(4))]))


def instants(history):
    """Every instant at which something begins or ends, just before it, and a day on which nothing does."""
    deadlines = [one.deadline for act in history if act.generation for one in act.generation.conditions if one.deadline]
    turns = sorted({*boundaries(history), *deadlines})
    return [at for turn in turns for at in (turn - AN_INSTANT, turn)] + [day(60)]


def suffixes(items):
    return (items[start:] for start in range(len(items)))


def stored(history, at):
    """The projection as the database gives it back."""
    return json.loads(json.dumps(kept(history, HEAD, at)))


def test_a_projection_says_what_the_fold_says_or_does_not_count():
    asked = Counter()

    @settings(max_examples=HISTORIES, derandomize=True, database=None, deadline=None)
    @given(thrown=THROWN)
    def agree(thrown):
        history = history_of(thrown)
        for made_at, *later in suffixes(instants(history)):
            projected = stored(history, made_at)
            for at in (made_at, *later):
                found = current(projected, HEAD, at)
                asked["counts" if found else "does not count"] += 1
                assert found is None or found == shown_at(history, at)
                assert current(projected, OTHER_HEAD, at) is None
                assert current(projected, None, at) is None

    agree()
    assert min(asked["counts"], asked["does not count"]) >= ENOUGH, asked


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(thrown=THROWN, pending=st.integers(1, 3))
def test_nothing_is_kept_while_a_decision_is_pending(thrown, pending):
    history = history_of(thrown)
    history[-pending:] = [replace(one, index=None) for one in history[-pending:]]

    assert kept(history, HEAD, day(40)) is None


def test_nothing_is_kept_of_nothing_and_without_a_head():
    (applied,) = history_of([bytes(THROWS + 4)])

    assert kept([], HEAD, day(0)) is None
    assert kept([applied], None, day(0)) is None
    assert kept([applied], HEAD, day(-1)) is None, "it has not taken effect"
    assert current(None, HEAD, day(0)) is None


SHOWN = """query ($number: String!, $organisation: ID!) {
  accreditation(number: $number) { standing { standing kind since until localWord basis overlays { code since note } }
    scope { activities corridors { origin destination } } conditions { code deadline met } validFrom validUntil }
  organisation(id: $organisation) { supplyChain { weakest { number } weakestStanding } } }"""


class Asked:
    """One accreditation, asked about by everyone and by staff: as it is, and with nothing but the fold."""

    def __init__(self, register, monkeypatch, number, organisation):
        self.register, self.monkeypatch = register, monkeypatch
        self.variables = {"number": number, "organisation": organisation}

    async def answers(self):
        return [await self.register.ask(SHOWN, member, **self.variables) for member in (None, "anil")]

    async def standing(self, *, projected):
        """What everyone is told, which the fold tells as well; `projected`: whether the projection says it."""
        found = []

        def noted(*given):
            found.append(current(*given))
            return found[-1]

        with self.monkeypatch.context() as patched:
            for module in (graph, repository):
                patched.setattr(module, "current", noted)
            answers = await self.answers()
            for module in (graph, repository):
                patched.setattr(module, "current", lambda *_: None)
            assert answers == await self.answers()
        assert any(found) is projected
        shown = answers[0]["accreditation"]
        return None if shown is None else (shown["standing"] or {"standing": None})["standing"]


async def test_through_every_act_the_projection_and_the_fold_give_the_same_answer(register, monkeypatch):
    await register.admins()
    organisation = await register.organisation()
    number = await register.applied(by=organisation)
    asked = Asked(register, monkeypatch, number, organisation)
    assert await asked.standing(projected=False) is None
    await register.logged()
    assert await asked.standing(projected=True) == "APPLIED"

    register.clock.forward(seconds=1)
    fees = ConditionDraft("FEES", "Return the fees", date(2026, 5, 20), met=False)
    await register.decided(number, "grant", valid_until=date(2026, 8, 1))
    assert await asked.standing(projected=False) == "APPLIED"
    await register.logged()
    assert await asked.standing(projected=True) == "ACTIVE"

    register.clock.forward(seconds=1)
    await register.decided(number, "impose_conditions", conditions=[fees])
    assert await asked.standing(projected=False) == "ACTIVE", "staff alone see it yet"
    await register.logged()
    assert await asked.standing(projected=True) == "CONDITIONAL"
    register.clock.now = datetime(2026, 5, 21, tzinfo=UTC)
    assert await asked.standing(projected=False) == "CONDITIONAL", "its deadline has passed"
    await register.logged()
    assert await asked.standing(projected=True) == "CONDITIONAL"

    suspended = await register.decided(
        number, "suspend", measure="preventive", effective_until=datetime(2026, 6, 1, tzinfo=UTC)
    )
    assert await asked.standing(projected=False) == "SUSPENDED"
    await register.logged()
    assert await asked.standing(projected=True) == "SUSPENDED"
    register.clock.now = datetime(2026, 6, 1, tzinfo=UTC)
    assert await asked.standing(projected=False) == "CONDITIONAL", "it ended by itself"
    await register.logged()
    assert await asked.standing(projected=True) == "CONDITIONAL"

    register.clock.now = datetime(2026, 8, 2, tzinfo=UTC)
    assert await asked.standing(projected=False) == "LAPSED"
    await register.erased(suspended)
    await register.logged()
    assert await asked.standing(projected=False) is None
