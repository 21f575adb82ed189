"""Write log/*.json: small cases for the log formats, most of them failures.

    python tests/vectors/make_log_vectors.py

Knows only RFC 6962's recursive definitions and the texts of the C2SP documents, nothing of our package, so
that a mistake there is not repeated here. The same bytes come out every time. In every case `error` is null
or words that the refusal must contain.
"""

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tree_vectors import Case, b64, bundles, consistency, hash_tiles, inclusion, path, roots, sha, tile_paths, tree

FOLDER = Path(__file__).parent / "log"
ORIGIN = "goodstanding.example/log"
TIME = 1_790_000_000

# A checkpoint of the Go checksum database as it was published, with its public key.
GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_CHECKPOINT = (
    "go.sum database tree\n3784599\n7uvxIZ67TZygcq/AehTD8iHYt81Ih+Zl2Y7vXZbfszQ=\n\n— sum.golang.org "
    "Az3grn972wXskjQrsZhVGc93fTU2uOsmSTiId1Wn1lxDCup5z4ggl1/4gaUqOkMa6cMbYvjB7hn7yemNr7Zqanol/go=\n"
)


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


def notes() -> list[Case]:
    text = "Nobody below is in good standing.\n\nNobody at all.\n"
    line, timed = LOG.line(text), CLOCK.timed(text, TIME)
    keys, ones = [LOG.vkey, CLOCK.vkey], b"\xff" * 68
    signed_then = base64.b64decode(timed.split()[-1])[12:]
    retimed = f"— {CLOCK.name} {b64(CLOCK.key_id + (TIME + 1).to_bytes(8, 'big') + signed_then)}\n"
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
        case("a type nobody knows", f"{text}\n{Key(ORIGIN, 0xFE, 1).line(text)}{line}", [signed]),
        case(
            "a type nobody knows, in a line of its own length",
            f"{text}\n— {ORIGIN} {b64(b'abcdefghi')}\n{line}",
            [signed],
        ),
        case(
            "an unknown name with the log's key ID",
            f"{text}\n— stranger.example {b64(LOG.key_id + bytes(64))}\n{line}",
            [signed],
        ),
        case("a witness whose signature nobody can check", f"{text}\n{WITNESS.timed('x', TIME)}{line}", [signed]),
        case("the same line twice", f"{text}\n{line}{line}", [signed]),
        case(
            "two times of one cosigner",
            f"{text}\n{CLOCK.timed(text, TIME + 5)}{timed}",
            [[CLOCK.name, TIME + 5]],
        ),
        case("published by the Go checksum database", GO_CHECKPOINT, [["sum.golang.org", None]], keys=[GO_KEY]),
        case("signature of another text", f"{text}\n{LOG.line('x')}", [], "does not verify"),
        case("signature bit changed", f"{text}\n{flipped}", [], "does not verify"),
        case("cosignature of another time", f"{text}\n{CLOCK.timed(text, TIME)}{retimed}", [], "does not verify"),
        case("bad line of a known key before a good one", f"{text}\n{LOG.line('x')}{line}", [], "does not verify"),
        case(
            "bad cosignature beside a good signature", f"{text}\n{line}{CLOCK.timed('x', TIME)}", [], "does not verify"
        ),
        case("signature with a byte more", f"{text}\n— {ORIGIN} {b64(LOG.key_id + bytes(65))}\n", [], "malformed"),
        case("signature cut off", f"{text}\n— {ORIGIN} {b64(LOG.key_id + bytes(63))}\n", [], "malformed"),
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
    for make in (
        roots,
        inclusion,
        consistency,
        tile_paths,
        bundles,
        hash_tiles,
        notes,
        checkpoints,
        tlog_proofs,
        public_keys,
    ):
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in make())
        (FOLDER / f"{make.__name__}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
