"""Proofs: cold from a log of a million, warm beside pymerkle, and verifying one with its record beside bare signatures.

Cold is a reader that has just opened the log and has no tile; the operating system may have the files in memory.
"""

import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import foreign_tools
from audit_world import START, make, short, signer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from granted import Signer, grant_payload
from harness import Row, both_rates, compare, percentile
from rich.progress import track

from audit.publication import CHECKPOINT
from audit.reader import LoggedEntry, Snapshot
from audit.signing import CheckpointSigner
from audit.store import FileStore
from goodstanding.canonical import unb64u
from goodstanding.checkpoint import Checkpoint, TlogProof, verify_tlog_proof
from goodstanding.merkle import inclusion_proof, leaf_hash, pair_up
from goodstanding.note import Note
from goodstanding.record import sign_record, verify_record

HERE = Path(__file__).resolve().parent
COLD, WARM, ROUNDS, ASKED = 1_000_000, 100_000, 5, 1_000
PEER_ASKED = 100  # proofs of pymerkle in one round
VERIFIED, LEAVES = 400, 2**16


def rows(folder: Path, million: Path) -> Iterable[Row]:
    """Measure; `million` has a log of a million entries with their rows."""
    yield from _cold(million)
    yield _warm(folder)
    yield _verified(folder)


def stored(million: Path) -> Iterable[Row]:
    """What the files of a log take on disk, entry by entry."""
    hashes = sum(file.stat().st_size for file in (million / "log" / "tile").glob("[0-9]/**/*") if file.is_file())
    bundles = [file for file in (million / "log" / "tile" / "entries").rglob("*") if file.is_file()]
    leaves = sum(len(short(number).leaf) for number in range(COLD))
    yield Row("hashes stored for an entry", hashes / COLD, "bytes", target=33, most=True)
    over = (sum(file.stat().st_size for file in bundles) - leaves) / COLD
    yield Row("bundles, over what the entries have", over, "bytes an entry", target=2, most=True)


def _cold(million: Path) -> Iterable[Row]:
    note, chance = (million / "log" / CHECKPOINT).read_bytes(), random.Random(1)
    medians, tails = [], []
    for number in range(ROUNDS + 1):
        took = [_one_cold(million, note, index) for index in chance.choices(range(COLD), k=ASKED)]
        if number:
            medians.append(statistics.median(took))
            tails.append(percentile(took, 99))
    name = f"inclusion proof, {COLD:,} entries, no tile read before"
    yield Row(name, statistics.median(medians), "ms", target=1, most=True, rounds={"medians": medians})
    yield Row(f"{name}, p99", statistics.median(tails), "ms", target=1, most=True, rounds={"p99": tails})


def _one_cold(million: Path, note: bytes, index: int) -> float:
    entry = LoggedEntry("asked", index, leaf_hash(short(index).leaf))
    begun = time.perf_counter()
    Snapshot(FileStore(million / "log"), note).inclusion(entry)
    return 1000 * (time.perf_counter() - begun)


def _warm(folder: Path) -> Row:
    """Both have been asked before; each round asks for entries anywhere in the log."""
    where = folder / "warm"
    where.mkdir()
    for _ in track(make(where, WARM, real=False), description="a log for proofs", total=2):
        pass
    snapshot = Snapshot(FileStore(where / "log"), (where / "log" / CHECKPOINT).read_bytes())
    peer, chance, mine, other = Peer(folder / "peer.db"), random.Random(2), [], []
    try:
        for number in range(ROUNDS + 1):
            asked = [
                LoggedEntry("asked", index, leaf_hash(b"%d" % index))
                for index in chance.choices(range(WARM), k=3 * ASKED)
            ]
            begun = time.perf_counter()
            for entry in asked:
                snapshot.inclusion(entry)
            took = time.perf_counter() - begun
            theirs = peer.prove([entry.index for entry in asked[:PEER_ASKED]])
            if number:
                mine.append(len(asked) / took)
                other.append(PEER_ASKED / theirs)
    finally:
        peer.close()
    name = f"inclusion proof, {WARM:,} entries, warm"
    return both_rates(name, mine, "pymerkle 7.0.0 on SQLite, as many entries", other, target=100)


class Peer:
    """pymerkle in a process of its own, on the core of this one: the two never work at once."""

    def __init__(self, database: Path) -> None:
        lock = HERE / "pymerkle" / "requirements.lock"
        python = foreign_tools.install_python(HERE.parents[1] / "build" / "bench", lock)
        self._process = subprocess.Popen(
            [python, "-I", HERE / "pymerkle" / "worker.py", database, str(WARM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, os.sched_getaffinity(0))

    def prove(self, indices: list[int]) -> float:
        """Seconds for the proofs of these entries."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(indices)}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def _verified(folder: Path) -> Row:
    """Record, checkpoint and inclusion as a verifier checks them, beside the signatures of record and checkpoint alone."""
    issuer, keys = Signer(), signer(folder)
    trusted = {issuer.kid: issuer.public_jwk}
    record = sign_record(grant_payload(), issuer)
    proof = _proof_of(verify_record(record, trusted).leaf_hash, keys)
    encoded = proof.encode()

    def verify() -> int:
        for _ in range(VERIFIED):
            leaf = verify_record(record, trusted).leaf_hash
            verify_tlog_proof(TlogProof.parse(encoded), leaf, log=keys.log_key, time_cosigner=None)
        return VERIFIED

    record_key, log_key = issuer.key.public_key(), Ed25519PublicKey.from_public_bytes(keys.log_key.public_key)
    signed, _, mark = record.removesuffix("~").rpartition(".")
    message, of_record, note = signed.encode(), unb64u(mark), Note.parse(proof.checkpoint)

    def signatures() -> int:
        for _ in range(VERIFIED):
            record_key.verify(of_record, message)
            log_key.verify(note.signatures[0].blob, note.text)
        return VERIFIED

    rates = compare("", verify, "", signatures, rounds=ROUNDS + 2).rounds
    mine, other = ([1e6 / rate for rate in rates[who]] for who in ("ours", "reference"))
    name = f"verify a record and its proof in a log of {LEAVES:,}"
    return both_rates(
        name, mine, "cryptography, the two signatures alone", other, unit="us", target=2, most=True
    )  # fmt: skip


def _proof_of(leaf: bytes, keys: CheckpointSigner) -> TlogProof:
    """The proof of a leaf somewhere in a log, whose checkpoint the log alone has signed."""
    levels = [[leaf, *(leaf_hash(b"%d" % index) for index in range(1, LEAVES))]]
    while len(levels[-1]) > 1:
        levels.append(pair_up(levels[-1]))
    note = Note.parse(keys.sign(Checkpoint(keys.origin, LEAVES, levels[-1][0]), START))
    proof = inclusion_proof(0, LEAVES, lambda level, index: levels[level][index])
    return TlogProof(0, tuple(proof), Note(note.text, note.signatures[:1]).encode())
