"""Formats and offline verification of recruiter accreditation records.

    verdict = Verifier(Trust.load("trust.json")).verify_bundle(Bundle.parse(data))

Everything a reader of records needs is re-exported here; what issuers and logs need stays in its module.
"""

from goodstanding.clock import Clock, system_clock
from goodstanding.errors import (
    ActNotAllowed,
    EventError,
    EvidenceError,
    GoodstandingError,
    KeyAway,
    KeyRefused,
    LogError,
    NumberError,
    TokenError,
    TrustError,
)
from goodstanding.evidence import Bundle
from goodstanding.keys import PemSigner, Signer
from goodstanding.number import check_number
from goodstanding.record import Record, parse_record, verify_record
from goodstanding.standing import Scope
from goodstanding.status_list import StatusList, verify_status_list
from goodstanding.transitions import Standing
from goodstanding.trust import Trust
from goodstanding.verdict import Reason, Verdict, VerdictKind
from goodstanding.verifier import Verifier

__all__ = [
    "ActNotAllowed",
    "Bundle",
    "Clock",
    "EventError",
    "EvidenceError",
    "GoodstandingError",
    "KeyAway",
    "KeyRefused",
    "LogError",
    "NumberError",
    "PemSigner",
    "Reason",
    "Record",
    "Scope",
    "Signer",
    "Standing",
    "StatusList",
    "TokenError",
    "Trust",
    "TrustError",
    "Verdict",
    "VerdictKind",
    "Verifier",
    "check_number",
    "parse_record",
    "system_clock",
    "verify_record",
    "verify_status_list",
]
