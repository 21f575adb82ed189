"""One process works at a time, and one that overslept its turn writes nothing."""

from datetime import timedelta

import pytest
from issuance_world import MINISTRY, START
from sqlalchemy import select

from registry.issuance import leases
from registry.issuance.errors import LostLease
from registry.issuance.tables import DueRow

pytestmark = pytest.mark.both_backends


async def taken(world, holder):
    async with world.database.write() as tx:
        return await leases.take(tx, "issuance", holder, world.clock())


async def test_a_lease_is_held_by_one_and_its_fence_grows_with_each_change(world):
    first = await taken(world, "a")
    assert await taken(world, "b") is None
    assert (await taken(world, "a")).fence == first.fence

    world.clock.forward(seconds=6)
    second = await taken(world, "b")
    assert second.fence == first.fence + 1

    async with world.database.write() as tx:
        await leases.hold(tx, second, world.clock())
        with pytest.raises(LostLease):
            await leases.hold(tx, first, world.clock())


async def test_a_lease_given_up_is_free_at_once(world):
    first = await taken(world, "a")
    async with world.database.write() as tx:
        await leases.give_up(tx, first, world.clock())
    assert (await taken(world, "b")).fence == first.fence + 1


@pytest.mark.parametrize("call", ["submit", "proofs"])
async def test_a_worker_replaced_while_it_waited_for_the_log_writes_nothing(world, call):
    number = await world.granted()
    slow, quick = world.workers, world.new_workers()
    ask, states = getattr(world.log, call), []

    async def oversleep(argument):
        setattr(world.log, call, ask)
        world.clock.forward(seconds=10)
        await quick.drain()
        states.append((await world.outbox(), await world.records()))
        return await ask(argument)

    setattr(world.log, call, oversleep)
    while not states:
        await slow.round()

    assert slow._lease is None  # it was told, in the transaction it tried to write
    (outbox, records) = states[0]
    assert await world.outbox() == outbox == []
    assert [tuple(row) for row in await world.records()] == [tuple(row) for row in records]
    assert len(await world.records(number)) == 1


async def test_a_worker_replaced_while_it_signed_releases_nothing(world):
    number = await world.granted()
    await world.keys.record_signer(MINISTRY)
    slow, signer = world.workers, world.keys.record_signer
    while not await world.records(number):
        await slow._relay.submit(await taken(world, slow._holder))
        await slow._relay.prove(await taken(world, slow._holder))

    async def oversleep(authority):
        world.clock.forward(seconds=10)
        assert await taken(world, "another")
        return await signer(authority)

    world.keys.record_signer = oversleep
    await slow.round()

    (row,) = await world.records(number)
    assert row.token is None
    assert "RELEASE" in {stage for _, stage in await world.outbox()}


@pytest.mark.parametrize("effect", ["submit", "prove", "sign", "act"])
async def test_no_effect_is_written_under_a_stale_fence(world, effect):
    number = await world.granted(valid_until=START + timedelta(days=30))
    await world.keys.record_signer(MINISTRY)
    parts = {part: getattr(owner, part) for owner, part in owners(world)}
    stale = await taken(world, "stale")
    for step in ("submit", "prove", "sign"):
        if step == effect:
            break
        await parts[step](stale)
    if effect == "act":
        world.clock.forward(days=30)
    world.clock.forward(seconds=10)
    assert await taken(world, "fresh")
    before = await everything(world, number)

    with pytest.raises(LostLease):
        await parts[effect](stale)

    assert await everything(world, number) == before


def owners(world):
    return [
        (world.workers._relay, "submit"),
        (world.workers._relay, "prove"),
        (world.workers._release, "sign"),
        (world.workers._due, "act"),
    ]


async def everything(world, number):
    async with world.database.read() as tx:
        due = [tuple(row) for row in await tx.execute(select(*DueRow.__table__.columns))]
    records = [tuple(row) for row in await world.records(number)]
    return due, records, await world.codes(number), await world.outbox()
