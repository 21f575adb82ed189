"""A database restored from an older backup: it signs nothing, and gets back what was published since."""

import asyncio
import json

import pytest
from failing_commit import failing_commit
from sqlalchemy import select, update

from audit.catch_up.copies import read_copies
from audit.catch_up.service import CatchUp
from audit.errors import LogStopped, Unavailable
from audit.fsck.service import fsck, quietly
from audit.migrate import migrate
from audit.tables import CHECKPOINTS, ENTRIES
from goodstanding.canonical import b64u, unb64u
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.events import Leaf

COMMITS = 4
"""Commits of catching up with two bundles: rows twice, bodies, and the one that moves the tree."""


@pytest.fixture
def restored(log, open_again, fill, author, backup, clock):
    """Make a log of `old` entries, back it up, publish more, and put the backup back.

    Returns the restored log, and the feed as a follower had it before.
    """

    async def made(old: int, *more: int, waiting: int = 0):
        await fill(log, old)
        first = (await log.feed.page(-1)).body
        if waiting:
            await log.append(author.first(waiting))
        await log.close()
        put_back = backup(log)
        feed = [first]
        for count in more:
            clock.advance(5)
            await fill(log, count)
            feed.append((await log.feed.page(old - 1)).body)
        await log.close()
        put_back()
        return open_again(), first + feed[-1]

    return made


@pytest.fixture
def catch_up(tmp_path):
    """Catch up with copies of a feed."""

    async def caught(log, *copies: bytes):
        files = []
        for number, copy in enumerate(copies):
            files.append(tmp_path / f"copy-{number}")
            files[-1].write_bytes(copy)
        lines = (line for file in files for line in read_copies(file))
        done = await CatchUp(log.store, log.database, log.signer.verify, quietly).run(lines)
        return done.old, done.new

    return caught


async def goes_on(log, fill) -> None:
    """Nothing of the log is wrong, and it takes entries in."""
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []
    before = (await log.reader.snapshot()).checkpoint.size
    await log.start()
    await fill(log, 2)
    assert (await log.reader.snapshot()).checkpoint.size == before + 2
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []


def subject_of(encoded: str) -> bytes:
    return Leaf.decode(unb64u(encoded)).subject


@pytest.mark.both_stores
@pytest.mark.both_backends
async def test_what_was_published_since_comes_back_and_nothing_forks(restored, catch_up, fill):
    log, feed = await restored(200, 60, 340)
    with pytest.raises(LogStopped, match="audit catch-up"):
        await log.start()
    assert await catch_up(log, feed) == (200, 600)
    assert (await log.feed.page(-1)).body == feed
    assert await catch_up(log, feed) == (600, 600)


async def test_it_goes_on_as_if_nothing_had_happened(restored, catch_up, open_again, fill, author):
    log, feed = await restored(3, 2, waiting=2)
    await catch_up(log, feed)
    await goes_on(open_again(), fill)


async def test_without_the_bodies_it_stays_behind_and_says_which_are_missing(restored, catch_up, open_again, fill):
    log, feed = await restored(3, 4)
    with pytest.raises(LogStopped, match="bodies of 4 entries are still missing, the first one that of entry 3"):
        await catch_up(log)
    lines = feed.splitlines(keepends=True)
    with pytest.raises(LogStopped, match="bodies of 1 entries are still missing, the first one that of entry 6"):
        await catch_up(log, b"".join(lines[:-2]))
    with pytest.raises(LogStopped, match="ends at size 3, but size 7 has been published"):
        await open_again().start()
    assert await catch_up(log, b"".join(lines[-2:])) == (3, 7)
    await goes_on(open_again(), fill)


async def test_an_empty_database_is_filled_from_published_files_and_a_copy_of_the_feed(
    log, open_again, fill, catch_up, empty_database
):
    await fill(log, 300)
    feed = (await log.feed.page(-1)).body
    await asyncio.to_thread(migrate, empty_database)
    again = open_again(url=empty_database)
    assert await catch_up(again, feed) == (0, 300)
    await goes_on(again, fill)


async def test_since_when_a_size_was_known_comes_back_with_the_feed(restored, catch_up, clock):
    log, feed = await restored(3, 2, 2)
    clock.advance(3600)
    await log.cosigner.step()
    await catch_up(log, feed)
    async with log.database.read() as tx:
        kept = (await tx.scalars(select(CHECKPOINTS.c.note).order_by(CHECKPOINTS.c.size))).all()
    wanted = [json.loads(line)["checkpoint"] for line in feed.splitlines() if b'"checkpoint"' in line]
    assert kept[1:] == wanted


async def test_events_without_index_as_the_registry_has_them_do_too(restored, catch_up, open_again, fill):
    log, feed = await restored(3, 2)
    entries = [json.loads(line) for line in feed.splitlines() if b'"checkpoint"' not in line]
    events = "".join(json.dumps({name: entry[name] for name in ("leaf", "body", "salt")}) + "\n" for entry in entries)
    assert await catch_up(log, events.encode()) == (3, 5)
    await goes_on(open_again(), fill)


@pytest.mark.both_backends
@pytest.mark.parametrize("lost", [{"body": None, "salt": None}, {"body": b"another"}])
async def test_a_body_that_is_lost_or_altered_in_a_log_that_is_not_behind_is_put_right(log, fill, catch_up, lost):
    await fill(log, 3)
    feed = (await log.feed.page(-1)).body
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).where(ENTRIES.c.log_index == 1).values(lost))
    (finding,) = (await fsck(log.store, log.database, log.signer.verify)).findings
    assert "catch-up --bodies" in finding.do
    await catch_up(log, feed)
    assert (await log.feed.page(-1)).body == feed
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []


async def test_what_was_erased_stays_so_and_what_a_backup_brings_back_can_be_erased_again(
    log, open_again, fill, author, backup, catch_up
):
    old = await fill(log, 3)
    await log.close()
    put_back = backup(log)
    new, erasure = await fill(log, 2), author.erasure()
    await log.append([erasure])
    await log.sequencer.step()
    gone = [old[0].event_id, new[0].event_id]
    assert await log.erasures.erase(erasure.event_id, gone) == 2
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []
    feed = (await log.feed.page(-1)).body
    await log.close()
    put_back()

    again = open_again()
    assert await catch_up(again, feed) == (3, 6)
    erased = [json.loads(line).get("erased_by") for line in (await again.feed.page(-1)).body.splitlines()]
    assert erased.count(erasure.event_id) == 1, "the backup has brought the other body back"
    assert await again.erasures.erase(erasure.event_id, gone) == 1
    assert (await again.feed.page(-1)).body == feed
    assert (await fsck(again.store, again.database, again.signer.verify)).findings == []


async def test_an_erasure_is_believed_only_where_its_event_was_logged_later(restored, catch_up):
    log, feed = await restored(3, 2)
    lines = [json.loads(line) for line in feed.splitlines()]
    gone = [{"leaf": line["leaf"], "erased_by": "nobody"} if line.get("index") == 3 else line for line in lines]
    with pytest.raises(LogStopped, match="event nobody erased entry 3, but no such erasure event"):
        await catch_up(log, "".join(json.dumps(line) + "\n" for line in gone).encode())
    assert await catch_up(log, feed) == (3, 5), "a copy that says otherwise has done no harm"


async def test_rows_that_are_not_those_that_were_published_are_not_continued(restored, catch_up):
    log, feed = await restored(3, 2)
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).where(ENTRIES.c.log_index == 1).values(leaf=b"another"))
    with pytest.raises(LogStopped, match="nothing was written"):
        await catch_up(log, feed)
    async with log.database.read() as tx:
        assert len((await tx.execute(select(ENTRIES))).all()) == 3


async def test_an_entry_that_waits_while_its_subject_has_gone_on_is_for_a_person(restored, catch_up, author):
    log, feed = await restored(3, 2)
    newest = [json.loads(line) for line in feed.splitlines() if b'"index":4' in line]
    other = author._make(99, subject_of(newest[0]["leaf"]), None)
    await log.append([other])
    with pytest.raises(LogStopped, match=f"event {other.event_id} waits for its index, but its subject went on"):
        await catch_up(log, feed)


async def test_a_fork_in_the_copies_is_told(restored, catch_up, clock):
    log, feed = await restored(3, 4)
    fork = log.signer.sign(Checkpoint(log.origin, 5, bytes(32)), clock())
    with pytest.raises(LogStopped, match="size 5 of another tree: this log has been forked"):
        await catch_up(log, feed, json.dumps({"checkpoint": fork.decode()}).encode() + b"\n")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"?\n", "line 1 of"),
        (b"[]\n", "no JSON object"),
        (b'{"index":1}\n', "it has no leaf"),
        (b'{"checkpoint":"another"}\n', "not one of this log"),
    ],
)
async def test_a_copy_that_is_none_is_refused_with_its_line(restored, catch_up, line, says):
    log, _ = await restored(3, 2)
    with pytest.raises(LogError, match=says):
        await catch_up(log, line)


async def test_a_body_that_does_not_open_its_leaf_is_refused(restored, catch_up):
    log, feed = await restored(3, 2)
    with pytest.raises(LogError, match="do not open the leaf"):
        await catch_up(log, feed.replace(b64u(b'{"number":5}').encode(), b64u(b'{"number":6}').encode()))


@pytest.mark.parametrize("after", [False, True], ids=["failed", "persisted, reported failed"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_cut_off_at_any_of_its_commits_it_signs_nothing_and_comes_to_its_end_when_run_again(
    restored, catch_up, open_again, fill, nth, after
):
    log, feed = await restored(3, 4, 300)
    with failing_commit(nth + 1, after=after) as reached, pytest.raises(Unavailable):  # the first one reads the tree
        await catch_up(log, feed)
    assert reached[-1] == nth + 1
    done = nth == COMMITS and after  # only the last one moves the tree
    if not done:
        with pytest.raises(LogStopped, match="Going on would fork the log"):
            await open_again().start()
    assert (await catch_up(log, feed))[1] == 307
    await goes_on(open_again(), fill)
