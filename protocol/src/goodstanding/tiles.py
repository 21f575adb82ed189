"""Tiles: a log as static files (C2SP tlog-tiles, sections "Merkle Tree" and "Log entries").

    tile/0/x001/x234/067        256 leaf hashes: tile 1234067 of level 0, 8192 bytes
    tile/1/000.p/17             17 hashes, each over a full tile of level 0
    tile/entries/000.p/112      the first 112 entries, each as big-endian uint16 length and bytes

Hash i of tile n at level l covers the leaves (n * 256 + i) * 256**l up to the next such point. A tree of
70,000 leaves has 273 full and one partial tile (112) at level 0, one full and one partial tile (17) at
level 1, and one partial tile (1) at level 2.

What reading a path enforces:

1. one spelling per tile: no needless zeros, no needless `x000` groups, lower case, no other characters;
2. a partial width is 1 to 255; a full tile carries no width;
3. some tree of fewer than 2**63 leaves has the tile.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from goodstanding.errors import LogError
from goodstanding.merkle import HASH_SIZE, pair_up, root

TILE_WIDTH = 256
"""Hashes of a full tile, entries of a full bundle."""

ENTRIES_LEVEL = -1
"""Level under which a `Tile` names an entry bundle."""

MAX_ENTRY_SIZE = 0xFFFF
"""Bytes of the longest entry a bundle can hold."""

_TILE_HEIGHT = 8
_LEVELS = 8
_MAX_TREE_SIZE = 2**63 - 1
_LENGTH_SIZE = 2
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """Name of a hash tile, or of an entry bundle (`level` = -1); `width` in hashes or entries, 1 to 256.

    Raises LogError for a name that no tree of fewer than 2**63 leaves has.
    """

    level: int
    index: int
    width: int

    def __post_init__(self) -> None:
        if not 1 <= self.width <= TILE_WIDTH:
            raise LogError(f"a tile cannot be {self.width} wide")
        if self.level < ENTRIES_LEVEL or self.index < 0:
            raise LogError(f"there is no tile {self.index} at level {self.level}")
        if self._least_tree_size() > _MAX_TREE_SIZE:
            raise LogError(f"tile {self.index} at level {self.level} is beyond the largest tree")

    def _least_tree_size(self) -> int:
        return (self.index * TILE_WIDTH + self.width) << (_TILE_HEIGHT * max(self.level, 0))


def tile_path(tile: Tile) -> str:
    """Return the tile's path, as in `tile/0/x001/x234/067` or `tile/entries/000.p/12`."""
    number = f"{tile.index:03d}"
    number = number.zfill(-(-len(number) // 3) * 3)
    *groups, last = (number[start : start + 3] for start in range(0, len(number), 3))
    name = "/".join([*(f"x{group}" for group in groups), last])
    level = "entries" if tile.level == ENTRIES_LEVEL else str(tile.level)
    suffix = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{name}{suffix}"


def parse_tile_path(path: str) -> Tile:
    """Read a path back; raises LogError for any other spelling than that of `tile_path`."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise LogError("the path does not name a tile")
    level, number, width = match.groups()
    tile = Tile(
        level=ENTRIES_LEVEL if level == "entries" else int(level),
        index=int(number.replace("/", "").replace("x", "")),
        width=TILE_WIDTH if width is None else int(width),
    )
    if tile_path(tile) != path:
        raise LogError(f"the tile's path is written {tile_path(tile)}")
    return tile


def tiles_for(old_size: int, new_size: int) -> Iterator[Tile]:
    """Name what a tree that grows from `old_size` to `new_size` leaves must publish.

    Every bundle and tile that is new or wider, partial ones at `new_size` included: bundles first, then
    hash tiles by ascending level. Raises LogError when the sizes are negative, too large or shrink.
    """
    if not 0 <= old_size <= new_size <= _MAX_TREE_SIZE:
        raise LogError(f"a log cannot grow from {old_size} to {new_size} leaves")
    return chain.from_iterable(_tiles_at(level, old_size, new_size) for level in range(ENTRIES_LEVEL, _LEVELS))


def _tiles_at(level: int, old_size: int, new_size: int) -> Iterator[Tile]:
    old, new = _hashes_at(level, old_size), _hashes_at(level, new_size)
    if new > old:
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield Tile(level, index, min(TILE_WIDTH, new - index * TILE_WIDTH))


def _hashes_at(level: int, size: int) -> int:
    """How many hashes, or entries, all tiles of one level hold together."""
    return size >> (_TILE_HEIGHT * max(level, 0))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return the bytes of a bundle of 1 to 256 entries, each of at most 65,535 bytes; raises LogError."""
    listed = list(entries)
    if not 1 <= len(listed) <= TILE_WIDTH:
        raise LogError(f"an entry bundle holds 1 to {TILE_WIDTH} entries, not {len(listed)}")
    if (longest := max(map(len, listed))) > MAX_ENTRY_SIZE:
        raise LogError(f"an entry of {longest} bytes is too long for a bundle")
    return b"".join(len(entry).to_bytes(_LENGTH_SIZE, "big") + entry for entry in listed)


def decode_bundle(data: bytes) -> list[bytes]:
    """Return the 1 to 256 entries of a bundle; raises LogError when bytes are missing or left over.

    The caller compares their number with the width of the tile it asked for.
    """
    entries: list[bytes] = []
    position = 0
    while position < len(data):
        start = position + _LENGTH_SIZE
        position = start + int.from_bytes(data[position:start], "big")
        if position > len(data):
            raise LogError(f"the entry bundle ends inside entry {len(entries)}")
        if len(entries) == TILE_WIDTH:
            raise LogError(f"the entry bundle has more than {TILE_WIDTH} entries")
        entries.append(data[start:position])
    if not entries:
        raise LogError("the entry bundle is empty")
    return entries


def tile_hashes(tile: Tile, data: bytes) -> list[bytes]:
    """Cut a hash tile's bytes into its hashes; raises LogError unless there are `width` times 32 bytes."""
    if tile.level == ENTRIES_LEVEL or len(data) != tile.width * HASH_SIZE:
        raise LogError(f"{tile_path(tile)} is not a hash tile of {len(data)} bytes")
    return _cut(data)


def parent_hash(tile_bytes: bytes) -> bytes:
    """Return the hash that stands for a full hash tile in the tile above it.

    Raises LogError unless there are exactly 8,192 bytes: a partial tile has no parent.
    """
    if len(tile_bytes) != TILE_WIDTH * HASH_SIZE:
        raise LogError(f"a full hash tile has {TILE_WIDTH * HASH_SIZE} bytes, not {len(tile_bytes)}")
    return root(_cut(tile_bytes))


class TileHashes:
    """Hashes of complete subtrees of a tree of `size` leaves, read from its tiles; a `HashReader`.

    It asks for each tile once and keeps its hashes as long as it lives, so it is made per task. Raises LogError for a
    subtree outside the tree and for a tile of the wrong length. Tiles are not authenticated here: what is built from
    them must be checked against a verified checkpoint.
    """

    def __init__(self, read_tile: Callable[[Tile], bytes], size: int) -> None:
        self._read_tile = read_tile
        self._size = size
        self._pyramids: dict[tuple[int, int], list[list[bytes]]] = {}

    def __len__(self) -> int:
        """How many tiles are kept."""
        return len(self._pyramids)

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of subtree `index` at a level of the tree, leaves being level 0."""
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise LogError(f"a tree of {self._size} leaves has no complete subtree {index} at level {level}")
        tile_level, height = divmod(level, _TILE_HEIGHT)
        number, offset = divmod(index, TILE_WIDTH >> height)
        return self.pyramid(tile_level, number)[height][offset]

    def pyramid(self, level: int, number: int) -> list[list[bytes]]:
        """The hashes of one tile, and above them what they lead to: 9 lists for a full tile, the last one of one hash."""
        known = self._pyramids.get((level, number))
        if known is None:
            width = min(TILE_WIDTH, _hashes_at(level, self._size) - number * TILE_WIDTH)
            tile = Tile(level, number, width)
            known = [tile_hashes(tile, self._read_tile(tile))]
            while len(known[-1]) > 1:
                known.append(pair_up(known[-1]))
            self._pyramids[level, number] = known
        return known


def _cut(data: bytes) -> list[bytes]:
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]
