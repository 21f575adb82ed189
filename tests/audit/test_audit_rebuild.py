"""`audit rebuild`: published files made again from the rows, and never for rows that were not signed."""

import pytest
from sqlalchemy import update

from audit.errors import LogStopped
from audit.fsck.service import fsck, quietly
from audit.publication import CHECKPOINT
from audit.rebuild import rebuild
from audit.store import FileStore
from audit.tables import ENTRIES


async def built(log):
    return await rebuild(log.store, log.database, log.signer.verify, quietly)


@pytest.mark.both_stores
@pytest.mark.both_backends
async def test_files_are_made_again_byte_for_byte(log, fill, published):
    await fill(log, 600)
    before = published.all("tile")
    published.remove("tile/0/001")
    published.remove("tile/entries/000")
    published.write("tile/1/000.p/2", bytes(64))
    done = await built(log)
    assert (done.size, done.made, done.replaced) == (600, 2, 1)
    assert published.all("tile") == before
    published.lose("tile")
    assert (await built(log)).made == len(before)
    assert published.all("tile") == before
    assert (await built(log)).made == 0
    assert (await fsck(log.store, log.database, log.signer.verify)).findings == []


async def test_a_lost_folder_is_made_again_up_to_the_newest_note_and_not_published(log, fill, published):
    await fill(log, 300)
    before = published.all("tile")
    published.lose()
    assert (await built(log)).size == 300
    assert published.all() == before


async def test_what_waits_to_be_published_is_not_built(log, fill, author, published):
    await fill(log, 3)
    await log.append(author.first(2))
    before = published.all()
    assert (await built(log)).size == 3
    assert published.all() == before


@pytest.mark.parametrize("change", [{"leaf": b"another"}, {"log_index": None}])
async def test_rows_that_were_not_signed_are_refused_before_a_file_is_written(log, fill, published, change):
    await fill(log, 300)
    published.lose("tile")
    async with log.database.write() as tx:
        await tx.execute(update(ENTRIES).where(ENTRIES.c.log_index == 7).values(change))
    with pytest.raises(LogStopped, match=r"Restore it from a backup"):
        await built(log)
    assert published.all("tile") == {}


async def test_a_checkpoint_of_other_keys_is_not_built_for(log, fill, published):
    await fill(log, 3)
    published.write(CHECKPOINT, published.read(CHECKPOINT).replace(b"log.example/log\n3", b"log.example/log\n2"))
    with pytest.raises(LogStopped, match="not one of this log with these keys"):
        await built(log)


async def test_cut_off_at_any_file_it_leaves_whole_files_only_and_comes_to_its_end_when_run_again(
    log, fill, published, monkeypatch
):
    await fill(log, 300)
    before, create, written = published.all("tile"), FileStore.create, []

    def cut_off(store, files):
        for path, data in files:
            if len(written) == cut_at:
                raise OSError(5, "Input/output error")
            create(store, [(path, data)])
            written.append(path)

    monkeypatch.setattr(FileStore, "create", cut_off)
    for cut_at in range(1, len(before)):
        published.lose("tile")
        written.clear()
        with pytest.raises(OSError, match="Input/output"):
            await built(log)
        assert published.all("tile").items() <= before.items()
        assert len(published.all("tile")) == cut_at
    cut_at = None
    await built(log)
    assert published.all("tile") == before
