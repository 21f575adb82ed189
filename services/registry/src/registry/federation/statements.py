"""What entities say of themselves and of those below them, as drafts to be signed. Pure.

Rules
1. A scheme owner is a trust anchor: its configuration says who issues marks of its schemes, and that it owns them.
2. An authority with a current mandate under a scheme is below the scheme's owner, issues the scheme's marks, and is above
   the organisations it has accredited. One that owns its scheme is both.
3. A superior vouches for a subordinate's keys, and confines it to this register: its host, and by a constraint of ours
   the paths of its entities. Below a ministry there are organisations only.
4. The old name of a mark's type, `id`, stands beside the new one, for readers of earlier drafts.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goodstanding import entity, trust_mark
from goodstanding.entity_constraints import PATHS
from registry.federation.model import (
    AUTHORITIES,
    CONFIGURATION,
    DELEGATION,
    MARK,
    ORGANISATIONS,
    SUBORDINATE,
    Accredited,
    Entity,
    Names,
    Signed,
)
from registry.federation.tokens import Draft

MAX_SHOWN: Final = 4  # marks in a configuration, which has 16 KB; the others are had from their issuer

Jwks = Sequence[Mapping[str, Any]]

ENDPOINTS: Final = {  # metadata parameter -> name in the path
    "federation_fetch_endpoint": "fetch",
    "federation_list_endpoint": "list",
    "federation_resolve_endpoint": "resolve",
    "federation_trust_mark_status_endpoint": "trust-mark-status",
    "federation_trust_mark_list_endpoint": "trust-mark-list",
    "federation_trust_mark_endpoint": "trust-mark",
    "federation_historical_keys_endpoint": "historical-keys",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an authority stands in the federations of this register."""

    name: str
    jwks: Jwks
    hints: Sequence[str]  # entity identifiers of the owners above it
    issuers: Mapping[str, Sequence[str]]  # by scheme it owns: entity identifiers of who issues its marks


def of_authority(names: Names, authority_id: str, standing: Standing) -> Draft:
    """An authority's configuration (rules 1 and 2)."""
    me = Entity(AUTHORITIES, authority_id)
    address = names.entity(me)
    types = {names.mark_type(scheme): list(issuers) for scheme, issuers in standing.issuers.items()}
    owner = {"sub": address, "jwks": {"keys": list(standing.jwks)}}
    served = {name: names.endpoint(me, path) for name, path in ENDPOINTS.items()}

    def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
        return entity.entity_statement(
            iss=address, sub=address, iat=iat, exp=exp, jwks=standing.jwks,
            metadata={entity.FEDERATION_ENTITY: {"organization_name": standing.name, **served}},
            authority_hints=list(standing.hints) or None,
            trust_mark_issuers=types or None, trust_mark_owners=dict.fromkeys(types, owner) or None,
        )  # fmt: skip

    return Draft((CONFIGURATION, authority_id, authority_id, ""), entity.TYP, build)


def of_organisation(
    names: Names, organisation_id: str, name: str, jwks: Jwks, hints: Sequence[str], marks: Mapping[str, Signed]
) -> Draft:
    """A hosted organisation's configuration, with its first marks by type; it ends with the first of them to end."""
    me = Entity(ORGANISATIONS, organisation_id)
    address = names.entity(me)
    history = {"federation_historical_keys_endpoint": names.endpoint(me, "historical-keys")}
    shown = [
        {"trust_mark_type": of, "id": of, "trust_mark": mark.token} for of, mark in sorted(marks.items())[:MAX_SHOWN]
    ]

    def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
        return entity.entity_statement(
            iss=address, sub=address, iat=iat, exp=exp, jwks=jwks,
            metadata={entity.FEDERATION_ENTITY: {"organization_name": name, **history}},
            authority_hints=list(hints), trust_marks=shown or None,
        )  # fmt: skip

    ends = min((mark.exp for mark in marks.values()), default=None)
    return Draft((CONFIGURATION, organisation_id, organisation_id, ""), entity.TYP, build, ends)


def of_subordinate(names: Names, superior_id: str, subject: Entity, jwks: Jwks) -> Draft:
    """What a superior says of an entity right below it (rule 3)."""
    superior = Entity(AUTHORITIES, superior_id)
    below = (ORGANISATIONS,) if subject.kind == ORGANISATIONS else (AUTHORITIES, ORGANISATIONS)
    constraints = {
        "max_path_length": len(below) - 1,
        "allowed_entity_types": [],
        PATHS: [f"{names.path}/{kind}/" for kind in below],
        **({} if _is_number(names.host) else {"naming_constraints": {"permitted": [names.host]}}),
    }

    def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
        return entity.entity_statement(
            iss=names.entity(superior), sub=names.entity(subject), iat=iat, exp=exp, jwks=jwks,
            constraints=constraints, source_endpoint=names.endpoint(superior, "fetch"),
        )  # fmt: skip

    return Draft((SUBORDINATE, superior_id, subject.id, ""), entity.TYP, build)


def of_delegation(names: Names, owner_id: str, issuer_id: str, scheme_id: str) -> Draft:
    """An owner's word that an authority issues marks of its scheme."""

    def build(iat: datetime, exp: datetime, _: int) -> dict[str, Any]:
        return trust_mark.trust_mark_claims(
            iss=names.authority(owner_id), sub=names.authority(issuer_id), trust_mark_type=names.mark_type(scheme_id),
            iat=iat, exp=exp,
        )  # fmt: skip

    return Draft((DELEGATION, owner_id, issuer_id, scheme_id), trust_mark.DELEGATION_TYP, build)


def of_mark(names: Names, one: Accredited, status_uri: str, delegation: str, ends: datetime) -> Draft:
    """An organisation's trust mark: the scheme, until when at most, and where its status is told."""
    of = names.mark_type(one.scheme_id)

    def build(iat: datetime, exp: datetime, issue: int) -> dict[str, Any]:
        return trust_mark.trust_mark_claims(
            iss=names.authority(one.authority_id), sub=names.organisation(one.organisation_id), trust_mark_type=of,
            iat=iat, exp=exp, id=of, jti=f"{one.event_id}/mark/{issue}", ref=f"{names.origin}/v/{one.number}",
            logo_uri=f"{names.origin}/badges/{one.number}.svg", delegation=delegation,
            status={"status_list": {"idx": one.idx, "uri": status_uri}},
        )  # fmt: skip

    return Draft((MARK, one.authority_id, one.organisation_id, one.scheme_id), trust_mark.TYP, build, ends)


def _is_number(host: str) -> bool:
    """Whether a host is an IP address, which naming constraints do not know."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
