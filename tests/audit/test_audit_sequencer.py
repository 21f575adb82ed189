"""Step 5 of the issuance cycle: from rows to published tiles."""

import asyncio

import pytest
from sqlalchemy import select

from audit.errors import LogStopped, Superseded
from audit.migrate import migrate
from audit.sequencer import BATCH
from audit.tables import CHECKPOINTS, ENTRIES
from goodstanding.merkle import leaf_hash, root
from goodstanding.tiles import decode_bundle

pytestmark = pytest.mark.both_backends


def roots(submissions) -> bytes:
    return root([leaf_hash(submission.leaf) for submission in submissions])


async def indices(log) -> dict[str, int | None]:
    async with log.database.read() as tx:
        return {
            row.event_id: row.log_index for row in await tx.execute(select(ENTRIES.c.event_id, ENTRIES.c.log_index))
        }


async def published(log):
    return log.signer.verify((await log.reader.snapshot()).note)


async def reaches(log, size: int) -> None:
    """Wait, at most 10 seconds, until the log has published this size and is ready for more."""
    async with asyncio.timeout(10):
        while not log.sequencer.ready or (await published(log)).checkpoint.size < size:
            await asyncio.sleep(0.001)


async def test_a_new_log_publishes_its_empty_tree(log):
    verified = await published(log)
    assert verified.checkpoint.size == 0
    assert verified.time is not None


@pytest.mark.parametrize("size", [1, 255, 256, 257])
async def test_a_log_of_this_size_is_published_whole(log, fill, size):
    made = await fill(log, size)
    verified = await published(log)
    assert (verified.checkpoint.size, verified.checkpoint.root) == (size, roots(made))
    entries = []
    for path in ("tile/entries/000", "tile/entries/000.p/255", "tile/entries/001.p/1", "tile/entries/000.p/1"):
        entries += decode_bundle(data) if (data := log.store.read(path)) else []
    assert entries == [submission.leaf for submission in made]


async def test_a_step_takes_no_more_than_a_bounded_batch(log, author):
    for count in (1000, 1000, 500):
        await log.append(author.first(count))
    assert await log.sequencer.step() == BATCH
    assert await log.sequencer.step() == 2500 - BATCH
    assert await log.sequencer.step() == 0


async def test_order_in_the_log_is_the_order_of_submission(log, author):
    first, other = author.first(2)
    second = author.next(first)
    await log.append([first, other, second])
    await log.sequencer.step()
    third = author.next(second)
    await log.append([third])
    await log.sequencer.step()
    assert await indices(log) == {first.event_id: 0, other.event_id: 1, second.event_id: 2, third.event_id: 3}


async def test_partial_files_go_once_the_full_one_is_there(log, fill, author):
    await fill(log, 255)
    assert log.store.read("tile/0/000.p/255") is not None
    await fill(log, 2)
    assert log.store.read("tile/0/000.p/255") is None
    assert log.store.read("tile/entries/000.p/255") is None
    assert len(log.store.read("tile/0/000")) == 256 * 32
    assert len(log.store.read("tile/0/001.p/1")) == 32
    assert len(log.store.read("tile/1/000.p/1")) == 32


async def test_every_size_published_has_a_cosigned_note(log, author):
    for _ in range(3):
        await log.append(author.first(2))
        await log.sequencer.step()
    async with log.database.read() as tx:
        notes = {row.size: row.note for row in await tx.execute(select(CHECKPOINTS))}
    assert list(notes) == [0, 2, 4, 6]
    assert [log.signer.verify(note.encode()).checkpoint.size for note in notes.values()] == [0, 2, 4, 6]


async def test_a_second_sequencer_does_no_harm_and_makes_no_progress(log, open_again, author):
    second = open_again()
    await second.start()
    made = author.first(3)
    await log.append(made[:2])
    await log.sequencer.step()
    await second.append(made[2:])
    with pytest.raises(Superseded, match="another sequencer"):
        await second.sequencer.step()
    with pytest.raises(LogStopped):
        await second.sequencer.step()
    assert not second.sequencer.ready
    assert await log.sequencer.step() == 1
    assert (await published(log)).checkpoint.root == roots(made)


async def test_a_sequencer_that_lost_the_tree_does_not_publish_over_a_larger_one(log, open_again, author):
    made = author.first(2)

    async def run_the_other() -> None:
        other = open_again()
        await other.append(made[1:])
        await other.sequencer.step()

    loop = asyncio.get_running_loop()
    calls: list[str] = []

    def fault(point: str) -> None:
        if point == "5f synced" and not calls:
            calls.append(point)
            asyncio.run_coroutine_threadsafe(run_the_other(), loop).result(10)

    slow = open_again(fault)
    await slow.append(made[:1])
    with pytest.raises(Superseded, match="size 1 was not published"):
        await slow.sequencer.step()
    assert (await published(log)).checkpoint.root == roots(made)


async def test_the_running_sequencer_publishes_what_is_appended(log, author):
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_sequencer(stop))
    for size in (1, 2, 3):
        await log.append(author.first())
        await reaches(log, size)
    stop.set()
    await running


async def test_a_failing_disk_is_tried_again_and_nothing_is_lost(open_again, author):
    failures = iter([OSError(28, "No space left on device"), None, None, None])

    def fault(point: str) -> None:
        if point.startswith("5f wrote") and (error := next(failures, None)):
            raise error

    log = open_again(fault)
    made = author.first(3)
    await log.append(made)
    stop = asyncio.Event()
    running = asyncio.create_task(log.run_sequencer(stop))
    await reaches(log, 3)
    stop.set()
    await running
    assert (await published(log)).checkpoint.root == roots(made)


async def test_a_stopped_log_ends_its_run_and_says_why(log, open_again, author):
    second = open_again()
    await second.start()
    await log.append(author.first())
    await log.sequencer.step()
    async with asyncio.timeout(10):
        await second.run_sequencer(asyncio.Event())
    assert "another sequencer" in second.sequencer.stopped


async def test_of_two_databases_with_one_folder_only_one_is_published(log, open_again, copied, author, clock):
    """Two programs that were given the same folder by mistake: the second must not go on where the first one stopped."""
    other = open_again(url=copied("audit-other", migrate))
    await other.start()  # both logs are empty: nothing tells them apart yet
    await log.append(made := author.first(3))
    await log.sequencer.step()
    before = log.store.read("checkpoint")
    await other.append(author.first(5))
    with pytest.raises(Superseded, match="another"):
        await other.sequencer.step()
    assert log.store.read("checkpoint") == before
    assert await indices(other) == dict.fromkeys((await indices(other)), None)
    await log.append(more := author.first(5))
    await log.sequencer.step()
    assert (await published(log)).checkpoint.root == roots([*made, *more])
    again = open_again(url=other.database.url)
    with pytest.raises(LogStopped, match="Going on would fork the log"):
        await again.start()
