"""What a start makes good, and what makes it refuse to go on."""

import pytest
from sqlalchemy import select, update

from audit.errors import ClockWentBackwards, LogStopped, NotLogged, StoreConflict
from audit.service import open_log
from audit.tables import CHECKPOINTS, ENTRIES, TREE
from goodstanding.keys import PemSigner

pytestmark = [pytest.mark.both_backends, pytest.mark.both_stores]


class Death(BaseException):
    pass


def die_at(point: str):
    def fault(reached: str) -> None:
        if reached == point:
            raise Death

    return fault


async def test_a_missing_tile_of_the_right_edge_is_made_again(log, open_again, fill, published):
    await fill(log, 300)
    before = published.all("tile")
    for path in ("tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
        published.remove(path)
        await open_again().start()
        assert published.all("tile") == before


async def test_a_lost_folder_is_made_again_byte_for_byte(log, open_again, fill, published):
    await fill(log, 600)
    before = published.all("tile")
    root = (await log.reader.snapshot()).checkpoint.root
    published.lose()
    again = open_again()
    await again.start()
    assert published.all("tile") == before
    assert (await again.reader.snapshot()).checkpoint.root == root


async def test_a_lost_folder_does_not_change_since_when_a_size_was_known(log, open_again, fill, published, clock):
    await fill(log, 3)
    first = (await log.reader.snapshot()).note
    published.lose()
    clock.advance(3600)
    again = open_again()
    await again.start()
    note = (await again.reader.snapshot()).note
    assert again.signer.verify(note).time == clock()
    async with again.database.read() as tx:
        assert await tx.scalar(select(CHECKPOINTS.c.note).where(CHECKPOINTS.c.size == 3)) == first.decode()


async def test_an_altered_tile_of_the_right_edge_stops_the_log(log, open_again, fill, published):
    await fill(log, 300)
    tile = published.read("tile/0/001.p/44")
    published.write("tile/0/001.p/44", bytes([tile[0] ^ 1]) + tile[1:])
    with pytest.raises(LogStopped, match="do not have the root signed for size 300"):
        await open_again().start()


async def test_a_truncated_tile_of_the_right_edge_stops_the_log(log, open_again, fill, published):
    await fill(log, 300)
    published.write("tile/0/001.p/44", b"short")
    with pytest.raises(LogStopped, match="published file is altered"):
        await open_again().start()


async def test_a_foreign_file_in_the_way_stops_the_log_and_is_left_alone(log, author, published):
    await log.append(author.first(256))
    published.write("tile/0/000", bytes(8192))
    with pytest.raises(StoreConflict, match="tile/0/000 exists with other bytes"):
        await log.sequencer.step()
    assert published.read("tile/0/000") == bytes(8192)
    assert (await log.reader.snapshot()).checkpoint.size == 0


async def test_altered_rows_stop_the_log_before_a_file_is_written(log, open_again, author, published):
    dying = open_again(die_at("5e committed"))
    await dying.append(author.first(3))
    with pytest.raises(Death):
        await dying.sequencer.step()
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).where(ENTRIES.c.log_index == 1).values(leaf=b"altered"))
    with pytest.raises(LogStopped, match="do not have the root signed for size 3"):
        await open_again().start()
    assert published.all("tile") == {}


async def test_missing_rows_stop_the_log(log, open_again, fill, published):
    await fill(log, 3)
    published.lose("tile")
    async with log.database.write() as tx:
        await tx.execute(ENTRIES.delete().where(ENTRIES.c.log_index == 1))
    with pytest.raises(LogStopped, match="lacks entries"):
        await open_again().start()


async def test_a_database_behind_the_published_checkpoint_refuses_to_sign(log, open_again, fill, backup, author):
    await fill(log, 2)
    await log.close()
    restore = backup(log)
    await fill(log, 2)
    await log.close()
    restore()
    restored = open_again()
    await restored.append(author.first(5))
    with pytest.raises(LogStopped, match="restored from an older backup"):
        await restored.start()
    assert (await restored.reader.snapshot()).checkpoint.size == 4


async def test_another_tree_of_the_same_size_refuses_to_sign(log, open_again, fill):
    await fill(log, 2)
    async with log.database.write() as tx:
        await tx.execute(update(TREE).values(root=bytes(32)))
    with pytest.raises(LogStopped, match="do not have the root signed for size 2"):
        await open_again().start()


async def test_a_log_never_changes_its_name(log, open_again):
    with pytest.raises(LogStopped, match=r"this database holds the log log\.example/log, not other\.example/log"):
        await open_again(origin="other.example/log").start()


async def test_a_checkpoint_of_other_keys_is_not_continued(log, files_at, tmp_path, clock):
    stranger = open_log(
        url=log.database.url,
        folder=files_at,
        origin="log.example/log",
        log_signer=PemSigner.create(tmp_path / "other.pem"),
        time_signer=PemSigner.create(tmp_path / "other-time.pem"),
        clock=clock,
    )
    with pytest.raises(LogStopped, match="not one of this log with these keys"):
        await stranger.start()
    await stranger.close()


async def test_what_is_committed_but_not_published_is_shown_to_nobody(log, open_again, fill, author):
    await fill(log, 2)
    dying = open_again(die_at("5e committed"))
    unseen = author.first(3)
    await dying.append(unseen)
    with pytest.raises(Death):
        await dying.sequencer.step()
    snapshot = await log.reader.snapshot()
    assert await log.reader.by_event(snapshot, [entry.event_id for entry in unseen]) == {}
    with pytest.raises(NotLogged, match="covers 2 entries"):
        await log.reader.by_index(snapshot, 2)
    assert (await log.feed.page(-1)).entries == 2


async def test_a_checkpoint_nobody_saw_is_dated_when_it_is_published(log, open_again, author, clock):
    dying = open_again(die_at("5e committed"))
    await dying.append(author.first(3))
    with pytest.raises(Death):
        await dying.sequencer.step()
    clock.advance(3600)
    again = open_again()
    await again.start()
    note = (await again.reader.snapshot()).note
    assert again.signer.verify(note).time == clock()
    async with again.database.read() as tx:
        assert await tx.scalar(select(CHECKPOINTS.c.note).where(CHECKPOINTS.c.size == 3)) == note.decode()


async def test_the_newest_time_signed_is_known_without_the_folder_too(log, open_again, fill, published, clock):
    await fill(log, 2)
    published.lose()
    clock.advance(-60)
    with pytest.raises(ClockWentBackwards, match="60 s behind"):
        await open_again().start()
