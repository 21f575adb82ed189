"""Logs of 1 to 70,001 entries as our sequencer publishes them, judged by implementations that are not ours.

`@sigstore/verify` judges checkpoints and inclusion, `tlog-scales` these, every tile, and that each size begins with
the ones before it.
"""

import base64
import shutil

import pytest
from flipped_bits import flip, flip_in_file, flip_in_proof
from foreign_tools import SCALES, SIGSTORE
from grown_log import SIZES, GrownLog, grow
from verdict_table import ACCEPTED, REFUSED

from goodstanding.keys import PemSigner

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

ARTEFACT = "grown log"
LARGER = [size for size in SIZES if size > 1]
VERIFIERS = pytest.mark.parametrize("verifier", [SIGSTORE, SCALES])
GROWTH = [(old, new) for new in SIZES for old in SIZES if old <= new]


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> GrownLog:
    return grow(tmp_path_factory.mktemp("grown"))


@pytest.fixture
def ask(tools, table):
    """A function: ask one verifier about several cases, note what it said of them, and return it."""

    def asked(verifier, name, cases):
        verdicts = tools.ask(verifier, cases)
        table.add(ARTEFACT, name, verifier, ACCEPTED if all(each["accepted"] for each in verdicts) else REFUSED)
        return verdicts

    return asked


def accepted(verdicts):
    return [verdict["reason"] or "accepted" for verdict in verdicts] == ["accepted"] * len(verdicts)


def refused(verdicts):
    return not any(verdict["accepted"] for verdict in verdicts)


# ---- accepted


@VERIFIERS
@pytest.mark.parametrize("size", SIZES)
def test_checkpoint_and_inclusion_of_first_last_and_edges(ask, grown, verifier, size):
    indices = grown.indices(size)
    assert {0, size - 1} <= set(indices)
    verdicts = ask(verifier, f"inclusion in {size:,}", [grown.case(size, index) for index in indices])
    assert accepted(verdicts), verdicts


@pytest.mark.parametrize("size", SIZES)
def test_tiles_and_bundles_lead_to_the_signed_root(ask, grown, size):
    entries = {index: grown.case(size, index)["leaf"] for index in grown.indices(size)}
    old_sizes = [old for old in SIZES if old <= size]
    case = {"log": str(grown.folders[size]), "vkeys": grown.vkeys, "old_sizes": old_sizes, "entries": entries}
    (verdict,) = verdicts = ask(SCALES, f"tiles of {size:,}", [case])
    assert accepted(verdicts), verdicts
    assert (verdict["size"], verdict["entries"].keys()) == (size, {str(index) for index in entries})


def test_each_size_begins_with_those_before_it(ask, grown):
    verdicts = ask(SCALES, "consistency of every two sizes", [grown.growth_case(*sizes) for sizes in GROWTH])
    assert accepted(verdicts), verdicts
    assert len(verdicts) == 28


# ---- refused


@VERIFIERS
@pytest.mark.parametrize("what", ["hash", "root", "signature"])
def test_one_flipped_bit_of_a_proof(ask, grown, verifier, what):
    cases = [
        grown.case(size, index, proof=flip_in_proof(grown.proofs[size, index], what))
        for size in LARGER for index in grown.indices(size)
    ]  # fmt: skip
    assert refused(ask(verifier, f"one bit of {what}, any size", cases))


@VERIFIERS
def test_a_wrong_root_although_the_log_has_signed_it(ask, grown, verifier):
    wrong = [flip(grown.roots[size], size % 32) for size in SIZES]
    cases = [
        grown.case(size, 0, proof=grown.signed_anew(size, 0, root=root))
        for size, root in zip(SIZES, wrong, strict=True)
    ]
    assert refused(ask(verifier, "a wrong root", cases))


@VERIFIERS
def test_another_origin_and_another_key(ask, grown, verifier, tmp_path):
    strangers = PemSigner.create(tmp_path / "log.pem"), PemSigner.create(tmp_path / "time.pem")
    origins = [grown.case(size, 0, proof=grown.signed_anew(size, 0, origin="other.example/log")) for size in SIZES]
    assert refused(ask(verifier, "a wrong origin", origins))
    keys = [grown.case(size, 0, proof=grown.signed_anew(size, 0, keys=strangers)) for size in SIZES]
    assert refused(ask(verifier, "a wrong key", keys))
    same = [grown.case(size, 0, proof=grown.signed_anew(size, 0)) for size in SIZES]
    assert accepted(ask(verifier, "signed anew and right", same)), "the controls are refused for another reason"


@VERIFIERS
def test_the_proof_of_another_size_or_entry(ask, grown, verifier):
    cases = [grown.case(size, 0, proof=grown.proofs[size, size - 1]) for size in LARGER]
    assert refused(ask(verifier, "another entry's proof", cases))


def test_one_flipped_bit_in_any_hash_of_a_consistency_proof(ask, grown):
    cases = [case for sizes in GROWTH for case in one_hash_flipped(grown.growth_case(*sizes))]
    assert len(cases) > 50
    assert refused(ask(SCALES, "one bit of a consistency proof", cases))


def test_a_wrong_old_or_new_root_of_a_consistency_proof(ask, grown):
    cases = [
        case | {name: _flipped(case[name])}
        for case in (grown.growth_case(*sizes) for sizes in GROWTH) for name in ("old_root", "new_root")
    ]  # fmt: skip
    assert refused(ask(SCALES, "a wrong root of a consistency proof", cases))


@pytest.mark.parametrize("size", [257, 70_001])
def test_one_flipped_bit_of_a_tile_of_any_level(ask, grown, size, tmp_path):
    last = {257: ("tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"), 70_001: (
        "tile/0/000", "tile/0/273.p/113", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1")}[size]  # fmt: skip
    cases = []
    for number, path in enumerate(last):
        folder = tmp_path / str(number)
        shutil.copytree(grown.folders[size], folder)
        flip_in_file(folder / path, -1)
        every = dict.fromkeys(grown.indices(size))
        cases.append({"log": str(folder), "vkeys": grown.vkeys, "old_sizes": [], "entries": every})
    assert refused(ask(SCALES, f"one bit of a tile of {size:,}", cases))


def one_hash_flipped(case):
    """The case with a bit of its first, second, … hash turned over."""
    hashes = case["consistency"]
    for place, item in enumerate(hashes):
        yield case | {"consistency": [*hashes[:place], _flipped(item), *hashes[place + 1 :]]}


def _flipped(encoded):
    return base64.b64encode(flip(base64.b64decode(encoded), 13, 5)).decode()
