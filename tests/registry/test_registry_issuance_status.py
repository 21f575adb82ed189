"""Status codes: what lowers trust shows at commit, everything else once it is logged, and a 1 stays."""

from datetime import timedelta

import pytest
from issuance_world import START

from registry.issuance import publication, status


@pytest.mark.both_backends
async def test_suspension_shows_at_commit_while_the_log_is_cut_and_others_stay_good(world):
    suspended, untouched = await world.granted(), await world.granted()
    await world.workers.drain()
    world.log.cut = True

    await world.decide(suspended, "suspend")
    await world.workers.round()

    assert await world.codes(suspended) == [2]
    assert await world.codes(untouched) == [0]


async def test_lifting_waits_for_the_log(world):
    number = await world.granted()
    suspension = await world.decide(number, "suspend")
    await world.workers.drain()
    world.log.cut = True

    await world.decide(number, "end_suspension", closes=suspension)
    assert await world.codes(number) == [2]

    world.log.cut = False
    await world.new_workers_after_lease().drain()
    assert await world.codes(number) == [0]


@pytest.mark.both_backends
async def test_revocation_is_for_good(world):
    number = await world.granted()
    await world.workers.drain()
    event_id = await world.decide(number, "revoke")
    opened = (await world.records(number))[0].event_id
    assert await world.codes(number) == [1]

    async with world.database.write() as tx:
        await status.set_codes(tx, [number], {opened: 0})

    assert await world.codes(number) == [1]
    assert event_id != opened


async def test_a_suspension_from_tomorrow_shows_tomorrow(world):
    number = await world.granted()
    await world.decide(number, "suspend", at=START + timedelta(days=1))
    await world.workers.drain()
    assert await world.codes(number) == [0]

    world.clock.forward(days=1)
    await world.workers.drain()
    assert await world.codes(number) == [2]


@pytest.mark.both_backends
async def test_the_end_of_validity_lapses_by_itself(world):
    number = await world.granted(valid_until=START + timedelta(days=30))
    await world.workers.drain()

    world.clock.forward(days=30)
    await world.workers.drain()
    assert await world.codes(number) == [1]


async def test_refreshing_again_changes_no_version(world):
    number = await world.granted()
    await world.decide(number, "suspend")
    await world.workers.drain()
    before = await world.list_versions()

    async with world.database.write() as tx:
        await publication.refresh(tx, [number], now=world.clock())

    assert await world.list_versions() == before == [1]


@pytest.mark.both_backends
async def test_indices_are_never_given_twice_and_a_full_list_is_followed_by_another(world, monkeypatch):
    monkeypatch.setattr(status, "CAPACITY", 64)
    numbers = [await world.granted() for _ in range(40)]

    places = await world.places()
    assert len(places) == len(set(places)) == len(numbers)
    assert len({list_id for list_id, _ in places}) == 2
    assert [idx for _, idx in places] != sorted(idx for _, idx in places)


async def test_a_listing_without_a_known_word_is_inconclusive_from_the_first(world):
    number = await world.listed("Never heard of")
    assert await world.codes(number) == [0]  # harmless: there is no record

    await world.workers.drain()
    assert await world.codes(number) == [3]
    (row,) = await world.records(number)
    assert b"/vct/transcribed-accreditation" in row.payload
