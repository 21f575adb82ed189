"""Every file that is there, also those that no reader needs any more: a narrower tile, one left by a crash."""

from audit.fsck.report import Do, Report
from audit.publication import CHECKPOINT
from audit.store import Store
from audit.tile_files import read_tile
from goodstanding.errors import LogError
from goodstanding.merkle import HASH_SIZE
from goodstanding.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, decode_bundle, encode_bundle, parse_tile_path, tile_path


def check_files(store: Store, size: int, report: Report) -> None:
    """Check what `check_tree` did not read, against what it did. Raises OSError."""
    for path in store.paths():
        if path == CHECKPOINT:
            continue
        try:
            tile = parse_tile_path(path)
        except LogError as error:
            report.wrong(path, None, f"it is no file of the log: {error}", Do.MOVE_AWAY)
            continue
        published = _published(tile, size)
        if published is None or published.width < tile.width:
            report.beyond += 1
        if published is not None and published.width != tile.width:
            _compare(store, tile, published, report)


def _published(tile: Tile, size: int) -> Tile | None:
    """The bundle or tile that a tree of this size has in the place of `tile`."""
    width = (size >> 8 * max(tile.level, 0)) - tile.index * TILE_WIDTH
    return Tile(tile.level, tile.index, min(width, TILE_WIDTH)) if width > 0 else None


def _compare(store: Store, tile: Tile, published: Tile, report: Report) -> None:
    """Two files of the same tile begin alike. One that is missing or cannot be read is told where it is published."""
    data = store.read(tile_path(tile))
    if data is None:  # gone since it was listed: the full one has replaced it
        return
    common = min(tile.width, published.width)
    try:
        ours = _first(tile, data, common)
    except LogError as error:
        report.wrong(tile_path(tile), 0, str(error), Do.REBUILD)
        return
    try:
        there = read_tile(store, published)
        theirs = None if there is None else _first(published, there, common)
    except LogError:
        return
    report.files += 1
    if theirs is not None and ours != theirs and not report.names(tile_path(published)):
        at = next((at for at, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), 0)
        report.wrong(tile_path(tile), at, f"it does not begin as {tile_path(published)} does", Do.MOVE_AWAY)


def _first(tile: Tile, data: bytes, count: int) -> bytes:
    """The bytes of the first entries or hashes. Raises LogError when there are fewer, or more than the width."""
    if tile.level != ENTRIES_LEVEL:
        if len(data) != tile.width * HASH_SIZE:
            raise LogError(f"the tile has {len(data)} bytes instead of {tile.width * HASH_SIZE}")
        return data[: count * HASH_SIZE]
    entries = decode_bundle(data)
    if len(entries) != tile.width:
        raise LogError(f"the bundle holds {len(entries)} entries instead of {tile.width}")
    return encode_bundle(entries[:count])
