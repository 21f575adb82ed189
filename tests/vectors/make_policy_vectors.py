"""Write log/policies.json: small tlog-policy files, most of them failures.

    python tests/vectors/make_policy_vectors.py

Knows only the text of the C2SP document. In every case `error` is null or words that the refusal must contain;
`cosigners` says for sets of witnesses, by the name of their key, whether the quorum is among them.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = Path(__file__).parent / "log" / "policies.json"
LOG, COSIGNER = 1, 4


def vkey(name: str, kind: int = COSIGNER, seed: str = "") -> str:
    """A verifier key whose key pair follows from a seed, by default its name."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256((seed or name).encode()).digest())
    material = bytes([kind]) + private.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(material).decode()}"


A, B, C, D = (f"witness {name} {vkey(name)}\n" for name in "abcd")
TWO_OF_THREE = f"{A}{B}{C}group g 2 a b c\nquorum g\n"
NESTED = f"{A}{B}{C}{D}group x 2 a b c\ngroup y any d\ngroup both all x y\nquorum both\n"


def accepted(name: str, policy: str, cosigners: dict[str, bool]) -> dict[str, Any]:
    """`cosigners`: key names between spaces -> whether they are enough."""
    return {"name": name, "policy": policy, "error": None, "cosigners": cosigners}


def refused(name: str, policy: str, error: str) -> dict[str, Any]:
    """`error`: words of the refusal."""
    return {"name": name, "policy": policy, "error": error, "cosigners": {}}


CASES = [
    accepted("nobody is asked for", "quorum none\n", {"": True, "a": True}),
    accepted("one witness", f"{A}quorum a\n", {"": False, "a": True, "b": False}),
    accepted("a witness with an address", f"{A.strip()} https://a.example/w\nquorum a\n", {"a": True}),
    accepted("witnesses beyond the quorum", f"{A}{B}quorum b\n", {"a": False, "b": True}),
    accepted("two of three", TWO_OF_THREE, {"a": False, "a b": True, "b c": True, "a b c": True, "a d": False}),
    accepted("groups of groups", NESTED, {"a b": False, "a d": False, "a b d": True, "b c d": True, "d": False}),
    accepted(
        "blanks and comments",
        f"# ours\n\n \t\n\t log  {vkey('l', LOG)}\thttps://l.example \n{A}  #\nquorum\ta \n",
        {"a": True},
    ),
    accepted("names are not key names", f"witness north {vkey('a')}\nquorum north\n", {"a": True, "north": False}),
    accepted("names of any letters", f"witness समिति {vkey('a')}\nquorum समिति\n", {"a": True}),
    refused("empty", "", "newline"),
    refused("no last newline", "quorum none", "newline"),
    refused("a carriage return", "quorum none\r\n", "control characters"),
    refused("no quorum", A, "0 quorum lines"),
    refused("two quorums", f"{A}quorum a\nquorum none\n", "2 quorum lines"),
    refused("an unknown quorum", f"{A}quorum b\n", "'b' is not defined above"),
    refused("a quorum above its witness", f"quorum a\n{A}", "line 1"),
    refused("a group above its member", f"{A}group g all a b\n{B}quorum g\n", "'b' is not defined above"),
    refused("a group within itself", f"{A}group g all a g\nquorum g\n", "'g' is not defined above"),
    refused("none as a member", f"{A}group g any a none\nquorum g\n", "'none' is not defined above"),
    refused("a witness called none", f"witness none {vkey('a')}\nquorum none\n", "is taken"),
    refused("a name twice", f"{A}witness a {vkey('b')}\nquorum a\n", "is taken"),
    refused("a group named as a witness", f"{A}group a any a\nquorum a\n", "is taken"),
    refused("a key twice", f"{A}witness b {vkey('other', seed='a')}\nquorum a\n", "stands in it twice"),
    refused("a member twice in a group", f"{A}group g all a a\nquorum g\n", "nobody counts twice"),
    refused("a member of two groups", f"{A}{B}group g any a\ngroup h any a b\nquorum h\n", "nobody counts twice"),
    refused("a group without members", f"{A}group g any\nquorum a\n", "not a statement"),
    refused("a group of too many", f"{A}group g 2 a\nquorum g\n", "number from 1 to 1"),
    refused("a group of none", f"{A}group g 0 a\nquorum g\n", "number from 1 to 1"),
    refused("a number with a sign", f"{A}group g +1 a\nquorum g\n", "number from 1 to 1"),
    refused("a witness with a log's kind of key", f"witness a {vkey('a', LOG)}\nquorum a\n", "0x04 is needed"),
    refused("a log with a witness's kind of key", f"log {vkey('l')}\nquorum none\n", "0x01 is needed"),
    refused("a key that is none", "witness a b\nquorum a\n", "verifier key"),
    refused("an unknown word", "witnesses a\nquorum none\n", "not a statement"),
    refused("words too many", f"{A}quorum a b\n", "not a statement"),
    refused("a blank that is none", f"witness\u00a0a {vkey('a')}\nquorum none\n", "not a statement"),
]

if __name__ == "__main__":
    FILE.write_text(json.dumps(CASES, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
