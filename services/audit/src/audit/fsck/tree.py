"""Bundles and tiles against the signed root: one walk from left to right, holding one tile of each level.

Every tile's hashes are stored, and follow from the level below; and what a tile's hashes lead to is stored in the tile
above it, or signed. Where the stored and the derived row of a tile differ, what is above decides:

    the derived row leads to it    the tile is altered
    the stored row leads to it     what is below the tile is altered
    neither does                   both may be

So one altered file is found as that file. Entries and tiles that were changed to fit each other do not lead to the root.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate

from audit.edge import Edge
from audit.fsck.report import Do, Report
from audit.store import Store
from audit.tile_files import read_tile
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.merkle import HASH_SIZE, leaf_hash, root
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle, tile_hashes, tile_path

Row = list[bytes | None]
"""Hashes of one tile; None for one that cannot be known."""


def check_tree(store: Store, checkpoint: Checkpoint, report: Report, progress: Callable[[int, int], None]) -> None:
    """Check every bundle and tile of a verified checkpoint. Raises OSError."""
    walk = _Walk(store, checkpoint, report)
    for index in range(-(-checkpoint.size // TILE_WIDTH)):
        walk.bundle(index)
        progress(min(checkpoint.size, (index + 1) * TILE_WIDTH), checkpoint.size)
    walk.finish()


class _Walk:
    def __init__(self, store: Store, checkpoint: Checkpoint, report: Report) -> None:
        self._store = store
        self._size = checkpoint.size
        self._root = checkpoint.root
        self._report = report
        self._rows: list[Row] = []  # of each level, what its unfinished tile ought to hold
        self._offsets: list[int] = []  # where each entry of the newest bundle begins
        # The tile above 256 others is asked for by each of them: one of each level is enough.
        self._read = lru_cache(maxsize=16)(self._read_tile)

    def bundle(self, index: int) -> None:
        """Go on by one bundle."""
        tile = Tile(ENTRIES_LEVEL, index, min(TILE_WIDTH, self._size - index * TILE_WIDTH))
        self._add(0, self._leaves(tile))

    def finish(self) -> None:
        """Check the unfinished tiles of the right edge, and whether all of it leads to the root."""
        edge: list[Row] = []
        for level, row in enumerate(self._rows):
            edge.append(self._tile(level, (self._size >> 8 * level) // TILE_WIDTH, row) if row else [])
        found = self._lead_to(edge)
        if self._size and found != self._root and (found is not None or not self._report.total):
            self._report.wrong("tile", None, "entries and tiles do not lead to the signed root", Do.REBUILD)

    def _add(self, level: int, hashes: Row) -> None:
        """Put hashes into the unfinished tile of a level; a full one is checked and goes up as one hash."""
        if level == len(self._rows):
            self._rows.append([])
        self._rows[level].extend(hashes)
        if len(self._rows[level]) == TILE_WIDTH:
            row, self._rows[level] = self._rows[level], []
            done = sum(len(above) << 8 * height for height, above in enumerate(self._rows[level + 1 :]))
            self._add(level + 1, [_parent(self._tile(level, done, row))])

    def _leaves(self, tile: Tile) -> Row:
        """Hash the entries of a bundle."""
        path = tile_path(tile)
        unknown: Row = [None] * tile.width
        try:
            data = read_tile(self._store, tile)
            entries = [] if data is None else decode_bundle(data)
        except LogError as error:
            self._report.wrong(path, 0, str(error), Do.REBUILD)
            return unknown
        if data is None:
            self._report.wrong(path, None, "the bundle is missing", Do.REBUILD)
            return unknown
        self._report.files += 1
        if len(entries) != tile.width:
            said = f"the bundle holds {len(entries)} entries, and {tile.width} are published"
            self._report.wrong(path, 0, said, Do.REBUILD)
            return unknown
        self._offsets = [0, *accumulate(len(entry) + 2 for entry in entries)]
        return [leaf_hash(entry) for entry in entries]

    def _tile(self, level: int, index: int, derived: Row) -> Row:
        """Check a tile against what follows from below it; return the row to go on with."""
        tile = Tile(level, index, len(derived))
        stored = self._read(tile)
        if stored is None:
            self._report.wrong(tile_path(tile), None, "the tile is missing or has another length", Do.REBUILD)
            return derived
        self._report.files += 1
        differ = [at for at, ought in enumerate(derived) if ought is not None and ought != stored[at]]
        if not differ:
            return list(stored)
        below, own = self._fits(tile, derived), self._fits(tile, stored)
        if below or not own:
            said = f"{len(differ)} of its hashes are not those of what is below"
            self._report.wrong(tile_path(tile), differ[0] * HASH_SIZE, said, Do.REBUILD)
        if not below:
            self._blame_below(tile, differ)
        return list(stored) if own else derived

    def _blame_below(self, tile: Tile, differ: Sequence[int]) -> None:
        if tile.level == 0:
            bundle = tile_path(Tile(ENTRIES_LEVEL, tile.index, tile.width))
            said = f"{len(differ)} of its entries are not those that were logged"
            self._report.wrong(bundle, self._offsets[differ[0]], said, Do.REBUILD)
            return
        child = Tile(tile.level - 1, tile.index * TILE_WIDTH + differ[0], TILE_WIDTH)
        said = f"it leads to another hash than stands in {tile_path(tile)}, and what is below it does so too"
        self._report.wrong(tile_path(child), None, said, Do.REBUILD)

    def _fits(self, tile: Tile, row: Sequence[bytes | None]) -> bool:
        """Whether a row leads to what the tile above holds, or to the signed root where none is above."""
        if tile.width < TILE_WIDTH:
            edge = [self._edge_row(level) for level in range(self._levels())]
            edge[tile.level] = row
            return self._lead_to(edge) == self._root
        number, at = divmod(tile.index, TILE_WIDTH)
        above = self._read(Tile(tile.level + 1, number, self._width(tile.level + 1, number)))
        return above is not None and above[at] == _parent(row)

    def _lead_to(self, edge: Sequence[Sequence[bytes | None]]) -> bytes | None:
        """The root that the unfinished tiles of a right edge lead to; None when one of their hashes is unknown."""
        levels = tuple(tuple(item for item in row if item is not None) for row in edge)
        if any(len(known) != len(row) for known, row in zip(levels, edge, strict=True)):
            return None
        if sum(len(level) << 8 * height for height, level in enumerate(levels)) != self._size:
            return None
        return Edge(self._size, (), levels).root()

    def _edge_row(self, level: int) -> Sequence[bytes | None]:
        """The stored row of a level's unfinished tile."""
        number, width = divmod(self._size >> 8 * level, TILE_WIDTH)
        if not width:
            return []
        return self._read(Tile(level, number, width)) or [None] * width

    def _levels(self) -> int:
        return -(-self._size.bit_length() // 8)

    def _width(self, level: int, number: int) -> int:
        return min(TILE_WIDTH, (self._size >> 8 * level) - number * TILE_WIDTH)

    def _read_tile(self, tile: Tile) -> tuple[bytes, ...] | None:
        try:
            data = read_tile(self._store, tile)
            return None if data is None else tuple(tile_hashes(tile, data))
        except LogError:
            return None


def _parent(row: Sequence[bytes | None]) -> bytes | None:
    known = [item for item in row if item is not None]
    return root(known) if len(known) == len(row) else None
