"""Write log/*.json: small cases for the log formats, most of them failures.

    python tests/vectors/make_log_vectors.py

Knows only RFC 6962's recursive definitions and the texts of the C2SP documents, nothing of our package, so
that a mistake there is not repeated here. The same bytes come out every time. In every case `error` is null
or words that the refusal must contain.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Case = dict[str, Any]

FOLDER = Path(__file__).parent / "log"
ORIGIN = "goodstanding.example/log"
TIME = 1_790_000_000

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

# A checkpoint of the Go checksum database as it was published, with its public key.
GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_CHECKPOINT = (
    "go.sum database tree\n3784599\n7uvxIZ67TZygcq/AehTD8iHYt81Ih+Zl2Y7vXZbfszQ=\n\n— sum.golang.org "
    "Az3grn972wXskjQrsZhVGc93fTU2uOsmSTiId1Wn1lxDCup5z4ggl1/4gaUqOkMa6cMbYvjB7hn7yemNr7Zqanol/go=\n"
)


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


class Key:
    """A private key under a name, with the lines it writes into notes."""

    def __init__(self, name: str, kind: int, seed: int) -> None:
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.material = bytes([kind]) + self.private.public_key().public_bytes_raw()
        self.key_id = sha(name.encode(), b"\n", self.material)[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{b64(self.material)}"

    def line(self, text: str) -> str:
        return f"— {self.name} {b64(self.key_id + self.private.sign(text.encode()))}\n"

    def timed(self, text: str, time: int) -> str:
        signature = self.private.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return f"— {self.name} {b64(self.key_id + time.to_bytes(8, 'big') + signature)}\n"


LOG = Key(ORIGIN, 1, 1)
CLOCK = Key(f"{ORIGIN}/time", 4, 2)
WITNESS = Key("witness.example/one", 4, 3)
STRANGER = Key("stranger.example", 1, 4)


def roots() -> list[Case]:
    entries = [entry.hex() for entry in REFERENCE_ENTRIES]
    return [{"entries": entries[:size], "root": root} for size, root in REFERENCE_ROOTS.items()]


def inclusion() -> list[Case]:
    entries = [b"entry %d" % i for i in range(13)]

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
        case("leaf cut off", 6, 13, "31 bytes", leaf="00" * 31),
        case("root with a byte more", 6, 13, "33 bytes", root="00" * 33),
    ]


def consistency() -> list[Case]:
    entries = [b"entry %d" % i for i in range(13)]

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


def notes() -> list[Case]:
    text = "Nobody below is in good standing.\n\nNobody at all.\n"
    line, timed = LOG.line(text), CLOCK.timed(text, TIME)
    keys, ones = [LOG.vkey, CLOCK.vkey], b"\xff" * 68
    flipped = line[:-4] + ("A" if line[-4] != "A" else "B") + line[-3:]

    def case(name: str, note: str, verified: list[Any], error: str | None = None, **changes: Any) -> Case:
        return {"name": name, "keys": keys, "note": note, "verified": verified, **changes, "error": error}

    signed = [LOG.name, None]
    return [
        case("one signature", f"{text}\n{line}", [signed]),
        case("a cosignature beside it", f"{text}\n{line}{timed}", [signed, [CLOCK.name, TIME]]),
        case("lines of unknown keys are ignored", f"{text}\n{STRANGER.line(text)}{line}", [signed]),
        case("only unknown keys", f"{text}\n{STRANGER.line(text)}", []),
        case("known name, unknown key ID", f"{text}\n{Key(ORIGIN, 1, 9).line(text)}", []),
        case("the same line twice", f"{text}\n{line}{line}", [signed]),
        case(
            "two times of one cosigner",
            f"{text}\n{CLOCK.timed(text, TIME + 5)}{timed}",
            [[CLOCK.name, TIME + 5]],
        ),
        case("published by the Go checksum database", GO_CHECKPOINT, [["sum.golang.org", None]], keys=[GO_KEY]),
        case("signature of another text", f"{text}\n{LOG.line('x')}", [], "does not verify"),
        case("signature bit changed", f"{text}\n{flipped}", [], "does not verify"),
        case("good and bad line of one key", f"{text}\n{line}{LOG.line('x')}", [], "does not verify"),
        case(
            "cosignature cut off",
            f"{text}\n— {CLOCK.name} {b64(CLOCK.key_id + bytes(20))}\n",
            [],
            "malformed",
        ),
        case("cosignature beyond 2**63", f"{text}\n{CLOCK.timed(text, 2**63)}", [], "malformed"),
        case("no signature", text, [], "signature line is written"),
        case("no empty line", f"no empty line\n{line}", [], "no signatures"),
        case("nothing after the empty line", f"{text}\n", [], "no signatures"),
        case("last newline missing", f"{text}\n{line}"[:-1], [], "does not end in a newline"),
        case("carriage return", f"{text}\r\n\n{line}", [], "control characters"),
        case("tab", f"\t{text}\n{line}", [], "control characters"),
        case("hyphen for em dash", f"{text}\n{line.replace('—', '-')}", [], "signature line is written"),
        case("two spaces", f"{text}\n{line.replace('— ', '—  ')}", [], "signature line is written"),
        case("no key name", f"{text}\n—  {b64(bytes(68))}\n", [], "key name"),
        case("plus in the key name", f"{text}\n— a+b {b64(bytes(68))}\n", [], "key name"),
        case("no-break space in the key name", f"{text}\n— a\u00a0b {b64(bytes(68))}\n", [], "key name"),
        case("not base64", f"{text}\n— a !!!!\n", [], "base64"),
        case("base64 without padding", f"{text}\n— a {b64(bytes(68)).rstrip('=')}\n", [], "base64"),
        case("base64 with stray bits", f"{text}\n— a {b64(bytes(68))[:-2]}B=\n", [], "base64"),
        case("base64 for addresses", f"{text}\n— a {b64(ones).replace('/', '_')}\n", [], "base64"),
        case("key ID only", f"{text}\n— a {b64(bytes(4))}\n", [], "too short"),
    ]


def checkpoints() -> list[Case]:
    root = b64(sha(b"root"))
    text = f"{ORIGIN}\n9\n{root}\n"

    def signed(body: str) -> str:
        return f"{body}\n{LOG.line(body)}{CLOCK.timed(body, TIME)}"

    def case(name: str, data: str, error: str | None = None, **changes: Any) -> Case:
        expected = {"size": 9, "time": TIME, "cosigners": [], "extensions": []}
        return {"name": name, "checkpoint": data, **expected, **changes, "error": error}

    def text_case(name: str, body: str, error: str) -> Case:
        return case(name, signed(body), error)

    twin = Key("witness.example/twin", 4, 2)
    cases = [
        case("signed and timed", signed(text)),
        case("an outside witness", signed(text) + WITNESS.timed(text, TIME - 3), cosigners=[WITNESS.name]),
        case("the latest time counts", signed(text) + CLOCK.timed(text, TIME + 5), time=TIME + 5),
        case("extension lines", signed(f"{text}one\ntwo three\n"), extensions=["one", "two three"]),
        case("the empty log", signed(f"{ORIGIN}\n0\n{b64(sha())}\n"), size=0),
        case("the largest log", signed(f"{ORIGIN}\n{2**63 - 1}\n{root}\n"), size=2**63 - 1),
        case("the clock under another name is no witness", signed(text) + twin.timed(text, TIME)),
        case("not signed by the log", f"{text}\n{CLOCK.timed(text, TIME)}", "not signed by"),
        case("signed by a stranger", f"{text}\n{STRANGER.line(text)}{CLOCK.timed(text, TIME)}", "not signed by"),
        case("without a time", f"{text}\n{LOG.line(text)}", "carries no time"),
        case("time after the year 9999", f"{text}\n{LOG.line(text)}{CLOCK.timed(text, 2**40)}", "out of range"),
        case("bad witness", signed(text) + WITNESS.timed("x\n", TIME), "does not verify"),
        text_case("another log", f"elsewhere.example/log\n9\n{root}\n", "not one of"),
        text_case("two lines", f"{ORIGIN}\n9\n", "three lines"),
        text_case("no origin", f"\n9\n{root}\n", "not empty"),
        text_case("empty extension line", f"{text}\nx\n", "not empty"),
        text_case("leading zero", f"{ORIGIN}\n09\n{root}\n", "leading zeros"),
        text_case("plus sign", f"{ORIGIN}\n+9\n{root}\n", "leading zeros"),
        text_case("other digits", f"{ORIGIN}\n\u0669\n{root}\n", "leading zeros"),
        text_case("no size", f"{ORIGIN}\n\n{root}\n", "leading zeros"),
        text_case("2**63 leaves", f"{ORIGIN}\n{2**63}\n{root}\n", "cannot have"),
        text_case("short root", f"{ORIGIN}\n9\n{b64(bytes(31))}\n", "31 bytes"),
        text_case("root not base64", f"{ORIGIN}\n9\n{root[:-1]}\n", "base64"),
        text_case("wrong root of the empty log", f"{ORIGIN}\n0\n{root}\n", "empty log"),
    ]
    keys = {"log": LOG.vkey, "time_cosigner": CLOCK.vkey, "witnesses": [WITNESS.vkey, twin.vkey]}
    return [{**keys, **case} for case in cases]


def tlog_proofs() -> list[Case]:
    entries = [b"entry %d" % i for i in range(9)]
    text = f"{ORIGIN}\n9\n{b64(tree(entries))}\n"
    checkpoint = f"{text}\n{LOG.line(text)}{CLOCK.timed(text, TIME)}"
    hashes = "".join(f"{b64(item)}\n" for item in path(4, entries))
    head, leaf = "c2sp.org/tlog-proof@v1\n", sha(b"\x00", entries[4]).hex()

    def case(name: str, proof: str, error: str | None = None, **changes: Any) -> Case:
        keys = {"log": LOG.vkey, "time_cosigner": CLOCK.vkey}
        return {"name": name, **keys, "leaf": leaf, "proof": proof, **changes, "error": error}

    single = f"{ORIGIN}\n1\n{b64(tree(entries[:1]))}\n"
    alone = f"{head}index 0\n\n{single}\n{LOG.line(single)}{CLOCK.timed(single, TIME)}"
    return [
        case("an entry", f"{head}index 4\n{hashes}\n{checkpoint}"),
        case("extra data", f"{head}extra {b64(b'anything')}\nindex 4\n{hashes}\n{checkpoint}"),
        case("the only entry", alone, leaf=sha(b"\x00", entries[0]).hex()),
        case("another leaf", f"{head}index 4\n{hashes}\n{checkpoint}", "does not lead", leaf=sha(b"x").hex()),
        case("another index", f"{head}index 5\n{hashes}\n{checkpoint}", "does not lead"),
        case("index outside the tree", f"{head}index 9\n{hashes}\n{checkpoint}", "has no leaf"),
        case("a hash missing", f"{head}index 4\n{hashes[:-45]}\n{checkpoint}", "too short"),
        case("a hash too many", f"{head}index 4\n{hashes}{hashes[:45]}\n{checkpoint}", "too long"),
        case("sixty-four hashes", f"{head}index 4\n{hashes[:45] * 64}\n{checkpoint}", "too long"),
        case("another version", f"c2sp.org/tlog-proof@v2\nindex 4\n{hashes}\n{checkpoint}", "does not start"),
        case("no index", f"{head}{hashes}\n{checkpoint}", "index"),
        case("index with a leading zero", f"{head}index 04\n{hashes}\n{checkpoint}", "leading zeros"),
        case("index of 2**63", f"{head}index {2**63}\n{hashes}\n{checkpoint}", "cannot have"),
        case("extra after the index", f"{head}index 4\nextra YQ==\n{hashes}\n{checkpoint}", "base64"),
        case("extra twice", f"{head}extra YQ==\nextra YQ==\nindex 4\n{hashes}\n{checkpoint}", "index"),
        case("extra of nothing", f"{head}extra \nindex 4\n{hashes}\n{checkpoint}", "base64"),
        case("hash of 31 bytes", f"{head}index 4\n{b64(bytes(31))}\n\n{checkpoint}", "31 bytes"),
        case("no checkpoint", f"{head}index 4\n{hashes}", "no checkpoint"),
        case("space at a line's end", f"{head}index 4 \n{hashes}\n{checkpoint}", "leading zeros"),
        case("carriage return", f"{head}index 4\r\n{hashes}\n{checkpoint}", "control characters"),
        case("two empty lines", f"{head}index 4\n{hashes}\n\n{checkpoint}", "leading zeros"),
    ]


def public_keys() -> list[Case]:
    zeros, ones = "00" * 30, "ff" * 30
    eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
    other_eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
    small = [
        f"01{zeros}00", f"ec{ones}7f", f"00{zeros}00", f"00{zeros}80",
        f"{eighth}05", f"{eighth}85", f"{other_eighth}7a", f"{other_eighth}fa",
    ]  # fmt: skip
    not_canonical = [
        f"01{zeros}80",
        f"ec{ones}ff",
        f"ed{ones}7f",
        f"ed{ones}ff",
        f"ee{ones}7f",
        f"ff{ones}ff",
    ]
    good = [Key("x", 1, seed).material[1:].hex() for seed in range(8)]
    return [
        *({"key": key, "error": None} for key in good),
        *({"key": key, "error": "small order"} for key in small),
        *({"key": key, "error": "canonical form"} for key in not_canonical),
        {"key": f"02{zeros}00", "error": "not a point"},
        {"key": "00" * 31, "error": "31"},
        {"key": "00" * 33, "error": "33"},
        {"key": "", "error": "not 0"},
    ]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for make in (roots, inclusion, consistency, tile_paths, notes, checkpoints, tlog_proofs, public_keys):
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in make())
        (FOLDER / f"{make.__name__}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
