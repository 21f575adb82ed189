"""Bundles and tiles in a store, whether still partial there or already full."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from audit.store import Store
from goodstanding.merkle import HASH_SIZE
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle, encode_bundle, tile_path


def named(files: Iterable[tuple[Tile, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Put paths in the place of tiles."""
    for tile, data in files:
        yield tile_path(tile), data


def read_tile(store: Store, tile: Tile) -> bytes | None:
    """Read a bundle or tile; a partial one that is gone is the beginning of the full one that replaced it.

    None when neither exists. Raises LogError when a full bundle cannot be read.
    """
    data = store.read(tile_path(tile))
    if data is not None or tile.width == TILE_WIDTH:
        return data
    full = store.read(tile_path(replace(tile, width=TILE_WIDTH)))
    if full is None:
        return None
    if tile.level == ENTRIES_LEVEL:
        return encode_bundle(decode_bundle(full)[: tile.width])
    return full[: tile.width * HASH_SIZE]


def discard_partial(store: Store, full: Iterable[Tile]) -> None:
    """Forget the partial files of bundles and tiles that have become full."""
    for tile in full:
        store.discard(f"{tile_path(tile)}.p")
