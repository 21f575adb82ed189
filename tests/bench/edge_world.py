"""A seeded register for measuring the edge: bodies, feed pages as the log serves them, and snapshots of any size."""

import itertools
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulators"))

from feed_simulator import ORIGIN

from gateway.verification.compaction import write_snapshot
from gateway.verification.copy import Copy
from gateway.verification.folder import Folder
from goodstanding.bodies import as_set
from goodstanding.canonical import b64u, format_time
from goodstanding.checkpoint import Checkpoint
from goodstanding.events import Leaf, new_event_id, seal
from goodstanding.feed import Entry
from goodstanding.keys import PemSigner
from goodstanding.merkle import CompactRange, leaf_hash
from goodstanding.mirror import Batch
from goodstanding.note import Note, VerifierKey, cosign, sign_note
from goodstanding.number import ALPHABET, make_number
from goodstanding.trust import TrustedLog

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
HOME = "https://register.example"
CORRIDORS = tuple((a, b) for a in ("NP", "PH", "MX", "JM") for b in ("JP", "PL", "QA", "GB", "CA"))
SECTORS = ("care", "construction", "farming", "fishing", "hotels", "mining", "ships", "textiles")


class World:
    """Keys of a log, and a seeded stream of decisions: apply, grant and suspend for one accreditation after another."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.key, self.time_key = (PemSigner(Ed25519PrivateKey.from_private_bytes(self.bytes(32))) for _ in range(2))
        self.vkey = VerifierKey.ed25519(ORIGIN, self.key.public_bytes)
        self.time_vkey = VerifierKey.cosigner(f"{ORIGIN}/time", self.time_key.public_bytes)
        self.log = TrustedLog("TEST", ORIGIN, self.vkey, self.time_vkey)
        self._clock = itertools.count()
        self.numbers: list[str] = []

    def bytes(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def checkpoint(self, tree: CompactRange, at: datetime) -> bytes:
        """A signed and timed checkpoint of a tree."""
        text = Checkpoint(ORIGIN, tree.size, tree.root()).text()
        signatures = (
            sign_note(text, self.vkey, self.key.sign),
            cosign(text, self.time_vkey, self.time_key.sign, int(at.timestamp())),
        )
        return Note(text, signatures).encode()

    def decisions(self) -> Iterator[tuple[bytes, dict]]:
        """Subject and body of one decision after another."""
        while True:
            number = make_number("TEST", "".join(self.random.choices(ALPHABET, k=8)))
            self.numbers.append(number)
            subject, organisation = self.bytes(16), f"org_{self.bytes(16).hex()}"
            grant = self._body(number, organisation, "grant")
            grant["accreditation"] = self._accreditation(organisation, grant["effective_from"])
            grant["status"] = {"uri": f"{HOME}/status-lists/{len(self.numbers) // 100_000}", "idx": len(self.numbers)}
            yield subject, self._body(number, organisation, "apply")
            yield subject, grant
            suspension = self._body(number, organisation, "suspend", measure="preventive")
            yield subject, suspension | {"generation": grant["event_id"], "effective_until": suspension["decided_at"]}

    def pages(self, events: int, page: int = 2_000) -> Iterator[bytes]:
        """The feed of so many events, every page under a checkpoint of its own."""
        tree, heads, stream = CompactRange.empty(), {}, self.decisions()
        for start in range(0, events, page):
            lines, hashes = [], []
            for index in range(start, min(start + page, events)):
                subject, body = next(stream)
                at = START + timedelta(seconds=index // page)
                sealed = seal(body, subject=subject, prev=heads.get(subject), recorded_at=at, salt=self.bytes(32))
                heads = {subject: sealed.leaf_hash}
                hashes.append(sealed.leaf_hash)
                lines.append(
                    f'{{"index":{index},"leaf":"{b64u(sealed.leaf)}","body":"{b64u(sealed.body)}",'
                    f'"salt":"{b64u(sealed.salt)}"}}\n'
                )
            tree = tree.append(hashes)
            note = self.checkpoint(tree, START + timedelta(seconds=start // page)).decode()
            lines.append('{"checkpoint":"' + note.replace("\n", "\\n") + '"}\n')
            yield "".join(lines).encode()

    def snapshot(self, folder: Path, accreditations: int, step: int = 100_000) -> float:
        """A snapshot of so many accreditations with three events each, grown step by step as compaction grows it.

        Bodies are real, leaves and the tree are made up: what is measured is what lies in the file. Returns the
        seconds that writing the last and largest of the steps took.
        """
        shared, stream, size, took = Folder(folder), self.decisions(), 0, 0.0
        folder.mkdir(parents=True, exist_ok=True)
        for start in range(0, accreditations, step):
            copy = Copy.at(shared, self.log, size)
            count = 3 * min(step, accreditations - start)
            for index in range(size, size + count):
                entry = self._made_up(index, *next(stream))
                copy.projection.apply(Batch((entry,), None))
                copy.projection.layers.top.heads[entry.leaf.subject] = entry.hash
            self._pretend(copy, size, count)
            size += count
            begun = time.perf_counter()
            write_snapshot(copy, shared.snapshot(size))
            took = time.perf_counter() - begun
            shared.forget_before(size)
        return took

    def _pretend(self, copy: Copy, size: int, count: int) -> None:
        state = copy.mirror.state
        for published in range(size + 10, size + count + 1, 10):
            state.sizes.add(published, START + timedelta(seconds=published // 10), self.bytes(32))
        size += count
        state.range = CompactRange(size, tuple(self.bytes(32) for _ in range(size.bit_count())))
        state.newest = copy.mirror.verified(self.checkpoint(state.range, START + timedelta(seconds=size // 10)))

    def _made_up(self, index: int, subject: bytes, body: dict) -> Entry:
        hashed = self.bytes(32)
        leaf = Leaf("decision", body["event_id"], subject, None, START, hashed)
        return Entry(index, leaf, b"", leaf_hash(hashed), body, b"")

    def _body(self, number: str, organisation: str, act: str, **changes) -> dict:
        moment = START + timedelta(milliseconds=next(self._clock))
        at = format_time(moment)
        return {
            "kind": "decision", "event_id": new_event_id(moment), "authority": f"aut_{len(self.numbers) % 40}",
            "scheme": "sch_fair", "scheme_version": "1", "number": number, "organisation": organisation, "act": act,
            "reason": "assessment-passed", "basis": "decided", "effective_from": at, "decided_at": at,
        } | changes  # fmt: skip

    def _accreditation(self, organisation: str, at: str) -> dict:
        count, choose = len(self.numbers), self.random.sample
        pairs = [{"origin": origin, "destination": destination} for origin, destination in choose(CORRIDORS, 2)]
        return {
            "organisation": {
                "id": organisation, "kind": "recruiter", "jurisdiction": "NP",
                "names": as_set([
                    {"text": f"Himal Placements {count} Pvt", "script": "Latn", "kind": "legal"},
                    {"text": f"हिमाल {count}", "script": "Deva", "kind": "alias"},
                ]),
                "identifiers": as_set([
                    {"scheme": "lei", "value": f"{count:020d}", "verified": True},
                    {"scheme": "np-company", "value": f"{count:09d}", "verified": True},
                ]),
                "domains": [f"himal{count}.example"],
            },
            "scope": {"sectors": sorted(choose(SECTORS, 2)), "corridors": as_set(pairs)},
            "valid_from": at,
            "valid_until": "2031-05-04T09:00:00.000Z",
        }  # fmt: skip
