"""Tables of access: members, by whom they are known, their roles, what they have read, and which idempotency keys are used."""

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, json, utc


class MemberRow(SQLModel, table=True):
    """A person or a client that may act here."""

    __tablename__ = "members"

    id: str = Field(primary_key=True, max_length=200)  # the token's `sub`
    name: str = Field(max_length=200)  # restricted: never logged, never public
    client: bool = False  # an API key: may propose, never approves
    created_at: datetime = Field(sa_column=utc())


class MemberIdentityRow(SQLModel, table=True):
    """By which name a provider knows a member. A member may have several; each of them is one member's."""

    __tablename__ = "member_identities"

    issuer: str = Field(primary_key=True, max_length=400)
    subject: str = Field(primary_key=True, max_length=200)
    member_id: str = Field(foreign_key="members.id", max_length=200, index=True)
    linked_at: datetime = Field(sa_column=utc())


class MemberRoleRow(SQLModel, table=True):
    """One role of one member at one authority."""

    __tablename__ = "member_roles"

    authority_id: str = Field(primary_key=True, max_length=200)
    member_id: str = Field(primary_key=True, foreign_key="members.id", max_length=200, index=True)
    role: str = Field(primary_key=True, max_length=40)


class AccessRow(SQLModel, table=True):
    """One read of restricted data; append-only."""

    __tablename__ = "access_log"
    __table_args__ = (Index("access_log_authority", "authority_id", "seq"),)

    seq: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    actor: str = Field(max_length=200)
    organisation_id: str | None = Field(default=None, max_length=40, index=True)  # people: whose
    persons: list[str] = Field(sa_column=json())  # ids of what was shown, of persons or of anything else
    at: datetime = Field(sa_column=utc())
    kind: str | None = Field(
        default=None, max_length=40
    )  # null: noted before there were other kinds; in no authority's log
    authority_id: str | None = Field(default=None, max_length=200)  # whose data it is; null: not noted then


class IdempotencyRow(SQLModel, table=True):
    """What a mutation answered the first time; the primary key lets exactly one caller win."""

    __tablename__ = "idempotency_keys"

    actor: str = Field(primary_key=True, max_length=200)
    key: str = Field(primary_key=True, max_length=200)
    operation: str = Field(max_length=60)
    input_digest: bytes = Field(max_length=32)  # SHA-256 of the canonical input: same key, other input is a conflict
    result_id: str = Field(max_length=200)  # id of what was made: organisation, proposal or event
    created_at: datetime = Field(sa_column=utc())
