"""Appending: once, whole batches, chains in order."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from audit.entry import Submission
from audit.errors import EntryConflict, EntryRefused, PrevMismatch
from audit.tables import ENTRIES
from goodstanding.events import Leaf, commitment

pytestmark = pytest.mark.both_backends


async def stored(log) -> int:
    async with log.database.read() as tx:
        return await tx.scalar(select(func.count()).select_from(ENTRIES))


def sealed(submission: Submission, body: bytes, salt: bytes, **changes) -> Submission:
    """The submission with another body, its leaf made to fit."""
    leaf = replace(Leaf.decode(submission.leaf), commitment=commitment(salt, body), **changes)
    return Submission(submission.event_id, leaf.encode(), body, salt)


async def test_the_same_batch_twice_is_accepted_twice_and_stored_once(log, author):
    batch = author.first(3)
    assert await log.append(batch) == 3
    assert await log.append(batch) == 3
    assert await stored(log) == 3


async def test_the_same_entry_twice_in_a_batch_is_stored_once(log, author):
    (entry,) = author.first()
    assert await log.append([entry, entry]) == 2
    assert await stored(log) == 1


async def test_the_same_batch_from_two_sides_at_once_is_stored_once(log, open_again, author):
    batch, other = author.first(50), open_again()
    assert await asyncio.gather(log.append(batch), other.append(batch), log.append(batch)) == [50, 50, 50]
    assert await stored(log) == 50


async def test_an_entry_is_accepted_again_after_it_was_logged(log, author):
    batch = author.first(2)
    await log.append(batch)
    await log.sequencer.step()
    await log.append([*batch, author.next(batch[0])])
    assert await log.sequencer.step() == 1


async def test_a_known_id_with_other_bytes_is_a_conflict_and_nothing_of_the_batch_is_stored(log, author):
    (known,) = author.first()
    await log.append([known])
    other = sealed(known, b"other", known.salt)
    with pytest.raises(EntryConflict, match="already in the log with other bytes") as caught:
        await log.append([*author.first(2), other])
    assert caught.value.event_id == known.event_id
    assert await stored(log) == 1


async def test_two_versions_of_one_event_in_a_batch_are_a_conflict(log, author):
    (entry,) = author.first()
    with pytest.raises(EntryConflict):
        await log.append([entry, sealed(entry, b"other", entry.salt)])
    assert await stored(log) == 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda entry: replace(entry, body=b"other"), "does not commit"),
        (lambda entry: replace(entry, salt=bytes(32)), "does not commit"),
        (lambda entry: replace(entry, salt=entry.salt + b"x"), "32 bytes"),
        (lambda entry: sealed(entry, b"x" * 10_001, entry.salt), "longer than 10000 bytes"),
        (lambda entry: replace(entry, leaf=entry.leaf.replace(b",", b", ", 1)), "canonical"),
        (lambda entry: replace(entry, leaf=entry.leaf + b" " * 512), "512"),
        (lambda entry: replace(entry, leaf=b"{}"), "members"),
        (lambda entry: replace(entry, leaf=b"\xff"), "UTF-8"),
        (lambda entry: replace(entry, event_id="0197c000-0000-7000-8000-ffffffffffff"), "belongs to event"),
    ],
)
async def test_a_malformed_entry_is_refused_and_nothing_of_the_batch_is_stored(log, author, spoil, why):
    good, bad = author.first(2)
    spoiled = spoil(bad)
    with pytest.raises(EntryRefused, match=why) as caught:
        await log.append([good, spoiled])
    assert caught.value.event_id == spoiled.event_id
    assert await stored(log) == 0


async def test_a_chain_may_arrive_in_one_batch_or_in_several(log, author):
    (first,) = author.first()
    second = author.next(first)
    third = author.next(second)
    await log.append([first, second])
    await log.append([third])
    assert await stored(log) == 3


async def test_prev_must_be_the_newest_leaf_of_the_subject(log, author):
    (first,) = author.first()
    second = author.next(first)
    await log.append([first, second])
    with pytest.raises(PrevMismatch, match="submit a subject's events in order"):
        await log.append([author.next(first)])


async def test_a_gap_in_the_chain_is_refused(log, author):
    (first,) = author.first()
    second = author.next(first)
    with pytest.raises(PrevMismatch, match="that is none"):
        await log.append([second])
    with pytest.raises(PrevMismatch):
        await log.append([second, first])
    assert await stored(log) == 0


async def test_prev_may_be_null_for_the_first_leaf_only(log, author):
    first, other = author.first(2)
    await log.append([first])
    with pytest.raises(PrevMismatch, match="names none"):
        await log.append([sealed(other, other.body, other.salt, subject=Leaf.decode(first.leaf).subject)])


async def test_a_batch_has_a_bound(log, author):
    with pytest.raises(ValueError, match="at most 1000"):
        await log.append(author.first(1001))
