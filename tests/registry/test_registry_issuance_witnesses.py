"""Witnesses of the log: what raises trust waits for as many as the policy asks for, what lowers it for nobody."""

import pytest
from issuance_world import MINISTRY
from log_simulator import witness_key
from sqlalchemy import select
from sqlmodel import col

from goodstanding.checkpoint import verify_checkpoint
from goodstanding.errors import LogError
from goodstanding.events import new_event_id
from registry.issuance import ledger
from registry.issuance.policy import Policy
from registry.schemes.tables import AuthorityRow
from registry.trust import trust_of

VALID, SUSPENDED = 0, 2
NAMES = ("north.example", "south.example", "west.example")


@pytest.fixture
def watched(world):
    """A register whose policy asks for two of three witnesses."""
    file = world.folder / "tlog.policy"
    lines = "".join(f"witness {name} {witness_key(name).encode()}\n" for name in NAMES)
    file.write_text(f"log {world.log.vkey}\n{lines}group enough 2 {' '.join(NAMES)}\nquorum enough\n")
    world.settings = world.settings.model_copy(update={"log_policy_file": file})
    world.workers = world.new_workers()
    return world


async def rounds(world, count=6):
    for _ in range(count):
        await world.workers.round()


async def test_a_grant_waits_for_the_quorum_and_is_released_when_late_lines_come(watched):
    # given: a checkpoint that only one witness has cosigned
    watched.log.witnesses = NAMES[:1]
    number = await watched.granted()
    # when, then: it is logged, and nothing is issued
    await rounds(watched)
    status = await watched.workers.status()
    assert (status.waiting, status.halted) == ({"PROVE": 2}, None)
    assert "witnesses have not cosigned" in status.trouble
    assert await watched.records(number) == []
    # when: the same checkpoint is published again with one more line
    watched.log.witnesses = NAMES[:2]
    await watched.workers.drain()
    # then
    assert (await watched.records(number))[0].token
    await rounds(watched, 1)
    assert (await watched.workers.status()).trouble is None


async def test_a_suspension_passes_without_witnesses_and_lifting_it_does_not(watched):
    watched.log.witnesses = NAMES
    number = await watched.granted()
    await watched.workers.drain()
    watched.log.witnesses = ()
    suspension = await watched.decide(number, "suspend")
    assert await watched.codes(number) == [SUSPENDED]
    await rounds(watched)
    await watched.decide(number, "end_suspension", closes=suspension)
    await rounds(watched)
    assert await watched.codes(number) == [SUSPENDED]
    watched.log.witnesses = NAMES[1:]
    await watched.workers.drain()
    assert await watched.codes(number) == [VALID]


async def test_an_erasure_is_logged_without_witnesses(watched):
    granted = await watched.granted()
    event_id, erasure = (await watched.outbox())[0][0], new_event_id(watched.clock())
    body = {"kind": "erasure", "event_id": erasure, "authority": MINISTRY, "data": {"event_ids": [event_id]}}
    async with watched.database.write() as tx:
        subject = await tx.scalar(select(col(AuthorityRow.subject)).where(col(AuthorityRow.id) == MINISTRY))
        stream = ledger.Stream(AuthorityRow, MINISTRY, subject, None)
        await ledger.append(tx, [ledger.Entry(body, stream)], now=watched.clock())
    await rounds(watched)
    assert {stage for _, stage in await watched.outbox()} == {"PROVE"}
    assert erasure not in [waiting for waiting, _ in await watched.outbox()]
    assert await watched.records(granted) == []


async def test_a_known_witness_whose_line_does_not_verify_halts_the_relay(watched):
    watched.log.witnesses, watched.log.forged = NAMES, True
    await watched.granted()
    await rounds(watched)
    assert "signature of west.example does not verify" in watched.workers.halted


async def test_readers_are_told_which_witnesses_are_enough(watched):
    log = (await trust_of(watched.settings, watched.database, watched.keys)).logs["TEST"]

    def witnessed(*names):
        watched.log.witnesses = names
        note = watched.log.checkpoint()
        return log.witnessed(
            verify_checkpoint(note, log=log.vkey, time_cosigner=log.time_vkey, witnesses=log.witnesses)
        )

    assert [witnessed(*NAMES[:count]) for count in range(3)] == [False, False, True]


async def test_a_policy_about_another_log_is_refused_at_the_start(watched):
    other = watched.settings.model_copy(update={"log_vkey": watched.log.vkey.replace("+", "x+", 1)})
    with pytest.raises(LogError):
        Policy.of(other)
