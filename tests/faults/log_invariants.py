"""What must hold of the log's public files and of every checkpoint that was seen."""

from collections.abc import Mapping, Sequence

from invariants import Rule, Violation

from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT, HASH_SIZE, consistency_proof, leaf_hash, root, verify_consistency
from goodstanding.tiles import (
    ENTRIES_LEVEL,
    TILE_WIDTH,
    Tile,
    TileHashes,
    decode_bundle,
    encode_bundle,
    parent_hash,
    tile_path,
    tiles_for,
)  # fmt: skip


def prefixes(seen: Sequence[Checkpoint], final: Checkpoint, files: Mapping[str, bytes]) -> list[Violation]:
    """Each checkpoint seen, in this order, against the tiles of the final one: sizes grow, roots are its prefixes'.

    Two trees that are both a prefix of a third are prefixes of each other, in the order of their sizes.
    """
    found, greatest = [], 0
    for each in (*seen, final):
        if each.size < greatest:
            found.append(f"size {each.size} was shown after size {greatest}")
        greatest = max(greatest, each.size)
    read = TileHashes(lambda tile: _need(files, tile), final.size)
    for each in dict.fromkeys((*seen, final)):
        try:
            _prove_prefix(each, final, read)
        except LogError as error:
            found.append(f"size {each.size} is no prefix of size {final.size}: {error}")
    return [Violation(Rule.PREFIX, what) for what in found]


def _prove_prefix(early: Checkpoint, late: Checkpoint, read) -> None:
    if early.size == 0:
        if early.root != EMPTY_ROOT:
            raise LogError("an empty tree has another root")
        return
    proof = consistency_proof(early.size, late.size, read)
    verify_consistency(early.size, early.root, late.size, late.root, proof)


def complete(published: Checkpoint | None, files: Mapping[str, bytes]) -> list[Violation]:
    """Every bundle and tile of the published size is there, each level is that of the one below, the root is signed."""
    if published is None:
        return []
    try:
        _check_files(published, files)
    except LogError as error:
        return [Violation(Rule.COMPLETE, f"size {published.size}: {error}")]
    return []


def entries_of(size: int, files: Mapping[str, bytes]) -> list[bytes]:
    """The first `size` entries, from their bundles; LogError when one is missing or malformed."""
    entries: list[bytes] = []
    for tile in tiles_for(0, size):
        if tile.level == ENTRIES_LEVEL:
            entries += decode_bundle(_need(files, tile))
    return entries


def _check_files(published: Checkpoint, files: Mapping[str, bytes]) -> None:
    hashes = [leaf_hash(entry) for entry in entries_of(published.size, files)]
    if len(hashes) != published.size or root(hashes) != published.root:
        raise LogError("the entries do not have the root that was signed")
    for tile in tiles_for(0, published.size):
        if tile.level != ENTRIES_LEVEL and _need(files, tile) != _tile_over(hashes, tile):
            raise LogError(f"{tile_path(tile)} has other hashes than what it stands over")


def _tile_over(leaves: Sequence[bytes], tile: Tile) -> bytes:
    """The bytes of a tile, from the leaf hashes."""
    level = list(leaves)
    for _ in range(tile.level):
        full = range(0, len(level) - len(level) % TILE_WIDTH, TILE_WIDTH)
        level = [parent_hash(b"".join(level[start : start + TILE_WIDTH])) for start in full]
    start = tile.index * TILE_WIDTH
    return b"".join(level[start : start + tile.width])


def _need(files: Mapping[str, bytes], tile: Tile) -> bytes:
    """A file, or the beginning of the full one that has replaced it (C2SP tlog-tiles, "Partial tiles")."""
    if (data := files.get(tile_path(tile))) is not None:
        return data
    full = files.get(tile_path(Tile(tile.level, tile.index, TILE_WIDTH)))
    if full is None:
        raise LogError(f"{tile_path(tile)} is missing")
    if tile.level == ENTRIES_LEVEL:
        return encode_bundle(decode_bundle(full)[: tile.width])
    return full[: tile.width * HASH_SIZE]
