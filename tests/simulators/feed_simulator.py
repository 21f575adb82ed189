"""A log in memory that publishes a feed, honest unless a test rewrites its lines."""

import copy
import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goodstanding.canonical import b64u
from goodstanding.checkpoint import Checkpoint
from goodstanding.events import new_event_id, new_salt, new_subject, seal
from goodstanding.keys import PemSigner
from goodstanding.merkle import CompactRange, inclusion_proof, leaf_hash, root
from goodstanding.note import Note, VerifierKey, cosign, sign_note
from goodstanding.tiles import ENTRIES_LEVEL, encode_bundle, tile_path, tiles_for
from goodstanding.trust import TrustedLog

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ORIGIN = "register.example/log"


@dataclass
class SteppedClock:
    """A clock that moves when told to."""

    now: datetime = START

    def __call__(self):
        return self.now

    def pass_(self, **duration):
        self.now += timedelta(**duration)


def new_signer():
    return PemSigner(Ed25519PrivateKey.generate())


@dataclass
class Logged:
    """What the log keeps of an entry."""

    sealed: object
    erased_by: str | None = None

    def line(self, index):
        value = {"index": index, "leaf": b64u(self.sealed.leaf)}
        if self.erased_by:
            return value | {"erased_by": self.erased_by}
        return value | {"body": b64u(self.sealed.body), "salt": b64u(self.sealed.salt)}


@dataclass
class FeedLog:
    """Entries submitted, then published under a checkpoint; keys of its own."""

    clock: SteppedClock = field(default_factory=SteppedClock)
    origin: str = ORIGIN
    key: PemSigner = field(default_factory=new_signer)
    time_key: PemSigner = field(default_factory=new_signer)
    entries: list = field(default_factory=list)
    waiting: list = field(default_factory=list)
    heads: dict = field(default_factory=dict)
    firsts: dict = field(default_factory=dict)  # size -> its first time-cosigned note
    publishes: bool = True
    spoilt: dict = field(default_factory=dict)  # path -> other bytes than the log's own
    witnesses: dict = field(default_factory=dict)  # name -> the signer of who cosigns
    counter: itertools.count = field(default_factory=itertools.count)

    @property
    def trusted(self):
        return TrustedLog("TEST", self.origin, self.vkey, self.time_vkey)

    @property
    def vkey(self):
        return VerifierKey.ed25519(self.origin, self.key.public_bytes)

    @property
    def time_vkey(self):
        return VerifierKey.cosigner(f"{self.origin}/time", self.time_key.public_bytes)

    def new_id(self):
        """Ids in the order of their making, also within one millisecond of the stepped clock."""
        return new_event_id(self.clock() + timedelta(milliseconds=next(self.counter)))

    def submit(self, body, subject=None, **changes):
        """Seal a body behind its subject's newest entry; it waits until `publish`."""
        subject = subject or new_subject()
        event = {"prev": self.heads.get(subject), "recorded_at": self.clock(), "salt": new_salt()} | changes
        sealed = seal(body, subject=subject, **event)
        self.heads[subject] = sealed.leaf_hash
        self.waiting.append(Logged(sealed))
        return sealed

    def publish(self):
        """Log what waits and publish the size, unless the log is cut off from what is submitted."""
        if self.publishes:
            self.entries += self.waiting
            self.waiting.clear()
            self.firsts.setdefault(len(self.entries), self.checkpoint())

    def root(self, size=None):
        return CompactRange.empty().append(self.hashes(size)).root()

    def hashes(self, size=None):
        return [leaf_hash(entry.sealed.leaf) for entry in self.entries[:size]]

    def checkpoint(self, size=None, **changes):
        """A checkpoint of the published size, timed now; changes replace root, time, or the keys that sign."""
        size = len(self.entries) if size is None else size
        text = Checkpoint(changes.get("origin", self.origin), size, changes.get("root", self.root(size))).text()
        second = int(changes.get("time", self.clock()).timestamp())
        signatures = (
            sign_note(text, self.vkey, changes.get("key", self.key).sign),
            cosign(text, self.time_vkey, changes.get("time_key", self.time_key).sign, second),
            *(cosign(text, witness_key(name, its), its.sign, second) for name, its in self.witnesses.items()),
        )
        return Note(text, signatures).encode()

    def proof(self, index):
        hashed = self.hashes()
        return inclusion_proof(index, len(hashed), lambda level, i: root(hashed[i << level : (i + 1) << level]))

    def lines(self, after=-1):
        """The feed's lines behind an index, as JSON values."""
        for index, entry in enumerate(self.entries):
            if index > after:
                yield entry.line(index)
                if index + 1 in self.firsts:
                    yield checkpoint_line(self.firsts[index + 1])

    def page(self, after=-1):
        return page(self.lines(after))

    def erase(self, event_ids, erasure):
        """Forget bodies and salts, citing an erasure event."""
        for entry in self.entries:
            if entry.sealed.event_id in event_ids:
                entry.erased_by = erasure

    def files(self):
        """Everything a C2SP client can ask for: path -> bytes."""
        hashed = self.hashes()
        return {"log/checkpoint": self.checkpoint()} | {
            f"log/{tile_path(tile)}": self._tile(tile, hashed) for tile in tiles_for(0, len(self.entries))
        }

    def _tile(self, tile, hashed):
        each = range(tile.index * 256, tile.index * 256 + tile.width)
        if tile.level == ENTRIES_LEVEL:
            return encode_bundle(self.entries[i].sealed.leaf for i in each)
        wide = 256**tile.level
        return b"".join(root(hashed[i * wide : (i + 1) * wide]) for i in each)

    def split(self):
        """Another history from here on, under the same keys: what the log shows to somebody else."""
        mutable = {name: copy.copy(getattr(self, name)) for name in ("entries", "waiting", "heads", "firsts")}
        return replace(self, **mutable)

    def serve(self, path, limit):
        """Answer as its web server does, unless a test spoils a file; None where nothing is."""
        if path.startswith("feed?after="):
            return self.page(int(path.removeprefix("feed?after=")))
        return self.spoilt.get(path, self.files().get(path))


def witness_key(name, signer):
    """The verifier key of a witness."""
    return VerifierKey.cosigner(name, signer.public_bytes)


def checkpoint_line(note):
    return {"checkpoint": note.decode()}


def page(lines):
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
