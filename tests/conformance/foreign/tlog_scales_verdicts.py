"""What tlog-scales says of the log: of one entry's `.tlog-proof`, of a consistency proof, or of everything it serves.

stdin:  [{proof: text, leaf: base64, vkeys: [log, time cosigner]}]
        [{old_size, new_size, consistency: [base64 of a hash], old_root, new_root: base64}]
        [{log: folder or URL, vkeys, old_sizes: [size], entries: {index: base64 of the leaf, or null}}]
stdout: [{accepted, reason, size, entries: {index: base64}}]
"""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from tlog_scales.backend import make_backend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash
from tlog_scales.tlog import (
    Checkpoint,
    ConsistencyProof,
    ConsistencyProofInvalid,
    InclusionProof,
    InclusionProofInvalid,
)


class Refused(Exception):
    """What the library computed contradicts what the log says."""


REFUSALS = (Refused, InvalidSignature, InclusionProofInvalid, ConsistencyProofInvalid, RuntimeError, ValueError)


def check_signatures(checkpoint, vkeys):
    for vkey in vkeys:
        checkpoint.verify(Vkey.from_string(vkey))


def check_proof(case):
    head, _, note = case["proof"].partition("\n\n")
    header, index, *hashes = head.split("\n")
    if header != "c2sp.org/tlog-proof@v1":
        raise Refused("not a tlog-proof")
    checkpoint = Checkpoint.from_text(note)
    check_signatures(checkpoint, case["vkeys"])
    path = [base64.b64decode(item) for item in hashes]
    proof = InclusionProof(int(index.removeprefix("index ")), checkpoint.size, path)
    proof.check(leaf_hash(base64.b64decode(case["leaf"])), checkpoint.root_hash)
    return {"size": checkpoint.size}


def check_growth(case):
    path = [base64.b64decode(item) for item in case["consistency"]]
    proof = ConsistencyProof(case["old_size"], case["new_size"], path)
    proof.check(base64.b64decode(case["old_root"]), base64.b64decode(case["new_root"]))
    return {"size": case["new_size"]}


def check_log(case):
    reader = TilesReader(make_backend(case["log"]))
    checkpoint = reader.get_checkpoint()
    check_signatures(checkpoint, case["vkeys"])
    if reader.calculate_root_hash() != checkpoint.root_hash:
        raise Refused("the tiles do not give the root of the checkpoint")
    for old in case["old_sizes"]:
        proof = reader.get_consistency_proof(old, checkpoint.size)
        proof.check(reader.mth(0, old), checkpoint.root_hash)
    entries = {}
    for index, expected in case["entries"].items():
        entry = reader.get_entry(int(index))
        if expected is not None and entry != base64.b64decode(expected):
            raise Refused(f"entry {index} is not the leaf that the record opens")
        reader.get_inclusion_proof(int(index), checkpoint.size).check(leaf_hash(entry), checkpoint.root_hash)
        entries[index] = base64.b64encode(entry).decode()
    return {"size": checkpoint.size, "entries": entries}


CHECKS = {"proof": check_proof, "consistency": check_growth}


def verdict(case):
    check = next((CHECKS[name] for name in CHECKS if name in case), check_log)
    try:
        return {"accepted": True, "reason": "", **check(case)}
    except REFUSALS as error:
        return {"accepted": False, "reason": f"{type(error).__name__}: {error}"}


json.dump([verdict(case) for case in json.load(sys.stdin)], sys.stdout)
