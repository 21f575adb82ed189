"""The accreditation record: an SD-JWT VC (draft-ietf-oauth-sd-jwt-vc-19) that opens its own log leaf.

Payload (header `typ: dc+sd-jwt`; the token ends with `~`)::

    {"iss": "https://r.example/authorities/aut_x", "sub": "https://r.example/organisations/org_…",
     "vct": "https://r.example/vct/accreditation", "iat": …, "nbf": …, "exp": …, "jti": "…",
     "status": {"status_list": {"idx": 7, "uri": "https://r.example/status-lists/1"}},
     "accreditation": {…}, "decision": {…},
     "log": {"origin": "r.example/log", "index": 4, "v": 1, "kind": "decision", "salt": "…", "subject": "…",
             "prev": null, "recorded_at": "2026-05-04T09:00:00.000Z"}}

Rules (a TokenError's reason in brackets, beside those of `jws.py`)
1. One `~`, at the end: no disclosures, no key binding [NOT_SD_JWT].
2. The claims above are there and of their kind; `log` holds no other member [BAD_CLAIMS].
3. The body is `decision` + `accreditation` + `status`, well formed and canonical as events are [BAD_BODY].
4. It gives the leaf by the salt, 32 bytes, and nothing else: no leaf is ever taken from beside the record [BAD_LEAF].
5. `iss` is `{registry}/authorities/{authority}`, `sub` `{registry}/organisations/{organisation}`, `vct`
   `{registry}/vct/accreditation`, or `…/transcribed-accreditation` exactly for basis `transcribed`
   [ISSUER_MISMATCH, SUBJECT_MISMATCH, VCT_MISMATCH].
6. `effective_from` ≤ `nbf`; `exp` ≤ `valid_until`; `exp` ≤ `iat` + 90 days [TIMES_MISMATCH].

Whether the leaf is in the log, and whether now lies between `nbf` and `exp`, is for `verifier.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

from goodstanding.canonical import b64u, canonical_bytes, format_time, parse_time, unb64u
from goodstanding.errors import EventError, TokenError
from goodstanding.events import LEAF_VERSION, SUBJECT_BYTES, Leaf, commitment, encode_body
from goodstanding.jws import ALGS, DEFAULT_MAX_BYTES, UnverifiedJws, read_jws, sign_jws, verify_jws, vouch
from goodstanding.keys import Signer

TYP: Final = "dc+sd-jwt"
MEDIA_TYPE: Final = "application/dc+sd-jwt"
MAX_LIFETIME: Final = 90 * 86_400
VCT: Final = "accreditation"
VCT_TRANSCRIBED: Final = "transcribed-accreditation"

_APART = ("accreditation", "status")  # members of the body that are claims of their own
_TEXTS = ("iss", "sub", "vct", "jti")
_LOG_MEMBERS = frozenset({"origin", "index", "v", "kind", "salt", "subject", "prev", "recorded_at"})
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class RecordClaims:
    """The envelope: who says it about whom, and between which times. Times are aware UTC, in whole seconds."""

    iss: str
    sub: str
    vct: str
    jti: str
    iat: datetime
    nbf: datetime
    exp: datetime


@dataclass(frozen=True, slots=True)
class UnverifiedRecord:
    """What a record says of itself. Nothing here is vouched for; `iss` is where to look for the key."""

    jws: UnverifiedJws

    @property
    def header(self) -> dict[str, Any]:
        """The token's header."""
        return self.jws.header

    @property
    def payload(self) -> dict[str, Any]:
        """The token's claims."""
        return self.jws.payload

    @property
    def iss(self) -> str:
        """The issuer it claims, empty if it claims none."""
        iss = self.payload.get("iss")
        return iss if isinstance(iss, str) else ""

    def verify(self, keys: Mapping[str, dict[str, Any]]) -> Record:
        """What `verify_record` makes of the same token, without reading it a second time."""
        return Record.from_payload(vouch(self.jws, typ=TYP, algs=ALGS, keys=keys).payload)


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose signature holds and whose claims agree with the logged body they were made from."""

    claims: RecordClaims
    body: dict[str, Any]
    leaf: Leaf
    log_origin: str
    log_index: int

    @property
    def leaf_hash(self) -> bytes:
        """RFC 6962 hash of the rebuilt leaf: what the inclusion proof must prove."""
        return self.leaf.hash()

    @property
    def number(self) -> str:
        """The accreditation's number."""
        return str(self.body["number"])

    @property
    def status_uri(self) -> str:
        """The status list that speaks of this generation."""
        return str(self.body["status"]["uri"])

    @property
    def status_idx(self) -> int:
        """The index of this generation in that list."""
        return int(self.body["status"]["idx"])

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Rebuild body and leaf from the claims (rules 2–6); the caller has checked the signature."""
        claims, log = _claims(payload), _log(payload)
        body, encoded = _body(payload)
        _check_agreement(claims, body)
        return cls(claims, body, _leaf(log, body, encoded), log["origin"], log["index"])


def record_payload(
    *,
    body: Mapping[str, Any],
    leaf: Leaf,
    salt: bytes,
    origin: str,
    index: int,
    iss: str,
    sub: str,
    vct: str,
    iat: datetime,
    exp: datetime,
    jti: str,
) -> dict[str, Any]:
    """The claims of a record for the decision body that opened the generation; times are cut to whole seconds.

    `nbf` is the first whole second in which the decision is in effect. TokenError where rules 4–6 would refuse it.
    """
    if commitment(salt, canonical_bytes(body)) != leaf.commitment:
        raise TokenError("BAD_LEAF", f"the leaf of event {leaf.event_id} does not commit to this body under this salt")
    payload: dict[str, Any] = {
        "iss": iss, "sub": sub, "vct": vct, "jti": jti,
        "iat": int(iat.timestamp()), "exp": int(exp.timestamp()),
        "nbf": math.ceil(parse_time(body["effective_from"]).timestamp()),
        "status": {"status_list": dict(body["status"])},
        "accreditation": body["accreditation"],
        "decision": {name: value for name, value in body.items() if name not in _APART},
        "log": {
            "origin": origin, "index": index, "v": LEAF_VERSION, "kind": leaf.kind, "salt": b64u(salt),
            "subject": b64u(leaf.subject), "prev": None if leaf.prev is None else b64u(leaf.prev),
            "recorded_at": format_time(leaf.recorded_at),
        },
    }  # fmt: skip
    _check_agreement(_claims(payload), body)
    return payload


def sign_record(payload: Mapping[str, Any], signer: Signer) -> str:
    """Sign the claims that `record_payload` made; the token ends with `~`."""
    return sign_jws(payload, typ=TYP, signer=signer) + "~"


def parse_record(token: str) -> UnverifiedRecord:
    """Read a record WITHOUT verifying it: to show it, or to learn whose key to look for."""
    return UnverifiedRecord(read_jws(_issuer_signed(token)))


def verify_record(token: str, keys: Mapping[str, dict[str, Any]]) -> Record:
    """Verify a record against its issuer's keys (kid -> JWK) and rebuild what it opens; `now` plays no part here."""
    return Record.from_payload(verify_jws(_issuer_signed(token), typ=TYP, algs=ALGS, keys=keys).payload)


def _issuer_signed(token: str) -> str:
    if len(token) > DEFAULT_MAX_BYTES:
        raise TokenError(
            "TOO_LARGE", f"the record has {len(token)} characters; at most {DEFAULT_MAX_BYTES} are accepted"
        )
    jws, tilde, rest = token.partition("~")
    if not tilde or rest:
        raise TokenError("NOT_SD_JWT", "a record is one signed token with a single ~ at its end, and nothing after it")
    return jws


def _claims(payload: Mapping[str, Any]) -> RecordClaims:
    texts = [payload.get(name) for name in _TEXTS]
    if not all(isinstance(text, str) and text for text in texts) or not {"iat", "nbf", "exp"} <= payload.keys():
        raise TokenError("BAD_CLAIMS", f"a record says {', '.join(_TEXTS)}, iat, nbf and exp")
    if "_sd" in payload or "_sd_alg" in payload:
        raise TokenError(
            "NOT_SD_JWT", "the record withholds claims (_sd); an accreditation record discloses everything"
        )
    iat, nbf, exp = (datetime.fromtimestamp(payload[name], UTC) for name in ("iat", "nbf", "exp"))
    iss, sub, vct, jti = map(str, texts)
    return RecordClaims(iss=iss, sub=sub, vct=vct, jti=jti, iat=iat, nbf=nbf, exp=exp)


def _log(payload: Mapping[str, Any]) -> dict[str, Any]:
    log = payload.get("log")
    if not isinstance(log, dict) or log.keys() != _LOG_MEMBERS:
        raise TokenError("BAD_CLAIMS", f"log holds exactly {', '.join(sorted(_LOG_MEMBERS))}")
    if not isinstance(log["origin"], str) or type(log["index"]) is not int or log["index"] < 0:
        raise TokenError("BAD_CLAIMS", "log.origin is text, log.index a number from 0")
    return log


def _body(payload: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The logged body and its canonical bytes (rule 3)."""
    decision, status = payload.get("decision"), payload.get("status")
    if not isinstance(decision, dict) or not isinstance(status, dict) or status.keys() != {"status_list"}:
        raise TokenError("BAD_CLAIMS", "a record holds a decision, and a status with its status_list")
    if doubled := [name for name in _APART if name in decision]:
        raise TokenError("BAD_CLAIMS", f"decision repeats {doubled[0]}, which is a claim of its own")
    body = {**decision, "accreditation": payload.get("accreditation"), "status": status["status_list"]}
    try:
        encoded = encode_body(body)
    except EventError as error:
        raise TokenError("BAD_BODY", f"the decision in the record is not well formed: {error}") from error
    if body["kind"] != "decision":
        raise TokenError("BAD_BODY", f"a record is made from a decision, not from an event of kind {body['kind']}")
    return body, encoded


def _leaf(log: Mapping[str, Any], body: Mapping[str, Any], encoded: bytes) -> Leaf:
    try:
        salt, subject = unb64u(log["salt"]), unb64u(log["subject"])
        prev = None if log["prev"] is None else unb64u(log["prev"])
        recorded_at, committed = parse_time(log["recorded_at"]), commitment(salt, encoded)
    except EventError as error:
        raise TokenError("BAD_LEAF", f"the log claim of the record cannot be read: {error}") from error
    if type(log["v"]) is not int or (log["v"], log["kind"]) != (LEAF_VERSION, body["kind"]):
        raise TokenError("BAD_LEAF", f"log.v is {LEAF_VERSION} and log.kind that of the decision")
    if len(subject) != SUBJECT_BYTES or (prev is not None and len(prev) != _HASH_BYTES):
        raise TokenError("BAD_LEAF", f"log.subject has {SUBJECT_BYTES} bytes, log.prev {_HASH_BYTES} or is null")
    return Leaf(log["kind"], body["event_id"], subject, prev, recorded_at, committed)


def _check_agreement(claims: RecordClaims, body: Mapping[str, Any]) -> None:
    """Rules 5 and 6: the envelope says nothing the logged body does not."""
    registry = claims.iss.removesuffix(f"/authorities/{body['authority']}")
    if registry == claims.iss or urlsplit(registry).scheme not in ("https", "http"):
        raise TokenError(
            "ISSUER_MISMATCH", f"{claims.iss} issued the record, but {body['authority']} took the decision"
        )
    if claims.sub != f"{registry}/organisations/{body['organisation']}":
        raise TokenError(
            "SUBJECT_MISMATCH", f"the record is about {claims.sub}, the decision about {body['organisation']}"
        )
    if claims.vct != f"{registry}/vct/{VCT_TRANSCRIBED if body['basis'] == 'transcribed' else VCT}":
        raise TokenError("VCT_MISMATCH", f"a record of basis {body['basis']} is not of type {claims.vct}")
    until = body["accreditation"].get("valid_until")
    if claims.nbf < parse_time(body["effective_from"]) or (until is not None and claims.exp > parse_time(until)):
        raise TokenError("TIMES_MISMATCH", "the record's nbf and exp reach beyond the time the decision covers")
    if (claims.exp - claims.iat).total_seconds() > MAX_LIFETIME:
        raise TokenError("TIMES_MISMATCH", f"the record lives longer than {MAX_LIFETIME // 86_400} days")
