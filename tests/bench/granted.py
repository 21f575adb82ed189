"""One granted accreditation, and a key in memory that signs its record."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from goodstanding.bodies import as_set
from goodstanding.canonical import format_time
from goodstanding.events import new_event_id, new_salt, new_subject, open_event, seal
from goodstanding.record import record_payload

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
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
