"""Time on the published checkpoint: fresh, never backwards, the first one kept."""

import asyncio

import pytest
from sqlalchemy import select

from audit.errors import ClockWentBackwards
from audit.publication import CHECKPOINT
from audit.tables import CHECKPOINTS
from goodstanding.note import Note, VerifierKey, cosign


def verified(log):
    return log.signer.verify(log.store.read(CHECKPOINT))


async def test_the_published_checkpoint_is_signed_anew(log, fill, clock):
    await fill(log, 3)
    clock.advance(5)
    assert await log.cosigner.step()
    assert verified(log).time == clock()
    assert verified(log).checkpoint.size == 3


async def test_the_first_cosigned_note_of_a_size_is_kept(log, fill, clock):
    await fill(log, 3)
    first = log.store.read(CHECKPOINT)
    clock.advance(5)
    await log.cosigner.step()
    async with log.database.read() as tx:
        kept = await tx.scalar(select(CHECKPOINTS.c.note).where(CHECKPOINTS.c.size == 3))
    assert kept.encode() == first != log.store.read(CHECKPOINT)


async def test_within_the_same_second_there_is_nothing_to_do(log):
    assert not await log.cosigner.step()


async def test_before_the_first_checkpoint_there_is_nothing_to_do(open_again):
    assert not await open_again().cosigner.step()


async def test_a_clock_that_went_back_signs_no_time(log, clock):
    before = log.store.read(CHECKPOINT)
    clock.advance(-1)
    with pytest.raises(ClockWentBackwards, match="1 s behind"):
        await log.cosigner.step()
    assert log.store.read(CHECKPOINT) == before


async def test_a_clock_that_went_back_signs_no_checkpoint_and_nothing_is_lost(log, author, clock):
    await log.append(author.first(2))
    clock.advance(-1)
    with pytest.raises(ClockWentBackwards):
        await log.sequencer.step()
    assert verified(log).checkpoint.size == 0
    clock.advance(1)
    assert await log.sequencer.step() == 2


async def test_a_restart_remembers_the_newest_time(log, open_again, clock, author):
    clock.advance(60)
    await log.cosigner.step()
    clock.advance(-30)
    restarted = open_again()
    await restarted.append(author.first())
    with pytest.raises(ClockWentBackwards, match="30 s behind"):
        await restarted.start()


async def test_signatures_of_others_stay(log, clock, signers):
    note = Note.parse(log.store.read(CHECKPOINT))
    witness = VerifierKey.cosigner("witness.example", signers[0].public_bytes)
    line = cosign(note.text, witness, signers[0].sign, 1)
    log.store.swap(CHECKPOINT, note.encode(), Note(note.text, (*note.signatures, line)).encode())
    clock.advance(5)
    await log.cosigner.step()
    assert line in Note.parse(log.store.read(CHECKPOINT)).signatures


async def test_it_goes_on_after_a_failure_until_told_to_stop(log, clock):
    clock.advance(-10)
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_time_cosigner(stop))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not running.done()
    stop.set()
    async with asyncio.timeout(10):
        await running


async def test_the_sequencer_says_that_it_waits_for_the_clock_and_goes_on_by_itself(log, author, clock, capsys):
    await log.append(author.first(2))
    clock.advance(-10)
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_sequencer(stop))
    async with asyncio.timeout(10):
        said = ""
        while "nothing is signed" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().out
        assert "10 s behind the newest signature" in said
        clock.advance(10)
        while verified(log).checkpoint.size < 2:
            await asyncio.sleep(0.01)
    stop.set()
    await running
