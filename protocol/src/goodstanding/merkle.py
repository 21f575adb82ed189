r"""Merkle tree hashes and proofs (RFC 6962 section 2.1; RFC 9162 section 2.1 hashes alike).

    MTH({})     = SHA-256("")
    MTH({d})    = SHA-256(0x00 || d)
    MTH(D[0:n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))     k: largest power of two below n

A tree of n leaves is a row of complete subtrees, one for each bit set in n; a tree of seven leaves:

              root
            /      \
          /          \          level 2
        *             *
      /   \         /   \       level 1
     *     *       *     \
    / \   / \     / \     \     level 0
    0  1  2  3    4  5     6

Its right edge, largest first, is (0..3) (4..5) (6). All a log must keep in order to grow is that edge:
`CompactRange`. Proofs are read from a `HashReader`, so that nothing here knows how hashes are stored.

What verifying enforces, in this order:

1. every hash is 32 bytes long;
2. index and sizes make sense together;
3. a proof has exactly the length that index and sizes ask for;
4. the hashes lead to the root, or to both roots.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from goodstanding.errors import LogError

HASH_SIZE = 32
"""Bytes of one hash."""

EMPTY_ROOT: bytes = sha256().digest()
"""Root of the tree without leaves."""

HashReader = Callable[[int, int], bytes]
"""(level, index) -> hash of the complete subtree over leaves index * 2**level to (index + 1) * 2**level."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one log entry into a leaf (RFC 6962 section 2.1: 0x00 prefix)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two 32-byte children into their parent (RFC 6962 section 2.1: 0x01 prefix)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over these 32-byte leaf hashes; `EMPTY_ROOT` for none.

    Raises LogError when a hash is not 32 bytes long.
    """
    return CompactRange.empty().append(leaf_hashes).root()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The right edge of a tree of `size` leaves: its complete subtrees' hashes, largest subtree first.

    Raises LogError when the number of hashes is not the number of bits set in `size`.
    """

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if self.size < 0:
            raise LogError(f"a tree cannot have {self.size} leaves")
        if len(self.hashes) != self.size.bit_count():
            raise LogError(
                f"the right edge of a tree of {self.size} leaves has {self.size.bit_count()} hashes, "
                f"not {len(self.hashes)}"
            )
        _check_lengths("hash of the right edge", self.hashes)

    @classmethod
    def empty(cls) -> Self:
        """Return the edge of the tree without leaves."""
        return cls(0, ())

    def append(self, leaf_hashes: Iterable[bytes]) -> "CompactRange":
        """Return the edge after these 32-byte leaf hashes, in order; raises LogError on another length.

        Works on whole levels, not leaf by leaf, so a bulk append costs little more than its SHA-256.
        """
        row = list(leaf_hashes)
        _check_lengths("leaf hash", row)
        size = self.size + len(row)
        old_size, old_hashes = self.size, list(self.hashes)
        edge: list[bytes] = []
        while row or old_size:
            if old_size & 1:
                row.insert(0, old_hashes.pop())
            if len(row) & 1:
                edge.append(row.pop())
            row = pair_up(row)
            old_size >>= 1
        return CompactRange(size, tuple(reversed(edge)))

    def root(self) -> bytes:
        """Return the root of the tree that ends in this edge."""
        return _join(self.hashes) if self.hashes else EMPTY_ROOT


def pair_up(row: Sequence[bytes]) -> list[bytes]:
    """Return the parents of a row of hashes; a last hash without a neighbour has none."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash sits at `index` in the tree of `size` leaves with this root.

    `proof` runs from the leaf's sibling to the root's child (RFC 6962 section 2.1.1). Raises LogError.
    """
    _check_lengths("leaf hash", (leaf,))
    _check_lengths("root", (root,))
    _check_lengths("hash of the inclusion proof", proof)
    _check_index(index, size)
    inner, border = _shape(index, size)
    _check_proof_length("inclusion", proof, inner + border)
    if _climb(leaf, index, proof[:inner], proof[inner:]) != root:
        raise LogError("the inclusion proof does not lead to the root")


def verify_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (size2, root2) extends the tree (size1, root1), RFC 6962 section 2.1.2.

    Equal sizes need an empty proof and equal roots; nothing can be proved about size 0. Raises LogError.
    """
    _check_lengths("root", (root1, root2))
    _check_lengths("hash of the consistency proof", proof)
    _check_sizes(size1, size2)
    if size1 == size2:
        _check_proof_length("consistency", proof, 0)
        if root1 != root2:
            raise LogError(f"two different roots are claimed for a tree of {size1} leaves")
        return

    # The walk starts at the last complete subtree of the old tree. When that is the whole old tree,
    # its hash is root1 and the proof does not repeat it.
    level = _trailing_zeros(size1)
    whole = size1 == 1 << level
    inner, border = _shape(size1 - 1, size2)
    inner -= level
    _check_proof_length("consistency", proof, inner + border + (not whole))
    start, path = (root1, proof) if whole else (proof[0], proof[1:])
    index = (size1 - 1) >> level
    left = [sibling for height, sibling in enumerate(path[:inner]) if index >> height & 1]
    if _climb(start, 0, (), [*left, *path[inner:]]) != root1:
        raise LogError("the consistency proof does not lead to the old root")
    if _climb(start, index, path[:inner], path[inner:]) != root2:
        raise LogError("the consistency proof does not lead to the new root")


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1).

    At most 63 hashes. Raises LogError when the tree has no such leaf.
    """
    _check_index(index, size)
    return _path(0, index, size, read)


def consistency_proof(size1: int, size2: int, read: HashReader) -> list[bytes]:
    """Return the proof that the tree of `size2` leaves extends that of `size1` (RFC 6962 section 2.1.2).

    Empty for equal sizes. Raises LogError for size1 = 0 and for size1 > size2.
    """
    _check_sizes(size1, size2)
    if size1 == size2:
        return []
    level = _trailing_zeros(size1)
    path = _path(level, size1 - 1, size2, read)
    return path if size1 == 1 << level else [read(level, (size1 - 1) >> level), *path]


def root_from(size: int, read: HashReader) -> bytes:
    """Return the root of the first `size` leaves, from the complete subtrees they end in; `EMPTY_ROOT` for none.

    Raises LogError for a negative size, and whatever the reader raises.
    """
    if size < 0:
        raise LogError(f"a tree cannot have {size} leaves")
    return _span(size.bit_length(), 0, size, read) if size else EMPTY_ROOT


def _path(start: int, index: int, size: int, read: HashReader) -> list[bytes]:
    """Siblings met on the way from the subtree at level `start` holding leaf `index` up to the root."""
    inner, _ = _shape(index, size)
    siblings = [_span(level, (index >> level) ^ 1, size, read) for level in range(start, inner)]
    border = [level for level in range(inner, index.bit_length()) if index >> level & 1]
    return siblings + [read(level, (index >> level) - 1) for level in border]


def _span(level: int, index: int, size: int, read: HashReader) -> bytes:
    """Hash over the leaves of one subtree, cut off at `size` when the subtree is not complete."""
    start = index << level
    width = min(1 << level, size - start)
    pieces = []
    for height in reversed(range(width.bit_length())):
        if width >> height & 1:
            pieces.append(read(height, start >> height))
            start += 1 << height
    return _join(pieces)


def _join(hashes: Sequence[bytes]) -> bytes:
    """Fold complete subtrees, largest first, into one hash."""
    *rest, result = hashes
    for left in reversed(rest):
        result = node_hash(left, result)
    return result


def _climb(start: bytes, index: int, inner: Sequence[bytes], border: Sequence[bytes]) -> bytes:
    """Hash upwards: siblings on the side the index tells, then those of the border, always on the left."""
    result = start
    for height, sibling in enumerate(inner):
        result = node_hash(sibling, result) if index >> height & 1 else node_hash(result, sibling)
    for sibling in border:
        result = node_hash(sibling, result)
    return result


def _shape(index: int, size: int) -> tuple[int, int]:
    """Lengths of a path's two parts: below and above the point where it meets the tree's right border."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _trailing_zeros(size: int) -> int:
    return (size & -size).bit_length() - 1


def _check_lengths(what: str, hashes: Sequence[bytes]) -> None:
    if wrong := set(map(len, hashes)) - {HASH_SIZE}:
        raise LogError(f"a {what} has {min(wrong)} bytes instead of {HASH_SIZE}")


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise LogError(f"a tree of {size} leaves has no leaf {index}")


def _check_sizes(size1: int, size2: int) -> None:
    if size1 <= 0:
        raise LogError("nothing can be proved to extend an empty tree")
    if size1 > size2:
        raise LogError(f"a tree of {size2} leaves cannot extend one of {size1}")


def _check_proof_length(kind: str, proof: Sequence[bytes], expected: int) -> None:
    if len(proof) < expected:
        raise LogError(f"the {kind} proof is too short: {len(proof)} hashes instead of {expected}")
    if len(proof) > expected:
        raise LogError(f"the {kind} proof is too long: {len(proof)} hashes instead of {expected}")
