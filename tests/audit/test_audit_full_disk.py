"""No room left: nothing acknowledged is lost, nothing half is published, an operator reads what to do, and the log goes on
by itself once there is room."""

import asyncio
import contextlib
import sqlite3

import httpx
import pytest
from patience import until
from small_disk import small_disk

from audit.app import create_app
from audit.errors import Unavailable
from audit.fsck.report import Report
from audit.fsck.service import check_published, fsck
from audit.migrate import migrate
from audit.store import FileStore
from audit.tables import ENTRIES

pytestmark = pytest.mark.faults  # what is full is tried again after pauses

FIRST = 250
"""Entries before the disk fills up: the next ten make a bundle and a tile full."""
MOST = 400
"""Batches within which a small disk must be full."""


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
async def log_there(disk, open_again, fill):
    """A log with its files on the small disk, and its database elsewhere."""
    log = open_again(folder=disk.path / "log")
    await log.start()
    await fill(log, FIRST)
    return log


@contextlib.asynccontextmanager
async def running(log):
    stop = asyncio.Event()
    task = asyncio.create_task(log.run_sequencer(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def readiness(log):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(log, "t")), base_url="http://audit"
    ) as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()["missing"]


def published(log):
    """The size that is published, after a check that all of it is there and has the signed root."""
    report = Report()
    checkpoint = check_published(log.store, log.signer.verify, report)
    assert report.findings == []
    return checkpoint.size


async def whole(log, entries):
    """Nothing is wrong with the log, and it holds these entries, each once, in the order in which they were accepted."""
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []
    async with log.database.read() as tx:
        rows = await tx.execute(ENTRIES.select().order_by(ENTRIES.c.log_index))
        assert [row.event_id for row in rows] == [entry.event_id for entry in entries]
    assert published(log) == len(entries)


MAKE_ROOM = {"remove files": lambda disk: disk.clear(), "a larger disk": lambda disk: disk.resize("8m")}


@pytest.mark.parametrize("room", MAKE_ROOM)
async def test_files_that_find_no_room_are_published_once_there_is(disk, log_there, author, capsys, room):
    accepted = []
    disk.fill(but=20)
    async with running(log_there):
        for _ in range(MOST):
            await log_there.append(batch := author.first(10))
            accepted += batch
            if log_there.sequencer.trouble:
                break
            await asyncio.sleep(0.005)
        status, (missing,) = await readiness(log_there)
        assert status == 503
        assert "no space is left for the log's files: make room on their disk" in missing
        assert "make room on their disk" in capsys.readouterr().out
        before = published(log_there)
        await log_there.append(batch := author.first(10))  # the database has room: it is accepted all the same
        accepted += batch
        assert before < FIRST + len(accepted)

        MAKE_ROOM[room](disk)
        await until(lambda: published(log_there) == FIRST + len(accepted))
        assert await readiness(log_there) == (200, [])
    await in_order(log_there, FIRST + len(accepted), accepted)


async def in_order(log, size, last):
    """The log is whole, and these are its last entries."""
    async with log.database.read() as tx:
        rows = await tx.execute(ENTRIES.select().order_by(ENTRIES.c.log_index).limit(size - len(last)))
        earlier = list(rows)
    await whole(log, [*earlier, *last])


async def test_the_log_of_a_full_disk_serves_what_is_published_after_a_restart(disk, log_there, open_again, author):
    disk.fill()
    await log_there.append(accepted := author.first(10))
    with pytest.raises(OSError, match="No space left"):
        await log_there.sequencer.step()
    restarted = open_again(folder=disk.path / "log")
    with pytest.raises(OSError, match="No space left"):
        await restarted.start()
    assert published(restarted) == FIRST
    assert (await restarted.reader.snapshot()).note == log_there.store.read("checkpoint")
    disk.clear()
    await restarted.start()
    await in_order(restarted, FIRST + 10, accepted)


@pytest.mark.parametrize("scarce", ["fill", "use_up_names"])
async def test_wherever_the_room_ends_nothing_half_is_seen(disk, log_there, author, scarce):
    """Room for nothing, for one page or file more, and so on until there is room for all that a step writes."""
    accepted, failures = [], 0
    for room in range(40):
        await log_there.append(batch := author.first(10))
        accepted += batch
        getattr(disk, scarce)(but=room)
        try:
            await log_there.sequencer.step()
        except OSError as error:
            failures += 1
            assert error.strerror == "No space left on device"  # noqa: PT017 - later rooms suffice
            assert published(log_there) in (FIRST + len(accepted) - 10, FIRST + len(accepted))
            assert not list((disk.path / "log" / ".tmp").iterdir())
        disk.clear()
        await log_there.sequencer.step()
        assert published(log_there) == FIRST + len(accepted)
    assert 2 <= failures < 40
    await in_order(log_there, FIRST + len(accepted), accepted)


async def test_a_time_that_finds_no_room_is_signed_once_there_is(disk, log_there, clock):
    before = log_there.store.read("checkpoint")
    disk.fill()
    clock.advance(5)
    with pytest.raises(OSError, match="No space left"):
        await log_there.cosigner.step()
    assert log_there.store.read("checkpoint") == before
    disk.clear()
    assert await log_there.cosigner.step()


@pytest.fixture
async def database_there(disk, open_again, fill):
    """A log with its database on the small disk, and its files elsewhere."""
    url = f"sqlite+aiosqlite:///{disk.path / 'audit.db'}"
    await asyncio.to_thread(migrate, url)
    log = open_again(url=url)
    await log.start()
    disk.fill(but=100)
    return log


async def accepted_until_full(log, author):
    """Append until there is no room; what was accepted, and the batch that was not."""
    accepted = []
    for _ in range(MOST):
        batch = author.first(20)
        try:
            await log.append(batch)
        except Unavailable as error:
            assert "the log's database cannot grow (OperationalError SQLITE_FULL): make room" in str(error)  # noqa: PT017
            return accepted, batch
        accepted += batch
    pytest.fail("the disk never was full")


async def test_entries_the_database_has_no_room_for_are_refused_in_words_and_accepted_later(
    disk, database_there, author
):
    log = database_there
    accepted, refused = await accepted_until_full(log, author)
    with contextlib.suppress(Unavailable):
        await log.sequencer.step()
    assert published(log) <= len(accepted)
    disk.resize("8m")
    while await log.sequencer.step():
        pass
    assert published(log) == len(accepted)
    assert await log.append(refused) == len(refused)
    assert await log.append(refused) == len(refused)  # whoever is not sure asks again
    await log.sequencer.step()
    await whole(log, [*accepted, *refused])


async def test_a_full_database_is_not_damaged_by_a_restart(disk, database_there, open_again, author):
    accepted, _ = await accepted_until_full(database_there, author)
    await database_there.close()
    disk.resize("8m")
    with contextlib.closing(sqlite3.connect(disk.path / "audit.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    log = open_again(url=database_there.database.url)
    while await log.sequencer.step() or not log.sequencer.ready:
        pass
    await whole(log, accepted)


async def test_a_store_that_keeps_a_full_disk_to_itself_is_found_out(disk, log_there, author, monkeypatch):
    """The control: with a store that forgets what it could not write, the checks above find a log that is not whole."""
    create = FileStore.create

    def forgetful(store, files):
        with contextlib.suppress(OSError):
            create(store, files)

    monkeypatch.setattr(FileStore, "create", forgetful)
    await log_there.append(author.first(10))
    disk.fill(but=3)
    await log_there.sequencer.step()
    report = Report()
    check_published(log_there.store, log_there.signer.verify, report)
    assert {finding.path.split("/")[1] for finding in report.findings} == {"entries", "0", "1"}
