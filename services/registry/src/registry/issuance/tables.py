"""Tables of issuance: the event ledger, its outbox, status lists, records, due times, leases and keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, json, utc


def _only_one(name: str, state: str) -> Index:
    """At most one key of an owner and role in this state, also where two processes make it at once."""
    such = text(f"state = '{state}'")
    return Index(name, "owner", "role", unique=True, sqlite_where=such, postgresql_where=such)


class EventRow(SQLModel, table=True):
    """One event, append-only. The three log columns are set once, together, when a published checkpoint covers it.

    An erased one keeps leaf and index; its body and salt are empty, and `erased_by` names the event that had it erased.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("events_number", "number", "seq"),
        Index(
            "events_about", "about", "seq",
            sqlite_where=text("about IS NOT NULL"), postgresql_where=text("about IS NOT NULL"),
        ),
        Index(
            "events_logged_at", "logged_at", "log_index",
            sqlite_where=text("logged_at IS NOT NULL"), postgresql_where=text("logged_at IS NOT NULL"),
        ),
        Index(
            "events_without_number", "kind", "seq",
            sqlite_where=text("number IS NULL"), postgresql_where=text("number IS NULL"),
        ),
    )  # fmt: skip

    seq: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    event_id: str = Field(unique=True, max_length=36)
    kind: str = Field(max_length=20)
    number: str | None = Field(default=None, max_length=20)  # decisions: the accreditation
    body: bytes
    leaf: bytes
    salt: bytes = Field(max_length=32)
    recorded_at: datetime = Field(sa_column=utc())
    log_index: int | None = Field(default=None, unique=True)
    tree_size: int | None = Field(default=None)  # size of the published checkpoint that first covered it here
    logged_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    erased_by: str | None = Field(default=None, max_length=36)
    about: str | None = Field(default=None, max_length=40)  # organisations and relations: whose stream it is in


class OutboxRow(SQLModel, table=True):
    """An event on its way: submit to the log, then prove, then release. Deleted with its last effect."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_stage", "stage", "seq"),)

    seq: int = Field(sa_column=Column(BigKey, primary_key=True, autoincrement=False))  # the event's seq
    event_id: str = Field(max_length=36)
    stage: str = Field(max_length=10)  # SUBMIT | PROVE | RELEASE | ASIDE (the log refuses it for good)


class LeaseRow(SQLModel, table=True):
    """Who runs a background worker now. Effects are written only while the fence still matches."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True, max_length=40)
    holder: str = Field(max_length=60)
    fence: int  # grows with every change of holder
    until: datetime = Field(sa_column=utc())


class StatusListRow(SQLModel, table=True):
    """One status list; never mixes authorities. `version` grows with every change of a code in it."""

    __tablename__ = "status_lists"

    id: str = Field(primary_key=True, max_length=60)
    authority_id: str = Field(foreign_key="authorities.id", max_length=200, index=True)
    uri: str = Field(max_length=400)
    capacity: int
    allotted: int = 0
    version: int = 0
    signed_version: int = -1
    token: str | None = Field(default=None)
    iat: datetime | None = Field(default=None, sa_column=utc(nullable=True))
    exp: datetime | None = Field(default=None, sa_column=utc(nullable=True))


class StatusEntryRow(SQLModel, table=True):
    """The code of one generation. A code of 1 stays."""

    __tablename__ = "status_entries"

    list_id: str = Field(primary_key=True, foreign_key="status_lists.id", max_length=60)
    idx: int = Field(sa_column=Column(BigKey, primary_key=True, autoincrement=False))
    number: str = Field(max_length=20, index=True)
    event_id: str = Field(max_length=36)  # the act that opened the generation
    code: int = 0


class RecordRow(SQLModel, table=True):
    """A record to sign or signed: what is signed is stored first, then the token, and the stored bytes are released."""

    __tablename__ = "records"
    __table_args__ = (UniqueConstraint("event_id", "envelope", "issue"),)

    seq: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    jti: str = Field(unique=True, max_length=80)  # from event, envelope and issue number
    event_id: str = Field(max_length=36)  # the act that opened the generation
    number: str = Field(max_length=20, index=True)
    envelope: str = Field(max_length=20)  # "record"
    issue: int
    iat: datetime = Field(sa_column=utc())
    exp: datetime = Field(sa_column=utc())
    payload: bytes  # exact bytes to sign
    token: str | None = Field(default=None)  # set once
    kid: str | None = Field(default=None, max_length=300)  # the key that signed the token, set with it


class DueRow(SQLModel, table=True):
    """An instant at which an accreditation changes by itself, or an artefact must be renewed."""

    __tablename__ = "due_times"
    __table_args__ = (Index("due_at", "at"),)

    number: str = Field(primary_key=True, max_length=20)
    kind: str = Field(primary_key=True, max_length=20)  # BOUNDARY | REISSUE
    at: datetime = Field(sa_column=Column(utc().type, primary_key=True))


class KeyRow(SQLModel, table=True):
    """Public half of a signing key and its life; the private half is a file or a token, never here."""

    __tablename__ = "keys"
    __table_args__ = (
        _only_one("one_current_key", "current"),
        _only_one("one_next_key", "next"),
        Index("key_ordinals", "owner", "role", "ordinal", unique=True),
    )

    kid: str = Field(primary_key=True, max_length=300)
    owner: str = Field(max_length=200, index=True)  # authority or organisation id; registry-wide keys: aut_registry
    role: str = Field(max_length=20)  # record | status | token | federation
    ordinal: int = Field(
        default=1, sa_column_kwargs={"server_default": "1"}
    )  # of the owner's keys of this role; with both it names the private half
    jwk: dict[str, Any] = Field(sa_column=json())
    state: str = Field(max_length=10)  # next | current | retired | revoked
    created_at: datetime = Field(sa_column=utc())
    current_from: datetime | None = Field(
        default=None, sa_column=utc(nullable=True)
    )  # None: a next one kept in reserve
    ended_at: datetime | None = Field(default=None, sa_column=utc(nullable=True))  # when it was retired or revoked
    reason: str | None = Field(default=None, max_length=20)  # of its revocation
    subject: bytes = Field(max_length=16)
    head: bytes | None = Field(default=None, max_length=32)


class SettingRow(SQLModel, table=True):
    """What was fixed at first migrate and may never change: the number prefix, the origin."""

    __tablename__ = "fixed_settings"

    name: str = Field(primary_key=True, max_length=40)
    value: str = Field(max_length=400)
