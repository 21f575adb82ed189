"""Ten thousand suppliers: a record each, in one log under one checkpoint, with one status list."""

import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "simulators"))

from register_simulator import HOME, NOW, Entry, Register, decision, event_id, seeded

from goodstanding import Bundle, StatusList, Trust
from goodstanding.canonical import unb64u
from goodstanding.checkpoint import TlogProof
from goodstanding.events import Leaf, seal
from goodstanding.merkle import inclusion_proof, leaf_hash, pair_up
from goodstanding.number import make_number

SUPPLIERS = 10_000
DEPTH = 14
LOGGED = 1 << DEPTH  # entries of the log: as many as make it a full tree


@dataclass(frozen=True)
class Suppliers:
    """Their bundles, who is trusted, and of each record what a signature library needs: bytes signed and signature."""

    bundles: list[Bundle]
    trust: Trust
    signed: list[tuple[bytes, bytes]]


def suppliers() -> Suppliers:
    """Make them; takes some seconds."""
    register = Register(codes=StatusList.of_size(LOGGED))
    entries = [_entry(register, place) for place in range(SUPPLIERS)]
    for place in range(SUPPLIERS, LOGGED):
        register.log.append(b"entry of another subject %d" % place)
    levels = [[leaf_hash(leaf) for leaf in register.log.leaves]]
    while len(levels[-1]) > 1:
        levels.append(pair_up(levels[-1]))
    checkpoint, listed = register.log.checkpoint(), register.status_list()
    bundles = [_bundle(register, entry, levels, checkpoint, listed) for entry in entries]
    return Suppliers(bundles, Trust.from_json(register.trust()), [_signed(bundle.record) for bundle in bundles])


def _entry(register: Register, place: int) -> Entry:
    body = decision(
        event_id=event_id(place), number=make_number("TEST", f"{place:08d}"),
        status={"uri": f"{HOME}/status-lists/1", "idx": place},
    )  # fmt: skip
    salt = seeded(f"salt {place}")
    sealed = seal(body, subject=seeded(f"{place}")[:16], prev=None, recorded_at=NOW - timedelta(hours=1), salt=salt)
    return Entry(body, Leaf.decode(sealed.leaf), salt, register.log.append(sealed.leaf))


def _bundle(register: Register, entry: Entry, levels: list[list[bytes]], checkpoint: bytes, listed: str) -> Bundle:
    hashes = inclusion_proof(entry.index, LOGGED, lambda level, place: levels[level][place])
    proof = TlogProof(entry.index, tuple(hashes), checkpoint).encode().decode()
    return Bundle(register.record(entry), proof, listed)


def _signed(record: str) -> tuple[bytes, bytes]:
    signed, _, signature = record.removesuffix("~").rpartition(".")
    return signed.encode(), unb64u(signature)
