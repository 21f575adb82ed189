"""A death at any point of step 5, or of the recovery after it, loses nothing and logs nothing twice."""

import pytest
from sqlalchemy import select

from audit.tables import CHECKPOINTS, ENTRIES
from audit.tile_files import read_tile
from goodstanding.merkle import leaf_hash, root, verify_inclusion
from goodstanding.tiles import tiles_for

pytestmark = [pytest.mark.both_backends, pytest.mark.both_stores, pytest.mark.faults]

BEFORE, MORE = 250, 10

FILES = ["tile/entries/000", "tile/entries/001.p/4", "tile/0/000", "tile/0/001.p/4", "tile/1/000.p/1"]
POINTS = [
    "5a locked", "5c assigned", "5d signed", "5e swapped", "5e committed",
    *(f"5f wrote {path}" for path in FILES), "5f synced", "5g published",
]  # fmt: skip
RECOVERY_POINTS = ["recovery written", "recovery signed", "recovery published"]


class Death(BaseException):
    """Not an Exception: nothing may handle it."""


class Reaper:
    """Kills the log at one point, once, and remembers the points that were reached."""

    def __init__(self, at: str | None) -> None:
        self.at = at
        self.reached: list[str] = []

    def __call__(self, point: str) -> None:
        self.reached.append(point)
        if point == self.at:
            self.at = None
            raise Death(point)


async def check(log, made) -> None:
    """Every entry once, in order, with a proof that verifies, and the files of the whole tree."""
    snapshot = await log.reader.snapshot()
    tree = log.signer.verify(snapshot.note).checkpoint
    assert tree.size == len(made)
    assert tree.root == root([leaf_hash(entry.leaf) for entry in made])
    found = await log.reader.by_event(snapshot, [entry.event_id for entry in made])
    assert [found[entry.event_id].index for entry in made] == list(range(len(made)))
    for entry in made:
        logged = found[entry.event_id]
        proof = snapshot.inclusion(logged)
        verify_inclusion(leaf_hash(entry.leaf), logged.index, tree.size, proof, tree.root)
    assert all(log.store.read(path) is not None for path in FILES)
    async with log.database.read() as tx:
        assert (await tx.scalars(select(ENTRIES.c.seq).where(ENTRIES.c.log_index.is_(None)))).all() == []
        assert (await tx.scalars(select(CHECKPOINTS.c.size))).all() == [0, BEFORE, BEFORE + MORE]


def check_files(log) -> None:
    """Whatever is published has all its bundles and tiles, also at the moment of death."""
    note = log.store.read("checkpoint")
    size = 0 if note is None else log.signer.verify(note).checkpoint.size
    assert all(read_tile(log.store, tile) is not None for tile in tiles_for(0, size))


async def test_the_points_are_those_named_here(log, open_again, fill, author):
    await fill(log, BEFORE)
    reaper = Reaper(None)
    again = open_again(reaper)
    await again.append(author.first(MORE))
    await again.start()
    assert reaper.reached == ["recovery written", *POINTS]


@pytest.mark.parametrize("point", POINTS)
async def test_death_in_a_step(log, open_again, fill, author, clock, point):
    made = await fill(log, BEFORE)
    dying = open_again(Reaper(point))
    more = author.first(MORE)
    await dying.append(more)
    with pytest.raises(Death):
        await dying.sequencer.step()
    await dying.close()
    check_files(dying)
    clock.advance(60)
    restarted = open_again()
    await restarted.start()
    await check(restarted, made + more)


@pytest.mark.parametrize("point", RECOVERY_POINTS)
async def test_death_in_the_recovery_after_a_death(log, open_again, fill, author, clock, point):
    made = await fill(log, BEFORE)
    dying = open_again(Reaper("5e committed"))
    more = author.first(MORE)
    await dying.append(more)
    with pytest.raises(Death):
        await dying.sequencer.step()
    again = open_again(Reaper(point))
    with pytest.raises(Death):
        await again.start()
    await again.close()
    check_files(again)
    clock.advance(60)
    restarted = open_again()
    await restarted.start()
    await check(restarted, made + more)


@pytest.mark.parametrize("point", RECOVERY_POINTS)
async def test_death_at_the_very_first_start(open_again, point):
    dying = open_again(Reaper(point))
    with pytest.raises(Death):
        await dying.start()
    restarted = open_again()
    await restarted.start()
    assert (await restarted.reader.snapshot()).checkpoint.size == 0


@pytest.mark.parametrize("point", POINTS)
async def test_the_same_process_recovers_too(log, open_again, fill, author, point):
    made = await fill(log, BEFORE)
    surviving = open_again(Reaper(point))
    more = author.first(MORE)
    await surviving.append(more)
    with pytest.raises(Death):
        await surviving.sequencer.step()
    while await surviving.sequencer.step():
        pass
    await check(surviving, made + more)
