"""Inclusion proofs, checkpoints and tiles, judged by transparency log implementations that are not ours."""

import base64
import re
import shutil

import pytest
from flipped_bits import flip, flip_in_file, flip_in_proof
from foreign_tools import SCALES, SIGSTORE
from issued_material import log_of, proof_from_tiles, write_log
from register_simulator import NOW
from verdict_table import ACCEPTED, REFUSED

from goodstanding.checkpoint import TlogProof
from goodstanding.tiles import decode_bundle

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

VERIFIERS = pytest.mark.parametrize("verifier", [SIGSTORE, SCALES])
STANDINGS = pytest.mark.parametrize("standing", ["ACTIVE", "SUSPENDED", "REVOKED"])
SIZES = (1, 2, 3, 7, 8, 9, 255, 256, 257, 513)

WRONG_PATH = {SIGSTORE: "calculated root hash does not match", SCALES: "InclusionProofInvalid"}
BAD_SIGNATURE = {SIGSTORE: "invalid checkpoint signature", SCALES: "InvalidSignature"}


@pytest.fixture
def leaf_of(tools):
    """The leaf that a record opens, rebuilt by the JavaScript runner from wire.md's rules alone."""

    def rebuilt(material, standing):
        (verdict,) = tools.ask(SIGSTORE, [material.proof_case(standing)])
        return verdict["leaf"]

    return rebuilt


@STANDINGS
@VERIFIERS
def test_the_record_is_in_the_log(judge, leaf_of, material, source, verifier, standing):
    case = material.proof_case(standing, leaf=leaf_of(material, standing))
    judge(verifier, f"tlog-proof ({source})", standing.lower(), case)


@VERIFIERS
@pytest.mark.parametrize(
    ("what", "refusals"), [("hash", WRONG_PATH), ("root", BAD_SIGNATURE), ("signature", BAD_SIGNATURE)]
)
def test_one_flipped_bit_of_the_proof_is_noticed(judge, leaf_of, material, source, verifier, what, refusals):
    proof = flip_in_proof(material.proofs["ACTIVE"], what)
    case = material.proof_case("ACTIVE", leaf=leaf_of(material, "ACTIVE"), proof=proof)
    judge(verifier, f"tlog-proof ({source})", f"one bit of {what}", case, refusals[verifier])


@VERIFIERS
def test_one_flipped_bit_of_the_leaf_is_noticed(judge, leaf_of, material, source, verifier):
    leaf = base64.b64encode(flip(base64.b64decode(leaf_of(material, "ACTIVE")), -20)).decode()
    judge(
        verifier,
        f"tlog-proof ({source})",
        "one bit of leaf",
        material.proof_case("ACTIVE", leaf=leaf),
        WRONG_PATH[verifier],
    )


@VERIFIERS
def test_one_flipped_bit_in_any_byte_of_the_leaf_is_noticed(judge_all, leaf_of, material, source, verifier):
    leaf = base64.b64decode(leaf_of(material, "ACTIVE"))
    flipped = [base64.b64encode(flip(leaf, at, at % 8)).decode() for at in range(len(leaf))]
    cases = [material.proof_case("ACTIVE", leaf=each) for each in flipped]
    judge_all(verifier, f"tlog-proof ({source})", "one bit in every byte of leaf", cases)


@VERIFIERS
def test_the_proof_of_another_entry_is_refused(judge, leaf_of, material, source, verifier):
    case = material.proof_case("ACTIVE", leaf=leaf_of(material, "SUSPENDED"))
    judge(verifier, f"tlog-proof ({source})", "another entry's leaf", case, WRONG_PATH[verifier])


def test_one_flipped_bit_of_the_time_cosignature_is_noticed(judge, leaf_of, material, source):
    """@sigstore/verify passes over signatures of keys it was not given, as signed notes allow."""
    lines = material.proofs["ACTIVE"].split("\n")
    name = material.vkeys[1].partition("+")[0]
    at = next(number for number, line in enumerate(lines) if line.startswith(f"— {name} "))
    lines[at] = f"— {name} {base64.b64encode(flip(base64.b64decode(lines[at].split()[-1]), 11)).decode()}"
    case = material.proof_case("ACTIVE", leaf=leaf_of(material, "ACTIVE"), proof="\n".join(lines))
    judge(SCALES, f"tlog-proof ({source})", "one bit of the signed time", case, BAD_SIGNATURE[SCALES])


def test_the_log_is_read_and_recomputed(judge, leaf_of, material, source):
    entries = {index_of(material, standing): leaf_of(material, standing) for standing in ("ACTIVE", "SUSPENDED")}
    verdict = judge(SCALES, f"log ({source})", "root, entries, consistency", log_case(material.log, material, entries))
    assert verdict["size"] >= 300


@pytest.mark.parametrize("what", ["hash tile", "entry bundle", "checkpoint root", "checkpoint size"])
def test_one_flipped_bit_of_the_log_is_noticed(judge, log_folders, material, source, what, tmp_path):
    folder = tmp_path / "log"
    shutil.copytree(log_folders(source), folder)
    index = index_of(material, "ACTIVE")
    damage(folder, what, index)
    judge(
        SCALES,
        f"log ({source})",
        f"one bit of {what}",
        log_case(str(folder), material, {index: None}),
        "Invalid|Refused",
    )


@pytest.mark.parametrize("size", SIZES)
def test_proofs_of_every_shape_are_accepted(tools, table, size, tmp_path):
    log = log_of(size)
    write_log(log, tmp_path, NOW)
    vkeys, note = [log.vkey.encode(), log.time_vkey.encode()], log.checkpoint(NOW)
    cases = []
    for index in sorted({0, 1, size // 2, size - 2, size - 1} & set(range(size))):
        proof = TlogProof(index, tuple(proof_from_tiles(tmp_path, index, size)), note).encode().decode()
        leaf = base64.b64encode(log.leaves[index]).decode()
        cases.append({"record": None, "leaf": leaf, "proof": proof, "vkey": vkeys[0], "vkeys": vkeys})
    for verifier in (SIGSTORE, SCALES):
        verdicts = tools.ask(verifier, cases)
        every = all(verdict["accepted"] for verdict in verdicts)
        table.add("log (issued)", f"proofs of {size} entries", verifier, ACCEPTED if every else REFUSED)
        assert every, verdicts
    whole = {
        "log": str(tmp_path),
        "vkeys": vkeys,
        "old_sizes": list(range(1, size)),
        "entries": {0: None, size - 1: None},
    }
    (verdict,) = tools.ask(SCALES, [whole])
    assert verdict["accepted"], verdict["reason"]


def log_case(log, material, entries):
    """A question about everything that a log serves."""
    return {"log": log, "vkeys": material.vkeys, "old_sizes": [1, 2, 255, 256, 257], "entries": entries}


def index_of(material, standing):
    """Where a record's leaf is, according to its proof."""
    return int(re.search(r"^index (\d+)$", material.proofs[standing], re.MULTILINE)[1])


def damage(folder, what, index):
    """Turn over one bit that bears on the entry at `index`."""
    tile, place = divmod(index, 256)
    checkpoint = folder / "checkpoint"
    origin, size, _ = checkpoint.read_bytes().split(b"\n", 2)
    match what:
        case "hash tile":
            flip_in_file(widest(folder / "tile" / "0", tile), (place ^ 1) * 32)
        case "entry bundle":
            bundle = widest(folder / "tile" / "entries", tile)
            before = decode_bundle(bundle.read_bytes())[:place]
            flip_in_file(bundle, sum(2 + len(entry) for entry in before) + 2)
        case "checkpoint root":
            flip_in_file(checkpoint, len(origin) + len(size) + 2)
        case "checkpoint size":
            flip_in_file(checkpoint, len(origin) + len(size))


def widest(level, tile):
    """The file of a tile: full, or as wide as there is."""
    full = level / f"{tile:03d}"
    partial = level / f"{tile:03d}.p"
    return full if full.is_file() else max(partial.iterdir(), key=lambda path: int(path.name))
