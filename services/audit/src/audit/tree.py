"""The published tree of one size: its tiles, each read and checked once, and the proofs they give.

1. What leaves is checked: the first proof from a full tile of leaves is verified against the checkpoint's root, and as it
   is made of that tile's hashes alone up to the tile's own root, this vouches for every leaf and every proof in the tile.
2. A proof from a tile that is not full is verified each time.
3. At most `MAX_TILES` tiles are kept, 37 KB each; beyond that all are forgotten and read again when needed.
"""

from audit.errors import StoreDamaged
from audit.store import Store
from audit.tile_files import read_tile
from goodstanding.checkpoint import Checkpoint
from goodstanding.errors import LogError
from goodstanding.merkle import consistency_proof, inclusion_proof, verify_inclusion
from goodstanding.tiles import TILE_WIDTH, Tile, TileHashes, tile_path

MAX_TILES = 512
"""Tiles kept for the next proof: those of a log of 130,000 entries, or the upper ones and the busiest of a larger one."""

_HEIGHT = TILE_WIDTH.bit_length() - 1


class Tree:
    """One tree, for any number of threads and questions."""

    def __init__(self, store: Store, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._store = store
        self._hashes = TileHashes(self._tile, checkpoint.size)
        self._checked: dict[int, tuple[list[list[bytes]], tuple[bytes, ...]]] = {}  # rule 1: its hashes, the path above

    def inclusion(self, index: int, leaf: bytes) -> list[bytes]:
        """Return the inclusion proof of a leaf hash; StoreDamaged when the files do not give one."""
        known = self._checked.get(index >> _HEIGHT)
        if known is None:
            return self._first(index, leaf)
        (leaves, a, b, c, d, e, f, g, _), above = known
        at = index & (TILE_WIDTH - 1)
        if leaves[at] != leaf:
            raise StoreDamaged(f"no proof can be made for entry {index}: its tile holds another hash than its row")
        # Written out: a loop takes twice as long, and there is nothing else to do here.
        return [leaves[at ^ 1], a[at >> 1 ^ 1], b[at >> 2 ^ 1], c[at >> 3 ^ 1], d[at >> 4 ^ 1], e[at >> 5 ^ 1],
                f[at >> 6 ^ 1], g[at >> 7 ^ 1], *above]  # fmt: skip

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of the first `new` leaves extends that of the first `old`; StoreDamaged."""
        self._make_room()
        try:
            return consistency_proof(old, new, self._hashes)
        except LogError as error:
            self._forget()
            raise StoreDamaged(f"no proof can be made from size {old} to {new}: {error}") from error

    def _first(self, index: int, leaf: bytes) -> list[bytes]:
        self._make_room()
        size, number = self.checkpoint.size, index >> _HEIGHT
        try:
            proof = inclusion_proof(index, size, self._hashes)
            verify_inclusion(leaf, index, size, proof, self.checkpoint.root)
            if (number + 1) << _HEIGHT <= size:
                self._keep(number, index, leaf, proof)
        except LogError as error:
            self._forget()  # what is damaged may be mended
            raise StoreDamaged(f"no proof can be made for entry {index}: {error}") from error
        return proof

    def _keep(self, number: int, index: int, leaf: bytes, proof: list[bytes]) -> None:
        """Rule 1. The proof says nothing of the tile's own hash of this leaf: it must be the same."""
        pyramid = self._hashes.pyramid(0, number)
        if pyramid[0][index & (TILE_WIDTH - 1)] == leaf:
            self._checked[number] = pyramid, tuple(proof[_HEIGHT:])

    def _make_room(self) -> None:
        """Rule 3."""
        if len(self._hashes) > MAX_TILES:
            self._forget()

    def _forget(self) -> None:
        self._hashes = TileHashes(self._tile, self.checkpoint.size)
        self._checked = {}

    def _tile(self, tile: Tile) -> bytes:
        data = read_tile(self._store, tile)
        if data is None:
            raise LogError(f"{tile_path(tile)} is missing from the log's folder; restore it from a backup or a mirror")
        return data
