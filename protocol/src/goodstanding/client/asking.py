"""The conversation with a register, without the network: what is asked for, what an answer means, what is concluded.

Rules (reasons in brackets; each ends in CANNOT_CONCLUDE)
1. A mistyped number is not asked about [BAD_NUMBER].
2. Asked for are the newest record, its proof, and the status list the record names: that one only where the trust file
   names a key for it, so that a stranger's record sends nobody anywhere.
3. Every address is https, or http on this machine. No redirect is followed, and nothing longer than its kind is read.
4. A register that answers otherwise than with the file [UNREACHABLE, BAD_ANSWER], or says that it has none
   [UNKNOWN_NUMBER, NOTHING_RELEASED, ERASED], gives no verdict: none of these is signed.
5. The record is about the number that was asked about [OTHER_NUMBER].
6. Where record and proof do not fit one another, a decision may have come between them: both are asked for once more.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from goodstanding.addresses import is_address
from goodstanding.canonical import parse_json
from goodstanding.checkpoint import MAX_PROOF_SIZE, TlogProof
from goodstanding.errors import EventError, GoodstandingError, LogError, NumberError, TokenError
from goodstanding.evidence import Bundle
from goodstanding.jws import DEFAULT_MAX_BYTES, max_bytes_of
from goodstanding.number import check_number
from goodstanding.record import Record, parse_record
from goodstanding.standing import Scope
from goodstanding.status_list import TYP as STATUS_LIST_TYP
from goodstanding.trust import Trust
from goodstanding.verdict import Reason, Verdict
from goodstanding.verifier import Verifier, nothing_read

MAX_PROBLEM: Final = 16 * 1024

SAID: Final[Mapping[str, str]] = {
    "UNKNOWN_NUMBER": "The register says that no accreditation has this number.",
    "NOTHING_RELEASED": "The register says that nothing has been released about this number, or not yet.",
    "ERASED": "The register says that what was recorded about this number has been erased.",
}
"""What a register may say instead of a record. It is not signed: ask the authority where it matters."""


class Unanswered(GoodstandingError):
    """The register gave nothing that could be verified; `reason` says what it did instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code, message)


@dataclass(frozen=True, slots=True)
class Ask:
    """A file to fetch: its address, the most bytes it may have, and whether what is kept of it will not do."""

    url: str
    limit: int
    anew: bool = False


Talk = Generator[Ask, bytes, Verdict]
"""Yields what to fetch, is sent what was found, and returns the verdict; what is not found is raised past it."""


def origin_of(register: str) -> str:
    """The register's origin and path without a slash at its end; GoodstandingError for one that rule 3 forbids."""
    try:
        return checked(register.rstrip("/"))
    except Unanswered as error:
        raise GoodstandingError(f"{error}; give the register as https://register.example") from error


def checked(url: str) -> str:
    """The same address, if rule 3 allows it."""
    if not is_address(url) or urlsplit(url).query:
        raise Unanswered("BAD_ANSWER", f"{url[:200]!r} is not an https address without a query")
    return url


def question(verifier: Verifier, register: str | None, number: str, scope: Scope | None) -> Talk:
    """Talk about a number as it may have been typed."""
    if register is None:
        raise GoodstandingError("this client was made without a register; give it one to ask about numbers")
    try:
        official = check_number(number)
    except NumberError as error:
        raise Unanswered("BAD_NUMBER", f"{error}.") from error
    verdict = yield from _once(verifier, register, official, scope, anew=False)
    if "BAD_PROOF" in verdict.codes:
        verdict = yield from _once(verifier, register, official, scope, anew=True)
    return verdict


def _once(verifier: Verifier, register: str, number: str, scope: Scope | None, *, anew: bool) -> Talk:
    record = _text((yield Ask(f"{register}/records/{number}", DEFAULT_MAX_BYTES, anew)))
    proof = yield Ask(_proof_address(register, number), MAX_PROOF_SIZE, anew)
    address = _list_address(verifier.trust, record)
    status_list = None if address is None else _text((yield Ask(address, max_bytes_of(STATUS_LIST_TYP))))
    verdict = verifier.verify(record, tlog_proof=proof, status_list=status_list, scope=scope)
    if verdict.number not in (None, number):
        raise Unanswered("OTHER_NUMBER", f"The register answered with the record of another number, {verdict.number}.")
    return replace(verdict, number=number)


def still_stands(verifier: Verifier, bundle: Bundle, scope: Scope | None) -> Talk:
    """Talk about evidence held in hand: whether its record still stands by the proof and the list published now.

    They are fetched from the registry that the record names, if the trust file names its issuer. A proof is served for the
    newest record only: where another one has replaced this record, its own proof shows that it was logged, and the list
    that it is void.
    """
    held = _trusted(verifier, bundle.record)
    if held is None:
        return verifier.verify_bundle(bundle, scope=scope)
    registry = checked(held.claims.iss.removesuffix(f"/authorities/{held.body['authority']}"))
    served = yield Ask(_proof_address(registry, held.number), MAX_PROOF_SIZE)
    proof = served if _index(served) == held.log_index else bundle.tlog_proof
    address = _list_address(verifier.trust, bundle.record)
    status_list = None if address is None else _text((yield Ask(address, max_bytes_of(STATUS_LIST_TYP))))
    return verifier.verify(bundle.record, tlog_proof=proof, status_list=status_list, scope=scope)


def _trusted(verifier: Verifier, record: str) -> Record | None:
    """The record, where a key that the trust file names has signed it."""
    try:
        read = parse_record(record)
        issuer = verifier.trust.issuers.get(read.iss)
        return None if issuer is None else read.verify(issuer.keys)
    except TokenError:
        return None


def _index(proof: bytes) -> int | None:
    try:
        return TlogProof.parse(proof).index
    except LogError:
        return None


def _list_address(trust: Trust, record: str) -> str | None:
    """Where the list is that a record names, None where rule 2 does not let it be fetched."""
    try:
        status = parse_record(record).payload.get("status")
    except TokenError:
        return None
    uri = status.get("status_list", {}) if isinstance(status, dict) else {}
    uri = uri.get("uri") if isinstance(uri, dict) else None
    return checked(uri) if isinstance(uri, str) and trust.status_keys(uri) is not None else None


def unanswered(error: Unanswered, number: str | None, verifier: Verifier) -> Verdict:
    """The verdict when there was nothing to verify."""
    return replace(nothing_read(error.reason, verifier.clock()), number=number)


def refusal(url: str, status: int, body: bytes) -> Unanswered:
    """What an answer other than 200 means (rule 4)."""
    if status in (404, 410):
        code = _code(body)
        if code in SAID:
            return Unanswered(code, SAID[code])
        return Unanswered("BAD_ANSWER", f"There is nothing at {url}; is this the register's address?")
    if status == 429 or status >= 500:
        return Unanswered("UNREACHABLE", f"The register cannot answer now ({status} for {url}); ask again later.")
    return Unanswered("BAD_ANSWER", f"{url} was answered with {status}; is this the register's address?")


def too_long(ask: Ask) -> Unanswered:
    """More was sent than the file may have."""
    return Unanswered(
        "BAD_ANSWER", f"What is at {ask.url} is longer than {ask.limit} bytes and was not read to its end."
    )


def unreachable(url: str, error: Exception) -> Unanswered:
    """No answer came."""
    why = str(error) or type(error).__name__
    return Unanswered("UNREACHABLE", f"{url} cannot be fetched ({why[:200]}); check the network, and ask again later.")


def _code(body: bytes) -> str:
    try:
        problem = parse_json(body, max_bytes=MAX_PROBLEM)
    except EventError:
        return ""
    return str(problem.get("code")) if isinstance(problem, dict) else ""


def _proof_address(registry: str, number: str) -> str:
    return f"{registry}/records/{number}.tlog-proof"


def _text(body: bytes) -> str:
    return body.decode("ascii", "replace").strip()
