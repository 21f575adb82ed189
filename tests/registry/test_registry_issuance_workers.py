"""The background loop: woken by commits, patient with a log that is away, visible, and gone when told to stop."""

import asyncio
import contextlib

import pytest
from issuance_world import START

from goodstanding.errors import KeyRefused
from registry.errors import Invalid
from registry.issuance import workers as module
from registry.issuance.errors import LogUnavailable
from registry.issuance.policy import Policy
from registry.issuance.workers import backoff


@contextlib.asynccontextmanager
async def running(workers):
    stop = asyncio.Event()
    task = asyncio.create_task(workers.run(stop))
    yield
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_a_commit_wakes_the_worker(world, monkeypatch):
    monkeypatch.setattr(module, "IDLE", 60.0)
    released = asyncio.Event()
    with monkeypatch.context() as sleepy:  # it begins with a rest that only a commit ends
        sleepy.setattr(module, "FIRST_LOOK", 60.0)
        world.workers = world.new_workers(lambda step: released.set() if step == "6d released" else None)
    async with running(world.workers):
        number = await world.granted()
        await asyncio.wait_for(released.wait(), 10)
        assert (await world.records(number))[0].token
    assert await world.new_workers().round() == module.FIRST_LOOK  # the lease was given up, or this would wait for it


async def test_while_the_log_is_away_it_is_asked_ever_more_rarely_and_due_times_go_on(world):
    lapsing = await world.granted(valid_until=START.replace(hour=10))
    await world.workers.drain()
    await world.granted()
    world.log.cut = True
    asked = []
    submit = world.log.submit

    async def count(events):
        asked.append(1)
        await submit(events)

    world.log.submit = count
    for _ in range(20):
        await world.workers.round()
    assert len(asked) == 1
    assert "cut" in (await world.workers.status()).trouble
    assert (await world.workers.status()).waiting == {"SUBMIT": 2}

    world.clock.forward(hours=1)
    await world.workers.round()
    assert await world.codes(lapsing) == [1]


def test_back_off_doubles_up_to_a_bound():
    assert [backoff(n) for n in (1, 2, 3, 4)] == [0.1, 0.2, 0.4, 0.8]
    assert backoff(7) == backoff(100_000) == 5.0


async def test_draining_gives_up_on_a_log_that_stays_away(world, monkeypatch):
    monkeypatch.setattr(module, "LAST_DELAY", 0.01)
    monkeypatch.setattr(module, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(module, "LAST_POLL", 0.01)
    await world.granted()
    world.log.cut = True
    with pytest.raises(LogUnavailable, match="giving up"):
        await world.workers.drain()


async def test_draining_gives_up_on_a_log_that_never_publishes(world, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.2)
    await world.granted()
    world.log.holding = True
    with pytest.raises(LogUnavailable, match="publishes nothing"):
        await world.workers.drain()


async def test_a_key_that_cannot_be_used_is_trouble_everybody_can_see_and_mends_by_itself(world):
    number = await world.granted()
    signer = world.keys.record_signer

    async def refuse(authority):
        raise KeyRefused("the key file is missing")

    world.keys.record_signer = refuse
    for _ in range(3):
        await world.workers.round()
    assert (await world.workers.status()).trouble == "the key file is missing"
    assert [row.token for row in await world.records(number)] == [None]

    world.keys.record_signer = signer
    await world.workers.drain()
    assert (await world.workers.status()).trouble is None
    assert (await world.records(number))[0].token


async def test_an_idle_registry_takes_no_lease(world):
    assert await world.workers.round() > 0
    async with world.database.read() as tx:
        assert (await tx.exec_driver_sql("SELECT count(*) FROM leases")).scalar() == 0


async def test_it_looks_again_soon_after_it_has_done_something_and_ever_more_rarely_while_there_is_nothing(world):
    rests = [await world.workers.round() for _ in range(6)]
    assert rests == [0.02, 0.04, 0.08, 0.16, module.IDLE, module.IDLE]
    await world.granted()
    while not await world.workers.round():
        pass
    assert await world.workers.round() == 2 * module.FIRST_LOOK


@pytest.mark.parametrize(
    "setting", [{"status_list_ttl": 61}, {"status_list_lifetime": 3601}, {"record_lifetime": 91 * 86_400}]
)
def test_lifetimes_beyond_what_verifiers_accept_are_refused_at_the_start(world, setting):
    (name,) = setting
    with pytest.raises(Invalid, match=name):
        Policy.of(type(world.settings)(**(world.settings.model_dump() | setting)))
