"""What the claims of an entity statement must look like, claim by claim (OpenID Federation 1.0, section 3).

Each check takes the claims and raises a TokenError with the reason that `entity.py` names beside its rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from goodstanding import keys as jwk
from goodstanding.addresses import is_address
from goodstanding.errors import KeyRefused, TokenError

MAX_HINTS: Final = 16
MAX_KEYS: Final = 16
MAX_ID: Final = 400

ONLY_IN_CONFIGURATIONS: Final = (
    "authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners",
)  # fmt: skip
ONLY_IN_SUBORDINATE_STATEMENTS: Final = ("metadata_policy", "metadata_policy_crit", "constraints", "source_endpoint")
DEFINED: Final = frozenset(
    {"iss", "sub", "iat", "exp", "jwks", "metadata", "crit", *ONLY_IN_CONFIGURATIONS, *ONLY_IN_SUBORDINATE_STATEMENTS}
)


def entity_id(value: Any, what: str) -> str:
    """An entity identifier: an https address (http on this machine alone) without query, fragment and odd paths."""
    if not isinstance(value, str) or len(value) > MAX_ID or not is_address(value):
        raise TokenError("BAD_ENTITY_ID", f"{what} must be the https address of an entity, not {str(value)[:100]!r}")
    path = urlsplit(value).path
    if "?" in value or "%" in path or "//" in path or {".", ".."} & set(path.split("/")):
        raise TokenError("BAD_ENTITY_ID", f"{what} has a path that two readers could read differently: {value[:100]!r}")
    return value


def well_known(entity: str) -> str:
    """Where an entity publishes its configuration (section 9): the path is appended, a slash at the end left out."""
    return f"{entity.rstrip('/')}/.well-known/openid-federation"


def second(claims: Mapping[str, Any], name: str) -> int:
    """A time in whole seconds; its range is checked with the signature."""
    if type(value := claims.get(name)) is not int:
        raise TokenError("BAD_STATEMENT", f"{name} of a statement must be whole seconds since 1970")
    return value


def texts(value: Any, what: str, *, most: int, empty: bool = False) -> tuple[str, ...]:
    """An array of distinct texts, empty only where that means something."""
    fits = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    if not fits or len(set(value)) != len(value) or len(value) > most or not (value or empty):
        raise TokenError("BAD_STATEMENT", f"{what} must be an array of at most {most} distinct texts")
    return tuple(value)


def hints(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The superiors an entity names; it leaves the claim out when it has none."""
    if "authority_hints" not in claims:
        return ()
    named = texts(claims["authority_hints"], "authority_hints", most=MAX_HINTS)
    return tuple(entity_id(one, "an authority hint") for one in named)


def key_set(value: Any, what: str) -> dict[str, dict[str, Any]]:
    """The keys of a `jwks` by kid; kinds not used here are passed over (RFC 7517, section 5), private ones refused."""
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed or len(listed) > MAX_KEYS:
        raise TokenError("BAD_KEYS", f"{what} must be a JWK set of 1 to {MAX_KEYS} keys")
    found: dict[str, dict[str, Any]] = {}
    for one in listed:
        if not isinstance(one, dict) or not isinstance(kid := one.get("kid"), str) or kid in found:
            raise TokenError("BAD_KEYS", f"every key of {what} is an object with a kid of its own")
        found[kid] = one
    return {kid: one for kid, one in found.items() if _used_here(one, what)}


def _used_here(key: Mapping[str, Any], what: str) -> bool:
    if not any((key.get("kty"), key.get("crv")) == (kty, crv) for kty, crv, _ in jwk.KINDS.values()):
        return False
    try:
        jwk.public_key(key)
        jwk.ended_at(key)
    except KeyRefused as error:
        raise TokenError("BAD_KEYS", f"{what} holds a key that must not be used: {error}") from error
    return True


def metadata(claims: Mapping[str, Any], name: str = "metadata") -> dict[str, dict[str, Any]]:
    """Objects by entity type; a parameter is never null (section 5)."""
    value = claims.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(of_type, dict) for of_type in value.values()):
        raise TokenError("BAD_STATEMENT", f"{name} must hold an object for each entity type")
    if any(parameter is None for of_type in value.values() for parameter in of_type.values()):
        raise TokenError("BAD_STATEMENT", f"a parameter in {name} is null; it must be left out instead")
    return value


def check_critical(claims: Mapping[str, Any], understood: Sequence[str]) -> None:
    """Every claim named by `crit` is there, is none this specification defines, and is understood (section 3.1.1)."""
    if "crit" not in claims:
        return
    for name in texts(claims["crit"], "crit", most=MAX_HINTS):
        if name in DEFINED or name not in claims:
            raise TokenError("BAD_STATEMENT", f"crit names {name[:60]!r}, which the specification defines or is absent")
        if name not in understood:
            raise TokenError(
                "CRITICAL_CLAIM", f"the statement demands that {name[:60]!r} be understood; it is not here"
            )


def check_place(claims: Mapping[str, Any], *, configuration: bool) -> None:
    """Claims of the other kind of statement are refused."""
    foreign = ONLY_IN_SUBORDINATE_STATEMENTS if configuration else ONLY_IN_CONFIGURATIONS
    if misplaced := [name for name in foreign if name in claims]:
        kind = "an entity configuration" if configuration else "a subordinate statement"
        raise TokenError("MISPLACED_CLAIM", f"{misplaced[0]} does not belong in {kind}")
