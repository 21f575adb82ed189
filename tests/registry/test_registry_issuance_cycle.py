"""The issuance cycle from the decision to the released record: proof first, then what is signed, then the token."""

import pytest
from issuance_world import HOME, MINISTRY, START
from log_simulator import LogSimulator

from goodstanding import Verifier
from goodstanding.record import parse_record
from registry.issuance.errors import LogConflict, LogLied, LogUnavailable

pytestmark = pytest.mark.both_backends


async def test_a_logged_grant_becomes_a_record_an_offline_verifier_accepts(world):
    number = await world.granted()

    await world.workers.drain()

    assert await world.outbox() == []
    async with world.client() as client:
        bundle = (await client.get(f"/evidence/{number}")).json()
    verdict = Verifier(await world.trust(), world.clock).verify(
        bundle["record"], tlog_proof=bundle["tlog_proof"], status_list=bundle["status_list_token"]
    )
    assert verdict.verdict == "IN_GOOD_STANDING"
    (row,) = await world.records(number)
    claims = parse_record(row.token).payload
    assert claims["iss"] == f"{HOME}/authorities/{MINISTRY}"
    assert claims["vct"] == f"{HOME}/vct/accreditation"
    assert claims["jti"] == row.jti == f"{row.event_id}/record/1"
    assert claims["iat"] == int(START.timestamp())


async def test_no_record_without_a_published_proof(world):
    world.log.holding = True
    number = await world.granted()

    for _ in range(4):
        await world.workers.round()
    assert await world.records() == []

    world.log.holding = False
    world.log.publish()
    await world.workers.drain()
    assert [row.issue for row in await world.records(number)] == [1]


@pytest.mark.parametrize("lie", ["root", "hashes", "signature", "time", "index"])
async def test_a_log_that_lies_halts_the_relay_and_nothing_is_released(world, lie):
    await world.granted()
    world.log.lie = lie

    with pytest.raises(LogLied):
        await world.workers.drain()

    assert await world.records() == []
    assert {stage for _, stage in await world.outbox()} == {"PROVE"}
    assert (await world.workers.status()).halted
    # It stays halted although the log is honest again: a person has to look and restart.
    world.log.lie = None
    await world.workers.round()
    assert await world.records() == []
    await world.new_workers().round()  # the lease is still the first one's
    world.clock.forward(seconds=10)
    await world.new_workers().drain()
    assert len(await world.records()) == 1


async def test_a_lost_answer_of_the_log_makes_no_duplicate(world):
    number = await world.granted()
    submit, lost = world.log.submit, []

    async def submit_and_lose_the_answer(events):
        await submit(events)
        if not lost:
            lost.append(True)
            raise LogUnavailable("the answer was lost")

    world.log.submit = submit_and_lose_the_answer
    await world.workers.drain()

    assert lost
    assert world.log.submissions > 1
    assert len([e for e in world.log.events.values() if e.kind == "decision"]) == 2
    assert len(await world.records(number)) == 1


async def test_what_the_log_refuses_for_good_is_set_aside_and_the_rest_goes_on(world):
    refused, accepted = await world.granted(), await world.granted()
    poison = await world.decide(refused, "revoke")
    after = await world.decide(accepted, "suspend")
    world.log.refused.add(poison)

    await world.workers.drain()

    assert await world.outbox() == [(poison, "ASIDE")]
    assert (await world.workers.status()).waiting == {"ASIDE": 1}
    assert after in world.log.events
    assert len(await world.records(refused)) == 1
    submissions = world.log.submissions
    await world.workers.round()
    assert world.log.submissions == submissions  # it is not tried again by itself


async def test_an_event_known_to_the_log_with_other_bytes_is_set_aside(world):
    number = await world.granted()
    await world.workers.drain()
    event_id = await world.decide(number, "suspend")
    world.log.events[event_id] = next(iter(world.log.events.values()))

    await world.workers.drain()

    assert await world.outbox() == [(event_id, "ASIDE")]
    assert await world.codes(number) == [2]  # the decision stands and shows, whatever the log does


async def test_a_batch_refused_without_a_name_is_retried_not_dropped(world):
    await world.granted()

    async def refuse(events):
        raise LogConflict("something is wrong", None)

    honest, world.log.submit = world.log.submit, refuse
    await world.workers.round()
    assert "without naming" in (await world.workers.status()).trouble

    world.log.submit = honest
    await world.workers.drain()
    assert (await world.workers.status()).trouble is None
    assert len(await world.records()) == 1


async def test_a_log_with_two_trees_is_found_out_by_an_index_given_twice(world):
    await world.granted()
    await world.workers.drain()
    other = LogSimulator(world.clock)
    world.log.submit, world.log.proofs = other.submit, other.proofs
    await world.granted()

    with pytest.raises(LogLied, match="two trees"):
        await world.workers.drain()
    assert len(await world.records()) == 1
