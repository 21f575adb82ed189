"""Cases about trees and tiles for `make_log_vectors.py`, from RFC 6962's recursive definitions alone."""

import base64
import hashlib
from typing import Any

Case = dict[str, Any]

# The entries that Certificate Transparency implementations share as their reference tree.
REFERENCE_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
REFERENCE_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

# Where proofs change their shape: around powers of two and the width of a tile.
EDGES = [2, 3, 4, 5, 7, 8, 9, 127, 128, 129, 255, 256, 257, 511, 512]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def split(n: int) -> int:
    return 1 << ((n - 1).bit_length() - 1)


def tree(entries: list[bytes]) -> bytes:
    if len(entries) < 2:
        return sha(b"\x00", entries[0]) if entries else sha()
    k = split(len(entries))
    return sha(b"\x01", tree(entries[:k]), tree(entries[k:]))


def path(index: int, entries: list[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path(index, entries[:k]), tree(entries[k:])]
    return [*path(index - k, entries[k:]), tree(entries[:k])]


def subproof(size: int, entries: list[bytes], *, whole: bool = True) -> list[bytes]:
    if size == len(entries):
        return [] if whole else [tree(entries)]
    k = split(len(entries))
    if size <= k:
        return [*subproof(size, entries[:k], whole=whole), tree(entries[k:])]
    return [*subproof(size - k, entries[k:], whole=False), tree(entries[:k])]


def roots() -> list[Case]:
    entries = [entry.hex() for entry in REFERENCE_ENTRIES]
    return [{"entries": entries[:size], "root": root} for size, root in REFERENCE_ROOTS.items()]


def inclusion() -> list[Case]:
    entries = [b"entry %d" % i for i in range(513)]

    def case(name: str, index: int, size: int, error: str | None = None, /, **changes: Any) -> Case:
        proof = [item.hex() for item in path(index, entries[:size])]
        good = {
            "leaf": sha(b"\x00", entries[index]).hex(), "index": index, "size": size, "proof": proof,
            "root": tree(entries[:size]).hex(),
        }  # fmt: skip
        return {"name": name, **good, **changes, "error": error}

    proof = case("", 6, 13)["proof"]
    return [
        case("the only leaf needs no hashes", 0, 1),
        case("first leaf of a full tree", 0, 8),
        case("last leaf of a full tree", 7, 8),
        case("leaf in the middle", 6, 13),
        case("last leaf, alone at the border", 12, 13),
        *(case(f"last leaf of {size}", size - 1, size) for size in EDGES),
        *(case(f"first leaf of {size}", 0, size) for size in EDGES),
        *(
            case(f"last leaf of {size} said to be of one more", size - 1, size, "too short", size=size + 1)
            for size in EDGES
        ),
        *(case(f"leaf {size} of {size}", size - 1, size, "has no leaf", index=size) for size in EDGES),
        case("another leaf", 6, 13, "does not lead", leaf=sha(b"\x00", b"other").hex()),
        case("the neighbour's index", 6, 13, "does not lead", index=7),
        case("another root", 6, 13, "does not lead", root=tree(entries[:12]).hex()),
        case("two hashes swapped", 6, 13, "does not lead", proof=[proof[1], proof[0], *proof[2:]]),
        case("one hash missing", 6, 13, "too short", proof=proof[:-1]),
        case("one hash too many", 6, 13, "too long", proof=[*proof, proof[0]]),
        case("a hash for the only leaf", 0, 1, "too long", proof=[proof[0]]),
        case("index behind the last leaf", 6, 13, "has no leaf", index=13),
        case("negative index", 6, 13, "has no leaf", index=-1),
        case("empty tree", 0, 1, "has no leaf", size=0),
        case("hash cut off", 6, 13, "31 bytes", proof=[*proof[:-1], proof[-1][2:]]),
        case("hash with a byte more", 6, 13, "33 bytes", proof=[*proof[:-1], proof[-1] + "00"]),
        case("hash of no bytes", 6, 13, "0 bytes", proof=[*proof[:-1], ""]),
        case("no hashes", 6, 13, "too short", proof=[]),
        case("sixty-four hashes", 6, 13, "too long", proof=[proof[0]] * 64),
        case("leaf cut off", 6, 13, "31 bytes", leaf="00" * 31),
        case("root with a byte more", 6, 13, "33 bytes", root="00" * 33),
    ]


def consistency() -> list[Case]:
    entries = [b"entry %d" % i for i in range(514)]

    def case(name: str, size1: int, size2: int, error: str | None = None, /, **changes: Any) -> Case:
        proof = [item.hex() for item in subproof(size1, entries[:size2])]
        good = {
            "size1": size1, "root1": tree(entries[:size1]).hex(),
            "size2": size2, "root2": tree(entries[:size2]).hex(), "proof": proof,
        }  # fmt: skip
        return {"name": name, **good, **changes, "error": error}

    proof = case("", 6, 13)["proof"]
    other = tree(entries[:3]).hex()
    return [
        case("the same tree", 13, 13),
        case("from one leaf", 1, 13),
        case("from a full tree", 8, 13),
        case("from a ragged tree", 6, 13),
        case("one leaf more", 12, 13),
        *(case(f"from {size} to one more", size, size + 1) for size in EDGES),
        *(case(f"from one leaf to {size}", 1, size) for size in EDGES),
        *(case(f"from {size} to 513", size, 513) for size in EDGES),
        *(
            case(f"{size + 1} said to begin with {size} alone", size, size + 1, "root|short|long", size1=size + 1)
            for size in EDGES
        ),
        case("the same size, another root", 13, 13, "two different roots", root1=other),
        case("the same tree with a hash", 13, 13, "too long", proof=[other]),
        case("another old root", 6, 13, "old root", root1=other),
        case("another new root", 6, 13, "new root", root2=other),
        case("another old root of a full tree", 8, 13, "new root", root1=other),
        case("first hash changed", 6, 13, "old root", proof=[other, *proof[1:]]),
        case("a hash only the new root uses changed", 6, 13, "new root", proof=[proof[0], other, *proof[2:]]),
        case("one hash missing", 6, 13, "too short", proof=proof[:-1]),
        case("one hash too many", 6, 13, "too long", proof=[*proof, other]),
        case("no hashes", 6, 13, "too short", proof=[]),
        case("from the empty tree", 1, 13, "empty tree", size1=0, root1=sha().hex(), proof=[]),
        case(
            "from the empty tree to itself", 1, 1, "empty tree", size1=0, root1=sha().hex(), size2=0, root2=sha().hex()
        ),
        case("from less than nothing", 6, 13, "empty tree", size1=-1),
        case("sixty-four hashes", 6, 13, "too long", proof=[other] * 64),
        case("old root with a byte more", 6, 13, "33 bytes", root1="00" * 33),
        case("new root cut off", 6, 13, "31 bytes", root2="00" * 31),
        case("a tree that shrank", 12, 13, "cannot extend", size1=13, size2=12),
        case("hash cut off", 6, 13, "31 bytes", proof=[proof[0][2:], *proof[1:]]),
    ]


def tile_paths() -> list[Case]:
    good = {
        "tile/0/000": [0, 0, 256],
        "tile/0/x001/x234/067": [0, 1234067, 256],
        "tile/0/000.p/12": [0, 0, 12],
        "tile/1/x001/000.p/255": [1, 1000, 255],
        "tile/7/000.p/127": [7, 0, 127],
        "tile/entries/000": [-1, 0, 256],
        "tile/entries/x999/999.p/1": [-1, 999999, 1],
    }
    bad = [
        "", "tile", "/tile/0/000", "tile/0/000/", "tile/0/", "tile/0/0", "tile/0/0000", "tile/0/x000/001",
        "tile/0/001/002", "tile/0/x001", "tile/0/X001/002", "tile/00/000", "tile/01/000", "tile/-1/000",
        "tile/data/000", "tile/0/000.p/0", "tile/0/000.p/012", "tile/0/000.p/256", "tile/0/000.p/257",
        "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/2", "tile/0/000\n", "tile/0/00\u0660", "tile/0/+00",
        "tile/7/000", "tile/7/000.p/128", "tile/8/000.p/1", "tile/63/000", "tile/64/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/x999/x999/x999/x999/x999/999",
    ]  # fmt: skip
    return [{"path": name, "tile": tile} for name, tile in good.items()] + [
        {"path": name, "tile": None} for name in bad
    ]


def bundles() -> list[Case]:
    def case(name: str, data: bytes, entries: list[bytes], error: str | None = None) -> Case:
        return {"name": name, "bundle": data.hex(), "entries": [entry.hex() for entry in entries], "error": error}

    def written(*entries: bytes) -> bytes:
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)

    return [
        case("one entry", written(b"one"), [b"one"]),
        case("an entry of no bytes", written(b""), [b""]),
        case("three entries", written(b"one", b"", b"three"), [b"one", b"", b"three"]),
        case("an entry of 256 bytes", written(bytes(256)), [bytes(256)]),
        case("a full bundle", written(*[b""] * 256), [b""] * 256),
        case("one too many", written(*[b""] * 257), [], "more than 256"),
        case("no entries", b"", [], "empty"),
        case("half a length", b"\x00", [], "ends inside entry 0"),
        case("a length and nothing", b"\x00\x03", [], "ends inside entry 0"),
        case("an entry cut off", written(b"one", b"two")[:-1], [], "ends inside entry 1"),
        case("a byte left over", written(b"one") + b"\x00", [], "ends inside entry 1"),
        case("the length the other way round", b"\x03\x00one", [], "ends inside entry 0"),
    ]


def hash_tiles() -> list[Case]:
    def case(name: str, width: int, size: int, error: str | None = None, level: int = 0) -> Case:
        data = (
            b"".join(sha(b"%d" % i) for i in range(9))[:size] if size < 288 else sha() * (size // 32) + bytes(size % 32)
        )
        return {"name": name, "level": level, "width": width, "tile": data.hex(), "error": error}

    return [
        case("one hash", 1, 32),
        case("a partial tile", 7, 224),
        case("a full tile", 256, 8192),
        case("nothing", 1, 0, "0 bytes"),
        case("a byte missing", 7, 223, "223 bytes"),
        case("a byte too many", 7, 225, "225 bytes"),
        case("a hash missing", 7, 192, "192 bytes"),
        case("a hash too many", 7, 256, "256 bytes"),
        case("an entry bundle", 1, 32, "not a hash tile", level=-1),
    ]
