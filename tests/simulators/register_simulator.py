"""A whole register in memory, honest unless told otherwise: it decides, logs, proves, lists and signs.

Every key comes from a seed and every salt from a counter, so that the same calls give the same bytes.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time, parse_time
from goodstanding.checkpoint import Checkpoint, TlogProof
from goodstanding.events import Leaf, seal
from goodstanding.evidence import Bundle
from goodstanding.keys import PemSigner
from goodstanding.merkle import inclusion_proof, leaf_hash, root
from goodstanding.note import Note, VerifierKey, cosign, sign_note
from goodstanding.number import make_number
from goodstanding.record import record_payload, sign_record
from goodstanding.status_list import StatusList, sign_status_list, status_list_payload

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
HOME = "https://register.example"
LOG = "register.example/log"
ORGANISATION = "org_01890a5d9f2c7b3e8a4f5d6c7b8a9f0e"
NUMBER = make_number("TEST", "7K3M9QXR")


def seeded(label):
    """32 bytes that look random and are the same every time."""
    return hashlib.sha256(label.encode()).digest()


def signer(label):
    """A signer whose key comes from its label."""
    return PemSigner(Ed25519PrivateKey.from_private_bytes(seeded(f"key of {label}")))


def event_id(position):
    return f"01890a5d-9f2c-7b3e-8a4f-{position:012x}"


@dataclass
class Log:
    """An append-only tree that signs and times its checkpoints."""

    origin: str = LOG
    leaves: list = field(default_factory=list)

    @property
    def vkey(self):
        return VerifierKey.ed25519(self.origin, signer(self.origin).public_bytes)

    @property
    def time_vkey(self):
        return VerifierKey.cosigner(f"{self.origin}/time", signer(f"{self.origin}/time").public_bytes)

    def append(self, leaf):
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    def root(self):
        return root([leaf_hash(leaf) for leaf in self.leaves])

    def checkpoint(self, at=NOW, *, timed=True, witnesses=()):
        text = Checkpoint(self.origin, len(self.leaves), self.root()).text()
        second = int(at.timestamp())
        signatures = [sign_note(text, self.vkey, signer(self.origin).sign)]
        if timed:
            signatures.append(cosign(text, self.time_vkey, signer(f"{self.origin}/time").sign, second))
        signatures += [cosign(text, witness_key(name), signer(name).sign, second) for name in witnesses]
        return Note(text, tuple(signatures)).encode()

    def hashes(self, index):
        hashed = [leaf_hash(leaf) for leaf in self.leaves]
        return inclusion_proof(index, len(hashed), lambda level, i: root(hashed[i << level : (i + 1) << level]))

    def proof(self, index, at=NOW, **options):
        return TlogProof(index, tuple(self.hashes(index)), self.checkpoint(at, **options)).encode().decode()


def witness_key(name):
    return VerifierKey.cosigner(name, signer(name).public_bytes)


def decision(**changes):
    """The body of a grant; a change to None takes a member away."""
    body = {
        "kind": "decision", "event_id": event_id(1), "authority": "aut_labour", "scheme": "sch_fair",
        "scheme_version": "1", "number": NUMBER, "organisation": ORGANISATION, "act": "grant",
        "reason": "assessment-passed", "basis": "decided", "decided_at": format_time(NOW - timedelta(hours=2)),
        "effective_from": format_time(NOW - timedelta(hours=1)), "accreditation": accreditation(),
        "status": {"uri": f"{HOME}/status-lists/1", "idx": 7},
    }  # fmt: skip
    return {name: value for name, value in (body | changes).items() if value is not None}


def accreditation(**changes):
    value = {
        "organisation": {
            "id": ORGANISATION, "kind": "recruiter", "jurisdiction": "NP",
            "names": as_set([{"text": "Himal Placements Pvt", "script": "Latn", "kind": "legal"},
                             {"text": "हिमाल प्लेसमेन्ट्स", "script": "Deva", "kind": "alias"}]),
        },
        "scope": {"sectors": ["care", "construction"],
                  "corridors": as_set([{"origin": "NP", "destination": "JP"}, {"origin": "NP", "destination": "PL"}])},
        "valid_from": format_time(NOW - timedelta(hours=1)),
        "valid_until": format_time(NOW + timedelta(days=365)),
    }  # fmt: skip
    return {name: entry for name, entry in (value | changes).items() if entry is not None}


def _ends(body):
    until = body["accreditation"].get("valid_until")
    return [parse_time(until)] if until else [datetime.max.replace(tzinfo=UTC)]


@dataclass(frozen=True)
class Entry:
    """A logged decision: everything a record of it is made from."""

    body: dict
    leaf: Leaf
    salt: bytes
    index: int


@dataclass
class Register:
    """Two authorities, one log, one status list."""

    log: Log = field(default_factory=Log)
    codes: StatusList = field(default_factory=lambda: StatusList.of_size(64))
    home: str = HOME

    def record_entry(self, body, *, prev=None, at=NOW - timedelta(hours=1)):
        """Log a decision among entries of other subjects."""
        stranger = b"entry of another subject %d"
        before = self.log.append(stranger % len(self.log.leaves))
        salt = seeded(f"salt {before}")
        sealed = seal(body, subject=seeded("subject")[:16], prev=prev, recorded_at=at, salt=salt)
        entry = Entry(body, Leaf.decode(sealed.leaf), salt, self.log.append(sealed.leaf))
        self.log.append(stranger % len(self.log.leaves))
        return entry

    def payload(self, entry, **changes):
        """The claims of the entry's record."""
        authority = entry.body["authority"]
        kind = "transcribed-accreditation" if entry.body["basis"] == "transcribed" else "accreditation"
        claims = {
            "iss": f"{self.home}/authorities/{authority}", "vct": f"{self.home}/vct/{kind}", "jti": "record-1",
            "sub": f"{self.home}/organisations/{entry.body['organisation']}",
            "iat": NOW, "exp": min(NOW + timedelta(days=30), *_ends(entry.body)),
        }  # fmt: skip
        return record_payload(
            body=entry.body, leaf=entry.leaf, salt=entry.salt, origin=self.log.origin, index=entry.index,
            **(claims | changes),
        )  # fmt: skip

    def record(self, entry, key=None, **changes):
        return sign_record(self.payload(entry, **changes), signer(key or entry.body["authority"]))

    def status_list(self, at=NOW, lives=timedelta(hours=1), key="status", uri=None):
        uri = uri or f"{self.home}/status-lists/1"
        payload = status_list_payload(
            uri=uri, lst=self.codes.encode(), iat=at, exp=at + lives, aggregation_uri=f"{self.home}/status-lists"
        )
        return sign_status_list(payload, signer(key))

    def bundle(self, entry, at=NOW, **changes):
        """The complete evidence for an entry, proof and list signed at a time; changes replace its parts."""
        whole = Bundle(self.record(entry), self.log.proof(entry.index, at), self.status_list(at))
        return replace(whole, **changes)

    def trust(self, *, samples=True, witnesses=()):
        """The trust file of a reader who trusts this register."""
        issuers = {
            f"{self.home}/authorities/{slug}": {"name": name, "time_zone": zone, "keys": [signer(slug).public_jwk]}
            for slug, name, zone in (
                ("aut_labour", "Ministry of Labour", "Asia/Kathmandu"),
                ("aut_other", "Board of Recruiters", "UTC"),
            )
        }
        log = {
            "prefix": "TEST", "origin": self.log.origin, "vkey": self.log.vkey.encode(),
            "time_vkey": self.log.time_vkey.encode(), "witnesses": [witness_key(name).encode() for name in witnesses],
        }  # fmt: skip
        status = [{"prefix": f"{self.home}/status-lists/", "keys": [signer("status").public_jwk]}]
        return {"samples": samples, "logs": [log], "issuers": issuers, "status": status}
