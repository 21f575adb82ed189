"""A transparency log in memory, honest unless told otherwise: real leaves, a real tree, real signatures.

It keeps the rules of the log's internal interface: idempotent on the event id, a subject's leaves in order, proofs
against the published checkpoint only. It can be cut off, can hold back publication, and can lie in several ways.
"""

import hashlib
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goodstanding.checkpoint import Checkpoint, TlogProof
from goodstanding.events import Leaf
from goodstanding.keys import PemSigner
from goodstanding.merkle import CompactRange, inclusion_proof, leaf_hash, node_hash
from goodstanding.note import Note, VerifierKey, cosign, sign_note
from registry.issuance.errors import LogConflict, LogUnavailable
from registry.issuance.log_client import Inclusion, Proofs

ORIGIN = "register.example/log"


def seeded_signer(label):
    """A signer whose key follows from its label."""
    return PemSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(label.encode()).digest()))


def witness_key(name):
    """The verifier key of a witness."""
    return VerifierKey.cosigner(name, seeded_signer(name).public_bytes)


class LogSimulator:
    """Implements `registry.issuance.log_client.LogClient`."""

    def __init__(self, clock, origin=ORIGIN):
        self.clock = clock
        self.origin = origin
        self.cut = False  # nobody can reach the log
        self.holding = False  # what is submitted is not published
        self.lie = None  # "root" | "hashes" | "signature" | "time" | "index"
        self.refused = set()  # event ids the log refuses for good
        self.submissions = 0  # calls that reached the log
        self.events = {}  # event id -> SealedEvent, in log order
        self.indices = {}
        self.erasures = []  # (erasure event, event ids), as often as asked
        self.published = 0
        self.witnesses = ()  # names of those who cosign; a key follows from its name
        self.forged = False  # the last of them signs something else
        self._heads = {}  # subject -> newest leaf hash
        self._levels = [[]]  # complete subtrees by level
        self._signer, self._time_signer = seeded_signer(origin), seeded_signer(f"{origin}/time")
        self._key = VerifierKey.ed25519(origin, self._signer.public_bytes)
        self._time_key = VerifierKey.cosigner(f"{origin}/time", self._time_signer.public_bytes)

    @property
    def vkey(self):
        return self._key.encode()

    @property
    def time_vkey(self):
        return self._time_key.encode()

    async def submit(self, events):
        """Append a batch, whole or not at all."""
        self._reach()
        self.submissions += 1
        heads, fresh = {}, []
        for event in events:
            if event.event_id in self.refused:
                raise LogConflict(f"event {event.event_id} is refused", event.event_id)
            known = self.events.get(event.event_id)
            if known is not None:
                if (known.leaf, known.body, known.salt) != (event.leaf, event.body, event.salt):
                    raise LogConflict(f"event {event.event_id} is known with other bytes", event.event_id)
                continue
            leaf = Leaf.decode(event.leaf)
            if leaf.prev != heads.get(leaf.subject, self._heads.get(leaf.subject)):
                raise LogConflict(f"event {event.event_id} does not follow its subject's last", event.event_id)
            heads[leaf.subject] = event.leaf_hash
            fresh.append(event)
        self._heads |= heads
        for event in fresh:
            self.indices[event.event_id] = len(self.events)
            self.events[event.event_id] = event
            self._grow(event.leaf_hash)
        if not self.holding:
            self.publish()

    async def proofs(self, event_ids):
        """Proofs for what is published."""
        self._reach()
        covered = {i: self.indices[i] for i in event_ids if self.indices.get(i, self.published) < self.published}
        return Proofs(
            self.checkpoint(), {event_id: Inclusion(index, self._hashes(index)) for event_id, index in covered.items()}
        )

    async def erase(self, erasure, event_ids):
        """Forget bodies, once the erasure event is published."""
        self._reach()
        if self.indices.get(erasure, self.published) >= self.published:
            raise LogUnavailable(f"the log answered 404: {erasure} is not published")
        if refused := self.refused & set(event_ids):
            raise LogConflict("the log does not erase this", refused.pop())
        self.erasures.append((erasure, sorted(event_ids)))
        for event_id in event_ids:
            self.events[event_id] = replace(self.events[event_id], body=b"", salt=b"")

    async def tlog_proof(self, index):
        """One proof as it travels."""
        self._reach()
        if index >= self.published:
            return None
        return TlogProof(index, self._hashes(index), self.checkpoint()).encode()

    def publish(self):
        """Publish a checkpoint over everything submitted."""
        self.published = len(self.events)

    def checkpoint(self):
        """The published checkpoint, signed and timed."""
        root = self._edge(self.published).root() if self.lie != "root" or not self.published else b"\x07" * 32
        text = Checkpoint(self.origin, self.published, root).text()
        signer = seeded_signer("somebody else") if self.lie == "signature" else self._signer
        signatures = [sign_note(text, self._key, signer.sign)]
        if self.lie != "time":
            second = int(self.clock().timestamp())
            signatures.append(cosign(text, self._time_key, self._time_signer.sign, second))
        for name in self.witnesses:
            said = text + b"other\n" if self.forged and name == self.witnesses[-1] else text
            signatures.append(cosign(said, witness_key(name), seeded_signer(name).sign, 1_790_000_000))
        return Note(text, tuple(signatures)).encode()

    def _reach(self):
        if self.cut:
            raise LogUnavailable("the log did not answer: the line is cut")

    def _grow(self, hashed):
        level = 0
        while True:
            if len(self._levels) == level:
                self._levels.append([])
            self._levels[level].append(hashed)
            if len(self._levels[level]) % 2:
                return
            hashed = node_hash(*self._levels[level][-2:])
            level += 1

    def _edge(self, size):
        places = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return CompactRange(size, tuple(self._levels[level][(size >> level) - 1] for level in places))

    def _hashes(self, index):
        if self.lie == "index":
            index = (index + 1) % self.published
        hashes = tuple(inclusion_proof(index, self.published, lambda level, i: self._levels[level][i]))
        return tuple(leaf_hash(item) for item in hashes) if self.lie == "hashes" else hashes
