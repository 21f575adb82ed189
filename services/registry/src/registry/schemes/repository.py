"""Queries on authorities, schemes and mandates."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import SQLModel, col

from registry.database import ReadTx, WriteTx
from registry.issuance.ledger import Stream
from registry.pages import Page, PageRequest, cut
from registry.schemes.model import Authority, Mandate, Scheme
from registry.schemes.tables import AuthorityRow, MandateRow, SchemeRow

_AUTHORITIES = SQLModel.metadata.tables["authorities"]
_SCHEMES = SQLModel.metadata.tables["schemes"]
_MANDATES = SQLModel.metadata.tables["mandates"]


async def store_authority(tx: WriteTx, authority: Authority, *, subject: bytes) -> Stream:
    """Insert an authority; returns its stream."""
    row = {name: getattr(authority, name) for name in Authority.__slots__}
    await tx.execute(insert(AuthorityRow), [row | {"subject": subject}])
    return Stream(AuthorityRow, authority.id, subject, None)


async def store_scheme(tx: WriteTx, scheme: Scheme, *, subject: bytes) -> Stream:
    """Insert a scheme; returns its stream."""
    row = {
        "id": scheme.id,
        "name": scheme.name,
        "version": scheme.version,
        "owner_id": scheme.owner_id,
        "criteria": [dict(criterion) for criterion in scheme.criteria],
        "mappings": [dict(mapping) for mapping in scheme.mappings],
        "mapping_version": scheme.mapping_version,
        "subject": subject,
    }
    await tx.execute(insert(SchemeRow), [row])
    return Stream(SchemeRow, scheme.id, subject, None)


async def store_mandate(tx: WriteTx, mandate: Mandate, *, subject: bytes) -> Stream:
    """Insert a mandate; returns its stream."""
    row = {
        "id": mandate.id,
        "authority_id": mandate.authority_id,
        "scheme_id": mandate.scheme_id,
        "acts": sorted(mandate.acts),
        "valid_from": mandate.valid_from,
        "valid_until": mandate.valid_until,
        "ended_as": mandate.ended_as,
        "subject": subject,
    }
    await tx.execute(insert(MandateRow), [row])
    return Stream(MandateRow, mandate.id, subject, None)


async def authorities(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Authority]:
    """The authorities with these ids."""
    found = await tx.execute(select(_AUTHORITIES).where(_AUTHORITIES.c.id.in_(ids)))
    return {row.id: _authority(row) for row in found}


async def authority_page(tx: ReadTx, request: PageRequest) -> Page[Authority]:
    """Authorities in the order of their ids."""
    statement = select(_AUTHORITIES).order_by(_AUTHORITIES.c.id).limit(request.limit)
    if request.after is not None:
        statement = statement.where(_AUTHORITIES.c.id > request.after)
    return cut([_authority(row) for row in await tx.execute(statement)], request)


async def schemes(tx: ReadTx | WriteTx, ids: Sequence[str]) -> dict[str, Scheme]:
    """The schemes with these ids."""
    found = await tx.execute(select(_SCHEMES).where(_SCHEMES.c.id.in_(ids)))
    return {row.id: _scheme(row) for row in found}


async def schemes_of(tx: ReadTx | WriteTx, authority_ids: Sequence[str]) -> dict[str, list[Scheme]]:
    """By authority: the schemes it owns or has held a mandate under, in the order of their ids."""
    held = select(col(MandateRow.authority_id), col(MandateRow.scheme_id)).where(
        col(MandateRow.authority_id).in_(authority_ids)
    )
    owned = select(_SCHEMES.c.owner_id, _SCHEMES.c.id).where(_SCHEMES.c.owner_id.in_(authority_ids))
    pairs = {(str(authority), str(scheme)) for authority, scheme in await tx.execute(held.union(owned))}
    found = await schemes(tx, sorted({scheme for _, scheme in pairs}))
    of: dict[str, list[Scheme]] = {authority: [] for authority in authority_ids}
    for authority, scheme in sorted(pairs):
        of[authority].append(found[scheme])
    return of


async def mandates(tx: ReadTx | WriteTx, authority_id: str, scheme_id: str) -> list[Mandate]:
    """Every mandate the authority has had under the scheme."""
    statement = select(_MANDATES).where(_MANDATES.c.authority_id == authority_id, _MANDATES.c.scheme_id == scheme_id)
    return [
        Mandate(
            row.id, row.authority_id, row.scheme_id, frozenset(row.acts), row.valid_from, row.valid_until, row.ended_as
        )
        for row in await tx.execute(statement)
    ]


def _authority(row: Any) -> Authority:
    return Authority(row.id, row.kind, row.name, row.jurisdiction, row.time_zone, row.entity_id)


def _scheme(row: Any) -> Scheme:
    return Scheme(
        row.id, row.name, row.version, row.owner_id, tuple(row.criteria), tuple(row.mappings), row.mapping_version
    )
