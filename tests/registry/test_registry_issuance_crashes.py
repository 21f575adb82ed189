"""Kill the registry between any two steps: nothing is lost, nothing issued twice, nothing half published."""

import pytest
from issuance_world import Kill, Killed

from registry.issuance import key_rows

pytestmark = [pytest.mark.both_backends, pytest.mark.faults]

STEPS = [
    "4 before sending",
    "4 sent",
    "4 noted as sent",
    "6a proof verified",
    "6b stored what to sign",
    "6c signed",
    "6d released",
]


async def killed_at(world, step):
    with pytest.raises(Killed):
        await world.new_workers(Kill(step)).drain()
    world.clock.forward(seconds=10)  # the dead process's lease runs out


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_between_two_steps_loses_nothing_and_repeats_nothing(world, step):
    numbers = [await world.granted() for _ in range(3)]

    await killed_at(world, step)
    before = await world.records()
    await world.new_workers().drain()

    records = await world.records()
    assert await world.outbox() == []
    assert [row.number for row in records] == numbers
    assert all(row.issue == 1 and row.token for row in records)
    assert len(world.log.events) == 2 * len(numbers) + 1  # apply and grant each, and the record key
    # What was stored before the crash is what is signed after it, to the byte.
    assert [(row.jti, row.payload) for row in records][: len(before)] == [(row.jti, row.payload) for row in before]
    assert all(row.token == again.token for row, again in zip(before, records, strict=False) if row.token)


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_delays_no_protective_change(world, step):
    number = await world.granted()
    await world.workers.drain()
    await world.decide(number, "suspend")
    assert await world.codes(number) == [2]

    world.clock.forward(seconds=10)
    with pytest.raises(Killed):
        await world.new_workers(Kill(step)).drain()
    assert await world.codes(number) == [2]


async def test_a_crash_after_due_times_were_acted_on_still_signs_the_next_issue(world):
    number = await world.granted()
    await world.workers.drain()
    world.clock.forward(days=81)

    await killed_at(world, "due times acted on")
    assert [row.token is None for row in await world.records(number)] == [False, True]

    await world.new_workers().drain()
    assert [row.issue for row in await world.records(number)] == [1, 2]
    assert all(row.token for row in await world.records(number))


async def test_a_crash_while_the_first_key_is_made_keeps_that_key(world, monkeypatch):
    number = await world.granted()

    async def die(*_, **__):
        raise Killed

    monkeypatch.setattr(key_rows, "add", die)
    with pytest.raises(Killed):
        await world.workers.drain()
    monkeypatch.undo()
    (file,) = (world.folder / "keys").iterdir()
    made = file.read_bytes()

    world.clock.forward(seconds=10)
    await world.new_workers().drain()
    assert file.read_bytes() == made
    assert len(await world.records(number)) == 1
