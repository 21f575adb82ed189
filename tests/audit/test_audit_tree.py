"""The published tree: every proof it gives verifies, from whatever it has kept, and what it keeps is bounded."""

import random

import pytest

from audit import tree
from audit.errors import StoreDamaged
from audit.tree import Tree
from goodstanding.checkpoint import Checkpoint
from goodstanding.merkle import inclusion_proof, leaf_hash, root, verify_consistency, verify_inclusion
from goodstanding.tiles import ENTRIES_LEVEL, TileHashes, tile_path, tiles_for


class Files:
    """The hash tiles of a tree, and how often each was read."""

    def __init__(self, leaves):
        self.files, self.reads = {}, []
        for tile in tiles_for(0, len(leaves)):
            if tile.level != ENTRIES_LEVEL:
                span = 256**tile.level
                first = tile.index * 256
                hashes = [root(leaves[(first + i) * span : (first + i + 1) * span]) for i in range(tile.width)]
                self.files[tile_path(tile)] = b"".join(hashes)

    def read(self, path):
        self.reads.append(path)
        return self.files.get(path)


def grown(size):
    leaves = [leaf_hash(b"%d" % index) for index in range(size)]
    return leaves, Files(leaves), Checkpoint("log.example", size, root(leaves))


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700])
def test_every_proof_verifies_the_first_time_and_from_what_is_kept(size):
    leaves, files, checkpoint = grown(size)
    kept, order = Tree(files, checkpoint), list(range(size))
    random.Random(size).shuffle(order)
    for index in [*order, *order]:
        proof = kept.inclusion(index, leaves[index])
        assert proof == inclusion_proof(index, size, TileHashes(kept._tile, size))
        verify_inclusion(leaves[index], index, size, proof, checkpoint.root)
    for old in {1, size // 2 or 1, size}:
        verify_consistency(old, root(leaves[:old]), size, checkpoint.root, kept.consistency(old, size))


def test_each_tile_is_read_once():
    leaves, files, checkpoint = grown(700)
    kept = Tree(files, checkpoint)
    for index in range(700):
        kept.inclusion(index, leaves[index])
    assert sorted(files.reads) == sorted(files.files)


async def test_a_later_snapshot_of_the_same_tree_reads_nothing_again(log, fill):
    await fill(log, 3)
    first = await log.reader.snapshot()
    assert (await log.reader.snapshot()).tree is first.tree
    await fill(log, 1)
    later = await log.reader.snapshot()
    assert (later.checkpoint.size, later.tree is first.tree) == (4, False)
    assert first.checkpoint.size == first.tree.checkpoint.size == 3


@pytest.mark.parametrize("index", [5, 300, 699])
def test_a_leaf_that_is_not_the_trees_gets_no_proof(index):
    leaves, files, checkpoint = grown(700)
    kept = Tree(files, checkpoint)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=f"entry {index}"):
            kept.inclusion(index, leaf_hash(b"another"))
        kept.inclusion(index, leaves[index])


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"])
def test_a_damaged_tile_gives_no_proof_until_it_is_mended(path):
    leaves, files, checkpoint = grown(700)
    whole, kept = files.files[path], Tree(files, checkpoint)
    files.files[path] = bytes([whole[0] ^ 1]) + whole[1:]
    failed = []
    for index in range(700):
        try:
            verify_inclusion(leaves[index], index, 700, kept.inclusion(index, leaves[index]), checkpoint.root)
        except StoreDamaged:
            failed.append(index)
    assert failed
    files.files[path] = whole
    for index in failed:
        kept.inclusion(index, leaves[index])


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(tree, "MAX_TILES", 2)
    leaves, files, checkpoint = grown(2000)
    kept, chance = Tree(files, checkpoint), random.Random(1)
    for index in chance.choices(range(2000), k=500):
        verify_inclusion(leaves[index], index, 2000, kept.inclusion(index, leaves[index]), checkpoint.root)
        assert len(kept._hashes) <= 6
        assert len(kept._checked) <= 4
