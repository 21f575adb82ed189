"""The tree as the log's files tell it: every entry, and every tile that it brings, held against the signed root.

1. An entry's hash stands in its tile of level 0.
2. A full tile's own hash stands in the tile above it.
3. The partial tiles at the right edge, read together, lead to the root.

So no bit of any of these files can be another one, whatever the file is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from goodstanding.errors import LogError
from goodstanding.merkle import consistency_proof, leaf_hash, root_from, verify_consistency
from goodstanding.tiles import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TileHashes,
    decode_bundle,
    parent_hash,
    tile_hashes,
    tile_path,
)

ReadTile = Callable[[Tile], bytes]

_LEVELS: Final = 8
_HEIGHT: Final = 8


def root_before(read: ReadTile, old_size: int, size: int, root: bytes) -> tuple[bytes, ...]:
    """The root of the first `old_size` entries (1 or more) of the signed tree, then the consistency proof between them.

    LogError unless the tiles lead to both.
    """
    hashes = TileHashes(read, size)
    old_root, proof = root_from(old_size, hashes), consistency_proof(old_size, size, hashes)
    verify_consistency(old_size, old_root, size, root, proof)
    return old_root, *proof


def verified_entries(read: ReadTile, start: int, size: int, root: bytes) -> Iterator[bytes]:
    """The entries from index `start` up to `size`, in order; LogError at the first file that does not fit the root.

    What was yielded counts only once the iterator has ended: the root is reached last.
    """
    first = start // TILE_WIDTH
    parents: list[bytes] = []
    for index in range(first, -(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        hashes = read(Tile(0, index, width))
        entries = _bundle(read, Tile(ENTRIES_LEVEL, index, width), tile_hashes(Tile(0, index, width), hashes))
        if width == TILE_WIDTH:
            parents.append(parent_hash(hashes))
        yield from entries[max(0, start - index * TILE_WIDTH) :]
    _check_above(read, first, size, parents)
    if size and root_from(size, TileHashes(read, size)) != root:
        raise LogError(f"the tiles of {size} entries do not lead to the signed root")


def _bundle(read: ReadTile, tile: Tile, hashes: Sequence[bytes]) -> list[bytes]:
    """Rule 1."""
    entries = decode_bundle(read(tile))
    if len(entries) != tile.width:
        raise LogError(f"{tile_path(tile)} holds {len(entries)} entries")
    for place, (entry, expected) in enumerate(zip(entries, hashes, strict=True)):
        if leaf_hash(entry) != expected:
            raise LogError(f"entry {tile.index * TILE_WIDTH + place} is not the one whose hash is in its tile")
    return entries


def _check_above(read: ReadTile, first: int, size: int, below: Sequence[bytes]) -> None:
    """Rule 2, from level 1 up: `below` are the hashes of the full tiles from `first` on, one level down."""
    for level in range(1, _LEVELS):
        count, parents = size >> (_HEIGHT * level), []
        if not below:
            return
        for index in range(first // TILE_WIDTH, -(-count // TILE_WIDTH)):
            tile = Tile(level, index, min(TILE_WIDTH, count - index * TILE_WIDTH))
            data = read(tile)
            _check_hashes(tile, tile_hashes(tile, data), first, below)
            if tile.width == TILE_WIDTH:
                parents.append(parent_hash(data))
        first, below = first // TILE_WIDTH, parents


def _check_hashes(tile: Tile, hashes: Sequence[bytes], first: int, below: Sequence[bytes]) -> None:
    for place, found in enumerate(hashes, tile.index * TILE_WIDTH):
        if place >= first and found != below[place - first]:
            raise LogError(f"hash {place - tile.index * TILE_WIDTH} of {tile_path(tile)} is not that of the tile below")
