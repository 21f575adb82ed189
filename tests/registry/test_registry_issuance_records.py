"""How long records live, when they are issued again, and which generation gets one."""

import json
from datetime import timedelta

import pytest
from issuance_world import START

from goodstanding.standing import Generation, Scope
from registry.issuance.records import Newest, next_issue

DAY = timedelta(days=1)


async def test_a_record_lives_ninety_days(world):
    number = await world.granted()
    await world.workers.drain()
    (row,) = await world.records(number)
    assert row.exp - row.iat == 90 * DAY
    assert json.loads(row.payload)["exp"] == int(row.exp.timestamp())


async def test_a_record_ends_with_the_validity_it_states(world):
    number = await world.granted(valid_until=START + 30 * DAY)
    await world.workers.drain()
    (row,) = await world.records(number)
    assert row.exp == START + 30 * DAY


async def test_a_record_ends_at_the_next_change_known_when_it_was_signed(world):
    number = await world.granted()
    await world.decide(number, "suspend", at=START + DAY, effective_until="2026-05-09T09:00:00.000Z")
    await world.workers.drain()
    assert [row.exp for row in await world.records(number)] == [START + DAY]

    world.clock.forward(days=1)
    await world.workers.drain()
    assert [row.exp for row in await world.records(number)] == [START + DAY, START + 5 * DAY]

    world.clock.forward(days=4)
    await world.workers.drain()
    assert [row.issue for row in await world.records(number)] == [1, 2, 3]
    assert await world.codes(number) == [0]


async def test_a_record_is_issued_again_before_it_ends(world):
    number = await world.granted()
    await world.workers.drain()
    world.clock.forward(days=79)
    await world.workers.drain()
    assert len(await world.records(number)) == 1

    world.clock.forward(days=2)
    await world.workers.drain()

    first, second = await world.records(number)
    assert (first.issue, second.issue) == (1, 2)
    assert first.event_id == second.event_id
    assert second.exp == START + (81 + 90) * DAY
    assert first.exp > world.clock()


async def test_a_revoked_generation_is_not_issued_again(world):
    number = await world.granted()
    await world.workers.drain()
    await world.decide(number, "revoke")
    world.clock.forward(days=85)
    await world.workers.drain()
    assert len(await world.records(number)) == 1


async def test_a_grant_for_the_future_gets_its_record_when_it_takes_effect(world):
    number = await world.granted(at=START + 3 * DAY)
    await world.workers.drain()
    assert await world.records(number) == []

    world.clock.forward(days=3)
    await world.workers.drain()
    (row,) = await world.records(number)
    assert json.loads(row.payload)["nbf"] == int((START + 3 * DAY).timestamp())


async def test_a_validity_already_over_gets_no_record(world):
    number = await world.granted(at=START - 2 * DAY, valid_until=START - DAY)
    await world.workers.drain()
    assert await world.records(number) == []
    assert await world.codes(number) == [1]


OPENED = Generation("0198", Scope(), None, None, "https://register.example/status-lists/a", 1)
SOON = Newest(4, START + 5 * DAY)


@pytest.mark.parametrize(
    ("code", "newest", "exp", "issue"),
    [
        (0, None, START + 90 * DAY, 1),
        (1, None, START + 90 * DAY, 1),  # the first is issued whatever has happened since
        (0, SOON, START + 90 * DAY, 5),
        (2, SOON, START + 90 * DAY, 5),
        (1, SOON, START + 90 * DAY, None),  # it can never be good again
        (0, SOON, START + 5 * DAY, None),  # nothing to gain
        (0, Newest(4, START + 50 * DAY), START + 90 * DAY, None),  # too early
        (0, None, START, None),  # it would be born expired
    ],
)
def test_which_issue_is_due(code, newest, exp, issue):
    due = next_issue("TEST-1", OPENED, code, newest, 90 * DAY, now=START, exp=exp)
    assert (due and due.issue) == issue
