"""Bytes changed on their way: they are refused with the typed error, or say what they said before. Nothing else is raised."""

from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.checkpoint import Checkpoint, TlogProof, verify_checkpoint, verify_tlog_proof
from goodstanding.errors import LogError
from goodstanding.merkle import inclusion_proof, leaf_hash, root
from goodstanding.note import Note, VerifierKey, cosign, sign_note, verify_note
from goodstanding.policy import parse_policy, satisfied

LOG, CLOCK, WITNESS = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
LOG_KEY = VerifierKey.ed25519("log.example", LOG.public_key().public_bytes_raw())
CLOCK_KEY = VerifierKey.cosigner("log.example/time", CLOCK.public_key().public_bytes_raw())
WITNESS_KEY = VerifierKey.cosigner("witness.example", WITNESS.public_key().public_bytes_raw())
TIME = 1_790_000_000
LEAVES = [leaf_hash(b"%d" % number) for number in range(11)]
CHECKPOINT = Checkpoint(LOG_KEY.name, len(LEAVES), root(LEAVES), ("an extension",))
TEXT = CHECKPOINT.text()
NOTE = Note(
    TEXT,
    (
        sign_note(TEXT, LOG_KEY, LOG.sign),
        cosign(TEXT, CLOCK_KEY, CLOCK.sign, TIME),
        cosign(TEXT, WITNESS_KEY, WITNESS.sign, TIME),
    ),
).encode()
INDEX = 6
PROOF = TlogProof(
    INDEX,
    tuple(inclusion_proof(INDEX, len(LEAVES), lambda level, at: root(LEAVES[at << level : (at + 1) << level]))),
    NOTE,
    b"extra",
).encode()
POLICY = (
    f"log {LOG_KEY.encode()}\nwitness one {WITNESS_KEY.encode()} https://witness.example/w\n"
    "# no other\ngroup all-of-them all one\nquorum all-of-them\n"
).encode()


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with some of them replaced, left out, put in, or cut off."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 1, 2, 44, len(data)])))
        data = data[:start] + draw(st.sampled_from([b"", b"\n", b"\r\n", b"0", b" ", b"=", b"+", data[start:end] * 2]) | st.binary(max_size=3)) + data[end:]  # fmt: skip
    return data


@given(changed(NOTE))
def test_a_note_says_what_was_signed_or_nothing(data: bytes) -> None:
    with suppress(LogError):
        note = Note.parse(data)
        assert note.encode() == data
        if verify_note(note, [LOG_KEY]):
            assert note.text == TEXT


@given(changed(NOTE))
def test_a_checkpoint_is_the_one_that_was_signed_or_none(data: bytes) -> None:
    with suppress(LogError):
        seen = verify_checkpoint(data, log=LOG_KEY, time_cosigner=CLOCK_KEY, witnesses=[WITNESS_KEY])
        assert seen.checkpoint == CHECKPOINT
        assert seen.time is not None
        assert seen.time.timestamp() == TIME
        assert set(seen.cosigners) <= {WITNESS_KEY.name}


@given(changed(PROOF))
def test_a_proof_is_of_that_entry_in_that_tree_or_none(data: bytes) -> None:
    with suppress(LogError):
        proof = TlogProof.parse(data)
        assert proof.encode() == data
        seen = verify_tlog_proof(proof, LEAVES[INDEX], log=LOG_KEY, time_cosigner=CLOCK_KEY)
        assert (proof.index, seen.checkpoint) == (INDEX, CHECKPOINT)


@given(changed(POLICY))
def test_a_policy_is_read_whole_or_refused(data: bytes) -> None:
    with suppress(LogError):
        policy = parse_policy(data)
        assert parse_policy(policy.text.encode("utf-8", "surrogateescape")) == policy
        assert satisfied(policy, policy.keys)


@given(st.binary(max_size=80))
def test_noise_raises_nothing_but_the_typed_error(data: bytes) -> None:
    for read in (Note.parse, Checkpoint.parse, TlogProof.parse, parse_policy):
        with suppress(LogError):
            read(data)
