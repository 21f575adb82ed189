"""Policies: which witnesses are enough, and which files are refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from register_simulator import Register, witness_key

from goodstanding.checkpoint import verify_checkpoint
from goodstanding.errors import LogError, TrustError
from goodstanding.note import VerifierKey
from goodstanding.policy import MAX_OF_A_KIND, MAX_POLICY_SIZE, fitting, load_policy, parse_policy, satisfied
from goodstanding.trust import Trust

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "log" / "policies.json").read_text(encoding="utf-8")
)


def key(name: str) -> VerifierKey:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return VerifierKey.cosigner(name, private.public_key().public_bytes_raw())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_policy_vectors(case: dict[str, Any]) -> None:
    if case["error"] is not None:
        with pytest.raises(LogError, match=case["error"]):
            parse_policy(case["policy"].encode())
        return
    policy = parse_policy(case["policy"].encode())
    assert policy.text == case["policy"]
    for names, enough in case["cosigners"].items():
        assert satisfied(policy, [key(name) for name in names.split()]) is enough, names


def test_a_file_is_bounded_and_named_when_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="longer than"):
        parse_policy(b"#" * MAX_POLICY_SIZE + b"\n")
    many = "".join(f"witness w{n} {key(f'w{n}').encode()}\n" for n in range(MAX_OF_A_KIND + 1))
    with pytest.raises(LogError, match="more than 64"):
        parse_policy(f"{many}quorum w0\n".encode())
    with pytest.raises(LogError, match=r"tlog\.policy cannot be read"):
        load_policy(tmp_path / "tlog.policy")
    (tmp_path / "tlog.policy").write_bytes(b"quorum a\n")
    with pytest.raises(LogError, match=r"tlog\.policy is refused: line 1"):
        load_policy(tmp_path / "tlog.policy")


def test_names_are_octets_whatever_they_spell() -> None:
    policy = parse_policy(b"witness \xff %s\nquorum \xff\n" % key("a").encode().encode())
    assert satisfied(policy, [key("a")])
    with pytest.raises(LogError, match="not defined"):
        parse_policy(b"witness \xff %s\nquorum \xfe\n" % key("a").encode().encode())


def test_a_policy_belongs_to_its_log_and_the_log_is_no_witness_of_its_own() -> None:
    own = VerifierKey.ed25519("log.example", key("log").public_key)
    other = VerifierKey.ed25519("other.example", key("other").public_key)
    about = parse_policy(f"log {own.encode()}\nquorum none\n".encode())
    assert fitting(about, own) is about
    with pytest.raises(LogError, match=r"other logs than other\.example"):
        fitting(about, other)
    time = parse_policy(f"witness time {key('time').encode()}\nquorum time\n".encode())
    with pytest.raises(LogError, match="a key of the log itself"):
        fitting(time, own, key("time"))


def test_a_reader_with_a_policy_calls_a_log_witnessed_only_when_it_is_satisfied() -> None:
    register = Register()
    lines = [f"witness {name} {witness_key(name).encode()}\n" for name in ("a.example", "b.example")]
    text = f"{''.join(lines)}group both all a.example b.example\nquorum both\n"
    file = register.trust()
    file["logs"][0]["policy"] = text
    trust = Trust.from_json(file)
    log = trust.logs["TEST"]
    assert Trust.from_json(trust.to_json()) == trust

    def witnessed(*names: str) -> bool:
        note = register.log.checkpoint(witnesses=names)
        return log.witnessed(
            verify_checkpoint(note, log=log.vkey, time_cosigner=log.time_vkey, witnesses=log.witnesses)
        )

    assert (witnessed(), witnessed("a.example"), witnessed("a.example", "b.example")) == (False, False, True)
    file["logs"][0]["policy"] = "quorum somebody\n"
    with pytest.raises(TrustError, match="the policy of the log for TEST is refused"):
        Trust.from_json(file)
