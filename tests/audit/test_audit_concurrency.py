"""What only happens where transactions run side by side, as on PostgreSQL: late rows, appends at once, two starts."""

import asyncio

import pytest
from sqlalchemy import insert, select

from audit.entry import check
from audit.errors import PrevMismatch, Superseded
from audit.tables import ENTRIES, SUBJECTS
from goodstanding.canonical import format_time
from goodstanding.merkle import leaf_hash, root

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)


async def store(tx, submission, clock):
    """Append without waiting for other appends, which the log's own do; so a smaller seq can appear after a greater."""
    entry = check(submission)
    row = {"event_id": entry.event_id, "leaf": submission.leaf, "leaf_hash": entry.leaf_hash, "body": submission.body,
           "salt": submission.salt, "submitted_at": format_time(clock())}  # fmt: skip
    await tx.execute(insert(ENTRIES), [row])
    await tx.execute(insert(SUBJECTS), [{"subject": entry.subject, "head": entry.leaf_hash}])


async def indices(log):
    async with log.database.read() as tx:
        rows = await tx.execute(select(ENTRIES.c.event_id, ENTRIES.c.log_index).order_by(ENTRIES.c.seq))
        return [tuple(row) for row in rows]


async def test_a_row_that_becomes_visible_late_gets_its_place_late_and_is_not_forgotten(log, author, clock):
    slow, quick, next_one = author.first(3)
    async with log.database.write() as tx:
        await store(tx, slow, clock)
        async with log.database.write() as other:
            await store(other, quick, clock)
        assert await log.sequencer.step() == 1
        await log.append([next_one])
        assert await log.sequencer.step() == 1
    assert await log.sequencer.step() == 1

    assert await indices(log) == [(slow.event_id, 2), (quick.event_id, 0), (next_one.event_id, 1)]
    published = log.signer.verify((await log.reader.snapshot()).note).checkpoint
    assert published.root == root([leaf_hash(entry.leaf) for entry in (quick, next_one, slow)])


async def test_batches_that_overlap_in_any_order_are_stored_once_and_nobody_waits_in_a_circle(log, open_again, author):
    entries = author.first(40)
    logs = [open_again() for _ in range(4)]
    orders = [entries, entries[::-1], entries[20:] + entries[:20], entries[::2]]
    assert await asyncio.gather(*(each.append(order) for each, order in zip(logs, orders, strict=True))) == [
        40, 40, 40, 20,
    ]  # fmt: skip
    assert await log.sequencer.step() == 40


async def test_of_two_first_entries_of_a_subject_only_one_is_ever_stored(log, open_again, author):
    (first,) = author.first()
    chain = [first, author.next(first)]
    rival = author.next(first)
    results = await asyncio.gather(log.append(chain), open_again().append([first, rival]), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["PrevMismatch", "int"]
    assert any(isinstance(result, PrevMismatch) for result in results)
    assert len(await indices(log)) == 2


async def test_two_that_start_a_new_log_at_once_agree_on_it(open_again):
    logs = [open_again() for _ in range(4)]
    await asyncio.gather(*(each.start() for each in logs))
    for each in logs:
        assert (await each.reader.snapshot()).checkpoint.size == 0


async def test_of_two_sequencers_in_one_step_one_goes_on_and_the_other_stops(log, open_again, author):
    second = open_again()
    await second.start()
    await log.append(author.first(5))
    results = await asyncio.gather(log.sequencer.step(), second.sequencer.step(), return_exceptions=True)

    assert [result for result in results if isinstance(result, int)] == [5]
    assert [type(result) for result in results if not isinstance(result, int)] == [Superseded]
