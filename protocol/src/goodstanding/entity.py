"""Entity statements of OpenID Federation 1.0: entity configurations and subordinate statements, signed and read.

Payload of an `entity-statement+jwt`, here the configuration of a ministry::

    {"iss": "https://r.example/authorities/aut_x", "sub": "https://r.example/authorities/aut_x",
     "iat": 1777885200, "exp": 1777971600, "jwks": {"keys": [{…}]},
     "authority_hints": ["https://r.example/authorities/aut_owner"],
     "metadata": {"federation_entity": {"organization_name": "…", "federation_fetch_endpoint": "https://…"}}}

It is a configuration where `iss` is `sub`, and a subordinate statement otherwise.

Rules (a TokenError's reason in brackets, beside those of `jws.py`)
1. `iss` and `sub` are entity identifiers [BAD_ENTITY_ID]; `iat` and `exp` are there, `jwks` holds sound public keys,
   each with a kid of its own [BAD_KEYS]; the other claims have their shape [BAD_STATEMENT].
2. A claim of the other kind of statement is refused [MISPLACED_CLAIM].
3. A claim named by `crit` is understood, or the statement is refused [CRITICAL_CLAIM].
4. A configuration is signed with a key of its own `jwks`; ended and revoked keys verify nothing [UNKNOWN_KEY].
5. `iat` ≤ now < `exp` [NOT_YET_VALID, EXPIRED].

A statement without its signature checked is `read_statement`'s: to learn whose keys to look for, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from goodstanding import entity_claims as claim
from goodstanding.entity_constraints import Constraints
from goodstanding.errors import TokenError
from goodstanding.jws import check_times, read_jws, sign_jws, verify_jws
from goodstanding.keys import Signer, usable

TYP: Final = "entity-statement+jwt"
MEDIA_TYPE: Final = "application/entity-statement+jwt"
FEDERATION_ENTITY: Final = "federation_entity"


@dataclass(frozen=True, slots=True)
class EntityStatement:
    """What a statement says. `claims` holds all of it; the other members are those read strictly."""

    token: str
    claims: dict[str, Any]
    iss: str
    sub: str
    iat: int
    exp: int
    keys: dict[str, dict[str, Any]]  # of the subject, kid -> public JWK
    authority_hints: tuple[str, ...]
    metadata: dict[str, dict[str, Any]]
    constraints: Constraints

    @property
    def is_configuration(self) -> bool:
        """Whether the entity speaks of itself."""
        return self.iss == self.sub

    @property
    def expires(self) -> datetime:
        """`exp` as an aware UTC time."""
        return datetime.fromtimestamp(self.exp, UTC)

    def endpoint(self, name: str) -> str | None:
        """The address of a federation endpoint, such as ``federation_fetch_endpoint``; None where it has none."""
        value = self.metadata.get(FEDERATION_ENTITY, {}).get(name)
        return value if isinstance(value, str) else None

    def check_signature(self, keys: Mapping[str, dict[str, Any]], now: datetime) -> None:
        """Check the signature against the keys that have not ended at `now`; TokenError of `jws.py`."""
        verify_jws(self.token, typ=TYP, keys=usable(keys, now))


def entity_statement(
    *, iss: str, sub: str, iat: datetime, exp: datetime, jwks: Sequence[Mapping[str, Any]], **more: Any
) -> dict[str, Any]:
    """The claims of a statement, times cut to whole seconds; TokenError where rules 1 and 2 would refuse it.

    `more` are further claims; those that are None are left out.
    """
    claims = {
        "iss": iss, "sub": sub, "iat": int(iat.timestamp()), "exp": int(exp.timestamp()),
        "jwks": {"keys": [dict(key) for key in jwks]},
        **{name: value for name, value in more.items() if value is not None},
    }  # fmt: skip
    _read("", claims, ())
    return claims


def sign_statement(claims: Mapping[str, Any], signer: Signer) -> str:
    """Sign the claims that `entity_statement` made."""
    return sign_jws(claims, typ=TYP, signer=signer)


def read_statement(token: str, *, understood: Sequence[str] = ()) -> EntityStatement:
    """Read a statement by rules 1–3 WITHOUT verifying it; `understood` are critical claims the caller deals with."""
    return _read(token, read_jws(token).payload, understood)


def verify_statement(
    token: str, *, keys: Mapping[str, dict[str, Any]], now: datetime, leeway: int = 0, understood: Sequence[str] = ()
) -> EntityStatement:
    """Verify a statement against its issuer's keys, valid at `now`; `leeway` as in `check_times`."""
    statement = read_statement(token, understood=understood)
    statement.check_signature(keys, now)
    check_times(statement.claims, now, leeway)
    return statement


def verify_configuration(
    token: str, *, entity: str, now: datetime, leeway: int = 0, understood: Sequence[str] = ()
) -> EntityStatement:
    """Verify what an entity says of itself (rule 4); TokenError WRONG_ENTITY for the configuration of another one.

    That whoever signed it holds its keys is all this proves: whose word it is, a trust chain says.
    """
    statement = read_statement(token, understood=understood)
    if not statement.is_configuration or statement.iss != entity:
        raise TokenError(
            "WRONG_ENTITY", f"this is not the configuration of {entity}: {statement.iss} speaks of {statement.sub}"
        )
    return verify_statement(token, keys=statement.keys, now=now, leeway=leeway, understood=understood)


def _read(token: str, claims: dict[str, Any], understood: Sequence[str]) -> EntityStatement:
    iss, sub = claim.entity_id(claims.get("iss"), "iss"), claim.entity_id(claims.get("sub"), "sub")
    claim.check_place(claims, configuration=iss == sub)
    claim.check_critical(claims, understood)
    return EntityStatement(
        token=token, claims=claims, iss=iss, sub=sub,
        iat=claim.second(claims, "iat"), exp=claim.second(claims, "exp"),
        keys=claim.key_set(claims.get("jwks"), "jwks"), authority_hints=claim.hints(claims),
        metadata=claim.metadata(claims), constraints=Constraints.read(claims.get("constraints", {})),
    )  # fmt: skip
