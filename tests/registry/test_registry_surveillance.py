"""Surveillance: when to look again, what is overdue, and that neither changes a standing."""

from datetime import timedelta

import pytest
from core_world import LABOUR

from goodstanding.standing import fold
from registry.assessments.model import Kind, Recommendation
from registry.errors import Conflict, DomainError, Invalid
from registry.issuance import ledger

PLAN = """mutation ($i: PlanSurveillanceInput!) { planSurveillance(input: $i) { __typename
  ... on SurveillancePlanned { planned { dueAt everyDays overdue } } ... on DomainError { code message } } }"""
DUE = """query ($a: ID!, $before: DateTime, $first: Int, $after: String) {
  surveillanceDue(authorityId: $a, before: $before, first: $first, after: $after) {
    edges { cursor node { number dueAt overdue everyDays accreditation { standing { standing } } } }
    pageInfo { hasNextPage endCursor } } }"""
YEARLY = 365


async def due(register, member="rita", **more):
    found = (await register.ask(DUE, member, a=LABOUR, **more))["surveillanceDue"]
    return [edge["node"] for edge in found["edges"]], found["pageInfo"]


async def whole_history(register, number):
    async with register.database.read() as tx:
        return (await ledger.history(tx, [number]))[number]


async def test_whoever_has_looked_looks_again_after_the_interval(bureau):
    register, number = bureau.register, await bureau.register.granted()
    given = {"idempotencyKey": "1", "number": number, "everyDays": YEARLY}
    done = (await register.ask(PLAN, "rita", i=given))["planSurveillance"]
    first = register.clock() + timedelta(days=YEARLY)
    assert done["planned"] == [{"dueAt": first.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "everyDays": YEARLY, "overdue": False}]  # fmt: skip

    register.clock.forward(days=300)
    await bureau.assessed(number, Kind.SURVEILLANCE, Recommendation.MAINTAIN)
    (item,), _ = await due(register)
    assert item["dueAt"] > first.isoformat()
    assert item["dueAt"][:10] == (register.clock() + timedelta(days=YEARLY)).date().isoformat()


async def test_overdue_is_computed_and_changes_no_standing(bureau):
    register, number = bureau.register, await bureau.register.granted()
    await register.logged()
    await bureau.planned(number, every_days=30)
    before = await whole_history(register, number)
    for days, overdue in ((29, False), (1, True), (300, True)):
        register.clock.forward(days=days)
        (item,), _ = await due(register)
        assert (item["overdue"], item["accreditation"]["standing"]["standing"]) == (overdue, "ACTIVE")
    await register.logged()
    after = await whole_history(register, number)
    assert after == before, "nothing was decided"
    assert fold(after, register.clock()) == fold(before, register.clock())


async def test_stated_times_are_closed_one_by_one_and_nothing_follows_the_last(bureau):
    register, number = bureau.register, await bureau.register.granted()
    times = [register.clock() + timedelta(days=days) for days in (90, 30)]
    await bureau.planned(number, due_at=times)
    for left in (1, 0):
        await bureau.assessed(number, Kind.SURVEILLANCE, Recommendation.MAINTAIN)
        assert len((await due(register))[0]) == left
    await bureau.assessed(number, Kind.SURVEILLANCE, Recommendation.MAINTAIN)
    closed = [row[-1] for row in (await register.snapshot())["surveillance"]]
    assert len(set(closed)) == 2
    assert None not in closed


async def test_a_new_plan_takes_the_place_of_the_old_one(bureau):
    number = await bureau.register.granted()
    await bureau.planned(number, due_at=[bureau.register.clock() + timedelta(days=30)])
    await bureau.planned(number, every_days=YEARLY)
    found, _ = await due(bureau.register)
    assert [one["everyDays"] for one in found] == [YEARLY]


async def test_what_is_no_longer_held_is_not_due(bureau):
    register, number = bureau.register, await bureau.register.granted()
    await bureau.planned(number, every_days=30)
    await register.decided(number, "suspend", measure="preventive")
    assert len((await due(register))[0]) == 1
    register.clock.forward(seconds=1)
    await register.decided(number, "revoke")
    assert (await due(register))[0] == []
    with pytest.raises(Conflict) as refusal:
        await bureau.planned(number, every_days=30)
    assert refusal.value.code == "WRONG_STANDING"


@pytest.mark.both_backends
async def test_what_is_due_is_paged_by_due_time(bureau):
    register = bureau.register
    numbers = [await register.granted() for _ in range(3)]
    for number, days in zip(numbers, (90, 30, 60), strict=True):
        await bureau.planned(number, every_days=days)
    inner = [numbers[1], numbers[2], numbers[0]]

    first, info = await due(register, first=2)
    rest, last = await due(register, first=2, after=info["endCursor"])
    assert [one["number"] for one in first + rest] == inner
    assert (info["hasNextPage"], last["hasNextPage"]) == (True, False)
    before = (register.clock() + timedelta(days=45)).isoformat()
    assert [one["number"] for one in (await due(register, before=before))[0]] == inner[:1]
    for wrong in ("bm8", "MjAyNiBzdmxf"):
        (error,) = await register.errors(DUE, "rita", a=LABOUR, after=wrong)
        assert error["extensions"]["field"] == "after"


async def test_what_is_due_is_for_the_authority(bureau):
    number = await bureau.register.granted()
    await bureau.planned(number, every_days=30)
    for member, code in ((None, "NOT_SIGNED_IN"), ("other", "ROLE_NEEDED")):
        (error,) = await bureau.register.errors(DUE, member, a=LABOUR)
        assert error["extensions"]["code"] == code
    found, _ = await due(bureau.register, await bureau.register.regulator())
    assert [one["number"] for one in found] == [number]


REFUSED = [
    ({}, "everyDays"), ({"every_days": 0}, "everyDays"), ({"every_days": 9_999}, "everyDays"),
    ({"every_days": 1, "due_at": [1]}, "everyDays"), ({"due_at": []}, "everyDays"), ({"due_at": [-1]}, "dueAt"),
    ({"due_at": range(1, 60)}, "dueAt"),
]  # fmt: skip


async def test_plans_that_cannot_be(bureau):
    number = await bureau.register.granted()
    for plan, field in REFUSED:
        times = [bureau.register.clock() + timedelta(days=days) for days in plan.get("due_at", ())]
        with pytest.raises(Invalid) as refusal:
            await bureau.planned(number, **plan | ({"due_at": times} if "due_at" in plan else {}))
        assert refusal.value.field == field


async def test_an_application_is_not_under_surveillance(bureau):
    with pytest.raises(DomainError) as refusal:
        await bureau.planned(await bureau.register.applied(), every_days=30)
    assert refusal.value.code == "WRONG_STANDING"
