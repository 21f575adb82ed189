"""The right edge of the tiles: all a log must remember to write the next ones.

For a tree of 70,000 leaves that is the entries of the unfinished bundle (112), the hashes of the unfinished tile of
level 0 (112), of level 1 (17) and of level 2 (1). It never exceeds 255 entries and 255 hashes a level.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from goodstanding.merkle import CompactRange, leaf_hash
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, encode_bundle, parent_hash, tiles_for

Files = dict[Tile, bytes]


@dataclass(frozen=True, slots=True)
class Edge:
    """Unfinished bundle and unfinished tiles of a tree of `size` leaves, lowest level first."""

    size: int
    entries: tuple[bytes, ...]
    levels: tuple[tuple[bytes, ...], ...]

    @classmethod
    def empty(cls) -> "Edge":
        """Return the edge of the tree without leaves."""
        return cls(0, (), ())

    def compact(self) -> CompactRange:
        """Return the tree that ends in this edge as a range that can be appended to."""
        hashes: list[bytes] = []
        for level in reversed(self.levels):
            hashes.extend(CompactRange.empty().append(level).hashes)
        return CompactRange(self.size, tuple(hashes))

    def root(self) -> bytes:
        """Return the root of the tree that ends in this edge."""
        return self.compact().root()

    def partial_files(self) -> Files:
        """Return the unfinished bundle and tiles themselves."""
        files = {
            Tile(level, self.size >> 8 * (level + 1), len(hashes)): b"".join(hashes)
            for level, hashes in enumerate(self.levels)
            if hashes
        }
        if self.entries:
            bundle = Tile(ENTRIES_LEVEL, self.size // TILE_WIDTH, len(self.entries))
            files[bundle] = encode_bundle(self.entries)
        return files


def grow(edge: Edge, leaves: Sequence[bytes]) -> tuple[Edge, Files]:
    """Append entries; return the new edge and every bundle and tile that became full on the way."""
    full: Files = {}
    *bundles, entries = _cut((*edge.entries, *leaves))
    first = edge.size // TILE_WIDTH
    full.update(
        (Tile(ENTRIES_LEVEL, first + number, TILE_WIDTH), encode_bundle(bundle))
        for number, bundle in enumerate(bundles)
    )
    levels: list[tuple[bytes, ...]] = []
    fresh = [leaf_hash(leaf) for leaf in leaves]
    while fresh or len(levels) < len(edge.levels):
        level = len(levels)
        unfinished = edge.levels[level] if level < len(edge.levels) else ()
        *tiles, rest = _cut((*unfinished, *fresh))
        first = edge.size >> 8 * (level + 1)
        done = {Tile(level, first + number, TILE_WIDTH): b"".join(tile) for number, tile in enumerate(tiles)}
        full.update(done)
        levels.append(rest)
        fresh = [parent_hash(tile) for tile in done.values()]
    return replace(edge, size=edge.size + len(leaves), entries=entries, levels=tuple(levels)), full


def files_between(old: Edge, new: Edge, full: Files) -> Iterator[tuple[Tile, bytes]]:
    """Yield what must be written so that `new` can be published after `old`: bundles first, then levels upwards."""
    files = full | new.partial_files()
    for tile in tiles_for(old.size, new.size):
        yield tile, files[tile]


def _cut(row: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Cut a row into full widths and what is left, which comes last and may be empty."""
    end = len(row) - len(row) % TILE_WIDTH
    return [*(row[start : start + TILE_WIDTH] for start in range(0, end, TILE_WIDTH)), row[end:]]
