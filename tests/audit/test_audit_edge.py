"""The right edge writes the files the specification names, whatever the steps in which a log grows."""

import random

import pytest

from audit.edge import Edge, files_between, grow
from goodstanding.merkle import inclusion_proof, leaf_hash, root, verify_inclusion
from goodstanding.tiles import ENTRIES_LEVEL, TileHashes, decode_bundle, tiles_for

LEAVES = [b"entry %d" % number for number in range(70_001)]
SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_001]


def grown(size: int, steps: random.Random | None = None) -> tuple[Edge, dict]:
    edge, files = Edge.empty(), {}
    while edge.size < size:
        count = size - edge.size if steps is None else min(steps.randint(1, 3000), size - edge.size)
        new, full = grow(edge, LEAVES[edge.size : edge.size + count])
        files.update(files_between(edge, new, full))
        edge = new
    return edge, files


@pytest.mark.parametrize("size", SIZES)
def test_an_edge_grown_in_steps_is_the_edge_grown_at_once(size):
    edge, files = grown(size)
    stepwise, more = grown(size, random.Random(size))
    assert stepwise == edge
    assert {tile: more[tile] for tile in files} == files
    assert list(files) == list(tiles_for(0, size))


@pytest.mark.parametrize("size", SIZES)
def test_the_edge_has_the_root_of_the_tree(size):
    edge, _ = grown(size)
    assert edge.root() == root([leaf_hash(leaf) for leaf in LEAVES[:size]])


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_proofs_made_from_the_files_verify(size):
    edge, files = grown(size)
    read = TileHashes(files.__getitem__, size)
    for index in {0, size // 2, size - 1}:
        proof = inclusion_proof(index, size, read)
        verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, edge.root())


def test_bundles_hold_the_entries_in_order():
    _, files = grown(70_001)
    bundles = sorted((tile.index, data) for tile, data in files.items() if tile.level == ENTRIES_LEVEL)
    assert [entry for _, data in bundles for entry in decode_bundle(data)] == LEAVES


def test_an_edge_stays_small():
    edge, _ = grown(65_535)
    assert len(edge.entries) == 255
    assert [len(level) for level in edge.levels] == [255, 255]
