"""The log as files: names, what a growing log publishes, bundles, and proofs read from tiles alone."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goodstanding.errors import LogError
from goodstanding.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from goodstanding.tiles import (
    TILE_WIDTH,
    Tile,
    TileHashes,
    decode_bundle,
    encode_bundle,
    parent_hash,
    parse_tile_path,
    tile_hashes,
    tile_path,
    tiles_for,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "log"


def vectors(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return cases


PATHS = vectors("tile_paths")

LARGEST = 1100
ENTRIES = [b"entry %d" % number for number in range(LARGEST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]

sizes = st.sampled_from([1, 2, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025]) | st.integers(1, LARGEST)
tiles = st.builds(
    lambda level, index, width: Tile(level, index >> (8 * max(level, 0)), width),
    st.integers(-1, 6),
    st.integers(0, 2**54),
    st.integers(1, TILE_WIDTH),
)


class Published:
    """A log's files, written as the log grows and only from what is already there."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.files: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.size = 0

    def grow(self, size: int) -> None:
        for tile in tiles_for(self.size, size):
            if tile.level >= 0:
                self.files[tile_path(tile)] = b"".join(self._hashes(tile))
        self.size = size

    def _hashes(self, tile: Tile) -> list[bytes]:
        places = range(tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width)
        if tile.level == 0:
            return [self.leaves[place] for place in places]
        below = [tile_path(Tile(tile.level - 1, place, TILE_WIDTH)) for place in places]
        return [parent_hash(self.files[name]) for name in below]

    def read(self, tile: Tile) -> bytes:
        self.reads.append(tile_path(tile))
        return self.files[tile_path(tile)]


@pytest.mark.parametrize("case", PATHS, ids=lambda case: case["path"] or "empty")
def test_a_path_names_one_tile_or_none(case: dict[str, Any]) -> None:
    if case["tile"] is None:
        with pytest.raises(LogError):
            parse_tile_path(case["path"])
    else:
        tile = Tile(*case["tile"])
        assert parse_tile_path(case["path"]) == tile
        assert tile_path(tile) == case["path"]


@given(tiles)
def test_every_tile_is_found_again_under_its_path(tile: Tile) -> None:
    assert parse_tile_path(tile_path(tile)) == tile


@given(st.text("tile/0128xp.enris", max_size=30).map(lambda tail: f"tile/{tail}"))
def test_a_path_is_either_refused_or_written_back_as_it_was(path: str) -> None:
    try:
        tile = parse_tile_path(path)
    except LogError:
        return
    assert tile_path(tile) == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(0, 0, 0), (0, 0, 257), (-2, 0, 1), (0, -1, 1), (8, 0, 1), (0, 2**55, 1)]
)
def test_a_tile_that_no_tree_has_cannot_be_named(level: int, index: int, width: int) -> None:
    with pytest.raises(LogError):
        Tile(level, index, width)


def test_a_log_of_seventy_thousand_entries_has_the_tiles_of_the_specification() -> None:
    named = [tile for tile in tiles_for(0, 70_000) if tile.level >= 0]
    shape = [(tile.level, tile.width) for tile in named]
    assert shape == [(0, 256)] * 273 + [(0, 112), (1, 256), (1, 17), (2, 1)]
    assert [tile_path(tile) for tile in tiles_for(0, 256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]


def test_growth_names_what_is_new_or_wider_and_nothing_else() -> None:
    assert [tile_path(tile) for tile in tiles_for(250, 260)] == [
        "tile/entries/000",
        "tile/entries/001.p/4",
        "tile/0/000",
        "tile/0/001.p/4",
        "tile/1/000.p/1",
    ]
    assert [tile_path(tile) for tile in tiles_for(256, 257)] == ["tile/entries/001.p/1", "tile/0/001.p/1"]
    assert list(tiles_for(300, 300)) == []


@given(st.integers(0, 2**40), st.integers(0, 5000))
@example(2**62, 1)
def test_growth_names_the_difference_between_two_logs(old: int, more: int) -> None:
    # given the width every tile near the right edge has before and after
    named = list(tiles_for(old, old + more))
    # then each named tile is wider than it was, and as wide as it can be
    for tile in named:
        scale = 8 * max(tile.level, 0)
        before, after = ((size >> scale) - tile.index * TILE_WIDTH for size in (old, old + more))
        assert before < tile.width == min(TILE_WIDTH, after)
    assert named == sorted(named, key=lambda tile: (tile.level, tile.index))
    assert sum(tile.width for tile in named if tile.level == 0) == more + (old % TILE_WIDTH if more else 0)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (0, 2**63)])
def test_a_log_neither_shrinks_nor_grows_beyond_bounds(old: int, new: int) -> None:
    with pytest.raises(LogError):
        tiles_for(old, new)


@given(sizes, sizes, st.data())
@settings(max_examples=40)
def test_tiles_alone_serve_every_proof_of_every_published_size(one: int, other: int, data: st.DataObject) -> None:
    # given a log that grew in two steps, and kept the tiles of both
    old, new = sorted((one, other))
    log = Published(LEAVES)
    log.grow(old)
    log.grow(new)
    # when proofs are read for either size
    for size in (old, new):
        read = TileHashes(log.read, size)
        index = data.draw(st.integers(0, size - 1))
        # then they verify
        verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, read), root(LEAVES[:size]))
    proof = consistency_proof(old, new, TileHashes(log.read, new))
    verify_consistency(old, root(LEAVES[:old]), new, root(LEAVES[:new]), proof)


def test_proofs_reach_through_three_levels_and_read_each_tile_once() -> None:
    # given a log large enough for tiles at level 2
    size = 70_000
    leaves = [sha256(b"%d" % number).digest() for number in range(size)]
    log = Published(leaves)
    log.grow(size)
    read = TileHashes(log.read, size)
    # when many proofs are made with one reader
    whole = root(leaves)
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, size - 1):
        verify_inclusion(leaves[index], index, size, inclusion_proof(index, size, read), whole)
    # then no tile was asked for twice
    assert len(log.reads) == len(set(log.reads))
    assert "tile/2/000.p/1" in log.reads


@pytest.mark.parametrize(("level", "index"), [(0, 300), (1, 150), (9, 0), (-1, 0), (0, -1)])
def test_a_subtree_that_is_not_complete_cannot_be_read(level: int, index: int) -> None:
    log = Published(LEAVES)
    log.grow(300)
    with pytest.raises(LogError, match="no complete subtree"):
        TileHashes(log.read, 300)(level, index)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + bytes(32), lambda _: b""])
def test_a_tile_of_another_length_than_its_name_says_is_refused(change: Any) -> None:
    log = Published(LEAVES)
    log.grow(300)
    read = TileHashes(lambda tile: change(log.read(tile)), 300)
    with pytest.raises(LogError, match="is not a hash tile"):
        read(0, 299)


def test_a_bundle_has_no_hashes() -> None:
    with pytest.raises(LogError, match="is not a hash tile"):
        tile_hashes(Tile(-1, 0, 1), bytes(32))


def test_a_full_tile_stands_for_its_root_and_a_partial_one_for_nothing() -> None:
    data = b"".join(LEAVES[:TILE_WIDTH])
    assert parent_hash(data) == root(LEAVES[:TILE_WIDTH])
    for wrong in (data[:-32], data + bytes(32), b""):
        with pytest.raises(LogError, match="8192 bytes"):
            parent_hash(wrong)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=TILE_WIDTH))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


@given(st.binary(max_size=200))
def test_bytes_are_either_no_bundle_or_the_only_spelling_of_one(data: bytes) -> None:
    try:
        entries = decode_bundle(data)
    except LogError:
        return
    assert encode_bundle(entries) == data


def test_a_bundle_is_refused_when_cut_off_overfull_or_empty() -> None:
    data = encode_bundle([b"one", b"", b"three"])
    assert data.hex() == "00036f6e65" + "0000" + "00057468726565"
    for end in (1, 4, 6, 8, len(data) - 1):
        with pytest.raises(LogError, match="ends inside"):
            decode_bundle(data[:end])
    with pytest.raises(LogError, match="more than 256"):
        decode_bundle(bytes(2 * 257))
    with pytest.raises(LogError, match="is empty"):
        decode_bundle(b"")


@pytest.mark.parametrize("case", vectors("bundles"), ids=lambda case: case["name"])
def test_bundle_vectors(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["bundle"])
    if case["error"]:
        with pytest.raises(LogError, match=case["error"]):
            decode_bundle(data)
    else:
        assert [entry.hex() for entry in decode_bundle(data)] == case["entries"]


@pytest.mark.parametrize("case", vectors("hash_tiles"), ids=lambda case: case["name"])
def test_hash_tile_vectors(case: dict[str, Any]) -> None:
    tile, data = Tile(case["level"], 0, case["width"]), bytes.fromhex(case["tile"])
    if case["error"]:
        with pytest.raises(LogError, match=case["error"]):
            tile_hashes(tile, data)
    else:
        assert b"".join(tile_hashes(tile, data)) == data


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_entries_that_fit_no_bundle_are_refused(entries: list[bytes]) -> None:
    with pytest.raises(LogError):
        encode_bundle(entries)


def test_the_longest_entry_fits_a_bundle() -> None:
    assert decode_bundle(encode_bundle([bytes(65_535)])) == [bytes(65_535)]
