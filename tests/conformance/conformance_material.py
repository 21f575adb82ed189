"""What the foreign verifiers get to see: records, proofs, status lists, issuer metadata, and where the log's files lie.

Two sources give the same kind of `Material`: `issued_material.py` makes everything with the protocol package, for cases
that a running register would take days to reach; `demo_process.py` takes it over HTTP from the running demo.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

WELL_KNOWN = "/.well-known/jwt-vc-issuer"


@dataclass(frozen=True)
class Material:
    """Artefacts of one source, by standing where there is one of each."""

    records: Mapping[str, str]
    proofs: Mapping[str, str]
    issuer_metadata: Mapping[str, Any]  # by well-known URL
    status_keys: list[dict[str, Any]]
    status_lists: Mapping[str, str]  # by URI
    vkeys: list[str]  # of the log and of its time cosigner
    log: str  # folder or URL of checkpoint and tiles
    served: bool  # whether everything can be fetched from where the record says

    def case(self, standing, **changes):
        """A question for the SD-JWT VC runners; a change replaces a member."""
        record = self.records[standing]
        return {
            "record": record,
            "vct": claims_of(record)["vct"],
            "issuer_metadata": self.issuer_metadata,
            "issuer_keys": [key for document in self.issuer_metadata.values() for key in document["jwks"]["keys"]],
            "status_keys": self.status_keys,
            "status_lists": None if self.served else self.status_lists,
            "type_metadata": self.served,
        } | changes

    def proof_case(self, standing, **changes):
        """A question for the runners that judge a `.tlog-proof`; the leaf is null: to be rebuilt from the record."""
        case = {"record": self.records[standing], "leaf": None, "proof": self.proofs[standing]}
        return case | {"vkey": self.vkeys[0], "vkeys": self.vkeys} | changes


def claims_of(token):
    """The payload of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def well_known(iss):
    """Where an issuer's keys are published (draft-ietf-oauth-sd-jwt-vc-19, JWT VC Issuer Metadata)."""
    return urlsplit(iss)._replace(path=WELL_KNOWN + urlsplit(iss).path).geturl()
