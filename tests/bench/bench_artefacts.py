"""Artefacts: issuing and verifying records, against the libraries that do the signatures."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from harness import Row, compare

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_salt, new_subject, open_event, seal
from goodstanding.record import record_payload, sign_record, verify_record
from goodstanding.status_list import StatusList

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RECORDS = 400
ENTRIES = 1_000_000
REGISTRY = "https://registry.example"


class Signer:
    """An Ed25519 key in memory, with the interface of `goodstanding.keys.Signer`."""

    alg = "EdDSA"

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
        self.kid = "bench"
        self.public_jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid}

    def sign(self, data: bytes) -> bytes:
        """Sign."""
        return self.key.sign(data)


def grant_payload() -> dict[str, object]:
    """What the record of a grant says."""
    organisation = {
        "id": "org_1",
        "kind": "recruiter",
        "names": [{"text": "Blue Kite Recruitment", "script": "Latn", "kind": "legal"}],
        "jurisdiction": "NP",
    }
    body = {
        "kind": "decision", "event_id": new_event_id(NOW), "authority": "aut_one", "scheme": "sch_one",
        "scheme_version": "1", "number": "TEST-7K3M9QXR-23", "organisation": "org_1", "act": "grant",
        "reason": "assessed", "basis": "decided", "effective_from": format_time(NOW), "decided_at": format_time(NOW),
        "accreditation": {
            "organisation": organisation,
            "scope": {"corridors": as_set([{"origin": "NP", "destination": "QA"}])},
        },
        "status": {"uri": f"{REGISTRY}/status-lists/1", "idx": 7},
    }  # fmt: skip
    salt = new_salt()
    sealed = seal(body, subject=new_subject(), prev=None, recorded_at=NOW, salt=salt)
    leaf, opened = open_event(sealed.leaf, sealed.body, salt)
    return record_payload(
        body=opened, leaf=leaf, salt=salt, origin="registry.example/log", index=4,
        iss=f"{REGISTRY}/authorities/aut_one", sub=f"{REGISTRY}/organisations/org_1",
        vct=f"{REGISTRY}/vct/accreditation", iat=NOW, exp=NOW + timedelta(days=30), jti="bench",
    )  # fmt: skip


def rows() -> Iterable[Row]:
    """Measure."""
    signer, payload = Signer(), grant_payload()
    record = sign_record(payload, signer)
    keys = {signer.kid: signer.public_jwk}
    bare, public = record.removesuffix("~"), signer.key.public_key()
    header = {"typ": "dc+sd-jwt", "kid": signer.kid}

    def issue() -> int:
        return sum(bool(sign_record(payload, signer)) for _ in range(RECORDS))

    def issue_by_pyjwt() -> int:
        return sum(bool(jwt.encode(payload, signer.key, "EdDSA", headers=header)) for _ in range(RECORDS))

    def verify() -> int:
        return sum(bool(verify_record(record, keys)) for _ in range(RECORDS))

    def verify_by_pyjwt() -> int:
        options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        return sum(bool(jwt.decode(bare, public, ["EdDSA"], options=options)) for _ in range(RECORDS))

    yield compare("sign a record", issue, "PyJWT signs the same claims", issue_by_pyjwt)
    yield compare(
        "verify a record, rebuild its body and leaf", verify, "PyJWT verifies its signature only", verify_by_pyjwt
    )
    yield _status_list()


def _status_list() -> Row:
    codes = StatusList.of_size(ENTRIES)
    raw = bytearray(ENTRIES)

    def look_up() -> int:
        return sum(codes.get(index) == 0 for index in range(0, ENTRIES, 10))

    def index_bytes() -> int:
        return sum(raw[index] == 0 for index in range(0, ENTRIES, 10))

    return compare("look a status up, 1,000,000 entries", look_up, "index a bytearray of as many", index_bytes)
