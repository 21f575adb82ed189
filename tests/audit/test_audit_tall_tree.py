"""A log about to need a third level of tiles: every write of the step that makes one fails once."""

import pytest

from audit.fsck.service import fsck
from audit.store import FileStore

pytestmark = pytest.mark.faults  # 65,000 entries take ten seconds

ALMOST = 256 * 256 - 6
"""Ten entries more make the first tile of level 1 full and begin level 2."""
WRITES = [
    "tile/entries/255", "tile/entries/256.p/4", "tile/0/255", "tile/0/256.p/4", "tile/1/000", "tile/2/000.p/1",
]  # fmt: skip


@pytest.mark.timeout(180)
async def test_a_third_level_of_tiles_is_written_whole_whatever_fails_on_the_way(
    log, fill, author, open_again, monkeypatch
):
    await fill(log, ALMOST)
    await log.close()
    create, missing = FileStore.create, list(WRITES)

    def failing_once(store, files):
        for path, data in files:
            if path in missing:
                missing.remove(path)
                raise OSError(5, "Input/output error")
            create(store, [(path, data)])

    monkeypatch.setattr(FileStore, "create", failing_once)
    again = open_again()
    await again.start()
    await again.append(author.first(10))
    for _ in WRITES:  # the first time in the step, then in what makes it good
        with pytest.raises(OSError, match="Input/output error"):
            await again.sequencer.step()
        assert again.signer.verify(again.store.read("checkpoint")).checkpoint.size == ALMOST
    assert missing == []
    while await again.sequencer.step() or not again.sequencer.ready:
        pass
    assert again.store.read("tile/2/000.p/1") is not None
    assert again.store.read("tile/1/000.p/255") is None  # forgotten: the full tile is there
    report = await fsck(again.store, again.database, again.signer.verify)
    assert (report.findings, report.size) == ([], ALMOST + 10)
