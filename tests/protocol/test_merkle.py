"""The tree: against RFC 6962's recursive definitions, around powers of two and the tile width."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.errors import LogError
from goodstanding.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "log"
LARGEST = 1025
LEAVES = [leaf_hash(b"%d" % number) for number in range(LARGEST)]

edges = sorted({2**power + off for power in range(11) for off in (-1, 0, 1)} | {255, 256, 257, 511, 513})
sizes = st.sampled_from([size for size in edges if 0 < size <= LARGEST]) | st.integers(1, LARGEST)


def vectors(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return cases


def largest_power_below(n: int) -> int:
    return 1 << ((n - 1).bit_length() - 1)


def tree(leaves: list[bytes]) -> bytes:
    """MTH of section 2.1, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), tree(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [tree(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), tree(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), tree(leaves[:k])]


def read(level: int, index: int) -> bytes:
    """A hash source that refuses what a real one cannot hold: subtrees that are not complete."""
    subtree = LEAVES[index << level : (index + 1) << level]
    assert len(subtree) == 1 << level
    return tree(subtree)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]) == CompactRange.empty().root() == EMPTY_ROOT == sha256(b"").digest()


def test_leaves_and_nodes_are_hashed_under_different_prefixes() -> None:
    left, right = bytes(32), b"\x01" * 32
    assert leaf_hash(left + right) == sha256(b"\x00" + left + right).digest()
    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("case", vectors("roots"), ids=lambda case: str(len(case["entries"])))
def test_the_reference_tree_has_its_known_roots(case: dict[str, Any]) -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in case["entries"]]
    assert root(leaves).hex() == case["root"]


@given(sizes)
def test_a_root_is_that_of_the_recursive_definition(size: int) -> None:
    assert root(LEAVES[:size]) == tree(LEAVES[:size])


@given(st.lists(st.integers(0, LARGEST), min_size=3, max_size=3))
def test_an_edge_does_not_depend_on_how_the_leaves_arrived(cuts: list[int]) -> None:
    # given leaves that arrive in up to three batches, some of them empty
    first, second, size = sorted(cuts)
    batches = LEAVES[:first], LEAVES[first:second], LEAVES[second:size]
    # when they are appended one batch after the other
    edge = CompactRange.empty()
    for batch in batches:
        edge = edge.append(iter(batch))
    # then the edge is the one of a single batch
    assert edge == CompactRange.empty().append(LEAVES[:size])
    assert edge.size == size


@given(sizes, st.data())
def test_an_inclusion_proof_is_the_audit_path_and_verifies(size: int, data: st.DataObject) -> None:
    # given any leaf of a tree
    index = data.draw(st.integers(0, size - 1))
    # when its proof is read
    proof = inclusion_proof(index, size, read)
    # then it is the one of the definition, and leads to the root
    assert proof == path(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index, size, proof, tree(LEAVES[:size]))


@given(sizes, sizes)
def test_a_consistency_proof_is_the_subproof_and_verifies(one: int, other: int) -> None:
    # given two sizes of one growing log
    old, new = sorted((one, other))
    # when the proof between them is read
    proof = consistency_proof(old, new, read)
    # then it is the one of the definition, and leads to both roots
    assert proof == subproof(old, LEAVES[:new], whole=True)
    verify_consistency(old, tree(LEAVES[:old]), new, tree(LEAVES[:new]), proof)


@given(sizes.filter(lambda size: size > 1), st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = path(index, LEAVES[:size])
    broken = data.draw(st.integers(0, len(proof) - 1))
    changed = [leaf_hash(item) if place == broken else item for place, item in enumerate(proof)]
    for wrong in (changed, proof[1:], [*proof, bytes(32)]):
        with pytest.raises(LogError):
            verify_inclusion(LEAVES[index], index, size, wrong, tree(LEAVES[:size]))


@given(sizes, sizes, st.data())
def test_a_changed_consistency_proof_is_refused(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    proof = subproof(old, LEAVES[:new], whole=True)
    roots = tree(LEAVES[:old]), tree(LEAVES[:new])
    wrong = [[*proof, bytes(32)]]
    if proof:
        broken = data.draw(st.integers(0, len(proof) - 1))
        changed = [leaf_hash(item) if place == broken else item for place, item in enumerate(proof)]
        wrong += [changed, proof[1:], proof[:-1]]
    for attempt in wrong:
        with pytest.raises(LogError):
            verify_consistency(old, roots[0], new, roots[1], attempt)


@pytest.mark.parametrize("case", vectors("inclusion"), ids=lambda case: case["name"])
def test_inclusion_vectors(case: dict[str, Any]) -> None:
    proof = [bytes.fromhex(item) for item in case["proof"]]
    leaf, claimed = bytes.fromhex(case["leaf"]), bytes.fromhex(case["root"])
    if case["error"] is None:
        verify_inclusion(leaf, case["index"], case["size"], proof, claimed)
    else:
        with pytest.raises(LogError, match=case["error"]):
            verify_inclusion(leaf, case["index"], case["size"], proof, claimed)


@pytest.mark.parametrize("case", vectors("consistency"), ids=lambda case: case["name"])
def test_consistency_vectors(case: dict[str, Any]) -> None:
    proof = [bytes.fromhex(item) for item in case["proof"]]
    old = case["size1"], bytes.fromhex(case["root1"])
    new = case["size2"], bytes.fromhex(case["root2"])
    if case["error"] is None:
        verify_consistency(*old, *new, proof)
    else:
        with pytest.raises(LogError, match=case["error"]):
            verify_consistency(*old, *new, proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_proof_is_made_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(LogError, match="has no leaf"):
        inclusion_proof(index, size, read)


@pytest.mark.parametrize(("old", "new"), [(0, 5), (-1, 5), (6, 5)])
def test_no_proof_is_made_between_sizes_that_do_not_grow(old: int, new: int) -> None:
    with pytest.raises(LogError, match=r"empty tree|cannot extend"):
        consistency_proof(old, new, read)


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(3, [bytes(32)]), (4, [bytes(32)] * 2), (0, [bytes(32)]), (-1, [bytes(32)]), (1, [bytes(31)])],
)
def test_an_edge_that_fits_no_tree_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(LogError):
        CompactRange(size, tuple(hashes))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_leaf_hash_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(LogError, match=f"{length} bytes"):
        CompactRange.empty().append([bytes(32), bytes(length)])
