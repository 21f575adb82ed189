"""Trust marks of OpenID Federation 1.0, section 7: that an entity conforms to a scheme, signed by who may say so.

Payload of a `trust-mark+jwt`; `jti` and `status` are additional claims, which the specification allows::

    {"iss": "https://r.example/authorities/aut_x", "sub": "https://r.example/organisations/org_…",
     "trust_mark_type": "https://r.example/schemes/sch_y", "iat": …, "exp": …, "jti": "…", "ref": "https://…",
     "delegation": "eyJ…", "status": {"status_list": {"idx": 7, "uri": "https://r.example/status-lists/1"}}}

Rules (a TokenError's reason in brackets, beside those of `jws.py`)
1. The claims are there and of their kind [BAD_MARK]. A mark or delegation without `exp` is refused, although the
   specification allows it: nothing here is valid for ever.
2. It is about the entity that shows it [SUBJECT_MISMATCH].
3. A trust chain to the reader's anchor holds for its issuer [ISSUER_MISMATCH, WRONG_ANCHOR], and one of the issuer's
   keys, as that chain vouches for them, signed it.
4. Where the anchor's `trust_mark_issuers` names the type, its issuer is listed, or the list is empty
   [ISSUER_NOT_LISTED].
5. Where the anchor's `trust_mark_owners` names the type, there is a delegation [NO_DELEGATION]; where there is one, the
   owner is known [UNKNOWN_OWNER].
6. The delegation is the owner's, to this issuer, for this type, valid now and signed with a key that the anchor names
   for the owner [DELEGATION_MISMATCH].
7. `iat` ≤ now < `exp`, of both.

Whether it was revoked or suspended since, its status list says: `check_status` [REVOKED, SUSPENDED, UNDECIDED], on the
list that `status_list.py` has verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from goodstanding.entity import EntityStatement
from goodstanding.entity_claims import entity_id, key_set
from goodstanding.errors import TokenError
from goodstanding.jws import Jws, check_times, read_jws, sign_jws, verify_jws
from goodstanding.keys import Signer, usable
from goodstanding.status_list import VerifiedStatusList
from goodstanding.trust_chain import TrustChain

TYP: Final = "trust-mark+jwt"
DELEGATION_TYP: Final = "trust-mark-delegation+jwt"
MEDIA_TYPE: Final = "application/trust-mark+jwt"
MAX_LIFETIME: Final = 7 * 86_400
"""Seconds that a mark issued here lives at most."""

CODES: Final = {1: "REVOKED", 2: "SUSPENDED", 3: "UNDECIDED"}
_TEXTS = ("iss", "sub", "trust_mark_type")


@dataclass(frozen=True, slots=True)
class TrustMark:
    """What a mark says. Times are aware UTC; `status` is (uri, idx) of its entry in a status list, if it has one."""

    claims: dict[str, Any]
    iss: str
    sub: str
    trust_mark_type: str
    iat: datetime
    exp: datetime
    status: tuple[str, int] | None

    @property
    def delegation(self) -> Any:
        """The delegation as it came, None without one."""
        return self.claims.get("delegation")


def trust_mark_claims(
    *, iss: str, sub: str, trust_mark_type: str, iat: datetime, exp: datetime, **more: Any
) -> dict[str, Any]:
    """The claims of a mark or of a delegation, times cut to whole seconds; those of `more` that are None are left out.

    TokenError where rule 1 would refuse it.
    """
    claims = {
        "iss": iss, "sub": sub, "trust_mark_type": trust_mark_type,
        "iat": int(iat.timestamp()), "exp": int(exp.timestamp()),
        **{name: value for name, value in more.items() if value is not None},
    }  # fmt: skip
    _mark(claims)
    return claims


def sign_trust_mark(claims: Mapping[str, Any], signer: Signer) -> str:
    """Sign a mark; TokenError BAD_MARK for one that would live longer than 7 days."""
    if claims["exp"] - claims["iat"] > MAX_LIFETIME:
        raise TokenError("BAD_MARK", f"a trust mark lives at most {MAX_LIFETIME // 86_400} days")
    return sign_jws(claims, typ=TYP, signer=signer)


def sign_delegation(claims: Mapping[str, Any], signer: Signer) -> str:
    """Sign, as the owner of a type, that `sub` may issue marks of it."""
    return sign_jws(claims, typ=DELEGATION_TYP, signer=signer)


def read_trust_mark(token: str) -> TrustMark:
    """Read a mark by rule 1 WITHOUT verifying it: to learn whose chain to look for."""
    return _mark(read_jws(token).payload)


def validate_trust_mark(
    token: str, *, subject: str, issuer: TrustChain, anchor: EntityStatement, now: datetime, leeway: int = 0
) -> TrustMark:
    """Validate a mark that `subject` shows, by the rules above.

    `issuer` is the validated chain of who issued it, `anchor` the verified configuration of the trust anchor it ends at.
    """
    mark = read_trust_mark(token)
    if mark.sub != subject:
        raise TokenError("SUBJECT_MISMATCH", f"the trust mark is about {mark.sub}, and shown by {subject}")
    if mark.iss != issuer.subject:
        raise TokenError("ISSUER_MISMATCH", f"{mark.iss} issued the trust mark; the chain is that of {issuer.subject}")
    if issuer.anchor != anchor.sub or not anchor.is_configuration or now >= issuer.expires:
        raise TokenError("WRONG_ANCHOR", f"no valid chain leads from {mark.iss} to the trust anchor {anchor.sub}")
    jws = verify_jws(token, typ=TYP, keys=usable(issuer.keys, now))
    check_times(jws.payload, now, leeway)
    _check_issuer(mark, anchor)
    _check_delegation(mark, anchor, now, leeway)
    return mark


def check_status(mark: TrustMark, status_list: VerifiedStatusList) -> None:
    """Whether a mark still counts by its status list. TokenError: see the rules; WRONG_LIST for another mark's list."""
    uri, idx = mark.status or ("", 0)
    if uri != status_list.uri:
        raise TokenError("WRONG_LIST", f"this is the status list {status_list.uri!r}; the trust mark names {uri!r}")
    if (code := status_list.list.get(idx)) in CODES:
        raise TokenError(CODES[code], f"the status list says of the trust mark of {mark.sub}: {CODES[code].lower()}")


def _mark(claims: dict[str, Any]) -> TrustMark:
    """Rule 1."""
    if not all(isinstance(claims.get(name), str) and claims[name] for name in _TEXTS):
        raise TokenError("BAD_MARK", f"a trust mark says {', '.join(_TEXTS)}")
    if not all(type(claims.get(name)) is int and 0 < claims[name] < 2**32 for name in ("iat", "exp")):
        raise TokenError("BAD_MARK", "a trust mark says iat and exp, in whole seconds since 1970")
    if not isinstance(claims.get("delegation", ""), str):
        raise TokenError("BAD_MARK", "the delegation in a trust mark is a signed token")
    iat, exp = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
    iss, sub = entity_id(claims["iss"], "iss"), entity_id(claims["sub"], "sub")
    return TrustMark(claims, iss, sub, claims["trust_mark_type"], iat, exp, _status(claims))


def _status(claims: Mapping[str, Any]) -> tuple[str, int] | None:
    if "status" not in claims:
        return None
    entry = claims["status"].get("status_list") if isinstance(claims["status"], dict) else None
    if not isinstance(entry, dict) or type(entry.get("idx")) is not int or not isinstance(entry.get("uri"), str):
        raise TokenError("BAD_MARK", "the status of a trust mark is an entry (idx, uri) in a status list")
    return entry["uri"], entry["idx"]


def _check_issuer(mark: TrustMark, anchor: EntityStatement) -> None:
    """Rule 4."""
    listed = _of_anchor(anchor, "trust_mark_issuers").get(mark.trust_mark_type, [])
    if not isinstance(listed, list) or (listed and mark.iss not in listed):
        raise TokenError("ISSUER_NOT_LISTED", f"{anchor.sub} does not list {mark.iss} for {mark.trust_mark_type}")


def _check_delegation(mark: TrustMark, anchor: EntityStatement, now: datetime, leeway: int) -> None:
    """Rules 5 and 6."""
    owner = _of_anchor(anchor, "trust_mark_owners").get(mark.trust_mark_type)
    if mark.delegation is None and owner is not None:
        raise TokenError("NO_DELEGATION", f"{mark.trust_mark_type} has an owner, whose delegation the mark lacks")
    if mark.delegation is None:
        return
    if not isinstance(owner, dict):
        raise TokenError(
            "UNKNOWN_OWNER", f"{anchor.sub} names no owner of {mark.trust_mark_type} who could delegate it"
        )
    keys = usable(key_set(owner.get("jwks"), "the owner's jwks"), now)
    given: Jws = verify_jws(mark.delegation, typ=DELEGATION_TYP, keys=keys)
    check_times(given.payload, now, leeway)
    if [given.payload.get(name) for name in _TEXTS] != [owner.get("sub"), mark.iss, mark.trust_mark_type]:
        raise TokenError(
            "DELEGATION_MISMATCH", f"the delegation is not its owner's to {mark.iss} for {mark.trust_mark_type}"
        )


def _of_anchor(anchor: EntityStatement, name: str) -> dict[str, Any]:
    value = anchor.claims.get(name, {})
    if not isinstance(value, dict):
        raise TokenError("BAD_STATEMENT", f"{name} of {anchor.sub} is not an object")
    return value
