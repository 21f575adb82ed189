"""Checkpoints and tlog-proofs: who must have signed, what must match, and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.checkpoint import (
    MAX_PROOF_SIZE,
    Checkpoint,
    TlogProof,
    verify_checkpoint,
    verify_tlog_proof,
)
from goodstanding.errors import LogError
from goodstanding.merkle import EMPTY_ROOT, inclusion_proof, leaf_hash, root
from goodstanding.note import Note, VerifierKey, cosign, sign_note

VECTORS = Path(__file__).parents[1] / "vectors" / "log"
LOG = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
CLOCK = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
LOG_KEY = VerifierKey.ed25519("log.example", LOG.public_key().public_bytes_raw())
CLOCK_KEY = VerifierKey.cosigner("log.example/time", CLOCK.public_key().public_bytes_raw())
WITNESS_KEY = VerifierKey.cosigner("witness.example", WITNESS.public_key().public_bytes_raw())
TIME = 1_790_000_000

hashes = st.binary(min_size=32, max_size=32)
lines = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1, max_size=20)


def vectors(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return cases


def signed(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as the log publishes it: signed, with a time."""
    text = checkpoint.text()
    return Note(text, (sign_note(text, LOG_KEY, LOG.sign), cosign(text, CLOCK_KEY, CLOCK.sign, TIME))).encode()


@pytest.mark.parametrize("case", vectors("checkpoints"), ids=lambda case: case["name"])
def test_checkpoint_vectors(case: dict[str, Any]) -> None:
    data = case["checkpoint"].encode()
    log, clock = VerifierKey.parse(case["log"]), VerifierKey.parse(case["time_cosigner"])
    witnesses = [VerifierKey.parse(vkey) for vkey in case["witnesses"]]
    if case["error"] is not None:
        with pytest.raises(LogError, match=case["error"]):
            verify_checkpoint(data, log=log, time_cosigner=clock, witnesses=witnesses)
        return
    verified = verify_checkpoint(data, log=log, time_cosigner=clock, witnesses=witnesses)
    assert verified.note == data
    assert verified.time == datetime.fromtimestamp(case["time"], UTC)
    assert list(verified.cosigners) == case["cosigners"]
    assert verified.checkpoint.size == case["size"]
    assert list(verified.checkpoint.extensions) == case["extensions"]


@pytest.mark.parametrize("case", vectors("tlog_proofs"), ids=lambda case: case["name"])
def test_tlog_proof_vectors(case: dict[str, Any]) -> None:
    data, leaf = case["proof"].encode(), bytes.fromhex(case["leaf"])
    log, clock = VerifierKey.parse(case["log"]), VerifierKey.parse(case["time_cosigner"])
    if case["error"] is None:
        proof = TlogProof.parse(data)
        assert proof.encode() == data
        verify_tlog_proof(proof, leaf, log=log, time_cosigner=clock)
    else:
        with pytest.raises(LogError, match=case["error"]):
            verify_tlog_proof(TlogProof.parse(data), leaf, log=log, time_cosigner=clock)


@given(lines, st.integers(1, 2**63 - 1), hashes, st.lists(lines, max_size=3))
def test_a_checkpoint_is_read_back_from_its_text(origin: str, size: int, top: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, top, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@given(st.integers(0, 2**63 - 2), st.lists(hashes, max_size=63), st.binary(min_size=1), st.binary(max_size=99))
def test_a_proof_is_read_back_from_its_bytes(
    index: int, siblings: list[bytes], checkpoint: bytes, extra: bytes
) -> None:
    proof = TlogProof(index, tuple(siblings), checkpoint, extra)
    assert TlogProof.parse(proof.encode()) == proof


@given(st.text(max_size=60))
def test_bytes_are_either_no_proof_or_the_only_spelling_of_one(tail: str) -> None:
    data = f"c2sp.org/tlog-proof@v1\nindex 1{tail}\n\nrest".encode()
    try:
        proof = TlogProof.parse(data)
    except LogError:
        return
    assert proof.encode() == data


@given(st.integers(1, 40), st.data())
def test_an_entry_of_a_signed_log_is_proved(size: int, data: st.DataObject) -> None:
    # given a log with a signed checkpoint
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    checkpoint = Checkpoint(LOG_KEY.name, size, root(leaves))
    # when the proof of one entry travels
    index = data.draw(st.integers(0, size - 1))
    siblings = inclusion_proof(index, size, lambda level, at: root(leaves[at << level : (at + 1) << level]))
    proof = TlogProof.parse(TlogProof(index, tuple(siblings), signed(checkpoint)).encode())
    # then it verifies with the log's keys alone
    verified = verify_tlog_proof(proof, leaves[index], log=LOG_KEY, time_cosigner=CLOCK_KEY)
    assert verified.checkpoint == checkpoint
    assert verified.time == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert verified.cosigners == ()


def test_without_a_time_cosigner_no_time_is_asked_for_or_told() -> None:
    text = Checkpoint("log.example", 0, EMPTY_ROOT).text()
    data = Note(text, (sign_note(text, LOG_KEY, LOG.sign),)).encode()
    assert verify_checkpoint(data, log=LOG_KEY, time_cosigner=None).time is None


def test_a_witness_that_nobody_configured_does_not_count() -> None:
    text = Checkpoint("log.example", 0, EMPTY_ROOT).text()
    note = Note.parse(signed(Checkpoint.parse(text)))
    data = Note(text, (*note.signatures, cosign(text, WITNESS_KEY, WITNESS.sign, TIME))).encode()
    alone = verify_checkpoint(data, log=LOG_KEY, time_cosigner=CLOCK_KEY)
    watched = verify_checkpoint(data, log=LOG_KEY, time_cosigner=CLOCK_KEY, witnesses=[WITNESS_KEY])
    assert (alone.cosigners, watched.cosigners) == ((), ("witness.example",))


def test_one_public_key_is_one_witness_whatever_its_names() -> None:
    # given a witness configured under two names: a cosignature does not say whose it is
    text = Checkpoint("log.example", 0, EMPTY_ROOT).text()
    second = VerifierKey.cosigner("witness.example/second", WITNESS_KEY.public_key)
    signatures = [
        sign_note(text, LOG_KEY, LOG.sign),
        *(cosign(text, key, WITNESS.sign, TIME) for key in (WITNESS_KEY, second)),
    ]
    # when both lines are on the checkpoint
    data = Note(text, tuple(signatures)).encode()
    verified = verify_checkpoint(data, log=LOG_KEY, time_cosigner=None, witnesses=[second, WITNESS_KEY])
    # then it has one witness
    assert verified.cosigners == ("witness.example",)


@pytest.mark.parametrize(
    ("log", "clock", "witness"),
    [
        (CLOCK_KEY, CLOCK_KEY, WITNESS_KEY),
        (LOG_KEY, LOG_KEY, WITNESS_KEY),
        (LOG_KEY, CLOCK_KEY, LOG_KEY),
    ],
)
def test_keys_of_the_wrong_type_are_refused(log: VerifierKey, clock: VerifierKey, witness: VerifierKey) -> None:
    data = signed(Checkpoint("log.example", 0, EMPTY_ROOT))
    with pytest.raises(LogError, match="type 0x01"):
        verify_checkpoint(data, log=log, time_cosigner=clock, witnesses=[witness])


@pytest.mark.parametrize(
    "members",
    [
        ("", 1, bytes(32)),
        ("two\nlines", 1, bytes(32)),
        ("log.example", -1, bytes(32)),
        ("log.example", 2**63, bytes(32)),
        ("log.example", 1, bytes(31)),
        ("log.example", 0, bytes(32)),
        ("log.example", 1, bytes(32), ("",)),
        ("log.example", 1, bytes(32), ("two\nlines",)),
    ],
)
def test_a_checkpoint_that_cannot_be_written_cannot_be_made(members: tuple[Any, ...]) -> None:
    with pytest.raises(LogError):
        Checkpoint(*members)


@pytest.mark.parametrize(
    "members",
    [
        (-1, (), b"x"),
        (2**63 - 1, (), b"x"),
        (0, (bytes(31),), b"x"),
        (0, (bytes(32),) * 64, b"x"),
        (0, (), b""),
        (0, (), b"x", bytes(8193)),
    ],
)
def test_a_proof_that_cannot_be_written_cannot_be_made(members: tuple[Any, ...]) -> None:
    with pytest.raises(LogError):
        TlogProof(*members)


def test_the_largest_proof_that_can_be_made_can_be_read() -> None:
    proof = TlogProof(2**63 - 2, (bytes(32),) * 63, b"x" * 65_536, bytes(8192))
    assert len(proof.encode()) <= MAX_PROOF_SIZE
    assert TlogProof.parse(proof.encode()) == proof


def test_a_proof_of_more_than_eighty_kilobytes_is_not_read() -> None:
    with pytest.raises(LogError, match="too long"):
        TlogProof.parse(TlogProof(0, (), b"x" * 81_920).encode())
