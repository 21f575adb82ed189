"""Queries on members, how providers know them, roles, reads, used idempotency keys and the keys that sign access tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, delete, insert, select
from sqlmodel import col

from registry.access.model import Actor
from registry.access.reading import Note
from registry.access.tables import AccessRow, IdempotencyRow, MemberIdentityRow, MemberRoleRow, MemberRow
from registry.database import ReadTx, WriteTx
from registry.inserting import insert_if_new
from registry.issuance.key_rows import REVOKED, TOKEN, keys_of
from registry.pages import Page, PageRequest, cut
from registry.statements import Prepared

_ROLES_OF = Prepared(
    select(col(MemberRoleRow.authority_id), col(MemberRoleRow.role)).where(
        col(MemberRoleRow.member_id) == bindparam("member", type_=String())
    )
)


async def insert_member(tx: WriteTx, member_id: str, name: str, *, client: bool, now: datetime) -> None:
    """Store a member."""
    await tx.execute(insert(MemberRow).values(id=member_id, name=name, client=client, created_at=now))


async def link(tx: WriteTx, issuer: str, subject: str, member_id: str, now: datetime) -> None:
    """Store by which name a provider knows a member; storing it again, also for somebody else, changes nothing."""
    row = {"issuer": issuer, "subject": subject, "member_id": member_id, "linked_at": now}
    await insert_if_new(tx, MemberIdentityRow, row)


async def unlink(tx: WriteTx, issuer: str, subject: str, member_id: str) -> bool:
    """Take such a name away; False when it was not the member's."""
    this = (col(MemberIdentityRow.issuer) == issuer) & (col(MemberIdentityRow.subject) == subject)
    found = await tx.execute(delete(MemberIdentityRow).where(this, col(MemberIdentityRow.member_id) == member_id))
    return bool(found.rowcount)


async def linked_member(tx: ReadTx | WriteTx, issuer: str, subject: str) -> Actor | None:
    """The member a provider knows by this name, with its roles as they stand."""
    statement = (
        select(col(MemberRow.id), col(MemberRow.client), col(MemberRoleRow.authority_id), col(MemberRoleRow.role))
        .join(MemberIdentityRow, col(MemberIdentityRow.member_id) == col(MemberRow.id))
        .outerjoin(MemberRoleRow, col(MemberRoleRow.member_id) == col(MemberRow.id))
        .where(col(MemberIdentityRow.issuer) == issuer, col(MemberIdentityRow.subject) == subject)
    )
    rows = (await tx.execute(statement)).all()
    roles = frozenset((row.authority_id, row.role) for row in rows if row.role is not None)
    return Actor(rows[0].id, rows[0].client, roles) if rows else None


async def insert_role(tx: WriteTx, authority_id: str, member_id: str, role: str) -> None:
    """Store a role; storing it again changes nothing."""
    await insert_if_new(tx, MemberRoleRow, {"authority_id": authority_id, "member_id": member_id, "role": role})


async def delete_role(tx: WriteTx, authority_id: str, member_id: str, role: str) -> None:
    """Take a role away; it is gone for every act that has not asked yet."""
    await tx.execute(delete(MemberRoleRow).where(_role(authority_id, role), col(MemberRoleRow.member_id) == member_id))


async def lock_persons(tx: WriteTx, authority_id: str, role: str) -> list[str]:
    """The persons with this role at the authority, API keys left out; the role stays as it is until this ends."""
    held = await tx.scalars(
        select(col(MemberRoleRow.member_id)).where(_role(authority_id, role)).order_by(col(MemberRoleRow.member_id))
        .with_for_update()
    )  # fmt: skip
    persons = select(col(MemberRow.id)).where(col(MemberRow.id).in_(list(held)), ~col(MemberRow.client))
    return list(await tx.scalars(persons))


async def member_is_client(tx: ReadTx | WriteTx, member_id: str) -> bool | None:
    """True for an API key, False for a person, None for nobody known here."""
    found = await tx.execute(select(col(MemberRow.client)).where(col(MemberRow.id) == member_id))
    return found.scalar_one_or_none()


async def roles_of(tx: ReadTx | WriteTx, member_id: str) -> frozenset[tuple[str, str]]:
    """The member's (authority, role) pairs as they stand now."""
    return frozenset((row.authority_id, row.role) for row in await _ROLES_OF.rows(tx, member=member_id))


def _role(authority_id: str, role: str) -> ColumnElement[bool]:
    return (col(MemberRoleRow.authority_id) == authority_id) & (col(MemberRoleRow.role) == role)


async def note(tx: WriteTx, notes: Sequence[Note]) -> None:
    """Note who has read what."""
    rows = [
        {"actor": one.actor, "kind": one.kind, "authority_id": one.authority_id, "persons": list(one.subjects),
         "at": one.at, "organisation_id": one.organisation_id}
        for one in notes
    ]  # fmt: skip
    await tx.execute(insert(AccessRow).inline(), rows)  # asks for nothing back: who reads may not read the notes


async def notes(tx: ReadTx, authority_id: str, request: PageRequest) -> Page[tuple[int, Note]]:
    """The notes of what was read of an authority's, in the order in which they were made, with their numbers."""
    columns = (
        AccessRow.seq,
        AccessRow.actor,
        AccessRow.kind,
        AccessRow.persons,
        AccessRow.at,
        AccessRow.organisation_id,
    )
    statement = select(*map(col, columns)).where(col(AccessRow.authority_id) == authority_id)
    if request.after is not None:
        statement = statement.where(col(AccessRow.seq) > int(request.after))
    found = await tx.execute(statement.order_by(col(AccessRow.seq)).limit(request.limit))
    items = [
        (row.seq, Note(row.actor, row.kind, authority_id, tuple(row.persons), row.at, row.organisation_id))
        for row in found
    ]
    return cut(items, request)


async def used_key(tx: ReadTx | WriteTx, actor: str, key: str) -> Any:
    """What a key was used for: operation, input_digest, result_id."""
    statement = select(
        col(IdempotencyRow.operation), col(IdempotencyRow.input_digest), col(IdempotencyRow.result_id)
    ).where(col(IdempotencyRow.actor) == actor, col(IdempotencyRow.key) == key)
    return (await tx.execute(statement)).one()


async def token_keys(tx: ReadTx | WriteTx) -> dict[str, dict[str, Any]]:
    """Public JWKs, by kid, of the keys whose access tokens are believed: all that were not revoked, with their end."""
    return {key.kid: key.published for key in await keys_of(tx, role=TOKEN) if key.state != REVOKED}
