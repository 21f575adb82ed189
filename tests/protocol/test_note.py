"""Signed notes: reading is strict, known keys must verify, unknown ones do not matter."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.ed25519 import public_key_problem
from goodstanding.errors import LogError
from goodstanding.note import (
    Note,
    Signature,
    VerifiedSignature,
    VerifierKey,
    cosign,
    sign_note,
    verify_note,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "log"
LOG = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
CLOCK = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
LOG_KEY = VerifierKey.ed25519("log.example", LOG.public_key().public_bytes_raw())
CLOCK_KEY = VerifierKey.cosigner("log.example/time", CLOCK.public_key().public_bytes_raw())
TEXT = b"one line\n\nand another\n"

texts = st.text(st.characters(codec="utf-8", min_codepoint=0x20) | st.just("\n"), max_size=80).map(
    lambda text: f"{text}\n".encode()
)


def vectors(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return cases


@pytest.mark.parametrize("case", vectors("notes"), ids=lambda case: case["name"])
def test_note_vectors(case: dict[str, Any]) -> None:
    keys = [VerifierKey.parse(vkey) for vkey in case["keys"]]
    data = case["note"].encode()
    if case["error"] is None:
        note = Note.parse(data)
        assert note.encode() == data
        assert [[item.key.name, item.time] for item in verify_note(note, keys)] == case["verified"]
    else:
        with pytest.raises(LogError, match=case["error"]):
            verify_note(Note.parse(data), keys)


@given(texts)
def test_whatever_text_is_signed_comes_back_and_verifies(text: bytes) -> None:
    # given a text with empty lines anywhere, signed and cosigned
    signatures = sign_note(text, LOG_KEY, LOG.sign), cosign(text, CLOCK_KEY, CLOCK.sign, 1_790_000_000)
    # when the note travels
    note = Note.parse(Note(text, signatures).encode())
    # then text and signers are the same
    assert note == Note(text, signatures)
    expected = VerifiedSignature(LOG_KEY, None), VerifiedSignature(CLOCK_KEY, 1_790_000_000)
    assert verify_note(note, [CLOCK_KEY, LOG_KEY]) == expected


@given(st.binary(max_size=120))
def test_bytes_are_either_no_note_or_the_only_spelling_of_one(noise: bytes) -> None:
    for data in (noise, Note(TEXT, (sign_note(TEXT, LOG_KEY, LOG.sign),)).encode() + noise):
        try:
            note = Note.parse(data)
        except LogError:
            continue
        assert note.encode() == data


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(LogError, match="not UTF-8"):
        Note.parse(b"\xff\n\n")


def test_a_signature_does_not_carry_over_to_another_time_or_kind() -> None:
    # given a cosignature and a plain signature by one private key under one name
    plain = VerifierKey.ed25519(CLOCK_KEY.name, CLOCK_KEY.public_key)
    timed = cosign(TEXT, CLOCK_KEY, CLOCK.sign, 100)
    # when the time is changed, or the raw signature is shown as a plain one
    later = Signature(timed.name, timed.key_id, (101).to_bytes(8, "big") + timed.blob[8:])
    shown = Signature(plain.name, plain.key_id, timed.blob[8:])
    # then neither verifies
    for signature, key in ((later, CLOCK_KEY), (shown, plain)):
        with pytest.raises(LogError, match="does not verify"):
            verify_note(Note(TEXT, (signature,)), [key])


def test_the_signers_are_listed_in_the_order_of_their_lines() -> None:
    signatures = cosign(TEXT, CLOCK_KEY, CLOCK.sign, 5), sign_note(TEXT, LOG_KEY, LOG.sign)
    verified = verify_note(Note(TEXT, signatures), [LOG_KEY, CLOCK_KEY])
    assert [item.key for item in verified] == [CLOCK_KEY, LOG_KEY]


def test_a_cosignature_at_time_zero_counts() -> None:
    verified = verify_note(Note(TEXT, (cosign(TEXT, CLOCK_KEY, CLOCK.sign, 0),)), [CLOCK_KEY])
    assert verified == (VerifiedSignature(CLOCK_KEY, 0),)


def test_a_key_listed_twice_is_one_key() -> None:
    note = Note(TEXT, (sign_note(TEXT, LOG_KEY, LOG.sign),))
    assert len(verify_note(note, [LOG_KEY, LOG_KEY])) == 1


@pytest.mark.parametrize("key", [LOG_KEY, CLOCK_KEY], ids=lambda key: key.name)
def test_a_verifier_key_is_read_back_from_its_line(key: VerifierKey) -> None:
    assert VerifierKey.parse(key.encode()) == key


def test_a_published_verifier_key_is_understood() -> None:
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    key = VerifierKey.parse(vkey)
    assert (key.name, key.key_id.hex(), key.type) == ("sum.golang.org", "033de0ae", 1)
    assert key.encode() == vkey


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda vkey: vkey + "\n", "is written"),
        (lambda vkey: vkey.replace("log.example", ""), "is written"),
        (lambda vkey: vkey.replace("log.example", "log example"), "key name"),
        (lambda vkey: vkey.replace("log.example", "other.example"), "does not belong"),
        (lambda vkey: vkey.upper(), "is written"),
        (lambda vkey: vkey.replace("+", "-", 1), "is written"),
        (lambda vkey: vkey + "=", "base64"),
        (lambda vkey: vkey[:-4], "32 bytes"),
        (lambda _: "a+00000000+BgAA", "type 0x06"),
        (lambda _: "", "is written"),
        (lambda vkey: "\udc80" + vkey, "is UTF-8"),
    ],
)
def test_a_verifier_key_written_otherwise_is_refused(change: Any, problem: str) -> None:
    with pytest.raises(LogError, match=problem):
        VerifierKey.parse(change(LOG_KEY.encode()))


@pytest.mark.parametrize("case", vectors("public_keys"), ids=lambda case: case["key"][:8])
def test_weak_and_ambiguous_public_keys_are_refused(case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["key"])
    if case["error"] is None:
        assert public_key_problem(raw) is None
        assert VerifierKey.ed25519("log.example", raw).public_key == raw
    else:
        assert case["error"] in (public_key_problem(raw) or "")
        with pytest.raises(LogError, match=case["error"]):
            VerifierKey.cosigner("log.example", raw)


@given(st.binary(min_size=32, max_size=32))
def test_the_public_key_of_any_private_key_is_accepted(seed: bytes) -> None:
    public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert public_key_problem(public_key) is None


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_outside_its_field_is_not_signed(time: int) -> None:
    with pytest.raises(LogError, match="cannot carry the time"):
        cosign(TEXT, CLOCK_KEY, CLOCK.sign, time)


@pytest.mark.parametrize("text", [b"", b"no newline", b"\ttab\n", b"\xff\n"])
def test_a_text_that_cannot_stand_in_a_note_is_not_signed(text: bytes) -> None:
    with pytest.raises(LogError):
        sign_note(text, LOG_KEY, LOG.sign)
    with pytest.raises(LogError):
        cosign(text, CLOCK_KEY, CLOCK.sign, 0)


def test_each_kind_of_key_signs_its_own_kind_of_line_only() -> None:
    with pytest.raises(LogError, match="for cosignatures"):
        sign_note(TEXT, CLOCK_KEY, CLOCK.sign)
    with pytest.raises(LogError, match="for notes"):
        cosign(TEXT, LOG_KEY, LOG.sign, 0)


def test_a_signer_that_returns_something_else_is_noticed() -> None:
    with pytest.raises(LogError, match="returned 63 bytes"):
        sign_note(TEXT, LOG_KEY, lambda message: LOG.sign(message)[:-1])


def test_a_note_of_more_than_64_kilobytes_is_neither_written_nor_read() -> None:
    # given the longest text whose note has 65,536 bytes
    line = len(f"\n{sign_note(TEXT, LOG_KEY, LOG.sign).encode()}\n".encode())
    longest = b"x" * (65_535 - line) + b"\n"
    data = Note(longest, (sign_note(longest, LOG_KEY, LOG.sign),)).encode()
    assert len(data) == 65_536
    assert Note.parse(data).text == longest
    # when there is one byte more, then it is refused
    with pytest.raises(LogError, match="too long"):
        Note(b"x" + longest, Note.parse(data).signatures).encode()
    with pytest.raises(LogError, match="too long"):
        Note.parse(b"x" + data)


@pytest.mark.parametrize("count", [0, 101])
def test_a_note_has_one_to_a_hundred_signatures(count: int) -> None:
    with pytest.raises(LogError, match="1 to 100"):
        Note(TEXT, (sign_note(TEXT, LOG_KEY, LOG.sign),) * count)


def test_a_hundred_signature_lines_are_read_and_no_more() -> None:
    line = f"{sign_note(TEXT, LOG_KEY, LOG.sign).encode()}\n".encode()
    assert len(Note.parse(TEXT + b"\n" + line * 100).signatures) == 100
    with pytest.raises(LogError, match="1 to 100"):
        Note.parse(TEXT + b"\n" + line * 101)
